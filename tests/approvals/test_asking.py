"""Asking for a restore of production, and who may answer: by command, by button and by form."""

import threading
import time

import pytest

from sandbox.slack_hands import SlackFailed
from sandbox.slack_people import AYU, BACKUPS, BUDI, CITRA, DEWI, EKO, FARAH, RIZAL
from tests.approvals.house import (
    APPROVE,
    WITHDRAW,
    ApprovalHouse,
    Held,
    Question,
    held_back,
    paused,
    wait_for,
)


def test_a_second_persons_yes_restores_production_once(house: ApprovalHouse, promised: dict):
    question = house.ask_to_restore()
    house.restored(question)
    question.told("production runs again")

    assert held_back(house.production, promised)
    assert question.said() == [
        "restore.asked by Rizal Hakim",
        "vote.yes by Ayu Lestari",
        "restore.answered by Rizal Hakim: approved",
        "restore.started by Rizal Hakim",
        "restore.confirmed by Rizal Hakim",
        "restore.ended by Rizal Hakim: restored",
    ]
    assert house.log_whole()


def test_the_thread_tells_the_story_in_its_order(house: ApprovalHouse):
    question = house.ask_to_restore()
    question.yes(AYU, "with Budi, on the phone")
    question.over("Restored:")
    question.told("Restored:")
    told = [text.split(":")[0].splitlines()[0] for text in question.thread]

    assert told[0].startswith("*production* (protected) · Approved")
    assert "with Budi, on the phone" in told[1] and f"<@{AYU}>" in told[1]
    assert told[2] == "production is paused"
    assert told[3].startswith("Plan")
    assert told[4].startswith("production runs again")
    assert told[5].startswith("Restored")
    assert question.buttons == {}


def test_the_card_says_what_is_lost_and_who_may_answer_until_when(house: ApprovalHouse):
    house.production.mutate("npd", "insert", 12)
    question = house.ask_to_restore(reason="npd was emptied <!channel>")
    card = question.card
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert "npd was emptied &lt;!channel&gt;" in card
    assert f"1 approval of <@{AYU}> <@{BUDI}> needed, until" in card
    assert "*Loses rows:* `npd` 47 → 40" in card
    assert "*Came after the snapshot:* npd +12" in card
    assert "12 rows came into production after the snapshot and would be lost." in card
    assert "*In staging:* *staging*" in card


def test_asking_needs_a_reason(house: ApprovalHouse, held: Held):
    told = house.ask(RIZAL, f"restore {house.backup} to production yes").text

    assert "To restore production you have to say why." in told
    assert held.untouched()


def test_the_form_asks_for_a_reason_and_the_name_by_hand(house: ApprovalHouse, held: Held):
    shown = house.ask(RIZAL, f"show {house.backup}")
    house.press(RIZAL, shown, "backup.restore")
    view = wait_for(lambda: house.slack.view(RIZAL))
    first = house.slack.submit(RIZAL, view, {"target": "production"})
    second = house.slack.submit(
        RIZAL, view, {"target": "production", "reason": "oops", "name": "Production"}
    )
    line = house.carded(
        BACKUPS,
        lambda: house.slack.submit(
            RIZAL, view, {"target": "production", "reason": "rows are gone", "name": "production"}
        ),
    )
    question = Question(house, line)
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert set(first["errors"]) == set(second["errors"]) == {"reason", "name"}
    assert "say why" in first["errors"]["reason"]
    assert "by hand" in second["errors"]["name"]
    assert "*Why:* rows are gone" in question.card
    assert held.untouched()


def test_what_was_typed_stands_in_the_form_but_for_the_name(house: ApprovalHouse, held: Held):
    words = f'restore {house.backup} to production tables npd,users reason "they are gone"'
    house.type(RIZAL, words)
    view = wait_for(lambda: house.slack.view(RIZAL))
    fields = {block.get("block_id"): block.get("element", {}) for block in view["blocks"]}
    house.slack.close(RIZAL, view)

    assert fields["target"]["initial_option"]["value"] == "production"
    assert fields["tables"]["initial_value"] == "npd,users"
    assert fields["reason"]["initial_value"] == "they are gone"
    assert "initial_value" not in fields["name"]
    assert held.untouched()


