"""Who asked, who agreed and was it done: from entries alone."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.audit_words import clauses
from commands.audit_story import Story, stories
from storage.audit import Entry
from tests.fakes import AT

BACKUP = "production-2026-11-24-0200"


def entries(*told: tuple[str, str, dict[str, Any]]) -> list[Entry]:
    """Return entries of (what, by name, further fields), numbered from 1."""
    return [
        Entry(
            what=what,
            by=name.lower(),
            by_name=name,
            door="slack",
            number=number,
            at=AT + timedelta(minutes=number),
            before="0" * 64,
            **{"about": BACKUP, "deployment": "production", **fields},
        )
        for number, (what, name, fields) in enumerate(told, start=1)
    ]


def asked_and_done(job: str = "ask-1") -> list[tuple[str, str, dict[str, Any]]]:
    vote = {"about": job, "deployment": "", "facts": {"job": job}}
    doing = {"facts": {"job": "restore.production.1", "approval": job, "protected": True}}
    return [
        ("restore.asked", "Rizal", {"facts": {"job": job}}),
        ("vote.refused", "Rizal", vote),
        ("vote.yes", "Sari", vote),
        ("vote.yes", "Budi", vote),
        ("restore.answered", "Rizal", {"outcome": "approved", "facts": {"job": job}}),
        ("restore.started", "Rizal", doing),
        ("restore.confirmed", "Rizal", doing),
        ("restore.ended", "Rizal", {**doing, "outcome": "restored"}),
    ]


def told(story: Story) -> str:
    return "; ".join(clauses(story))


def test_an_approved_restore_is_one_story_from_the_asking_to_the_end():
    (story,) = stories(entries(*asked_and_done()))

    assert (story.job, story.backup, story.deployment) == ("ask-1", BACKUP, "production")
    assert not story.unapproved
    assert told(story) == (
        "asked by Rizal; approved by Sari and Budi; 1 vote refused; confirmed by Rizal; "
        "ended: restored"
    )


def test_a_restore_that_nobody_had_to_approve_says_nothing_of_votes():
    facts = {"deployment": "staging", "facts": {"job": "r1", "protected": False}}
    (story,) = stories(
        entries(
            ("restore.asked", "Rizal", facts),
            ("restore.confirmed", "Rizal", facts),
            ("restore.ended", "Rizal", {**facts, "outcome": "restored"}),
        )
    )

    assert told(story) == "asked by Rizal; confirmed by Rizal; ended: restored"


def test_a_denied_one_was_never_begun():
    (story,) = stories(
        entries(
            ("restore.asked", "Rizal", {"facts": {"job": "a"}}),
            ("vote.no", "Sari", {"about": "a", "facts": {"job": "a"}}),
            ("restore.answered", "Rizal", {"outcome": "denied", "facts": {"job": "a"}}),
        )
    )

    assert told(story) == "asked by Rizal; denied by Sari; never begun: denied"


def test_a_protected_deployment_that_was_restored_without_a_yes_is_said_loudly():
    whole = entries(*asked_and_done())
    (story,) = stories([entry for entry in whole if entry.what != "vote.yes"])

    assert story.unapproved
    assert "NOBODY'S YES IS IN THESE ENTRIES" in told(story)


def test_a_broken_glass_is_said_loudly_with_its_reason():
    facts = {"facts": {"job": "r1", "protected": True}}
    (story,) = stories(
        entries(
            ("break-glass", "Rizal", {"why": "Slack is gone", "facts": {"job": "r1"}}),
            ("restore.started", "Rizal", facts),
            ("restore.confirmed", "Rizal", facts),
            ("restore.ended", "Rizal", {**facts, "outcome": "restored"}),
        )
    )

    assert told(story) == (
        "asked by Rizal; BREAK-GLASS by Rizal: Slack is gone; confirmed by Rizal; ended: restored"
    )


def test_a_confirm_without_an_end_is_said_loudly():
    (story,) = stories(entries(*asked_and_done()[:-1]))

    assert told(story).endswith(
        "confirmed by Rizal; NO END IS WRITTEN: it waits, runs, or was stopped"
    )


def test_a_stopped_one_was_never_confirmed():
    facts = {"deployment": "staging", "facts": {"job": "r1"}}
    (story,) = stories(
        entries(
            ("restore.asked", "Rizal", facts),
            ("restore.ended", "Sari", {**facts, "outcome": "stopped before the confirm"}),
        )
    )

    assert told(story) == "asked by Rizal; never confirmed; ended: stopped before the confirm"


def test_what_lies_before_the_entries_is_not_guessed():
    (story,) = stories(entries(*asked_and_done())[-1:])

    assert told(story).startswith("who asked is not in these entries; never confirmed")


def test_findings_after_the_restore_are_counted():
    facts = {"job": "r1", "findings": 2}
    (story,) = stories(
        entries(
            ("restore.confirmed", "Rizal", {"facts": facts}),
            ("restore.ended", "Rizal", {"outcome": "restored", "facts": facts}),
        )
    )

    assert told(story).endswith("ended: restored, 2 findings")


def test_two_restores_are_two_stories_the_newest_first():
    whole = entries(*asked_and_done("ask-1"), *asked_and_done("ask-2"))

    assert [story.job for story in stories(whole)] == ["ask-2", "ask-1"]


def test_other_entries_are_in_no_story():
    whole = entries(("backup.ended", "Rizal", {}), ("settings.changed", "Rizal", {}))

    assert stories(whole) == ()


@given(st.permutations(entries(*asked_and_done("ask-1"), *asked_and_done("ask-2"))))
def test_the_order_in_which_entries_are_handed_in_does_not_matter(order):
    assert stories(order) == stories(sorted(order, key=lambda entry: entry.number))


@given(st.sets(st.sampled_from(range(8))))
def test_fewer_entries_never_say_more(kept):
    whole = entries(*asked_and_done())
    (all_of_it,) = stories(whole)
    for story in stories([entry for n, entry in enumerate(whole) if n in kept]):
        assert set(story.approved) <= set(all_of_it.approved)
        assert story.confirmed <= all_of_it.confirmed
        assert story.outcome in ("", all_of_it.outcome)


def test_a_name_that_voted_twice_is_said_once():
    vote = {"about": "a", "facts": {"job": "a"}}
    (story,) = stories(entries(*itertools.repeat(("vote.yes", "Sari", vote), 2)))

    assert "approved by Sari;" in told(story)
