"""The picture of a summary: size and duration of thirty days, failures marked. Numbers in, PNG out.

The only room of the plotting library, which is loaded when a picture is drawn and not before. The
background is see-through and every colour stands out from white and from Slack's dark alike. All
that it shows stands in the message in words (`bot/summary_words.py`).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

DEPLOYMENTS_MAX = 4  # More would be too small to read; the words tell of all.
DAYS = 30
INK, GRID, FAILED = "#7d8590", "#7d859055", "#e5484d"
LINES = ("#2f81f7", "#cc7722", "#2da05a", "#a371f7")
MARKS = ("o", "s", "^", "D")  # Told apart without colours as well.
WIDTH, HEIGHT, DPI = 8.0, 4.6, 150
UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "bytes"))
LENGTHS = ((3600.0, "h"), (60.0, "min"), (1.0, "s"))
NAME_MAX = 24


@dataclass(frozen=True)
class Point:
    """One backup, or one that failed (`bytes` None)."""

    at: datetime
    bytes: int | None
    seconds: float | None


@dataclass(frozen=True)
class Line:
    """The backups of one deployment, oldest first."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Course:
    """What is drawn: up to `now`, the lines of the deployments that have any backup."""

    now: datetime
    lines: tuple[Line, ...]


def png(course: Course) -> bytes:
    """Draw it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - a second.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.patch.set_alpha(0.0)
    above, below = figure.subplots(2, 1, sharex=True)
    lines = course.lines[:DEPLOYMENTS_MAX]
    points = [point for line in lines for point in line.points]
    by, unit = _unit((point.bytes for point in points), UNITS)
    took, length = _unit((point.seconds for point in points), LENGTHS)
    for number, line in enumerate(lines):
        good = [point for point in line.points if point.bytes is not None]
        _draw(above, number, line, [(p.at, (p.bytes or 0) / by) for p in good])
        _draw(below, number, line, [(p.at, (p.seconds or 0.0) / took) for p in good])
    _mark(above, points)
    _mark(below, points)
    _dress(above, f"size ({unit})", course.now)
    _dress(below, f"took ({length})", course.now)
    _legend(figure, above)
    out = io.BytesIO()
    figure.savefig(out, format="png", transparent=True, metadata={"Software": None})
    return out.getvalue()


def _draw(axes: Any, number: int, line: Line, values: Sequence[tuple[datetime, float]]) -> None:
    name = line.name if len(line.name) <= NAME_MAX else line.name[: NAME_MAX - 1] + "…"
    axes.plot(
        [at for at, _ in values],
        [value for _, value in values],
        color=LINES[number],
        marker=MARKS[number],
        markersize=4,
        linewidth=1.8,
        # A dollar would begin a formula.
        label=name.replace("$", r"\$"),
    )


def _mark(axes: Any, points: Iterable[Point]) -> None:
    """Mark each failure on the line of the time, where it hides no value."""
    failed = [point.at for point in points if point.bytes is None]
    if failed:
        axes.plot(
            failed,
            [0.0] * len(failed),
            linestyle="none",
            marker="X",
            markersize=9,
            color=FAILED,
            label="failed",
            clip_on=False,
            zorder=5,
        )


def _dress(axes: Any, name: str, now: datetime) -> None:
    """Write the axes in one grey that both themes leave legible; sizes begin at nothing."""
    from matplotlib import dates  # noqa: PLC0415

    axes.set_facecolor("none")
    axes.set_ylabel(name, color=INK, fontsize=13)
    axes.set_xlim(now - timedelta(days=DAYS), now + timedelta(hours=12))
    axes.set_ylim(bottom=0.0)
    axes.margins(y=0.15)
    axes.grid(visible=True, color=GRID, linewidth=0.7)
    axes.tick_params(colors=INK, labelsize=11)
    made: Any = dates  # Its own types are not all written down.
    locator = made.AutoDateLocator(tz=UTC, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(made.ConciseDateFormatter(locator, tz=UTC))
    axes.xaxis.get_offset_text().set_color(INK)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(INK)


def _legend(figure: Any, axes: Any) -> None:
    handles, names = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="outside upper left",
        ncols=len(names) or 1,
        frameon=False,
        labelcolor=INK,
        fontsize=12,
    )


def _unit(values: Iterable[float | None], units: Sequence[tuple[float, str]]) -> tuple[float, str]:
    """Return the unit that suits the biggest value."""
    biggest = max((value for value in values if value is not None), default=0.0)
    return next((unit for unit in units if biggest >= unit[0]), units[-1])
