"""Numbers and moments as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import words

AT = datetime(2026, 11, 24, 2, 0, 13, tzinfo=UTC)
WIB = timezone(timedelta(hours=7), "WIB")


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (12_345, "12.3 kB"),
        (999_949, "999.9 kB"),
        (999_951, "1.0 MB"),
        (1_234_567_890, "1.2 GB"),
        (5_000_000_000_000_000, "5000.0 TB"),
    ],
)
def test_sizes_are_decimal(count: int, told: str):
    assert words.size(count) == told


@given(count=st.integers(0, 999 * 10**12))
def test_no_size_is_a_thousand_of_the_smaller_unit(count: int):
    assert not words.size(count).startswith("1000")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (200_000, "55 h 33 min"),
    ],
)
def test_lengths_of_time(seconds: float, told: str):
    assert words.duration(seconds) == told


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=-59), "just now"),
        (timedelta(minutes=5, seconds=59), "5 min ago"),
        (timedelta(minutes=89), "89 min ago"),
        (timedelta(minutes=90), "1 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(hours=48), "2 d ago"),
        (timedelta(days=4000), "4,000 d ago"),
        (timedelta(hours=-3), "3 h ahead"),
    ],
)
def test_ages(ago: timedelta, told: str):
    assert words.age(AT - ago, AT) == told


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        (UTC, "2026-11-24 02:00:13 UTC"),
        (WIB, "2026-11-24 02:00:13 UTC (09:00 WIB)"),
        (timezone(timedelta(hours=-5), "EST"), "2026-11-24 02:00:13 UTC (2026-11-23 21:00 EST)"),
        (timezone(timedelta(hours=3), "+03"), "2026-11-24 02:00:13 UTC (05:00 UTC+03)"),
    ],
)
def test_a_moment_is_told_in_utc_and_on_the_readers_clock(zone: timezone, told: str):
    assert words.moment(AT, zone) == told


def test_a_moment_told_on_another_clock_is_the_same_moment():
    assert words.moment(AT.astimezone(WIB), UTC) == words.moment(AT, UTC)


@pytest.mark.parametrize(
    ("at", "told"),
    [(None, "-"), (1_700_000_000_000.5, "2023-11-14"), (1e300, "1e+300 ms"), (-1.0, "1969-12-31")],
)
def test_the_day_of_a_creation_time(at: float | None, told: str):
    assert words.day(at) == told


@given(text=st.text(st.characters()))
def test_escaped_text_is_printable_and_stays_as_it_is_the_second_time(text: str):
    once = words.escaped(text)

    assert once.isprintable()
    assert words.escaped(once) == once


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nota pencairan dana – ✓ 日本", "nota pencairan dana – ✓ 日本"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\x85", "a\\x0ab\\x85"),
        ("\u202e", "\\u202e"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_only_what_could_steer_a_terminal_is_escaped(text: str, told: str):
    assert words.escaped(text) == told


def test_a_long_list_ends_in_a_count_of_the_rest():
    assert words.some(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert words.some(["a", "b"], 2) == "a, b"
