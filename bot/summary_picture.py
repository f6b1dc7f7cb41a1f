"""What a summary's picture shows, and the words for whoever can't see it; for both doors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot import summary_words
from bot.picture import DEPLOYMENTS_MAX, Course, Line, Point
from bot.summary_words import Hand
from bot.words import escaped
from commands.summary_events import SummaryTold, Taken
from storage.errors import LifeboatError

POINTS_MAX = 200  # Of each deployment: more would be one blot, and it is kept beside the job.
ALT_MAX = 900  # Slack takes a thousand characters.


@dataclass(frozen=True)
class Drawing:
    """A picture to be drawn, and the same in words."""

    course: Course
    alt: str


def drawing(told: SummaryTold) -> Drawing | None:
    """Return what a summary's picture shows; None where there is nothing to see."""
    lines = tuple(
        Line(each.standing.name, tuple(Point(p.at, p.bytes, p.seconds) for p in _few(each.course)))
        for each in told.deployments
        if each.course
    )
    if not lines:
        return None
    hand = Hand(lambda at: f"{at:%Y-%m-%d}", escaped)
    words = "Size and duration of backups in 30 days. " + ". ".join(
        summary_words.course(told, hand)
    )
    alt = words if len(words) <= ALT_MAX else words[: ALT_MAX - 1] + "…"
    return Drawing(Course(told.now, lines[:DEPLOYMENTS_MAX]), alt)


def write(told: SummaryTold, path: Path) -> None:
    """Draw a summary's picture into a file; LifeboatError when the file can't be written."""
    from bot import picture  # noqa: PLC0415 - only whoever asks for it waits for the library.

    drawn = drawing(told)
    try:
        path.write_bytes(picture.png(drawn.course if drawn else Course(told.now, ())))
    except OSError as error:
        raise LifeboatError(
            f"The picture {path} can't be written ({error.strerror}).",
            safe="Nothing was changed: a summary only looks.",
            hint="Name a file in a folder that you may write, or leave --picture out.",
        ) from error


def _few(course: Sequence[Taken]) -> list[Taken]:
    """Return so many that they can be told apart; every failure stays, and the newest."""
    step = -(-len(course) // POINTS_MAX)
    last = len(course) - 1
    return [each for i, each in enumerate(course) if each.failed or (last - i) % step == 0]
