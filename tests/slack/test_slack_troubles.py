"""When Slack itself is in trouble: nothing is done twice, nothing is lost, the end is shown."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from sandbox.slack_people import AYU, BACKUPS, BUDI, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.slack.house import Card, House, wait_for

SOCKET_SECONDS = 20  # The SDK looks after its socket every few seconds.


def connected(house: House) -> None:
    wait_for(lambda: house.slack.state()["connected"], SOCKET_SECONDS)


def taken(house: House, label: str) -> None:
    """Wait for the backup of this label."""
    wait_for(lambda: [m for m in house.manifests().values() if m["label"] == label])


# The socket.


def test_a_refresh_of_the_connection_is_hardly_felt(rough_house: House):
    house = rough_house
    house.slack.trouble("refresh", seconds=0.3)
    outcomes = [house.type(RIZAL, "status")["outcome"] for _ in range(15)]
    connected(house)

    # slack_sdk closes the old socket as soon as it has a new one: what was just then on its way
    # on the old one is lost, and Slack says so to whoever typed it.
    assert outcomes.count("operation_timeout") <= 1
    assert set(outcomes) <= {"acked", "operation_timeout"}
    assert "*Status*" in house.ask(RIZAL, "status").text


def test_after_the_socket_broke_commands_work_again(rough_house: House):
    rough_house.slack.trouble("kill_socket")
    connected(rough_house)

    assert "*Status*" in rough_house.ask(RIZAL, "status").text


def test_a_job_goes_on_while_the_socket_is_gone(rough_house: House):
    rough_house.production.trouble(kind="export_slow", seconds=1.0)
    card = rough_house.job(RIZAL, "now production tables npd")
    rough_house.slack.trouble("kill_socket")

    assert card.ended() == "Done"
    connected(rough_house)


# Deliveries.


@pytest.mark.parametrize("new_id", [False, True], ids=["same envelope", "other envelope"])
def test_a_command_that_comes_twice_is_one_job(house: House, new_id: bool):
    exports, messages, manifests = house.exports(), house.job_messages(), len(house.manifests())
    house.slack.trouble("twice", new_id=new_id)
    house.job(RIZAL, "now production tables npd").ended()
    house.idle()

    assert house.exports() == exports + 1
    assert house.job_messages() == messages + 1
    assert len(house.manifests()) == manifests + 1


@pytest.mark.parametrize("new_id", [False, True], ids=["same envelope", "other envelope"])
def test_a_press_that_comes_twice_is_one_job(house: House, new_id: bool):
    card = house.job(RIZAL, "now production tables npd")
    card.ended()
    before = house.job_messages()
    house.slack.trouble("twice", new_id=new_id)
    looked = house.carded(BACKUPS, lambda: house.press(RIZAL, card, "backup.verify"))
    looked.ended()
    house.idle()

    assert house.job_messages() == before + 1


def test_a_form_that_comes_twice_is_one_restore(house: House, backup: str):
    begun = len(house.staging.events("import_confirmed"))
    house.type(RIZAL, f"restore {backup} to staging tables npd")
    form = wait_for(lambda: house.slack.view(RIZAL))
    house.slack.trouble("twice", new_id=True)
    card = house.carded(BACKUPS, lambda: house.slack.submit(RIZAL, form))

    assert card.ended() == "Done"
    house.idle()
    assert len(house.staging.events("import_confirmed")) == begun + 1
    assert len(house.cards_of(card.job_id)) == 1


def test_two_presses_of_one_button_are_two_wishes_and_each_is_done_once(house: House):
    card = house.job(RIZAL, "now production tables npd")
    card.ended()
    before = house.job_messages()
    house.press(RIZAL, card, "backup.verify")
    house.press(AYU, card, "backup.verify")
    wait_for(lambda: house.job_messages() == before + 2)
    house.idle()

    assert house.job_messages() == before + 2


def test_a_click_that_slack_lost_did_nothing_and_the_next_one_works(rough_house: House):
    card = rough_house.job(RIZAL, "now production tables npd")
    card.ended()
    before = rough_house.job_messages()
    rough_house.slack.trouble("drop_next")
    lost = rough_house.press(RIZAL, card, "backup.verify")
    after = rough_house.job_messages()
    looked = rough_house.carded(BACKUPS, lambda: rough_house.press(RIZAL, card, "backup.verify"))

    assert lost["outcome"] == "operation_timeout"
    assert after == before
    assert looked.ended() == "Done"


def test_an_answer_that_slack_took_for_late_is_still_one_job(rough_house: House):
    messages, exports = rough_house.job_messages(), rough_house.exports()
    rough_house.slack.trouble("late_ack")
    told = rough_house.type(BUDI, "now production tables npd")
    rough_house.idle()

    assert told["outcome"] == "operation_timeout"
    assert rough_house.job_messages() == messages + 1
    assert rough_house.exports() == exports + 1


# What the bot says.


def test_too_many_edits_still_end_in_the_last_one(house: House):
    house.slack.trouble("rate_limit", method="chat.update", retry_after=1, times=3)
    card = house.job(RIZAL, "now production tables npd")

    assert card.ended() == "Done"
    assert card.told("SHA-256")


def test_a_first_message_that_has_to_wait_comes_and_there_is_one(house: House):
    house.slack.trouble("rate_limit", method="chat.postMessage", retry_after=1, times=2)
    card = house.job(RIZAL, "now production tables npd")

    assert card.ended() == "Done"
    assert len(house.cards_of(card.job_id)) == 1


def test_a_first_message_that_slack_does_not_take_comes_later_and_the_asker_is_told(house: House):
    house.production.trouble(kind="export_slow", seconds=1.0)
    house.slack.trouble("error", method="chat.postMessage", error="internal_error", times=2)
    before = house.job_messages()
    answer = house.ask(RIZAL, "now production tables npd")
    wait_for(lambda: house.job_messages() == before + 1)
    card = Card(house, BACKUPS, house.roots()[-1]["ts"])

    assert "asked for" in answer.text
    assert "Not done" not in answer.text
    assert card.job_id in answer.text
    assert card.ended() == "Done"
    assert card.told("SHA-256")


def test_a_job_that_ended_before_slack_took_its_message_shows_its_end(house: House):
    before = house.job_messages()
    house.slack.trouble("error", method="chat.postMessage", error="internal_error", times=-1)
    house.ask(RIZAL, "now production tables npd label “while Slack was silent”")
    taken(house, "while Slack was silent")
    house.idle()
    house.slack.heal("error")
    wait_for(lambda: house.job_messages() == before + 1, 70)
    card = Card(house, BACKUPS, house.roots()[-1]["ts"])

    assert card.ended() == "Done"
    assert card.told("SHA-256")


@pytest.mark.parametrize("times", [1, 2, 3, 8])
def test_blocks_that_slack_refuses_are_said_in_plain_sections(house: House, times: int):
    house.slack.trouble("refuse_blocks", times=times)
    card = house.job(RIZAL, "now production tables npd")

    assert card.ended() == "Done"
    assert "Backup taken" in card.text
    assert card.told("SHA-256")


@pytest.mark.parametrize("typed", ["list", "help", "status", "now nowhere", 'now label "open'])
def test_a_private_answer_whose_blocks_are_refused_is_said_in_plain_sections(
    house: House, backup: str, typed: str
):
    fine = house.ask(RIZAL, typed).text
    house.slack.trouble("refuse_blocks")
    plain = house.ask(RIZAL, typed)

    assert plain.text.splitlines()[0] == fine.splitlines()[0]
    assert not [told for told in house.slack.notices(RIZAL) if "invalid_command" in told]


def test_a_message_that_slack_refuses_for_good_holds_nothing_else_up(house: House):
    house.slack.trouble("error", method="chat.update", error="msg_too_long", times=4)
    house.job(RIZAL, "now production tables npd")
    card = house.job(AYU, "now staging tables npd")

    assert card.ended() == "Done"


def test_a_reply_that_slack_refuses_for_good_holds_nothing_else_up(house: House):
    house.production.trouble(kind="export_slow", seconds=1.0)
    card = house.job(RIZAL, "now production tables npd")
    house.slack.trouble("error", method="chat.postMessage", error="msg_too_long", times=1)

    assert card.ended() == "Done"
    assert house.job(AYU, "now staging tables npd").ended() == "Done"


def test_a_job_whose_message_somebody_deleted_is_done_all_the_same(house: House):
    house.production.trouble(kind="export_slow", seconds=1.0)
    card = house.job(RIZAL, "now production tables npd label “deleted message”")
    web = WebClient(token=house.slack.bot_token, base_url=house.slack.api_url)
    web.chat_delete(channel=BACKUPS, ts=card.ts)

    taken(house, "deleted message")
    house.idle()
    assert house.job(RIZAL, "now production tables npd").ended() == "Done"


def test_on_a_slow_network_everything_is_acked_in_time(house: House):
    house.slack.trouble("slow_network", seconds=0.5)
    card = house.job(RIZAL, "now production tables npd")
    answer = house.ask(AYU, "status")

    assert card.ended() == "Done"
    assert "*Status*" in answer.text


@pytest.mark.slow
def test_a_form_still_opens_on_a_slow_network_or_says_to_press_again(house: House, backup: str):
    card = house.job(RIZAL, "now production tables npd")
    card.ended()
    house.slack.trouble("slow_network", seconds=1.2)
    seen = {told["ts"] for told in house.slack.ephemerals(RIZAL, BACKUPS)}
    house.press(RIZAL, card, "backup.restore")
    wait_for(
        lambda: (
            house.slack.view(RIZAL)
            or [m for m in house.slack.ephemerals(RIZAL, BACKUPS) if m["ts"] not in seen]
        )
    )
    new = [m["text"] for m in house.slack.ephemerals(RIZAL, BACKUPS) if m["ts"] not in seen]
    form = house.slack.view(RIZAL)
    if form is not None:
        house.slack.close(RIZAL, form)

    assert form is not None or "Press the button once more" in new[0]


# Slack is gone.


@pytest.fixture
def lonely(own_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house of its own, whose Slack can be killed."""
    folder = tmp_path_factory.mktemp("lonely")
    with World(folder / "convex", step_seconds=0.02) as world:
        slack = SlackWorld.spawn(folder / "slack", rates=False)
        with slack:
            house = House(folder / "house", world, slack)
            house.bot.start()
            try:
                yield house
            finally:
                house.bot.stop()
                slack.kill()


@pytest.mark.slow
def test_slack_may_go_down_in_the_middle_of_a_job_and_shows_the_end_when_it_is_back(
    lonely: House,
):
    lonely.production.trouble(kind="export_slow", seconds=2.0)
    card = lonely.job(RIZAL, "now production tables npd label “Slack went down”")
    card.until("Running")
    lonely.slack.kill()  # type: ignore[attr-defined]
    wait_for(lambda: len(lonely.manifests()), 30)
    time.sleep(2)  # The bot runs against a wall for a while.
    with SlackWorld(lonely.folder.parent / "slack", rates=False) as back:
        lonely.slack = back
        assert card.ended(90) == "Done"
        assert "“Slack went down”" in card.text
        assert card.told("SHA-256")
        assert len(lonely.cards_of(card.job_id)) == 1
        wait_for(lambda: back.state()["connected"], 60)
        assert "*Status*" in lonely.ask(RIZAL, "status").text
