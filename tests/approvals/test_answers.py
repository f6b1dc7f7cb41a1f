"""How a question is answered, or is not: quorums, clocks, withdrawals, and what changes meanwhile.

The tests stand in the order of the settings they need: each other setting is a start of the bot.
"""

import time

from sandbox.slack_people import APPROVERS, AYU, BACKUPS, BUDI, GENERAL, GITA, RIZAL
from tests.approvals.held import Held, full_log, held_back
from tests.approvals.house import ApprovalHouse
from tests.approvals.question import WITHDRAW
from tests.slack.house import wait_for

LOST_TIME = 4.0 / 60  # Minutes.


def test_a_question_can_be_cancelled_and_its_buttons_are_gone(house: ApprovalHouse, held: Held):
    house.rule()
    question = house.ask_to_restore()
    house.ask(AYU, f"cancel {question.id}")
    line = question.over("Cancelled")
    question.carded("Void", "cancelled on request")
    told = house.ask(BUDI, f"approve {question.id}").text

    assert "*What is safe:* Nothing was restored: production is as it was." in line
    assert question.buttons == {}
    assert "The question about production is over." in told
    wait_for(lambda: "restore.answered by Rizal Hakim: cancelled" in question.said())
    assert held.untouched()


def test_a_cancel_right_after_a_word_is_heard_as_well(house: ApprovalHouse, held: Held):
    house.rule()
    question = house.ask_to_restore()
    question.yes(RIZAL)  # Refused, and told: the bot has just looked whether it should stop.
    house.alone(RIZAL, "second person")
    house.type(AYU, f"cancel {question.id}")
    question.over("Cancelled", seconds=15)

    assert held.untouched()


def test_an_approver_taken_off_the_list_has_no_word(house: ApprovalHouse, held: Held):
    house.rule()
    question = house.ask_to_restore()
    house.slack.change("group", APPROVERS, users=[BUDI, GITA])
    time.sleep(0.3)
    question.yes(AYU)
    house.alone(AYU, "You are not on the list of approvers for this.")
    untouched = held.untouched()
    question.yes(BUDI)
    question.over("Restored:")

    assert untouched


def test_somebody_put_on_the_list_meanwhile_was_not_asked(house: ApprovalHouse, held: Held):
    house.rule()
    question = house.ask_to_restore()
    house.slack.change("group", APPROVERS, users=[AYU, BUDI, "U0CITRA004"])
    time.sleep(0.3)
    question.yes("U0CITRA004")
    house.alone("U0CITRA004", "You are not on the list of approvers for this.")
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert held.untouched()


def test_a_question_that_nobody_is_left_to_answer_is_over_at_the_next_word(
    house: ApprovalHouse, held: Held
):
    house.rule()
    question = house.ask_to_restore()
    house.slack.change("group", APPROVERS, users=[RIZAL])
    time.sleep(0.3)
    question.yes(AYU)
    question.over("Void", "There are not enough approvers left to answer it.")
    house.alone(AYU, "It does not count any more.")

    assert "vote.refused by Ayu Lestari" in question.said()
    assert "vote.yes by Ayu Lestari" not in question.said()
    assert held.untouched()


def test_nobody_is_asked_when_nobody_could_answer(house: ApprovalHouse, held: Held):
    house.rule()
    house.slack.change("group", APPROVERS, users=[RIZAL, GITA])
    time.sleep(0.3)
    words = f'restore {house.backup} to production reason "rows were lost" yes'
    line = house.job(RIZAL, words)
    told = line.until("1 people other than you have to approve this, and the settings name 0.")

    assert "Nobody was asked" in told
    assert held.untouched()


def test_two_questions_about_production_are_answered_each_for_itself(
    house: ApprovalHouse, promised: dict
):
    house.rule()
    first, second = house.ask_to_restore(), house.ask_to_restore(reason="the same, by mistake")
    second.no(AYU, "asked already")
    second.over("Denied")
    first.yes(BUDI)
    first.over("Restored:")

    assert first.id != second.id
    assert held_back(house.production, promised)


