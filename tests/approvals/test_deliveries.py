"""Votes on a road that loses, doubles and delays them: a word counts once or not at all."""

import time

import pytest

from sandbox.slack_people import AYU, BACKUPS, BUDI, RIZAL
from tests.approvals.house import (
    APPROVE,
    DENY,
    WITHDRAW,
    ApprovalHouse,
    Held,
    Question,
    at_once,
    held_back,
    wait_for,
)


def votes(question: Question) -> list[str]:
    return [each for each in question.said() if each.startswith("vote.")]


def test_two_yeses_in_the_same_moment_are_one_restore(house: ApprovalHouse, promised: dict):
    house.rule()
    question = house.ask_to_restore()
    ayu, budi = question.form(AYU), question.form(BUDI)
    at_once(
        lambda: house.slack.submit(AYU, ayu, {"checked": "all of it"}),
        lambda: house.slack.submit(BUDI, budi, {"checked": "all of it"}),
    )
    question.over("Restored:")
    counted = [each for each in votes(question) if each.startswith("vote.yes")]

    assert held_back(house.production, promised)
    assert len(counted) == 1
    assert sum(text.startswith("Approved by") for text in question.thread) == 1, question.thread


def test_a_yes_and_a_no_in_the_same_moment_have_one_winner(house: ApprovalHouse, promised: dict):
    house.rule()
    question, held = house.ask_to_restore(), Held(house.production)
    ayu, budi = question.form(AYU), question.form(BUDI, DENY)
    at_once(
        lambda: house.slack.submit(AYU, ayu, {"checked": "all of it"}),
        lambda: house.slack.submit(BUDI, budi, {"reason": "not today"}),
    )
    wait_for(lambda: "Denied" in question.line.text or "Restored:" in question.line.text, 60)
    counted = [each for each in votes(question) if "refused" not in each]

    assert len(counted) == 1
    if "vote.no" in counted[0]:
        assert held.untouched()
    else:
        assert held_back(house.production, promised)


def test_a_yes_and_a_withdrawal_in_the_same_moment_have_one_winner(
    house: ApprovalHouse, promised: dict
):
    house.rule()
    question, held = house.ask_to_restore(), Held(house.production)
    ayu = question.form(AYU)
    at_once(
        lambda: house.slack.submit(AYU, ayu, {"checked": "all of it"}),
        lambda: question.press(RIZAL, WITHDRAW),
    )
    wait_for(lambda: "Withdrawn" in question.line.text or "Restored:" in question.line.text, 60)
    counted = [each for each in votes(question) if "refused" not in each]

    assert len(counted) == 1
    if "vote.withdraw" in counted[0]:
        assert held.untouched()
    else:
        assert held_back(house.production, promised)


def test_ten_presses_of_one_person_are_one_vote(house: ApprovalHouse, held: Held):
    house.rule(quorum=2)
    question = house.ask_to_restore()
    told = at_once(*[lambda: house.type(AYU, f"approve {question.id}")] * 10)
    wait_for(lambda: len(votes(question)) == 10)
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert {each["outcome"] for each in told} == {"acked"}
    assert votes(question).count("vote.yes by Ayu Lestari") == 1
    assert votes(question).count("vote.refused by Ayu Lestari") == 9
    assert held.untouched()


@pytest.mark.parametrize("new_id", [False, True])
def test_a_form_delivered_twice_counts_once(house: ApprovalHouse, held: Held, new_id: bool):
    house.rule(quorum=2)
    question = house.ask_to_restore()
    view = question.form(AYU)
    house.slack.trouble("twice", new_id=new_id)
    house.slack.submit(AYU, view, {"checked": "all of it"})
    question.told("Approved by")
    time.sleep(0.5)
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert [each for each in votes(question) if "Ayu" in each] == ["vote.yes by Ayu Lestari"]
    assert sum(text.startswith("Approved by") for text in question.thread) == 1, question.thread
    assert held.untouched()


@pytest.mark.parametrize("new_id", [False, True])
def test_a_command_delivered_twice_counts_once(house: ApprovalHouse, held: Held, new_id: bool):
    house.rule(quorum=2)
    question = house.ask_to_restore()
    house.slack.trouble("twice", new_id=new_id)
    house.type(AYU, f"approve {question.id}")
    question.told("Approved by")
    time.sleep(0.5)
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert [each for each in votes(question) if "Ayu" in each] == ["vote.yes by Ayu Lestari"]
    assert held.untouched()


