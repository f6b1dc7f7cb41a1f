"""Words for Slack: what stays, what is made harmless, what is only ours to write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.messages import text
from tests.bot.terminal_events import AT

WIB = timezone(timedelta(hours=7), "WIB")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("before the migration", "before the migration"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("<@U123> & co", "&lt;@U123&gt; &amp; co"),
        ("*bold* _it_ ~no~ `x`", "∗bold∗ _itˍ ~no∼ ˋxˋ"),
        ("snake_case _storage _id", "snake_case _storage _id"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("a\u202eb\u200bc", "a\\u202eb\\u200bc"),
        ("\u3164\ud800", "\\u3164\\ud800"),
        ("🚒 👩\u200d💻 ⚠\ufe0f", "🚒 👩💻 ⚠"),
        ("日本 é", "日本 é"),
        ("  ", ""),
    ],
)
def test_other_peoples_words_stay_words(words: str, told: str):
    assert text.said(words) == told


def test_long_words_are_cut_before_they_are_escaped():
    assert text.said("<" * 300, 5) == "&lt;" * 4 + "…"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("npd", "`npd`"),
        ("*_~", "`*_~`"),
        ("a`b", "`aˋb`"),
        ("<x>", "`&lt;x&gt;`"),
        ("", "`(nothing)`"),
    ],
)
def test_names_are_code_in_which_nothing_is_formatting(words: str, told: str):
    assert text.code(words) == told


def test_a_name_in_bold_can_not_end_the_bold():
    assert text.bold("a* b") == "*a∗ b*"
    assert text.bold(" ") == "*(no name)*"


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Run `lifeboat list` now.", "Run `/backup list` now."),
        ("The `*` stays, the * not.", "The `*` stays, the ∗ not."),
        ("An `open one", "An ˋopen one"),
        ("``` and ``", "`and`ˋ"),
        ("one\n  two\n\nthree", "one\ntwo\nthree"),
    ],
)
def test_sentences_keep_their_code_and_their_lines(sentence: str, told: str):
    assert text.told(sentence) == told


def test_very_many_lines_end_in_how_many_more_there_are():
    lines = text.told("\n".join(["x"] * 40)).splitlines()

    assert len(lines) == text.TOLD_LINES_MAX + 1
    assert lines[-1] == "… and 10 more lines"


def test_a_moment_is_told_in_the_readers_own_zone_and_else_in_utc():
    told = "<!date^1795485613^{date_short_pretty} {time}|2026-11-24 02:00 UTC>"

    assert text.at(AT) == told
    assert text.at(AT.astimezone(WIB)) == told


def test_a_moment_before_slacks_calendar_is_told_in_utc():
    assert text.at(datetime(1969, 12, 31, 23, 0, tzinfo=UTC)) == "1969-12-31 23:00 UTC"


@pytest.mark.parametrize(
    ("id", "name", "told"),
    [
        ("U024BE7LH", "Rizal", "<@U024BE7LH>"),
        ("W012A3CDE", "", "<@W012A3CDE>"),
        ("", "the schedule nightly", "the schedule nightly"),
        ("", "<!channel>", "&lt;!channel&gt;"),
        ("U1|evil", "Rizal", "Rizal"),
        ("!channel", "", "somebody"),
        ("S012A3CDE", "group", "group"),
    ],
)
def test_only_a_persons_id_is_ever_a_mention(id: str, name: str, told: str):
    assert text.mention(id, name) == told


@pytest.mark.parametrize(
    ("done", "total", "filled"),
    [(0, 10, 0), (9, 10, 18), (99, 100, 19), (10, 10, 20), (30, 10, 20), (-5, 10, 0)],
)
def test_a_bar_is_full_only_at_the_end(done: int, total: int, filled: int):
    assert text.bar(done, total) == f"`{'█' * filled}{'░' * (20 - filled)}`"


@pytest.mark.parametrize("total", [None, 0, -1])
def test_there_is_no_bar_where_nobody_knows_the_end(total: int | None):
    assert text.bar(5, total) == ""


@pytest.mark.parametrize(
    ("done", "total", "unit", "told"),
    [
        (12_300_000, 45_000_000, "bytes", "27 %, 12.3 MB of 45.0 MB"),
        (999, 1000, "documents", "99 %, 999 of 1,000 documents"),
        (1000, 1000, "documents", "100 %, 1,000 documents"),
        (5, None, "documents", "5 documents so far"),
        (0, None, "", ""),
    ],
)
def test_how_far_a_step_is_stands_in_numbers(done: int, total: int | None, unit: str, told: str):
    assert text.far(done, total, unit) == told


def test_mrkdwn_is_cut_between_its_tags():
    told = f"{text.at(AT)} and &lt;more&gt;"

    assert text.shortened(told, 400) == told
    assert text.shortened(told, len(told) - 1) == told.removesuffix("&gt;") + "…"
    assert text.shortened(told, 20) == "…"


def test_code_that_is_cut_is_closed():
    assert text.shortened("see `restore production`", 15) == "see `restore…`"


def test_an_emoji_counts_twice():
    assert text.length("a🚒") == 3


@pytest.mark.parametrize(
    ("name", "most", "told"),
    [("abc", 3, "abc"), ("abcdef", 5, "ab…ef"), ("abcdef", 4, "ab…f")],
)
def test_a_long_name_keeps_both_its_ends(name: str, most: int, told: str):
    assert text.middle_cut(name, most) == told
    assert len(told) <= most
