"""An archive on disk by its central directory: what is in it, and any entry's bytes on demand.

For copying entries without inflating them, and for reading a few out of many. Convex's own data
descriptors are malformed, so sizes and CRCs come from the central directory only. You will not
find a proof here that the archive is whole: that is `inspect.py`, which reads every byte.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

from storage.archive.inflate import inflated
from storage.errors import ArchiveError

CHUNK = 256 * 1024
STORED, DEFLATED = 0, 8
ENCRYPTED, UTF8 = 0x0001, 0x0800

# PKWARE APPNOTE 6.3.10: 4.3.7 local header, 4.3.12 central directory, 4.3.14-16 its end.
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_END_REACH = _END.size + 0xFFFF
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_DIRECTORY_BYTES_MAX = 1 << 30
_OFFSET = attrgetter("offset")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the central directory has it; sizes in bytes, `offset` of its local header."""

    name: str
    method: int
    flags: int
    crc: int
    compressed: int
    size: int
    offset: int


class ZipFolder:
    """The entries of a seekable archive, in the order their bytes lie in the file.

    Costs about 500 bytes of memory an entry. ArchiveError when there is no whole and plain
    central directory at the end of the file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._bytes = file.seek(0, os.SEEK_END)
        start, length, count = self._find_directory()
        found = self._read_directory(start, length, count)
        self.entries = tuple(sorted(found, key=_OFFSET))
        self._directory_at = start
        _check_room(self.entries, start)

    def raw(self, entry: Entry) -> Iterator[bytes]:
        """Yield the entry's bytes as they lie in the file, still compressed."""
        at = self._data_start(entry)
        left = entry.compressed
        following = bisect_right(self.entries, entry.offset, key=_OFFSET)
        last = following == len(self.entries)
        limit = self._directory_at if last else self.entries[following].offset
        if at + left > limit:
            raise _broken(f"Entry {entry.name!r} runs into the entry after it.", entry.name)
        while left:
            chunk = self._read(at, min(CHUNK, left))
            at += len(chunk)
            left -= len(chunk)
            yield chunk

    def read(self, entry: Entry) -> Iterator[bytes]:
        """Yield the entry's own bytes; ArchiveError at the end if size or CRC are not as told."""
        return inflated(self.raw(entry), entry)

    def _data_start(self, entry: Entry) -> int:
        header = _LOCAL.unpack(self._read(entry.offset, _LOCAL.size))
        if header[0] != b"PK\x03\x04":
            raise _broken(f"Entry {entry.name!r} does not start where it should.", entry.name)
        name_bytes: int = header[9]
        extra_bytes: int = header[10]
        name = self._read(entry.offset + _LOCAL.size, name_bytes)
        if _name(name, header[2]) != entry.name or header[3] != entry.method:
            raise _broken(
                f"The header of entry {entry.name!r} and the central directory disagree.",
                entry.name,
            )
        return entry.offset + _LOCAL.size + name_bytes + extra_bytes

    def _read(self, at: int, size: int) -> bytes:
        """Read exactly `size` bytes; every reader seeks for itself, so readers may interleave."""
        self._file.seek(at)
        data = self._file.read(size)
        while len(data) < size:
            more = self._file.read(size - len(data))
            if not more:
                raise _broken(f"The archive ends at byte {at + len(data):,}, inside an entry.")
            data += more
        return data

    def _find_directory(self) -> tuple[int, int, int]:
        """Return start, bytes and entries of the central directory."""
        reach = min(self._bytes, _END_REACH)
        tail = self._read(self._bytes - reach, reach)
        at = len(tail)
        while (at := tail.rfind(b"PK\x05\x06", 0, at)) >= 0:
            if len(tail) - at < _END.size:
                continue
            end = _END.unpack_from(tail, at)
            if at + _END.size + end[7] == len(tail):
                break
        else:
            raise _broken("The archive has no end record: it was cut, or grew, or is no ZIP file.")
        end_at = self._bytes - reach + at
        _, disk, directory_disk, _, count, length, start, _ = end
        limit = end_at
        if end_at >= _LOCATOR.size:
            locator = _LOCATOR.unpack(self._read(end_at - _LOCATOR.size, _LOCATOR.size))
            if locator[0] == b"PK\x06\x07":
                disk = directory_disk = 0
                limit = locator[2]
                start, length, count = self._find_directory64(limit, end_at - _LOCATOR.size)
        if disk or directory_disk:
            raise _broken("The archive is one part of several; Lifeboat reads single files only.")
        if start + length != limit:
            raise _broken("The central directory does not end where the archive's end says.")
        return start, length, count

    def _find_directory64(self, at: int, limit: int) -> tuple[int, int, int]:
        if at + _END64.size > limit:
            raise _broken("The archive's zip64 end record is not where its locator says.")
        end = _END64.unpack(self._read(at, _END64.size))
        if end[0] != b"PK\x06\x06" or at + 12 + end[1] != limit:
            raise _broken("The archive's zip64 end record is not where its locator says.")
        return end[9], end[8], end[7]

    def _read_directory(self, start: int, length: int, count: int) -> Iterator[Entry]:
        if length > _DIRECTORY_BYTES_MAX:
            raise _broken(
                f"The central directory is {length:,} bytes; Lifeboat reads up to "
                f"{_DIRECTORY_BYTES_MAX:,}."
            )
        directory = self._read(start, length)
        names: set[str] = set()
        at = 0
        for _ in range(count):
            entry, at = _entry(directory, at)
            if entry.name in names:
                raise _broken(f"Entry {entry.name!r} is in the archive twice.", entry.name)
            names.add(entry.name)
            yield entry
        if at != length:
            raise _broken(f"The central directory holds more than its {count:,} entries.")


