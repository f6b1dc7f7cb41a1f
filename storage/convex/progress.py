"""What the Convex client tells while it works; how it is shown is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Moved:
    """Bytes or documents so far; `total` is None where Convex does not tell it."""

    done: int
    total: int | None
    unit: str


@dataclass(frozen=True)
class Said:
    """Convex's own words about what it is doing."""

    text: str


@dataclass(frozen=True)
class Waiting:
    """Nothing to do but wait, told at every look."""

    for_what: str
    seconds: float


@dataclass(frozen=True)
class Retrying:
    """Something failed in passing and is tried again."""

    what: str
    tries_left: int
    in_seconds: float


Progress = Moved | Said | Waiting | Retrying
Tell = Callable[[Progress], None]


def untold(_: Progress) -> None:
    """Listen to nothing."""