def test_never_straight_to_production(house: ApprovalHouse, held: Held):
    taken = house.job(RIZAL, "now production")
    taken.ended()
    backup = taken.until("Backup taken").split("Backup taken: `")[1].split("`")[0]
    words = f'restore {backup} to production reason "rows were lost" yes'
    refused = house.carded(BACKUPS, lambda: house.type(RIZAL, words))
    told = refused.until("Never straight to production", "Nobody was asked")
    untouched = held.untouched()
    house.job(RIZAL, f"restore {backup} to staging yes").until("Restored:")
    question = Question(house, house.carded(BACKUPS, lambda: house.type(RIZAL, words)))
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert "Failed" in told.splitlines()[0]
    assert untouched
    assert "*In staging:* *staging*, just now" in question.card


def test_whoever_looks_on_can_not_ask(house: ApprovalHouse, held: Held):
    words = f'restore {house.backup} to production reason "rows were lost" yes'
    told = house.ask(CITRA, words).text

    assert "`restore` is for operators" in told
    assert house.roots() == []
    assert held.untouched()


def test_a_question_keeps_no_backup_waiting(house: ApprovalHouse):
    question = house.ask_to_restore()
    state = house.job(RIZAL, "now production").ended()
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert state == "Done"


@pytest.fixture
def question(house: ApprovalHouse, held: Held):
    """A question that nobody's word in the test answers; it is withdrawn afterwards."""
    asked = house.ask_to_restore()
    yield asked
    assert asked.buttons, "it is answered"
    assert held.untouched()
    asked.press(RIZAL, WITHDRAW)
    asked.over("Withdrawn")
    wait_for(lambda: asked.said()[-1] == "restore.answered by Rizal Hakim: withdrawn")
    assert held.untouched()


def test_nobody_approves_what_they_asked_for(house: ApprovalHouse, question: Question):
    question.yes(RIZAL)
    house.alone(RIZAL, "You asked for it, so a second person has to approve it.")
    told = house.type(RIZAL, f"approve {question.id}")

    assert told["outcome"] == "acked"
    wait_for(lambda: question.said().count("vote.refused by Rizal Hakim") == 2)


def test_an_approver_who_asks_is_no_second_person(house: ApprovalHouse, held: Held):
    question = house.ask_to_restore(AYU)
    question.yes(AYU)
    house.alone(AYU, "a second person has to approve it")
    needed = question.card
    question.yes(BUDI)
    question.over("Restored:")

    assert f"1 approval of <@{BUDI}> needed" in needed


def test_whoever_is_no_approver_is_told_so_alone(house: ApprovalHouse, question: Question):
    question.yes(CITRA)
    house.alone(CITRA, "You are not on the list of approvers for this.")
    question.no(CITRA)
    wait_for(lambda: question.said().count("vote.refused by Citra Dewanti") == 2)

    assert house.slack.ephemerals(AYU, BACKUPS) == house.slack.ephemerals(RIZAL, BACKUPS) == []
    assert len(question.thread) == 1


@pytest.mark.parametrize(("guest", "name"), [(DEWI, "Dewi Anggraini"), (EKO, "Eko Prasetyo")])
def test_guests_have_no_word(house: ApprovalHouse, question: Question, guest: str, name: str):
    question.yes(guest)
    house.alone(guest, "Guests can't see or do anything with backups.")

    assert [each for each in question.said() if "refused" in each] == [f"vote.refused by {name}"]


def test_people_of_another_workspace_have_no_word(house: ApprovalHouse, question: Question):
    seen = next(each for each in house.slack.state()["channels"] if each["id"] == BACKUPS)
    house.slack.change("channel", BACKUPS, members=[*seen["members"], FARAH])
    question.yes(FARAH)
    house.alone(FARAH, "You belong to another workspace")

    assert "vote.refused by Farah Nabila" in question.said()


def test_whoever_is_deactivated_while_they_press_has_no_word(
    house: ApprovalHouse, question: Question
):
    view = question.form(BUDI)
    house.slack.trouble("slow_network", seconds=1.0)
    pressing = threading.Thread(target=lambda: house.slack.submit(BUDI, view, {"checked": "all"}))
    pressing.start()
    time.sleep(0.4)  # It is on its way now, and takes a second.
    house.slack.change("person", BUDI, deleted=True)
    pressing.join()
    house.slack.heal()
    wait_for(lambda: "vote.refused by Budi Santoso" in question.said())
    refused = next(each for each in house.audit()[::-1] if each.what == "vote.refused")

    assert refused.why == "This account is deactivated."