@contextmanager
def opened(path: Path) -> Iterator[ZipFolder]:
    """Open the archive for reading entries in any order."""
    with path.open("rb", buffering=0) as file:
        yield ZipFolder(file)


def _entry(directory: bytes, at: int) -> tuple[Entry, int]:
    """Return the entry described at `at`, and where the next one is described."""
    if at + _CENTRAL.size > len(directory):
        raise _broken("The central directory ends inside an entry.")
    fields = _CENTRAL.unpack_from(directory, at)
    flags, method, crc = fields[3], fields[4], fields[7]
    name_at = at + _CENTRAL.size
    extra_at = name_at + fields[10]
    comment_at = extra_at + fields[11]
    following = comment_at + fields[12]
    if fields[0] != b"PK\x01\x02" or following > len(directory):
        raise _broken("The central directory is damaged.")
    name = _name(directory[name_at:extra_at], flags)
    if flags & ENCRYPTED:
        raise _broken(f"Entry {name!r} is encrypted.", name)
    if method not in (STORED, DEFLATED):
        raise _broken(
            f"Entry {name!r} is compressed by method {method}; Lifeboat knows 0 (stored) and "
            f"8 (deflate).",
            name,
        )
    size, compressed, offset = _wide(directory[extra_at:comment_at], fields, name)
    if method == STORED and size != compressed:
        raise _broken(f"Entry {name!r} is stored, and its two sizes differ.", name)
    return Entry(name, method, flags, crc, compressed, size, offset), following


def _wide(extra: bytes, fields: tuple[int, ...], name: str) -> tuple[int, int, int]:
    """Return size, compressed size and offset, from the zip64 field where the short ones are full.

    APPNOTE 4.5.3: only the full ones are in the field, in this order.
    """
    told = [fields[9], fields[8], fields[16]]
    wanted = [index for index, value in enumerate(told) if value == _FULL32]
    at = 0
    while wanted and at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            if length < 8 * len(wanted) or at + 4 + length > len(extra):
                raise _broken(f"The zip64 sizes of entry {name!r} are cut.", name)
            values = struct.unpack_from(f"<{len(wanted)}Q", extra, at + 4)
            for index, value in zip(wanted, values, strict=True):
                told[index] = value
            break
        at += 4 + length
    return told[0], told[1], told[2]


def _name(raw: bytes, flags: int) -> str:
    try:
        name = raw.decode("utf-8" if flags & UTF8 else "cp437")
    except UnicodeDecodeError:
        raise _broken(f"An entry's name is not UTF-8: {raw!r}.") from None
    parts = name.removesuffix("/").split("/")
    if "\0" in name or "\\" in name or any(part in ("", ".", "..") for part in parts):
        raise _broken(f"Entry {name!r} has a name that could lead out of a folder.", name)
    return name


def _check_room(entries: tuple[Entry, ...], end: int) -> None:
    """Raise if entries lie over each other: the trick of small archives that inflate to much."""
    starts = chain((entry.offset for entry in entries[1:]), (end,))
    for entry, following in zip(entries, starts, strict=False):
        if entry.offset + _LOCAL.size + entry.compressed > following:
            raise _broken(f"Entry {entry.name!r} runs into what comes after it.", entry.name)


def _broken(what: str, where: str = "") -> ArchiveError:
    return ArchiveError(
        what,
        where=where,
        safe="The archive was only read; nothing was changed.",
        hint="Take another backup, or read it whole: lifeboat verify <backup>.",
    )
