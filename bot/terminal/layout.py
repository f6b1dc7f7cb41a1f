"""Lines, columns and pairs of text, before any of it reaches a terminal.

A line is a `rich.text.Text`: its words stand alone, and a style is only ever added to them. Lines
are never wrapped or cut here, so that an id can always be copied whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from rich.cells import cell_len
from rich.text import Text

from bot.words import escaped

GOOD, BAD, DOUBTFUL, QUIET, LOUD = "green", "bold red", "yellow", "dim", "bold"
GAP = "  "

Part = str | tuple[str, str]  # Words, or words and their style.


@dataclass(frozen=True)
class Reader:
    """Who reads: how wide their terminal is, and their clock's zone (None: this machine's)."""

    width: int = 100
    zone: tzinfo | None = None


def line(*parts: Part) -> Text:
    """Return one line; each part is made harmless on the way."""
    text = Text()
    for part in parts:
        words, style = (part, "") if isinstance(part, str) else part
        text.append(escaped(words), style or None)
    return text


def columns(
    headings: Sequence[str], rows: Iterable[Sequence[Part]], right: Collection[int] = ()
) -> Iterator[Text]:
    """Yield headings and rows in columns as wide as their widest cell; `right` ones end level."""
    table = [[_cell((heading, QUIET)) for heading in headings]]
    table += [[_cell(part) for part in row] for row in rows]
    widths = [max(cell_len(row[i].plain) for row in table) for i in range(len(headings))]
    for row in table:
        out = Text(GAP)
        for i, cell in enumerate(row):
            pad = " " * (widths[i] - cell_len(cell.plain))
            out.append(pad if i in right else "")
            out.append_text(cell)
            out.append(GAP if i in right else pad + GAP)
        out.rstrip()
        yield out


def width(lines: Iterable[Text]) -> int:
    """Return how wide the widest line is."""
    return max((cell_len(each.plain) for each in lines), default=0)


def pairs(rows: Iterable[tuple[str, str | None]]) -> Iterator[Text]:
    """Yield `name   value` lines with the values level; rows without a value are left out."""
    told = [(name, value) for name, value in rows if value]
    widest = max((cell_len(name) for name, _ in told), default=0)
    for name, value in told:
        yield line(GAP, (name.ljust(widest), QUIET), GAP, value)


def blank() -> Text:
    """Return an empty line."""
    return Text("")


def _cell(part: Part) -> Text:
    return line(part)
