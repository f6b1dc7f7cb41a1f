"""Blocks of an entry cut into blocks of whole lines, with what a line owes: UTF-8, and its end.

Lines are never changed or re-made; what they hold is for `rows.py` and `inspect.py` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from storage.archive.feed import broken
from storage.archive.noticed import Noticed

_BOM = b"\xef\xbb\xbf"


def whole_lines(
    blocks: Iterable[bytes], where: str, noticed: Noticed, line_bytes_max: int
) -> Iterator[bytes]:
    """Yield blocks of whole lines, each block without its last newline.

    ArchiveError for a line longer than `line_bytes_max`.
    """
    pieces: list[bytes] = []
    held = 0
    for block in _without_mark(blocks, where, noticed):
        cut = block.rfind(b"\n")
        if cut >= 0:
            yield b"".join([*pieces, memoryview(block)[:cut]])
            pieces, held = [], 0
            block = block[cut + 1 :]  # noqa: PLW2901 - what is left of it.
        pieces.append(block)
        held += len(block)
        if held > line_bytes_max:
            raise broken(f"A line is longer than {line_bytes_max:,} bytes, the most allowed", where)
    if held:
        noticed.add("newline at the end", "The last line does not end with a newline.", where)
        yield b"".join(pieces)


def _without_mark(blocks: Iterable[bytes], where: str, noticed: Noticed) -> Iterator[bytes]:
    """Yield the blocks less a byte order mark at their front, which may lie in several of them."""
    rest = iter(blocks)
    front = b""
    for block in rest:
        front += block
        if len(front) >= len(_BOM):
            break
    if front.startswith(_BOM):
        noticed.add("BOM", "The lines start with a byte order mark, which is no JSON.", where)
    yield front.removeprefix(_BOM)
    yield from rest


def is_text(block: bytes) -> bool:
    """Return whether the bytes are UTF-8."""
    try:
        return block.isascii() or bool(block.decode()) or not block
    except UnicodeDecodeError:
        return False
