"""The rows of one table, checked a block at a time: quick for sound blocks, exact for others.

A sound block is decoded, its ids and order checked, as a whole; only a block with something wrong
is gone through line by line, to say what and where. Rows are read for their `_id` and
`_creationTime`, and never re-made from what was decoded; of other numbers only the form is
checked, not whether a float can hold them.
"""

from __future__ import annotations

import hashlib
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Annotated, TypeVar

import msgspec

from storage.archive import ids
from storage.archive.lines import is_text, whole_lines
from storage.archive.noticed import PER_CHECK_MAX, Noticed
from storage.archive.scratch import Scratch


class Row(msgspec.Struct, gc=False):
    """What is read of every document."""

    id: str = msgspec.field(name="_id")
    created: float | int = msgspec.field(name="_creationTime")


class FileRow(msgspec.Struct, gc=False):
    """What is read of every row of `_storage`; the checksum is base 64 of SHA-256."""

    id: str = msgspec.field(name="_id")
    created: float | int = msgspec.field(name="_creationTime")
    sha256: str
    size: Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class _Loose(msgspec.Struct, gc=False):
    """What a row that can't be decoded may still have."""

    id: object = msgspec.field(name="_id", default=None)
    created: object = msgspec.field(name="_creationTime", default=None)


AnyRow = TypeVar("AnyRow", Row, FileRow)
decode_row = msgspec.json.Decoder(Row).decode
decode_file_row = msgspec.json.Decoder(FileRow).decode
_loose = msgspec.json.Decoder(_Loose).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class TableReader:
    """Reads one documents.jsonl; its numbers are true once `read` is exhausted.

    `number` is the table's, or None while no list of tables was seen: then the first valid `_id`
    says it. `whole_times` are the lines whose `_creationTime` is an integer, of which the first
    few are kept: whether that is wrong depends on the table's encoding, which comes later.
    """

    def __init__(self, where: str, number: int | None, scratch: Scratch, noticed: Noticed) -> None:
        self.number = number
        self.documents = self.bytes = 0
        self.first: float | None = None
        self.last: float | None = None
        self.whole_times: list[int] = []
        self.whole_times_count = 0
        self._where = where
        self._scratch, self._noticed = scratch, noticed
        self._digest = hashlib.sha256()
        self._lines = 0
        self._last_id = ""
        self._ascending = True

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes read."""
        return self._digest.hexdigest()

    def read(
        self, blocks: Iterable[bytes], line_bytes_max: int, decode: Callable[[bytes], AnyRow]
    ) -> Iterator[list[AnyRow]]:
        """Yield the rows that can be read, block by block; `decode` is one of those above."""
        for block in whole_lines(self._hashed(blocks), self._where, self._noticed, line_bytes_max):
            yield self._rows(block, decode)
        self._check_unsorted()

    def _hashed(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._digest.update(block)
            self.bytes += len(block)
            yield block

    def _rows(self, block: bytes, decode: Callable[[bytes], AnyRow]) -> list[AnyRow]:
        lines = block.split(b"\n")
        try:
            found = list(map(decode, lines)) if is_text(block) else None
        except _UNREADABLE:
            found = None
        at: Sequence[int] = range(self._lines + 1, self._lines + len(lines) + 1)
        if found is None:
            found, at = self._one_by_one(lines, decode)
        else:
            self.documents += len(lines)
        self._lines += len(lines)
        if found:
            self._check_ids([row.id for row in found], at)
            self._check_times([row.created for row in found], at)
        return found

    def _one_by_one(
        self, lines: list[bytes], decode: Callable[[bytes], AnyRow]
    ) -> tuple[list[AnyRow], list[int]]:
        """Decode lines of which some are wrong: the good ones' rows, and their line numbers."""
        found, at = [], []
        for number, line in enumerate(lines, self._lines + 1):
            if not line.strip():
                self._note("blank line", "The line is blank.", number)
                continue
            self.documents += 1
            try:
                line.decode()
                found.append(decode(line))
                at.append(number)
            except _UNREADABLE as error:
                self._note(*_why(line, error), number)
        return found, at

    def _check_ids(self, found: list[str], at: Sequence[int]) -> None:
        if self.number is None:
            self.number = _first_number(found)
        if self.number is None or not ids.all_of_table(found, self.number):
            self._say_wrong_ids(found, at)
        self._ascending = (
            self._ascending
            and self._last_id < found[0]
            and all(map(operator.lt, found, islice(found, 1, None)))
        )
        self._last_id = found[-1]
        self._scratch.add_ids(found)

    def _say_wrong_ids(self, found: list[str], at: Sequence[int]) -> None:
        for id_, line in zip(found, at, strict=True):
            try:
                number = ids.decode(id_)[0]
            except ValueError as error:
                self._note("_id", f"The _id {_short(id_)} is not valid: {error}.", line)
                continue
            if number != self.number:
                self._note(
                    "_id",
                    f"The _id {_short(id_)} is of table number {number:,}; this table's is "
                    f"{self.number:,}.",
                    line,
                )

    def _check_times(self, found: list[float | int], at: Sequence[int]) -> None:
        low, high = _as_float(min(found)), _as_float(max(found))
        if math.isinf(low) or math.isinf(high):
            found, at = self._without_huge_times(found, at)
            if not found:
                return
            low, high = float(min(found)), float(max(found))
        self.first = low if self.first is None else min(low, self.first)
        self.last = high if self.last is None else max(high, self.last)
        if int in set(map(type, found)):
            whole = [line for time, line in zip(found, at, strict=True) if type(time) is int]
            self.whole_times_count += len(whole)
            self.whole_times += whole[: PER_CHECK_MAX - len(self.whole_times)]

    def _without_huge_times(
        self, found: list[float | int], at: Sequence[int]
    ) -> tuple[list[float | int], list[int]]:
        """Note the whole numbers that no float can hold, and return the others."""
        kept, where = [], []
        for time, line in zip(found, at, strict=True):
            if math.isinf(_as_float(time)):
                self._note("_creationTime", "The document's _creationTime is out of range.", line)
            else:
                kept.append(time)
                where.append(line)
        return kept, where

    def _check_unsorted(self) -> None:
        """Look for an `_id` that comes twice; ascending order was proof that none does."""
        if not self._ascending:
            some, count = self._scratch.ids_twice(PER_CHECK_MAX)
            for id_, times in some:
                what = f"The _id {_short(id_)} is in the table {times:,} times."
                self._noticed.add("_id unique", what, self._where)
            if count > len(some):
                self._noticed.more("_id unique", count - len(some))
        self._scratch.forget_ids()

    def _note(self, check: str, what: str, line: int) -> None:
        self._noticed.add(check, what, f"{self._where}:{line}")


