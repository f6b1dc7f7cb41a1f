"""Tables in equal letters: rows of cells in, lines of even columns out.

Cells are other people's words; they leave here harmless for a code block. Long names are cut in
their middle, and of very many rows only the first are made into lines.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from bot.messages.parts import Listed
from bot.messages.text import entities, inert, middle_cut

CELL_MAX = 40
ROWS_MAX = 300  # More would never fit a message.
GAP = "  "


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    count: int,
    what: str,
    right: Collection[int] = (),
) -> Listed:
    """Return a table of `count` rows; the columns in `right` end level, as numbers should."""
    cells = [tuple(_cell(cell) for cell in row) for row in islice(rows, ROWS_MAX)]
    heading, *lines = columns([tuple(headings), *cells], right)
    return Listed(lines, what, heading=heading, left_out=count - len(cells))


def columns(rows: Sequence[Sequence[str]], right: Collection[int]) -> list[str]:
    """Return each row as a line, every column as wide as its widest cell."""
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        padded = [
            " " * (widths[i] - width(cell)) + cell
            if i in right
            else cell + " " * (widths[i] - width(cell))
            for i, cell in enumerate(row)
        ]
        lines.append(entities(GAP.join(padded).rstrip()))
    return lines


def width(text: str) -> int:
    """Return how many columns a text takes: wide letters two, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _cell(text: str) -> str:
    return middle_cut(inert(text), CELL_MAX).replace("`", "ˋ")
