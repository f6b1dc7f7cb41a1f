"""Whose word counts for what: told to whoever pressed alone, and written down."""

import threading
import time

import pytest

from sandbox.slack_hands import SlackFailed
from sandbox.slack_people import AYU, BACKUPS, BUDI, CITRA, DEWI, EKO, FARAH, RIZAL
from tests.approvals.held import Held
from tests.approvals.house import ApprovalHouse
from tests.approvals.question import APPROVE, WITHDRAW, Question
from tests.slack.house import wait_for


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
