"""Raw deflate in and out, fast where isal is there, with the checks a reader owes its caller.

isal has no wheel for every platform; zlib does the same there, slower. You will not find ZIP
structure here, only the bytes of one entry.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from storage.errors import ArchiveError

_fast: Any
try:
    from isal import isal_zlib as _fast
except ImportError:  # pragma: no cover - depends on the platform
    _fast = None

BLOCK = 512 * 1024
_ERRORS: tuple[type[Exception], ...] = (zlib.error,) if _fast is None else (zlib.error, _fast.error)


class Expected(Protocol):
    """What is known of an entry's bytes before they are read."""

    @property
    def name(self) -> str: ...
    @property
    def method(self) -> int: ...
    @property
    def crc(self) -> int: ...
    @property
    def size(self) -> int: ...


def compressor() -> Any:
    """Return a raw deflate compressor: quick rather than tight, the same bytes every time."""
    if _fast is not None:
        return _fast.compressobj(2, _fast.DEFLATED, -15)
    return zlib.compressobj(4, zlib.DEFLATED, -15)


def crc32(data: bytes, value: int = 0) -> int:
    """Return the CRC-32 of `data` after bytes whose CRC-32 is `value`."""
    return int(_fast.crc32(data, value) if _fast is not None else zlib.crc32(data, value))


def inflated(raw: Iterable[bytes], entry: Expected) -> Iterator[bytes]:
    """Yield an entry's bytes in blocks; ArchiveError unless deflate, size and CRC all agree."""
    size = crc = 0
    for block in _inflate(raw, entry.name) if entry.method else raw:
        size += len(block)
        if size > entry.size:
            break  # Never more than was told, so nothing inflates without bound.
        crc = crc32(block, crc)
        yield block
    if size != entry.size:
        raise _damaged(f"its bytes are not the {entry.size:,} it should have", entry.name)
    if crc != entry.crc:
        raise _damaged("its checksum (CRC-32) is another", entry.name)


def _inflate(raw: Iterable[bytes], name: str) -> Iterator[bytes]:
    stream = (_fast or zlib).decompressobj(-15)
    left_over = False
    try:
        for chunk in raw:
            left_over = left_over or stream.eof
            if not stream.eof:
                yield from _blocks(stream, chunk)
    except _ERRORS as error:
        raise _damaged(str(error), name) from None
    if not stream.eof or left_over or stream.unused_data:
        raise _damaged("its compressed bytes end elsewhere than told", name)


def _blocks(stream: Any, chunk: bytes) -> Iterator[bytes]:
    """Feed one chunk, and yield what comes of it in bounded blocks."""
    while True:
        if block := stream.decompress(chunk, BLOCK):
            yield block
        chunk = stream.unconsumed_tail
        if stream.eof or not (chunk or len(block) == BLOCK):
            return


def _damaged(why: str, name: str) -> ArchiveError:
    return ArchiveError(
        f"Entry {name!r} is damaged: {why}.",
        where=name,
        safe="The archive was only read; nothing was changed.",
        hint="Read it whole to see what else is wrong: lifeboat verify <backup>.",
    )
