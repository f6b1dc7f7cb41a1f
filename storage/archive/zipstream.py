"""A ZIP file read forward only, in bounded memory, and then held against its central directory.

Reads Convex's own layout, whose data descriptors are malformed (async_zip 0.0.18 writes two 4-byte
sizes of 0xFFFFFFFF under a zip64 header), zip64 as the format has it, and what ordinary tools
write. What entries mean is not here: that is `layout.py` and `inspect.py`.

Dates, file modes, versions, comments and extra fields other than zip64's are not read, and deflate
has spare bits that change nothing: a change in those is seen by the archive's SHA-256 only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from storage.archive.feed import Feed, broken
from storage.archive.inflate import crc32
from storage.archive.scratch import Scratch
from storage.archive.unpack import unpacked

STORED, DEFLATED = 0, 8
_NAMED = {1: "shrunk", 6: "imploded", 9: "deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard",
          95: "XZ", 98: "PPMd", 99: "encrypted"}  # fmt: skip

# PKWARE APPNOTE 6.3.10: 4.3.7 local header, 4.3.9 data descriptor, 4.3.12-16 the end.
_LOCAL = struct.Struct("<HHHHHIIIHH")
_CENTRAL = struct.Struct("<HHHHHHIIIHHHHHII")
_END = struct.Struct("<HHHHIIH")
_END64 = struct.Struct("<QHHIIQQQQ")
_LOCATOR = struct.Struct("<IQI")
_ENTRY, _DIRECTORY, _DESCRIPTOR = b"PK\x03\x04", b"PK\x01\x02", b"PK\x07\x08"
_ENDING, _ENDING64, _LOCATING = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _STREAMED, _PATCHED, _UTF8 = 0x2041, 0x0008, 0x0020, 0x0800
_FLAGS_HELD = _ENCRYPTED | _STREAMED | _PATCHED | _UTF8
_FACTS = struct.Struct("<HHIQQQ")  # Flags, method, CRC-32, compressed, bytes, offset.
_DESCRIBED = (struct.Struct("<IQQ"), struct.Struct("<III"))  # CRC-32, compressed, bytes.
_EXTRA = struct.Struct("<HH")
_NOWHERE = {"", ".", ".."}


@dataclass(frozen=True)
class Limits:
    """The most that is read of one archive; past any of them it is refused with a sentence.

    Deflate cannot make more than 1,032 bytes of one, so `ratio_max` speaks only of a broken
    inflater; the others are far above what Convex writes. `line_bytes_max` bounds memory: a
    Convex document is at most 1 MiB, and escapes can make its line some six times longer.
    """

    ratio_max: int = 1100
    entry_bytes_max: int = 1 << 40
    archive_bytes_max: int = 1 << 42
    entries_max: int = 5_000_000
    tables_max: int = 100_000
    name_bytes_max: int = 1024
    line_bytes_max: int = 16 << 20


@dataclass(frozen=True, slots=True)
class Head:
    """An entry as its local header has it. Sizes are 0 where they follow the data."""

    name: str
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    wide: bool


def entries(feed: Feed, scratch: Scratch, limits: Limits) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield each entry's name and its bytes in blocks, then check the central directory.

    What the caller leaves of an entry is read, and its CRC checked, before the next one.
    ArchiveError for anything that no whole and plain ZIP file has.
    """
    count = 0
    while (signature := feed.take(4)) == _ENTRY:
        count += 1
        if count > limits.entries_max:
            raise broken(f"The archive has more than {limits.entries_max:,} entries")
        head = _head(feed, limits)
        body = _body(feed, head, scratch, limits)
        yield head.name, body
        for _ in body:
            pass
    if not count and signature not in (_ENDING, _ENDING64):
        raise broken("This is no ZIP file: it starts with other bytes")
    _check_directory(feed, scratch, count, signature)