def _as_float(time: float | int) -> float:
    """Return a JSON number as a float; infinity for a whole number that no float can hold."""
    try:
        return float(time)
    except OverflowError:
        return math.inf if time > 0 else -math.inf


def _first_number(found: list[str]) -> int | None:
    for id_ in found:
        try:
            return ids.decode(id_)[0]
        except ValueError:
            continue
    return None


def _why(line: bytes, error: Exception) -> tuple[str, str]:
    """Return the check that a line fails, and how."""
    if isinstance(error, UnicodeDecodeError):
        return "UTF-8", f"The line is not UTF-8 at its byte {error.start + 1:,}."
    if isinstance(error, RecursionError):
        return "JSON", "The line's values are nested too deep to be a Convex document's."
    if not isinstance(error, msgspec.ValidationError):
        return "JSON", f"The line is not strict JSON: {error}."
    return _why_no_document(line, error)


def _why_no_document(line: bytes, error: Exception) -> tuple[str, str]:
    try:
        row = _loose(line)
    except _UNREADABLE:
        return "JSON", f"The line is not a document: {error}."
    if row.id is None:
        return "_id", "The document has no _id."
    if not isinstance(row.id, str):
        return "_id", "The document's _id is no text."
    if row.created is None:
        return "_creationTime", "The document has no _creationTime."
    if type(row.created) not in (int, float):
        return "_creationTime", "The document's _creationTime is no number."
    return "stored files", f"The row of a stored file can't be read: {error}."


def _short(id_: str) -> str:
    return repr(id_ if len(id_) <= 40 else id_[:40] + "…")
