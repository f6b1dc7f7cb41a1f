"""Writes a ZIP as Convex's exporter lays one out, byte for byte, oddities and all.

Every entry is streamed, deflated and zip64; its data descriptor has two 4-byte sizes of ones where
zip64 wants two true 8-byte ones; every date is zero. Readers that go by the central directory
notice nothing. What goes into an archive is `convex_export.py`'s to say, and reading one is done
with the standard library's zipfile.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

_ONES = 0xFFFFFFFF
_FLAGS = 0x0808  # A data descriptor follows, and the name is UTF-8.
_DEFLATE = 8
_NEEDED, _MADE_BY = 20, 3 << 8 | 63
_ATTRIBUTES = 0o644 << 16
_LEVEL = 1


@dataclass(frozen=True)
class _Written:
    name: bytes
    crc: int
    packed: int
    plain: int
    offset: int


class Entry:
    """One entry while it is being written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
        self.crc = self.packed = self.plain = 0

    def write(self, chunk: bytes) -> None:
        self.crc = zlib.crc32(chunk, self.crc)
        self.plain += len(chunk)
        self._put(self._deflate.compress(chunk))

    def finish(self) -> None:
        self._put(self._deflate.flush())
        self._file.write(struct.pack("<4sIII", b"PK\7\x08", self.crc, _ONES, _ONES))

    def _put(self, packed: bytes) -> None:
        self._file.write(packed)
        self.packed += len(packed)


class ConvexZip:
    """An archive being written; `finish` it, or it has no central directory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._written: list[_Written] = []

    @contextmanager
    def entry(self, name: str) -> Iterator[Entry]:
        offset, raw = self._file.tell(), name.encode()
        sizes = (0, 0, 0, _ONES, _ONES)
        head = struct.pack(
            "<4sHHHHHIIIHH", b"PK\3\4", _NEEDED, _FLAGS, _DEFLATE, *sizes, len(raw), 20
        )
        self._file.write(head + raw + struct.pack("<HHQQ", 1, 16, 0, 0))
        entry = Entry(self._file)
        yield entry
        entry.finish()
        self._written.append(_Written(raw, entry.crc, entry.packed, entry.plain, offset))

    def finish(self) -> None:
        start = self._file.tell()
        for written in self._written:
            self._file.write(_central(written))
        end, count = self._file.tell(), len(self._written)
        self._file.write(
            struct.pack(
                "<4sQHHIIQQQQ", b"PK\6\6", 44, _MADE_BY, 45, 0, 0, count, count, end - start, start
            )
        )
        self._file.write(struct.pack("<4sIQI", b"PK\6\7", 0, end, 1))
        short = min(count, 0xFFFF)
        sizes = (min(end - start, _ONES), min(start, _ONES), 0)
        self._file.write(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, short, short, *sizes))


def _central(written: _Written) -> bytes:
    extra = struct.pack("<HHQQQ", 1, 24, written.plain, written.packed, written.offset)
    dates_and_crc = (0, 0, written.crc)
    lengths = (len(written.name), len(extra), 0)
    head = struct.pack(
        "<4sHHHHHHIIIHHHHHII",
        b"PK\1\2",
        _MADE_BY,
        _NEEDED,
        _FLAGS,
        _DEFLATE,
        *dates_and_crc,
        _ONES,
        _ONES,
        *lengths,
        0,
        0,
        _ATTRIBUTES,
        _ONES,
    )
    return head + written.name + extra
