"""Writes archives: ordinary, valid ZIP files that Convex, unzip and Python all read.

Entries are copied still compressed, or deflated on the way. The same entries give the same bytes
every time: all dates are 1980-01-01. Sizes stand in the headers, so there are no data descriptors
to get wrong, and zip64 is used where something is too big or too many, and nowhere else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from storage.archive.inflate import compressor, crc32
from storage.archive.zipfolder import DEFLATED, UTF8, Entry

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_PLAIN, _ZIP64 = 20, 45  # Version a reader needs: 2.0 for deflate, 4.5 for zip64.
_MADE_BY_UNIX = 3 << 8 | 63
_MODE = 0o100644 << 16
_DATE = 1 << 5 | 1  # 1980-01-01, the first day a ZIP file can name.
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_BUFFER = 1 << 20


class ZipWriter:
    """Writes entries one after the other to an empty file that can seek; `close` completes it.

    Without `close` there is no archive. What cannot be written (a full disk) is the file's own
    OSError. `full32` and `full16` are where zip64 begins; tests lower them.
    """

    def __init__(self, out: BinaryIO, *, full32: int = _FULL32, full16: int = _FULL16) -> None:
        self._out = out
        self._at = 0
        self._entries: list[Entry] = []
        self._names: set[str] = set()
        self._full32 = full32
        self._full16 = full16

    def copy(self, name: str, entry: Entry, raw: Iterable[bytes]) -> None:
        """Add an entry of another archive under `name`, its compressed bytes as they are."""
        new = Entry(name, entry.method, UTF8, entry.crc, entry.compressed, entry.size, self._at)
        self._claim(name)
        wide = max(entry.size, entry.compressed) >= self._full32
        self._put(_local(new, wide))
        for chunk in raw:
            self._put(chunk)
        self._entries.append(new)

    @contextmanager
    def deflate(self, name: str, size_max: int) -> Iterator[DeflatedEntry]:
        """Add an entry that is written bit by bit, of at most `size_max` bytes (for zip64).

        If the body raises, the file is as it was before and the name is free again.
        """
        self._claim(name)
        start = self._at
        wide = size_max + (size_max >> 8) + 1024 >= self._full32  # Deflate can grow a little.
        self._put(_local(Entry(name, DEFLATED, UTF8, 0, 0, 0, start), wide))
        body = self._at
        writing = DeflatedEntry(self)
        try:
            yield writing
            writing.finish()
            compressed = self._at - body
            if max(writing.size, compressed) >= self._full32 and not wide:
                raise ValueError(f"{name} holds more than the {size_max} bytes announced")
        except BaseException:
            self._out.seek(start)
            self._out.truncate()
            self._at = start
            self._names.discard(name)
            raise
        done = Entry(name, DEFLATED, UTF8, writing.crc, compressed, writing.size, start)
        self._out.seek(start)
        self._out.write(_local(done, wide))
        self._out.seek(self._at)
        self._entries.append(done)

    def write(self, name: str, data: bytes) -> None:
        """Add a small entry whole."""
        with self.deflate(name, len(data)) as entry:
            entry.write(data)

    def close(self) -> None:
        """Write the central directory, after which the archive is whole."""
        start = self._at
        for entry in self._entries:
            self._put(self._central(entry))
        length = self._at - start
        count = len(self._entries)
        if max(start, length) >= self._full32 or count >= self._full16:
            self._put(_end64(start, length, count, self._at))
        short = (min(count, _FULL16), min(length, _FULL32), min(start, _FULL32))
        if start >= self._full32:
            short = (*short[:2], _FULL32)
        self._put(struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, short[0], *short, 0))
        self._out.flush()

    def _claim(self, name: str) -> None:
        if name in self._names:
            raise ValueError(f"{name} is in the archive already")
        self._names.add(name)

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)

    def _central(self, entry: Entry) -> bytes:
        told = [entry.size, entry.compressed, entry.offset]
        wide = [value for value in told if value >= self._full32]
        extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        size, compressed, offset = (_FULL32 if value >= self._full32 else value for value in told)
        name = entry.name.encode()
        version = _ZIP64 if wide else _PLAIN
        return (
            _CENTRAL.pack(
                b"PK\x01\x02", _MADE_BY_UNIX, version, UTF8, entry.method, 0, _DATE, entry.crc,
                compressed, size, len(name), len(extra), 0, 0, 0, _MODE, offset,
            )
            + name
            + extra
        )  # fmt: skip


class DeflatedEntry:
    """The open entry of a ZipWriter: takes bytes, counts them, and compresses them in blocks."""

    def __init__(self, writer: ZipWriter) -> None:
        self._writer = writer
        self._deflate = compressor()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self.size = 0
        self.crc = 0

    def write(self, data: bytes) -> None:
        """Add bytes; small pieces are gathered first, so rows can be written one by one."""
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _BUFFER:
            self._press()

    def finish(self) -> None:
        """Compress what is left; the entry takes no more after this."""
        self._press()
        self._writer._put(self._deflate.flush())

    def _press(self) -> None:
        block = b"".join(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        self.size += len(block)
        self.crc = crc32(block, self.crc)
        self._writer._put(self._deflate.compress(block))


def _local(entry: Entry, wide: bool) -> bytes:
    """Return the local header; a wide one keeps its sizes in a zip64 field."""
    name = entry.name.encode()
    extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.compressed) if wide else b""
    sizes = (_FULL32, _FULL32) if wide else (entry.compressed, entry.size)
    version = _ZIP64 if wide else _PLAIN
    head = _LOCAL.pack(
        b"PK\x03\x04", version, UTF8, entry.method, 0, _DATE, entry.crc, *sizes,
        len(name), len(extra),
    )  # fmt: skip
    return head + name + extra


def _end64(start: int, length: int, count: int, at: int) -> bytes:
    """Return the zip64 end record and its locator, for archives past 4 GiB or 65,534 entries."""
    record = struct.pack(
        "<4sQHHIIQQQQ",
        b"PK\x06\x06", 44, _MADE_BY_UNIX, _ZIP64, 0, 0, count, count, length, start,
    )  # fmt: skip
    return record + struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