def test_two_have_to_be_two_people(house: ApprovalHouse, promised: dict):
    house.rule(quorum=2)
    question = house.ask_to_restore()
    question.yes(AYU)
    question.told("Approved by", "1 approval of")
    question.yes(AYU)
    house.alone(AYU, "You have approved this already; 1 more have to.")
    waited = Held(house.production)
    untouched = waited.untouched()
    question.yes(BUDI)
    question.over("Restored:")

    assert untouched
    assert held_back(house.production, promised)
    assert [each for each in question.said() if "vote" in each] == [
        "vote.yes by Ayu Lestari",
        "vote.refused by Ayu Lestari",
        "vote.yes by Budi Santoso",
    ]


def test_one_no_outweighs_a_yes(house: ApprovalHouse, held: Held):
    house.rule(quorum=2)
    question = house.ask_to_restore()
    question.yes(AYU)
    question.told("Approved by")
    question.no(BUDI)
    question.over("Denied by Budi Santoso")

    assert held.untouched()


def test_a_yes_of_somebody_taken_off_the_list_voids_the_question(house: ApprovalHouse, held: Held):
    house.rule(quorum=2)
    question = house.ask_to_restore()
    question.yes(AYU)
    question.told("Approved by")
    house.slack.change("group", APPROVERS, users=[BUDI, GITA])
    time.sleep(0.3)
    question.yes(BUDI)
    question.over("Void", "Somebody who approved it is no approver any more.")
    house.alone(BUDI, "It does not count any more.")

    assert "vote.yes by Budi Santoso" not in question.said()
    assert held.untouched()


def test_an_asker_among_two_approvers_leaves_too_few(house: ApprovalHouse, held: Held):
    house.rule(quorum=2)
    words = f'restore {house.backup} to production reason "rows were lost" yes'
    line = house.job(AYU, words)
    line.until("2 people other than you have to approve this, and the settings name 1.")

    assert held.untouched()


def test_losing_much_needs_two(house: ApprovalHouse, held: Held):
    house.rule(quorum_losing=2, losing_percent=10)
    house.production.mutate("npd", "insert", 40)
    question = house.ask_to_restore()
    card = question.card
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert "2 approvals of" in card


def test_the_approvers_own_channel_gets_one_pointer(house: ApprovalHouse, held: Held):
    house.rule(channel=GENERAL)
    question = house.ask_to_restore()
    wait_for(lambda: house.slack.messages(GENERAL))
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")
    told = [each["text"] for each in house.slack.messages(GENERAL)]

    assert len(told) == 1
    assert f"`/backup approve {question.id}`" in told[0]


def test_a_question_that_nobody_answers_lapses(house: ApprovalHouse, held: Held):
    house.rule(approve_within_minutes=LOST_TIME)
    question = house.ask_to_restore()
    line = question.over("Lapsed", "Nobody answered in time.", seconds=30)
    question.told("Nobody answered in time.")
    pressed = house.ask(AYU, f"approve {question.id}").text

    assert "Nothing was restored." in line
    assert question.buttons == {}
    assert "It has lapsed." in pressed
    assert question.said()[-2:] == [
        "restore.answered by Rizal Hakim: expired",
        "vote.refused by Ayu Lestari",
    ]
    assert held.untouched()


def test_a_question_lapses_also_while_the_bot_is_down(house: ApprovalHouse, held: Held):
    house.rule(approve_within_minutes=LOST_TIME)
    question = house.ask_to_restore()
    house.bot.kill()
    time.sleep(LOST_TIME * 60)
    house.bot.start()
    question.over("Lapsed", "Nobody answered in time.", seconds=30)

    assert held.untouched()


def test_a_vote_that_can_not_be_written_down_does_not_count(house: ApprovalHouse, promised: dict):
    house.rule()
    question, held = house.ask_to_restore(), Held(house.production)
    with full_log(house):
        question.yes(AYU)
        house.alone(AYU, "The audit log can't take it, so it does not count")
        untouched = held.untouched() and bool(question.buttons)
    question.yes(AYU)
    question.over("Restored:")

    assert untouched
    assert held_back(house.production, promised)
    assert house.log_whole()


def test_a_question_that_can_not_be_written_down_is_not_asked(house: ApprovalHouse, held: Held):
    house.rule()
    words = f'restore {house.backup} to production reason "rows were lost" yes'
    with full_log(house):
        line = house.carded(BACKUPS, lambda: house.type(RIZAL, words))
        told = line.until("Failed")

    assert "Nothing was restored: production is as it was." in told
    assert not any("asks to restore" in text for text in line.thread)
    assert held.untouched()
