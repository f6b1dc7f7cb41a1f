"""What people are told to type in Slack can be typed there."""

from __future__ import annotations

import re
import shlex

import pytest

from bot.messages import typed
from commands import VERBS
from tests.bot import terminal_events as made


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Take one: lifeboat now", "Take one: `/backup now`"),
        ("Run `lifeboat verify x` first.", "Run `/backup verify x` first."),
        (
            "To go back: lifeboat restore s --to staging --mode replace-all. Or wait.",
            "To go back: `/backup restore s to staging mode replace-all`. Or wait.",
        ),
        (
            "To go back: lifeboat restore s --to staging.",
            "To go back: `/backup restore s to staging`.",
        ),
        ("(lifeboat now production) helps.", "(`/backup now production`) helps."),
        (
            "Usage: lifeboat now [--tables a,b] [deployment]",
            "Usage: `/backup now [tables a,b] [deployment]`",
        ),
        ("Add --to with one of: a, b.", "Add `to` with one of: a, b."),
        ("Use --limit=20.", "Use `limit` 20."),
        ("`list` does not understand '--limt'.", "`list` does not understand '--limt'."),
        ("lifeboat runs well; a-- b", "lifeboat runs well; a-- b"),
        ("`now --label x`", "`now label x`"),
    ],
)
def test_sentences_for_a_terminal_become_slacks(sentence: str, told: str):
    assert typed.in_slack(sentence) == told


def test_an_example_has_no_dashes_and_keeps_its_quotes():
    told = typed.example('now production --tables npd,sp2d --label "before the migration"')

    assert told == '/backup now production tables npd,sp2d label "before the migration"'


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_every_example_of_every_verb_is_understood_as_it_is_shown(verb):
    for words in verb.examples:
        name, *rest = shlex.split(typed.example(words).removeprefix("/backup "))

        assert name == verb.name
        assert verb.parse(rest) == verb.parse(shlex.split(words)[1:])


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_the_usage_names_every_word_without_dashes(verb):
    usage = typed.usage(verb)

    assert usage.startswith(f"/backup {verb.name}")
    assert not re.search(r"--\w", usage)
    assert all(option.name in usage for option in verb.options)


def test_a_plans_words_are_understood_as_the_same_request():
    plan = made.plan(mode="replace", chosen=("npd", "waitlist/inner/entries"))

    _, name, *rest = shlex.split(typed.again(plan))
    request = VERBS[name].parse(rest)

    assert (request.backup, request.to, request.mode) == (plan.backup, "staging", "replace")
    assert request.tables == plan.chosen


def test_words_that_need_quotes_get_them():
    assert typed.command("now", "a b") == "/backup now 'a b'"
