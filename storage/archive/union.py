"""The union of two tables' rows by `_id`, as bytes: one side wins, and no row is rewritten.

Convex exports tables in `_id` order, and ids of one table sort as their text does, so two tables
are laid together in one pass. A side that is not in order goes through a temporary database on
disk. Memory does not grow with the tables either way.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager

import msgspec

from storage.errors import ArchiveError

Row = tuple[str, bytes]  # `_id`, and the line's bytes with its newline.
LINE_BYTES_MAX = 64 << 20  # Convex's documents are at most 1 MiB; escapes make lines longer.
_CACHE_KIB = 16 * 1024


class _Id(msgspec.Struct, frozen=True, gc=False):
    id: str = msgspec.field(name="_id")


class OutOfOrder(Exception):
    """A table's rows are not in strictly ascending `_id` order."""


_decode_lines = msgspec.json.Decoder(_Id).decode_lines
_decode = msgspec.json.Decoder(_Id).decode


def rows(blocks: Iterable[bytes], where: str) -> Iterator[Row]:
    """Yield every row of a documents.jsonl; ArchiveError for a line without a readable `_id`.

    `where` is the entry's name. A last line without a newline gets one.
    """
    number = 1
    for lines in _lines(blocks, where):
        try:
            found = _ids(lines)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            found = []
        if len(found) != len(lines):
            raise _unreadable_line(lines, number, where)
        for row, line in zip(found, lines, strict=True):
            yield row.id, line + b"\n"
        number += len(lines)


def _ids(lines: list[bytes]) -> list[_Id]:
    """Return the ids of lines; the decoder takes them all at once where none can hide two rows.

    It reads values wherever they stand, so their count says nothing of lines by itself. Where
    every line starts and ends as an object does, no value can span two of them.
    """
    if all(line[:1] == b"{" and line[-1:] == b"}" for line in lines):
        return _decode_lines(b"\n".join(lines))
    return [_decode(line) for line in lines]


def count_rows(blocks: Iterable[bytes]) -> int:
    """Return how many lines there are, one without its newline included."""
    count, last = 0, b"\n"
    for block in blocks:
        count += block.count(b"\n")
        last = block[-1:] or last
    return count + (last != b"\n")


def union_sorted(
    winner: Iterable[Row], other: Iterable[Row], write: Callable[[bytes], None]
) -> Iterator[tuple[str, bool]]:
    """Write the union of two ascending sides; yield each `_id`, and whether it came from `other`.

    OutOfOrder, half-way, when a side is not strictly ascending.
    """
    left, right = _ascending(winner), _ascending(other)
    ours, theirs = next(left, None), next(right, None)
    while ours is not None or theirs is not None:
        if ours is None or (theirs is not None and theirs[0] < ours[0]):
            assert theirs is not None  # noqa: S101 - for the type checker; the loop says so.
            write(theirs[1])
            yield theirs[0], True
            theirs = next(right, None)
            continue
        if theirs is not None and theirs[0] == ours[0]:
            theirs = next(right, None)
        write(ours[1])
        yield ours[0], False
        ours = next(left, None)


def union_unsorted(
    winner: Iterable[Row], other: Iterable[Row], write: Callable[[bytes], None], where: str
) -> Iterator[tuple[str, bool]]:
    """Do the same for sides in any order, through a temporary database; written in `_id` order.

    ArchiveError if a side holds an `_id` twice; OSError if the disk for temporary files is full.
    """
    with closing(sqlite3.connect("")) as database, _disk_full_as_oserror():
        database.execute("PRAGMA journal_mode = OFF")
        database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        database.execute("CREATE TABLE rows (id TEXT, side INTEGER, line BLOB, UNIQUE (id, side))")
        for side, given in enumerate((winner, other)):
            numbered = ((id_, side, line) for id_, line in given)
            try:
                database.executemany("INSERT INTO rows VALUES (?, ?, ?)", numbered)
            except sqlite3.IntegrityError:
                raise _twice(where) from None
        last = None
        for id_, side, line in database.execute("SELECT * FROM rows ORDER BY id, side"):
            if id_ != last:
                write(line)
                yield id_, bool(side)
            last = id_


def _lines(blocks: Iterable[bytes], where: str) -> Iterator[list[bytes]]:
    """Yield the lines of each block, cut at newlines only; a line may span many blocks."""
    pieces: list[bytes] = []
    waiting = 0
    for block in blocks:
        cut = block.rfind(b"\n")
        if cut < 0:
            pieces.append(block)
            waiting += len(block)
            if waiting > LINE_BYTES_MAX:
                raise ArchiveError(
                    f"A line of {where!r} is longer than {LINE_BYTES_MAX:,} bytes.",
                    where=where,
                    safe="Nothing was changed.",
                )
            continue
        yield b"".join([*pieces, block[:cut]]).split(b"\n")
        pieces = [block[cut + 1 :]]
        waiting = len(pieces[0])
    if rest := b"".join(pieces):
        yield [rest]


def _ascending(side: Iterable[Row]) -> Iterator[Row]:
    last = ""
    for row in side:
        if row[0] <= last:
            raise OutOfOrder
        last = row[0]
        yield row


@contextmanager
def _disk_full_as_oserror() -> Iterator[None]:
    """Turn SQLite's words for a full or failing disk into the ones that callers know."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = errno.ENOSPC if error.sqlite_errorcode == sqlite3.SQLITE_FULL else errno.EIO
        raise OSError(code, f"the temporary database can't be written: {error}") from error


def _unreadable_line(lines: list[bytes], number: int, where: str) -> ArchiveError:
    for line in lines:
        try:
            _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return ArchiveError(
                f"Line {number:,} of {where!r} is no row with an _id: {error}.",
                where=f"{where}:{number}",
                safe="Nothing was changed.",
                hint="Read the archive whole to see what else is wrong: lifeboat verify <backup>.",
            )
        number += 1
    raise AssertionError(f"{where}: the block fails and every line of it passes")


def _twice(where: str) -> ArchiveError:
    return ArchiveError(
        f"Table {where!r} holds an _id twice, so its rows can't be put side by side.",
        where=where,
        safe="Nothing was changed.",
        hint="Read the archive whole to see which: lifeboat verify <backup>.",
    )
