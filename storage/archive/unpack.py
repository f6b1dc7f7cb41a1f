"""One entry's bytes off the feed: inflated, or as they are, in blocks of bounded size."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from storage.archive.feed import PIECE, Feed, broken

try:
    from isal import isal_zlib as _fast

    _INFLATE: Any = _fast.decompressobj
    _ERRORS: Any = (zlib.error, _fast.error)
except ImportError:  # pragma: no cover - no isal for this platform: the same, slower.
    _INFLATE, _ERRORS = zlib.decompressobj, zlib.error

BLOCK = 256 * 1024  # Of 64 KiB to 1 MiB the cheapest: what is read next is still in the cache.
_FIRST_PIECE = 4096  # Most entries of most archives are small files and schemas.


def unpacked(feed: Feed, method: int, compressed: int, where: str) -> Iterator[bytes]:
    """Yield an entry's bytes in blocks of at most BLOCK; the feed then stands right behind it.

    `compressed` is needed for stored entries only: deflate knows its own end.
    """
    return _inflated(feed, where) if method else _stored(feed, compressed, where)


def _stored(feed: Feed, size: int, where: str) -> Iterator[bytes]:
    while size:
        block = feed.piece(where, min(size, BLOCK))
        size -= len(block)
        yield block


def _inflated(feed: Feed, where: str) -> Iterator[bytes]:
    stream = _INFLATE(-15)
    size = _FIRST_PIECE
    while not stream.eof:
        piece = feed.piece(where, size)
        size = min(4 * size, PIECE)
        while True:
            try:
                block = stream.decompress(piece, BLOCK)
            except _ERRORS as error:
                raise broken(f"The entry's compressed bytes are damaged ({error})", where) from None
            if stream.eof:
                feed.give_back(len(stream.unused_data))
            if block:
                yield block
            piece = stream.unconsumed_tail
            if stream.eof or not (piece or len(block) == BLOCK):
                break