def test_a_question_delivered_twice_is_asked_once(house: ApprovalHouse, held: Held):
    house.rule()
    house.slack.trouble("twice", new_id=True)
    question = house.ask_to_restore()
    time.sleep(0.5)
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert len(house.roots()) == 1
    assert held.untouched()


def test_a_press_that_is_lost_can_be_typed(house: ApprovalHouse, promised: dict):
    house.rule()
    question = house.ask_to_restore()
    view = question.form(AYU)
    house.slack.trouble("drop_next")
    lost = house.slack.submit(AYU, view, {"checked": "all of it"})
    house.ask(AYU, f"approve {question.id} checked 'all of it'")
    question.over("Restored:")

    assert lost["outcome"] != "acked"
    assert held_back(house.production, promised)


def test_a_late_ack_is_a_vote_all_the_same_and_only_one(house: ApprovalHouse, promised: dict):
    house.rule()
    question = house.ask_to_restore()
    view = question.form(AYU)
    house.slack.trouble("late_ack")
    house.slack.submit(AYU, view, {"checked": "all of it"})
    question.over("Restored:")

    assert votes(question) == ["vote.yes by Ayu Lestari"]
    assert held_back(house.production, promised)


def test_a_broken_socket_loses_no_question(house: ApprovalHouse, promised: dict):
    house.rule()
    question = house.ask_to_restore()
    house.slack.trouble("kill_socket")
    wait_for(lambda: house.slack.state()["connected"] > 0, 30)
    question.yes(BUDI)
    question.over("Restored:")

    assert held_back(house.production, promised)


@pytest.mark.parametrize(
    "value",
    [
        "ask-production-nobody 0000-0000",
        "",
        "-",
        "<!channel> <https://evil.example|ok> " * 20,
        "\u202e\u200b" * 40,
        "{} 0000-0000",
        "approved-production-xxxxxx 1111-1111",
        "a" * 1_900,
    ],
)
def test_a_forged_value_is_worth_nothing(house: ApprovalHouse, held: Held, value: str):
    """Slack itself sends what a message's button holds: here another message has other values."""
    house.rule()
    question = house.ask_to_restore()
    forged = forge(house, value.format(question.id))
    for action_id in (APPROVE, DENY, WITHDRAW):
        house.slack.click(AYU, BACKUPS, forged, action_id)
        view = house.slack.wait_for(
            lambda: house.slack.view(AYU) or house.slack.ephemerals(AYU, BACKUPS), 10
        )
        if isinstance(view, dict):
            field = {"approval.confirm": "checked", "approval.refuse": "reason"}
            house.slack.submit(AYU, view, {field[view["callback_id"]]: "forged"})
    time.sleep(0.5)
    open_still = bool(question.buttons)
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert open_still
    assert not [each for each in votes(question) if "Ayu" in each and "refused" not in each]
    assert "Traceback" not in house.bot.said
    assert held.untouched()


def forge(house: ApprovalHouse, value: str) -> str:
    """Post a message of the bot's own whose buttons carry something else; its ts."""
    from slack_sdk import WebClient

    web = WebClient(token=house.slack.bot_token, base_url=house.slack.api_url)
    buttons = [
        {
            "type": "button",
            "action_id": action_id,
            "text": {"type": "plain_text", "text": action_id},
            **({"value": value} if value else {}),
        }
        for action_id in (APPROVE, DENY, WITHDRAW)
    ]
    posted = web.chat_postMessage(
        channel=BACKUPS, text="forged", blocks=[{"type": "actions", "elements": buttons}]
    )
    return str(posted["ts"])


def test_another_questions_id_with_its_own_card_is_a_vote_on_that_one(
    house: ApprovalHouse, held: Held
):
    house.rule()
    first, second = house.ask_to_restore(), house.ask_to_restore(reason="another one")
    house.slack.click(RIZAL, BACKUPS, forge(house, second.buttons[WITHDRAW]), WITHDRAW)
    second.over("Withdrawn")
    open_still = bool(first.buttons)
    first.press(RIZAL, WITHDRAW)
    first.over("Withdrawn")

    assert open_still
    assert held.untouched()