def _head(feed: Feed, limits: Limits) -> Head:
    offset = feed.at - 4
    _, flags, method, _, _, crc, compressed, size, name_bytes, extra_bytes = _LOCAL.unpack(
        feed.take(_LOCAL.size)
    )
    name = _name(feed.take(name_bytes), flags, limits)
    extra = feed.take(extra_bytes)
    if flags & _ENCRYPTED or method == 99:
        raise broken("The entry is encrypted, and Convex's never are", name)
    if flags & _PATCHED:
        raise broken("The entry is a patch to another file, and Convex's never are", name)
    if method not in (STORED, DEFLATED):
        known = f" ({_NAMED[method]})" if method in _NAMED else ""
        raise broken(
            f"The entry is compressed by method {method}{known}; Lifeboat reads 0 (stored) and 8 "
            "(deflate)",
            name,
        )
    told = _wide_sizes(extra, [size, compressed], name)
    wide = told is not None
    if told is not None:
        size, compressed = told
    if not wide and _FULL32 in (size, compressed):
        raise broken("The entry's zip64 sizes are missing", name)
    if flags & _STREAMED and method == STORED and size != compressed:
        raise broken("The entry is stored and its size is not in its header", name)
    return Head(name, flags, method, crc, compressed, size, offset, wide)


def _name(raw: bytes, flags: int, limits: Limits) -> str:
    """Return an entry's name; ArchiveError for one that could lead out of a folder."""
    if len(raw) > limits.name_bytes_max:
        raise broken(f"An entry's name has {len(raw):,} bytes; {limits.name_bytes_max:,} is most")
    try:
        name = raw.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError:
        raise broken(f"An entry's name is not UTF-8: {raw[:80]!r}") from None
    parts = name.removesuffix("/").split("/")
    if "\0" in name or "\\" in name or not _NOWHERE.isdisjoint(parts):
        raise broken("The entry's name could lead out of a folder", name)
    if len(parts[0]) > 1 and parts[0][1] == ":":
        raise broken("The entry's name starts with a drive", name)
    return name


def _body(feed: Feed, head: Head, scratch: Scratch, limits: Limits) -> Iterator[bytes]:
    """Yield the entry's bytes; then check its sizes and CRC, and keep its facts."""
    crc = size = 0
    start = feed.at
    for block in unpacked(feed, head.method, head.compressed, head.name):
        size += len(block)
        if size > limits.entry_bytes_max:
            most = limits.entry_bytes_max
            raise broken(f"The entry inflates past {most:,} bytes, the most allowed", head.name)
        if size > limits.ratio_max * (feed.at - start + 1024):
            most = limits.ratio_max
            raise broken(f"The entry inflates to more than {most:,} times its size", head.name)
        crc = crc32(block, crc)
        yield block
    compressed = feed.at - start
    told = (head.crc, head.compressed, head.size)
    if head.flags & _STREAMED:
        _check_blank(head, (crc, compressed, size))
        told = _descriptor(feed, head, compressed, size)
    if told[0] != crc:
        raise broken("The checksum (CRC-32) of the entry is wrong", head.name)
    if told[1:] != (compressed, size):
        raise broken(
            f"The entry holds {size:,} bytes in {compressed:,}; its header says {told[2]:,} in "
            f"{told[1]:,}",
            head.name,
        )
    facts = _FACTS.pack(head.flags & _FLAGS_HELD, head.method, crc, compressed, size, head.offset)
    if not scratch.add_entry(head.name, facts):
        raise broken("The archive holds two entries of one name", head.name)


def _check_blank(head: Head, real: tuple[int, int, int]) -> None:
    """Check that what the header need not know is blank, or right."""
    for told, truth in zip((head.crc, head.compressed, head.size), real, strict=True):
        if told not in (0, truth):
            raise broken("The entry's header says something else than its bytes", head.name)


