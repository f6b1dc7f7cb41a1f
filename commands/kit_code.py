"""The recovery kit's QR code: the same places and public keys, for whoever holds only paper.

Drawn in half blocks, dark on light, as paper wants it. There is never a secret in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import segno

QUIET = 2  # Light modules around it; a page's own margin does the rest.
HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def drawn(text: str) -> Iterator[str]:
    """Yield the code of a text line by line, two rows of modules in each."""
    code = segno.make(text, error="m", micro=False)
    rows = [[bool(module) for module in row] for row in code.matrix_iter(border=QUIET)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        yield _line(upper, lower)


def _line(upper: Sequence[bool], lower: Sequence[bool]) -> str:
    return "".join(HALVES[pair] for pair in zip(upper, lower, strict=True)).rstrip()
