"""Votes on a road that loses, doubles and delays them: a word counts once or not at all."""

import time

import pytest

from sandbox.slack_people import AYU, BUDI, RIZAL
from tests.approvals.held import Held, at_once, held_back
from tests.approvals.house import ApprovalHouse
from tests.approvals.question import DENY, WITHDRAW, Question
from tests.slack.house import wait_for


def test_two_yeses_in_the_same_moment_are_one_restore(house: ApprovalHouse, promised: dict):
    house.rule()
    question = house.ask_to_restore()
    ayu, budi = question.form(AYU), question.form(BUDI)
    at_once(
        lambda: house.slack.submit(AYU, ayu, {"checked": "all of it"}),
        lambda: house.slack.submit(BUDI, budi, {"checked": "all of it"}),
    )
    question.over("Restored:")
    counted = [each for each in question.votes if each.startswith("vote.yes")]

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
    counted = [each for each in question.votes if "refused" not in each]

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
    counted = [each for each in question.votes if "refused" not in each]

    assert len(counted) == 1
    if "vote.withdraw" in counted[0]:
        assert held.untouched()
    else:
        assert held_back(house.production, promised)


def test_ten_presses_of_one_person_are_one_vote(house: ApprovalHouse, held: Held):
    house.rule(quorum=2)
    question = house.ask_to_restore()
    told = at_once(*[lambda: house.type(AYU, f"approve {question.id}")] * 10)
    wait_for(lambda: len(question.votes) == 10)
    question.press(RIZAL, WITHDRAW)
    question.over("Withdrawn")

    assert {each["outcome"] for each in told} == {"acked"}
    assert question.votes.count("vote.yes by Ayu Lestari") == 1
    assert question.votes.count("vote.refused by Ayu Lestari") == 9
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

    assert [each for each in question.votes if "Ayu" in each] == ["vote.yes by Ayu Lestari"]
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

    assert [each for each in question.votes if "Ayu" in each] == ["vote.yes by Ayu Lestari"]
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

    assert question.votes == ["vote.yes by Ayu Lestari"]
    assert held_back(house.production, promised)


def test_a_broken_socket_loses_no_question(house: ApprovalHouse, promised: dict):
    house.rule()
    question = house.ask_to_restore()
    house.slack.trouble("kill_socket")
    wait_for(lambda: house.slack.state()["connected"] > 0, 30)
    question.yes(BUDI)
    question.over("Restored:")

    assert held_back(house.production, promised)


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
    assert question.votes == ["vote.yes by Ayu Lestari"]
    assert held_back(house.production, promised)


def test_a_question_outlives_the_bot_with_the_votes_it_has(house: ApprovalHouse, promised: dict):
    house.rule(quorum=2)
    question = house.ask_to_restore()
    question.yes(AYU)
    wait_for(lambda: _said(question, "1 approval of"))
    house.restart()
    question.told("Picked up again after a restart")
    question.yes(BUDI)
    question.over("Restored:")
    ends = [each["ts"] for each in house.roots() if "Restored:" in each["text"]]

    assert question.votes == ["vote.yes by Ayu Lestari", "vote.yes by Budi Santoso"]
    # Twice only when the bot died between Slack's answer and its note that it was told.
    assert 1 <= _said(question, "1 approval of") <= 2
    assert sum("asks to restore" in text for text in question.thread) == 1
    assert ends == [question.line.ts]
    assert held_back(house.production, promised)


def _said(question: Question, words: str) -> int:
    """How many lines of the thread, the card aside, hold the words."""
    return sum(words in text for text in question.thread if "asks to restore" not in text)