def test_a_retry_of_an_approved_restore_is_refused(house: ApprovalHouse, promised: dict):
    house.rule()
    question = house.ask_to_restore()
    question.yes(AYU)
    question.over("Restored:")
    forged = forge_retry(house, question.restore_id)
    told = house.answered(
        AYU, BACKUPS, lambda: house.slack.click(AYU, BACKUPS, forged, "job.retry")
    ).text

    assert "is not done once more by a button" in told
    assert held_back(house.production, promised)


def forge_retry(house: ApprovalHouse, job_id: str) -> str:
    from slack_sdk import WebClient

    web = WebClient(token=house.slack.bot_token, base_url=house.slack.api_url)
    text = {"type": "plain_text", "text": "Retry"}
    button = {"type": "button", "action_id": "job.retry", "text": text, "value": job_id}
    blocks = [{"type": "actions", "elements": [button]}]
    return str(web.chat_postMessage(channel=BACKUPS, text="forged", blocks=blocks)["ts"])


def test_while_slack_can_not_say_who_somebody_is_nothing_counts(
    house: ApprovalHouse, promised: dict
):
    house.rule()
    question, held = house.ask_to_restore(), Held(house.production)
    view = question.form(AYU)
    time.sleep(0.2)
    house.slack.trouble("fail_users_info")
    house.slack.submit(AYU, view, {"checked": "all of it"})
    house.alone(AYU, "Slack can't be asked who you are")
    untouched = held.untouched()
    house.slack.heal()
    time.sleep(0.2)
    question.yes(AYU)
    question.over("Restored:")

    assert untouched
    assert votes(question) == ["vote.refused by ", "vote.yes by Ayu Lestari"]
    assert held_back(house.production, promised)


def test_while_slack_can_not_say_who_is_in_the_group_nothing_counts(
    house: ApprovalHouse, held: Held
):
    house.rule()
    question = house.ask_to_restore()
    view = question.form(AYU)
    time.sleep(0.2)
    house.slack.trouble("error", method="usergroups.users.list", times=-1)
    house.slack.submit(AYU, view, {"checked": "all of it"})
    house.alone(AYU, "Slack can't be asked")
    house.slack.heal()
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert "vote.yes by Ayu Lestari" not in votes(question)
    assert held.untouched()


def test_when_slack_can_not_be_asked_at_the_act_nothing_is_restored(
    house: ApprovalHouse, held: Held
):
    house.rule()
    with house.busy():
        question = house.ask_to_restore()
        question.yes(AYU)
        question.over("Approved by")
        house.slack.trouble("error", method="usergroups.users.list", times=-1)
        house.production.heal()
        line = question.over("Failed", "Slack can't be asked")
        house.slack.heal()

    assert "Nothing was restored: production is as it was." in line
    assert held.untouched()


def test_a_vote_while_the_bot_is_down_does_not_count_and_can_be_given_again(
    house: ApprovalHouse, promised: dict
):
    house.rule()
    question, held = house.ask_to_restore(), Held(house.production)
    view = question.form(AYU)
    house.bot.kill()
    wait_for(lambda: house.slack.state()["connected"] == 0)
    down = house.slack.submit(AYU, view, {"checked": "all of it"})
    untouched = held.untouched()
    house.bot.start()
    question.yes(AYU)
    question.over("Restored:")

    assert down["outcome"] == "dispatch_failed"
    assert untouched
    assert votes(question) == ["vote.yes by Ayu Lestari"]
    assert held_back(house.production, promised)


def test_a_question_outlives_the_bot_with_the_votes_it_has(house: ApprovalHouse, promised: dict):
    house.rule(quorum=2)
    question = house.ask_to_restore()
    question.yes(AYU)
    question.told("Approved by", "1 approval of")
    house.restart()
    question.told("Picked up again after a restart")
    question.yes(BUDI)
    question.over("Restored:")
    ends = [each["ts"] for each in house.roots() if "Restored:" in each["text"]]

    assert votes(question) == ["vote.yes by Ayu Lestari", "vote.yes by Budi Santoso"]
    assert sum("1 approval of" in text for text in question.thread) == 1
    assert sum("asks to restore" in text for text in question.thread) == 1
    assert ends == [question.line.ts]
    assert held_back(house.production, promised)
