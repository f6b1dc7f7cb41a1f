"""What is usual for a number that is measured again and again, learned from its last values.

Pure: values and moments in, what is usual out. Robust: medians all through, so that one odd run
in the history moves nothing; a steady growth is usual, and so is its end. What comes to stay is
the usual itself once it makes up about half of the history. You will not find here which numbers
are judged (`lookout_backups.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from statistics import median
from typing import Literal

SPREADS = 5  # So many usual deviations are still usual.
DEVIATION = 1.4826  # What a median of distances is to a standard deviation.
GROW_TIMES = 5  # Growth is seldom a loss: so many times more of it is borne than of shrinking.
HAD_SOME = 0.75  # Of the history, to say that there always were some.
SMALL = 20  # Below this a percentage says nothing, as in `checks.py`.
HOURS = 3600.0


@dataclass(frozen=True)
class Learning:
    """How much is learned from, and below which change nobody is told."""

    values_max: int = 14
    values_min: int = 5
    percent_min: float = 20


@dataclass(frozen=True)
class Sample:
    """One value, and when it was so."""

    at: datetime
    value: float


@dataclass(frozen=True)
class Usual:
    """Within which bounds the next value is usual; `least` and `most` are what was seen.

    `level` is where the values are now, `samples` how many were learned from.
    """

    low: float
    high: float
    level: float
    least: float
    most: float
    samples: int


@dataclass(frozen=True)
class Odd:
    """A value that is not usual."""

    value: float
    usual: Usual
    way: Literal["shrank", "grew", "gone"]

    @property
    def times(self) -> float:
        """How far off it is, for putting the worst first: 0 is usual, 1 is all of it or double."""
        return abs(self.value - self.usual.level) / max(1.0, self.usual.level)


def usual(history: Sequence[Sample], now: datetime, learning: Learning) -> Usual | None:
    """Return what is usual after this history, in any order; None while too little is known."""
    known = sorted(history, key=lambda sample: sample.at)[-learning.values_max :]
    if len(known) < learning.values_min:
        return None
    hours = [(sample.at - known[-1].at).total_seconds() / HOURS for sample in known]
    values = [sample.value for sample in known]
    slope = _slope(hours, values)
    level = median(value - slope * at for at, value in zip(hours, values, strict=True))
    off = [abs(value - slope * at - level) for at, value in zip(hours, values, strict=True)]
    # A trend is trusted as far ahead as it was seen; whether it goes on or ends, both are usual.
    ahead = min(max(0.0, (now - known[-1].at).total_seconds() / HOURS), -hours[0])
    then = level + slope * ahead
    lowest, highest = sorted((max(0.0, level), max(0.0, then)))
    spread = SPREADS * DEVIATION * median(off)
    least_told = learning.percent_min / 100
    return Usual(
        low=max(0.0, lowest - max(spread, least_told * lowest)),
        high=highest + max(spread, GROW_TIMES * least_told * highest),
        level=max(0.0, level),
        least=min(values),
        most=max(values),
        samples=len(known),
    )


def judge(value: float, history: Sequence[Sample], now: datetime, learning: Learning) -> Odd | None:
    """Return what is odd about a value after this history; None when nothing is, or nobody knows.

    What always had something and has nothing now is odd however little it was.
    """
    known = usual(history, now, learning)
    if known is None:
        return None
    recent = sorted(history, key=lambda sample: sample.at)[-learning.values_max :]
    some = sum(sample.value > 0 for sample in recent)
    if not value and some >= HAD_SOME * len(recent):
        return Odd(value, known, "gone")
    if max(known.level, value) < SMALL:
        return None
    if value < known.low:
        return Odd(value, known, "shrank")
    if value > known.high and known.level > 0:
        return Odd(value, known, "grew")
    return None


def _slope(hours: Sequence[float], values: Sequence[float]) -> float:
    """Return the median change in an hour, over all pairs: a few odd ones don't bend it."""
    pairs = combinations(zip(hours, values, strict=True), 2)
    slopes = [(b - a) / (then - at) for (at, a), (then, b) in pairs if then > at]
    return median(slopes) if slopes else 0.0