def _descriptor(feed: Feed, head: Head, compressed: int, size: int) -> tuple[int, int, int]:
    """Take the data descriptor, and return the CRC, compressed size and size it gives.

    Its kind is the one whose sizes are those counted and which a signature follows.
    """
    ahead = feed.peek(28)
    signed = 4 if ahead[:4] == _DESCRIPTOR else 0
    for start in {signed, 0}:
        for form in _DESCRIBED:
            length = start + form.size
            if ahead[length : length + 4] not in (_ENTRY, _DIRECTORY):
                continue
            crc, *sizes = form.unpack_from(ahead, start)
            malformed = head.wide and form.size == 12 and sizes == [_FULL32, _FULL32]
            if sizes == [compressed, size] or malformed:
                feed.take(length)
                return crc, compressed, size
    if len(ahead) < 28:
        feed.cut(head.name)
    raise broken("The entry's data descriptor is damaged", head.name)


def _wide_sizes(extra: bytes, told: list[int], where: str) -> list[int] | None:
    """Return `told`, the full ones from the zip64 field (APPNOTE 4.5.3); None if it has none."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, at)
        if at + 4 + length > len(extra):
            break
        if kind == 1:
            wanted = [index for index, value in enumerate(told) if value == _FULL32]
            if length < 8 * len(wanted):
                raise broken("The entry's zip64 sizes are cut", where)
            for place, index in enumerate(wanted):
                start = at + 4 + 8 * place
                told[index] = int.from_bytes(extra[start : start + 8], "little")
            return told
        at += 4 + length
    return None


def _check_directory(feed: Feed, scratch: Scratch, count: int, signature: bytes) -> None:
    """Check that the central directory lists what was read, all of it, and that nothing follows."""
    start = feed.at - 4
    listed = 0
    while signature == _DIRECTORY:
        _check_listed(feed, scratch)
        listed += 1
        signature = feed.take(4)
    if listed != count:
        left = scratch.left_entry() or ""
        raise broken(
            f"The central directory lists {listed:,} entries, and {count:,} are there", left
        )
    _check_end(feed, signature, count, (start, feed.at - 4 - start))


def _check_listed(feed: Feed, scratch: Scratch) -> None:
    fields = _CENTRAL.unpack(feed.take(_CENTRAL.size))
    flags, method, crc, disk = fields[2], fields[3], fields[6], fields[12]
    raw = feed.take(fields[9])
    extra = feed.take(fields[10])
    feed.take(fields[11])
    name = raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    told = [fields[8], fields[7], fields[15]]
    size, compressed, offset = _wide_sizes(extra, told, name) or told
    facts = scratch.take_entry(name)
    if facts is None:
        raise broken("The central directory lists an entry that is not in the archive", name)
    if facts != _FACTS.pack(flags & _FLAGS_HELD, method, crc, compressed, size, offset) or disk:
        raise broken("The central directory disagrees with the entry itself", name)


def _check_end(feed: Feed, signature: bytes, count: int, span: tuple[int, int]) -> None:
    """Check the end records: `count` entries, and where the central directory lies."""
    start, length = span
    if signature == _ENDING64:
        at = feed.at - 4
        end = _END64.unpack(feed.take(_END64.size))
        if end[0] < 44 or end[3:5] != (0, 0) or end[5:] != (count, count, length, start):
            raise broken("The archive's zip64 end record disagrees with its entries")
        feed.take(min(end[0] - 44, 1 << 16))
        if feed.take(4) != _LOCATING or _LOCATOR.unpack(feed.take(_LOCATOR.size)) != (0, at, 1):
            raise broken("The archive's zip64 locator is damaged")
        signature = feed.take(4)
        short = (_FULL16, _FULL16, _FULL32, _FULL32)
    else:
        short = (count, count, length, start)
    if signature != _ENDING:
        raise broken(f"The archive's structure is damaged at byte {feed.at - 4:,}")
    disk, directory_disk, *told, comment = _END.unpack(feed.take(_END.size))
    real = (count, count, length, start)
    blank = zip(told, short, real, strict=True)
    if (disk, directory_disk) not in ((0, 0), (_FULL16, _FULL16)) or any(
        value not in (full, truth & full) for value, full, truth in blank
    ):
        raise broken("The archive's end record disagrees with its entries")
    feed.take(comment)
    if not feed.ended():
        raise broken(f"After the archive's end, at byte {feed.at:,}, more bytes follow")
