"""What a terminal says of the audit log: facts, not looks."""

from __future__ import annotations

import json

import pytest

from commands import events
from commands.audit_story import stories
from storage.audit import Head
from storage.finding import LookedAt
from tests.bot import terminal_events as made
from tests.bot.terminal_events import printed, said


def test_each_entry_says_when_what_where_who_and_how_it_ended():
    ended = made.audit_entry(what="restore.ended", outcome="restored", by_name="Sari")
    line = said(events.AuditTold((ended,))).splitlines()[1]

    assert line.split() == [
        *("12", "2026-11-24", "02:00:13", "restore.ended"),
        *("staging", "Sari,", "terminal", "restored"),
    ]


def test_under_it_stands_what_it_is_about_and_why():
    lines = said(made.audit_told()).splitlines()

    assert lines[2].strip() == f"about {made.ID} · job restore.staging.20261124T050013-abcd"
    assert lines[4].endswith(" · why: npd lost its rows")


def test_an_entry_with_nothing_more_to_say_is_one_line():
    bare = made.audit_entry(about="", facts={}, why="")

    assert len(said(events.AuditTold((bare,))).splitlines()) == 2


def test_what_became_of_a_restore_stands_below():
    told = said(made.audit_told())

    assert told.splitlines()[-1] == (
        f"  {made.ID} into staging: asked by rizal; confirmed by rizal; "
        "NO END IS WRITTEN: it waits, runs, or was stopped"
    )


def test_no_entries_are_said_to_be_none():
    assert "no such entries" in said(events.AuditTold(()))


def test_older_ones_and_unreadable_ones_are_named():
    told = said(made.audit_told(more=True, unreadable=(("audit/0000000007.json", "Missing."),)))

    assert "and older ones; see --limit and --since" in told
    assert "Can't be read: audit/0000000007.json: Missing." in told


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "Whole: "),
        ({"findings": (made.WARNING,)}, "Whole, but look at it: "),
        ({"findings": (made.WARNING, made.DAMAGE)}, "NOT WHOLE: "),
        ({"looked_at": LookedAt(), "head": None, "findings": (made.DAMAGE,)}, "COULD NOT LOOK: "),
    ],
)
def test_the_verdict_stands_first(changes, verdict):
    assert said(made.audit_verified(**changes)).startswith(f"{verdict}the audit log\n")


def test_the_head_can_be_copied_whole_and_used_as_it_stands():
    lines = said(made.audit_verified(), width=20).splitlines()
    head = f"12:{'a' * 64}"

    assert f"  {head}" in lines
    assert lines[-1] == f"  lifeboat audit verify --head {head}"


def test_a_head_that_was_held_against_it_is_said():
    told = said(made.audit_verified(expected=Head(11, "b" * 64)))

    assert "12 entries; entry 11 held against the head of earlier" in told


def test_other_peoples_words_can_not_steer_the_terminal():
    why = "\x1b[2J\u202e hi"
    entries = (made.audit_entry(by_name=why, why=why, outcome=why, deployment=why),)
    told = said(events.AuditTold(entries, stories(entries), ((why, why),)))

    assert all(char.isprintable() or char == "\n" for char in told)


def test_as_json_every_field_of_an_entry_is_there():
    out, _ = printed(made.audit_told(), as_json=True)
    (line,) = [json.loads(line) for line in out.splitlines()]

    assert line["entries"][0]["number"] == 12
    assert line["entries"][0]["facts"]["protected"] is False
    assert line["stories"][0]["confirmed"] is True
