"""The way of a vote to its question, with a Slack and an engine that are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.votes import REASON_MAX
from commands.approval import VoteRefused
from sandbox.slack_people import (
    APPROVERS,
    AYU,
    BUDI,
    CITRA,
    DEWI,
    EKO,
    FARAH,
    GITA,
    OTHER_BOT_USER,
    RIZAL,
    SLACKBOT,
)
from tests.approvals.booth import CARD, QUESTION, Booth
from tests.approvals.views import FINGERPRINT


@pytest.fixture
def booth(tmp_path: Path) -> Booth:
    return Booth(tmp_path)


def test_an_approvers_word_comes_to_the_question_as_slack_sees_them_now(booth: Booth):
    cast = booth.take(AYU, checked="  the plan ", card=CARD)

    assert (cast.by, cast.name, cast.word) == (AYU, "Ayu Lestari", "yes")
    assert cast.may_approve
    assert cast.approvers == {AYU, BUDI}
    assert cast.fingerprint == FINGERPRINT
    assert cast.checked == "the plan"
    assert booth.written == []


def test_what_was_typed_has_no_card_and_is_about_the_plan_there_is(booth: Booth):
    assert booth.take(AYU).fingerprint == FINGERPRINT


def test_a_press_on_another_card_says_which(booth: Booth):
    assert booth.take(AYU, card="0000-0000").fingerprint == "0000-0000"


def test_a_word_before_the_card_is_there_does_not_count_and_says_so(booth: Booth):
    booth.engine.facts_of = {}

    with pytest.raises(VoteRefused, match="not asked yet") as told:
        booth.take(AYU)
    assert "/backup cancel ask-" in told.value.hint


@pytest.mark.parametrize("by", [RIZAL, CITRA])
def test_a_member_who_is_no_approver_is_handed_on_as_one(booth: Booth, by: str):
    cast = booth.take(by)

    assert not cast.may_approve
    assert by not in (cast.approvers or ())


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (DEWI, "Guests"),
        (EKO, "Guests"),
        (FARAH, "another workspace"),
        (GITA, "deactivated"),
        (OTHER_BOT_USER, "Bots"),
        (SLACKBOT, "Bots"),
        ("U0NOBODY", "Slack can't be asked"),
        ("", "Slack can't be asked"),
    ],
)
def test_whoever_slack_does_not_vouch_for_has_no_word_and_it_is_written_down(
    booth: Booth, by: str, words: str
):
    assert words in booth.refused(by)
    assert booth.written == [("vote.refused", by, QUESTION)]


@pytest.mark.parametrize("by", [DEWI, GITA, FARAH, OTHER_BOT_USER])
def test_being_named_in_the_settings_helps_none_of_them(tmp_path: Path, by: str):
    booth = Booth(tmp_path, approvers=(by, APPROVERS))
    booth.slack.groups[APPROVERS].append(by)
    booth.refused(by)

    assert booth.take(AYU).approvers == {AYU, BUDI}


@pytest.mark.parametrize("flag", ["is_restricted", "is_ultra_restricted", "deleted", "is_bot"])
@pytest.mark.parametrize("word", ["yes", "no", "withdraw"])
def test_whoever_is_not_what_they_were_has_no_word_any_more(booth: Booth, flag: str, word: str):
    booth.slack.people[AYU][flag] = True

    assert booth.refused(AYU, word)


@pytest.mark.parametrize("flag", ["is_stranger", "is_invited_user"])
def test_a_flag_of_elsewhere_is_enough(booth: Booth, flag: str):
    booth.slack.people[AYU][flag] = True

    assert "another workspace" in booth.refused(AYU)


def test_an_answer_about_somebody_else_is_none(booth: Booth):
    booth.slack.people[AYU] = booth.slack.people[BUDI]

    assert "Slack can't be asked" in booth.refused(AYU)


def test_an_answer_without_a_team_is_of_no_workspace(booth: Booth):
    booth.slack.people[AYU]["team_id"] = None

    assert "another workspace" in booth.refused(AYU)


@pytest.mark.parametrize("method", ["users.info", "usergroups.users.list"])
def test_while_slack_can_not_be_asked_nobody_has_a_word(booth: Booth, method: str):
    booth.slack.fails.add(method)

    assert "Slack can't be asked" in booth.refused(AYU)
    assert booth.written == [("vote.refused", AYU, QUESTION)]


def test_a_member_of_the_group_who_is_gone_is_not_counted_on(booth: Booth):
    booth.slack.people[BUDI]["deleted"] = True

    assert booth.take(AYU).approvers == {AYU}


def test_an_id_that_slack_does_not_know_is_not_counted_on_and_stops_nobody(tmp_path: Path):
    booth = Booth(tmp_path, approvers=("U0TYPO0001", APPROVERS))

    assert booth.take(AYU).approvers == {AYU, BUDI}


def test_a_list_that_slack_does_not_tell_counts_nothing(booth: Booth):
    """The voter is known, and whether the others are still there can't be asked."""
    booth.slack.silent_about.add(BUDI)

    assert booth.take(AYU).approvers is None


