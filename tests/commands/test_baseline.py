"""What is learned from the last values: when a value is odd, and what is never told as odd."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.baseline import Learning, Odd, Sample, judge

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LEARNING = Learning()
counts = st.integers(min_value=20, max_value=10_000_000)


def daily(values: Sequence[float]) -> list[Sample]:
    """One value a day, the last of them yesterday."""
    return [Sample(NOW - DAY * (len(values) - place), each) for place, each in enumerate(values)]


def verdict(value: float, values: Sequence[float]) -> str:
    odd = judge(value, daily(values), NOW, LEARNING)
    return odd.way if odd else "usual"


def test_a_table_that_shrank_is_odd_and_its_numbers_are_told():
    values = [8310, 8350, 8400, 8420, 8500, 8510, 8530, 8560, 8590, 8600, 8610, 8620, 8630, 8640]
    odd = judge(1204, daily(values), NOW, LEARNING)

    assert isinstance(odd, Odd)
    assert (odd.way, odd.usual.least, odd.usual.most, odd.usual.samples) == (
        "shrank",
        8310,
        8640,
        14,
    )


@given(counts, st.integers(min_value=0, max_value=4))
def test_nothing_is_judged_before_enough_is_known(value: int, known: int):
    assert verdict(value, [1000] * known) == "usual"


@given(counts, st.integers(min_value=5, max_value=30))
def test_what_never_changed_and_does_not_change_is_usual(value: int, known: int):
    assert verdict(value, [value] * known) == "usual"


@given(counts, st.floats(min_value=0.9, max_value=1.1), st.data())
def test_small_ups_and_downs_are_usual(level: int, times: float, data: st.DataObject):
    around = st.floats(min_value=0.97, max_value=1.03)
    values = data.draw(st.lists(around.map(lambda each: each * level), min_size=7, max_size=14))

    assert verdict(level * times, values) == "usual"


@given(
    st.integers(min_value=100, max_value=1_000_000),
    st.floats(min_value=0, max_value=0.3),
    st.integers(min_value=5, max_value=14),
)
def test_a_steady_growth_may_go_on_and_may_end(begin: int, rate: float, known: int):
    values = [begin * (1 + rate * day) for day in range(known)]

    assert verdict(begin * (1 + rate * known), values) == "usual"
    assert verdict(values[-1], values) == "usual"


@given(
    counts,
    st.integers(min_value=0, max_value=13),
    st.one_of(st.just(0), st.integers(min_value=0, max_value=10**9)),
)
def test_one_odd_run_in_the_history_changes_no_verdict(level: int, place: int, odd: int):
    values = [float(level)] * 14
    values[place] = odd

    assert verdict(level, values) == "usual"
    assert verdict(level * 0.5, values) == ("shrank" if level >= 20 else "usual")


@given(st.integers(min_value=20, max_value=10**7), st.floats(min_value=0, max_value=0.7))
def test_a_big_loss_after_a_steady_history_is_always_odd(level: int, left: float):
    value = int(level * left)

    assert verdict(value, [level] * 14) == ("shrank" if value else "gone")


@pytest.mark.parametrize("level", [(8500, 1200), (1200, 30_000), (500, 0)])
def test_what_comes_to_stay_becomes_the_usual_once_and_for_all(level):
    before, after = level
    told = [verdict(after, ([before] * 14 + [after] * days)[-14:]) for days in range(15)]

    assert told[0] != "usual"
    assert told[-1] == "usual"
    ends = told.index("usual")
    assert 3 <= ends <= 8
    assert set(told[ends:]) == {"usual"}


@pytest.mark.parametrize(
    ("value", "values", "said"),
    [
        (0, [3] * 6, "gone"),  # However little it was.
        (0, [3, 0, 3, 3, 3, 3, 3], "gone"),
        (0, [0, 3, 0, 0, 0, 3, 0], "usual"),  # A queue that is mostly empty.
        (2, [9] * 6, "usual"),  # Too small for percentages.
        (5000, [0] * 6, "usual"),  # A table that begins to be used.
        (4000, [100, 5000, 30, 2500, 4000, 9000, 10], "usual"),  # Never the same.
        (790, [1000] * 6, "shrank"),
        (810, [1000] * 6, "usual"),
        (1900, [1000] * 6, "usual"),
        (2100, [1000] * 6, "grew"),
    ],
)
def test_what_is_odd_and_what_is_not(value, values, said):
    assert verdict(value, values) == said


def test_a_bot_that_was_away_for_months_expects_no_more_than_it_saw():
    values = [100.0 + 10 * day for day in range(10)]
    then = NOW + 90 * DAY

    assert judge(1100, daily(values), then, LEARNING) is not None
    assert judge(300, daily(values), then, LEARNING) is None


def test_values_of_one_moment_are_learned_from_as_well():
    same = [Sample(NOW, 100.0)] * 6

    assert judge(100, same, NOW, LEARNING) is None
    assert judge(30, same, NOW, LEARNING) is not None