def test_a_deactivated_member_of_the_group_is_not_counted_on(question: Question):
    assert "U0GITA0008" not in question.card


def test_the_one_who_is_gone_can_not_even_press(house: ApprovalHouse, question: Question):
    house.slack.change("person", BUDI, deleted=True)

    with pytest.raises(SlackFailed):
        question.press(BUDI, APPROVE)


def test_only_whoever_asked_withdraws(house: ApprovalHouse, question: Question):
    question.press(AYU, WITHDRAW)
    house.alone(AYU, "Only whoever asked can withdraw it.")
    house.type(BUDI, f"withdraw {question.id}")
    house.alone(BUDI, "Only whoever asked can withdraw it.")

    assert question.said()[1:] == ["vote.refused by Ayu Lestari", "vote.refused by Budi Santoso"]


def test_a_no_needs_a_reason(house: ApprovalHouse, question: Question):
    typed = house.ask(AYU, f"deny {question.id}").text
    blank = question.no(AYU, "    ")
    house.slack.close(AYU, house.slack.view(AYU))

    assert "A no needs a reason." in typed
    assert blank["errors"]


def test_a_yes_needs_a_word_of_what_was_checked(house: ApprovalHouse, question: Question):
    view = question.form(AYU)
    empty = house.slack.submit(AYU, view, {})
    short = house.slack.submit(AYU, view, {"checked": "k"})
    blank = house.slack.submit(AYU, view, {"checked": "     "})
    house.slack.close(AYU, view)

    assert empty["errors"] and short["errors"] and blank["errors"]


def test_a_word_to_no_question_is_refused(house: ApprovalHouse, question: Question):
    told = house.ask(AYU, "approve ask-production-nobody").text
    other = house.ask(AYU, f"approve {question.id[:-1]}").text

    assert "There is no question called 'ask-production-nobody'." in told
    assert "There is no question called" in other


def test_a_yes_by_command_is_worth_a_yes(house: ApprovalHouse, promised: dict):
    question = house.ask_to_restore()
    private = house.ask(BUDI, f'approve {question.id} checked "the numbers"').text
    question.over("Restored:")

    assert question.id in private
    assert "“the numbers”" in question.told("Approved by")
    assert held_back(house.production, promised)


def test_a_no_by_button_ends_it(house: ApprovalHouse, held: Held):
    question = house.ask_to_restore()
    question.no(AYU, "wait for the audit of <!here>")
    line = question.over("Denied by Ayu Lestari: wait for the audit of &lt;!here&gt;.")
    question.told("Denied by Ayu Lestari")

    assert "Nothing was restored." in line
    assert question.buttons == {}
    assert wait_for(
        lambda: (
            question.said()
            == [
                "restore.asked by Rizal Hakim",
                "vote.no by Ayu Lestari",
                "restore.answered by Rizal Hakim: denied",
            ]
        )
    )
    assert held.untouched()


def test_a_no_by_command_ends_it_also_by_whoever_asked_if_they_may(
    house: ApprovalHouse, held: Held
):
    question = house.ask_to_restore(BUDI)
    house.ask(BUDI, f'deny {question.id} reason "a mistake of mine"')
    question.over("Denied by Budi Santoso")

    assert held.untouched()


def test_a_press_on_an_old_card_is_told_how_it_ended(house: ApprovalHouse, held: Held):
    question = house.ask_to_restore()
    view = question.form(BUDI)
    question.no(AYU)
    question.over("Denied")
    house.slack.submit(BUDI, view, {"checked": "too late"})
    house.alone(BUDI, "The question about production is over.", "denied already by Ayu Lestari")
    told = house.slack.click(RIZAL, BACKUPS, question.ts, WITHDRAW, stale=True)
    house.alone(RIZAL, "is over")
    pressed = house.slack.click(BUDI, BACKUPS, question.ts, APPROVE, stale=True)

    assert told["outcome"] == pressed["outcome"] == "acked"
    assert question.said().count("vote.refused by Budi Santoso") == 1
    assert house.slack.view(BUDI) is None
    assert held.untouched()


def test_nothing_is_left_paused(house: ApprovalHouse):
    assert not paused(house.production)