def test_people_named_one_by_one_need_no_group(tmp_path: Path):
    booth = Booth(tmp_path, approvers=(BUDI, CITRA))

    assert booth.take(CITRA).approvers == {BUDI, CITRA}


@pytest.mark.parametrize("question", ["", "ask-production-nobody", "now-production-aaaaaa"])
def test_a_word_to_what_is_no_question_is_refused(booth: Booth, question: str):
    assert booth.refused(AYU, question=question).startswith("There is no question called")
    assert booth.written == []


def test_a_hostile_id_is_cut_and_shown_as_it_is_spelled(booth: Booth):
    told = booth.refused(AYU, question="\u202e<!channel>\n" * 500)

    assert len(told) < 200
    assert "\u202e" not in told


def test_a_word_to_an_ended_question_is_told_how_it_ended(booth: Booth):
    booth.engine.facts_of |= {"answer": "It was denied already by Budi. Ask again."}

    assert booth.refused(AYU) == (
        "The question about production is over. It was denied already by Budi. Ask again."
    )
    assert booth.written == [("vote.refused", AYU, QUESTION)]


def test_a_question_that_ended_between_two_looks_is_over(booth: Booth):
    booth.engine.open = False

    assert booth.refused(AYU) == "The question about production is over."


def test_an_ended_question_does_not_tell_a_guest_how(booth: Booth):
    booth.engine.facts_of |= {"answer": "It was denied already by Budi."}

    assert "Budi" not in booth.refused(DEWI)


def test_a_no_needs_a_reason(booth: Booth):
    assert booth.refused(AYU, "no", why="  \n ") == "A no needs a reason."
    assert booth.take(AYU, "no").why == "not now"


def test_a_word_of_any_length_is_cut(booth: Booth):
    assert len(booth.take(AYU, checked="x" * 10_000).checked) == REASON_MAX


def test_the_same_delivery_twice_is_one_word(booth: Booth):
    for _ in range(2):
        booth.take(AYU, once="view V1")

    assert len(booth.engine.signals) == 1


def test_a_refusal_delivered_twice_is_written_down_once(booth: Booth):
    for _ in range(2):
        booth.refused(DEWI, once="view V1")

    assert len(booth.written) == 1


def test_a_form_is_opened_for_an_open_question_only(booth: Booth):
    view = booth.votes.modal(QUESTION, CARD, "yes")
    booth.engine.facts_of |= {"ended": {"state": "failed"}}

    assert view["private_metadata"] == f"{QUESTION} {CARD}"
    with pytest.raises(VoteRefused):
        booth.votes.modal(QUESTION, CARD, "no")


def test_who_may_approve_is_asked_anew_when_it_matters(booth: Booth):
    before = booth.votes.approvers()
    booth.slack.groups[APPROVERS] = [BUDI]
    remembered = booth.take(AYU).approvers

    assert (before, remembered) == ({AYU, BUDI}, {AYU, BUDI})
    assert booth.votes.approvers() == {BUDI}
