"""Stored files: what the rows of `_storage` say of them, held against their bytes.

Rows and bytes may come in any order, so both are kept in the scratch database until the end.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from storage.archive import ids
from storage.archive.layout import STORAGE, Place, path
from storage.archive.noticed import Noticed
from storage.archive.rows import TableReader, decode_file_row
from storage.archive.scratch import Scratch
from storage.manifest import FILES_LISTED_MAX, FileFacts, StorageFacts

_CHECK = "stored files"


@dataclass(slots=True)
class Numbers:
    """The table number that the stored files of one component carry in their ids."""

    number: int | None = None

    def see(self, id_: str, entry: str, noticed: Noticed) -> None:
        """Take in one file's id."""
        try:
            number = ids.decode(id_)[0]
        except ValueError as error:
            noticed.add(_CHECK, f"The file's name {id_[:40]!r} is no id: {error}.", entry)
            return
        if self.number is None:
            self.number = number
        elif number != self.number:
            what = f"The file's id is of table number {number:,}, the others' of {self.number:,}."
            noticed.add(_CHECK, what, entry)

    def check(self, number: int | None, component: str, noticed: Noticed) -> None:
        """Hold the files' number against the rows'."""
        if None not in (number, self.number) and number != self.number:
            what = f"The files' ids are of table number {self.number}, the rows' of {number}."
            noticed.add(_CHECK, what, path(component, STORAGE))


def read_rows(
    reader: TableReader, component: str, body: Iterator[bytes], scratch: Scratch, line_max: int
) -> None:
    """Read a component's `_storage/documents.jsonl`."""
    for rows in reader.read(body, line_max, decode_file_row):
        scratch.told_files((component, row.id, _hexadecimal(row.sha256), row.size) for row in rows)


def read_file(
    entry: str, where: Place, body: Iterator[bytes], scratch: Scratch, noticed: Noticed
) -> None:
    """Read one stored file's bytes."""
    digest = hashlib.sha256()
    size = 0
    for block in body:
        digest.update(block)
        size += len(block)
    if not scratch.held_file(where.component, where.name, digest.hexdigest(), size, entry):
        noticed.add(_CHECK, f"The stored file {where.name} is in the archive twice.", entry)


def check(scratch: Scratch, noticed: Noticed) -> None:
    """Find files missing, files too many, and files that are not what their row says."""
    for component, id_ in scratch.missing_files():
        what = f"The stored file {id_[:40]} has a row and is not in the archive."
        noticed.add(_CHECK, what, path(component, STORAGE))
    for _, id_, entry in scratch.extra_files():
        noticed.add(_CHECK, f"The stored file {id_[:40]} has no row.", entry)
    for entry, sha256_told, size_told, sha256, size in scratch.both_of_files():
        if size_told != size:
            what = f"The stored file has {size:,} bytes, and its row says {size_told:,}."
        else:
            what = f"The stored file's SHA-256 is {sha256}, and its row says {sha256_told}."
        noticed.add(_CHECK, what, entry)


def facts(component: str, sha256: str, scratch: Scratch) -> StorageFacts:
    """Return what a component's stored files are, `sha256` being their rows'."""
    count, size = scratch.files_of(component)
    listed = count <= FILES_LISTED_MAX
    each = scratch.each_file_of(component) if listed else iter(())
    return StorageFacts(
        component=component,
        count=count,
        bytes=size,
        sha256=sha256,
        listed=listed,
        files=tuple(FileFacts(id=i, sha256=digest, bytes=held) for i, digest, held in each),
    )


def _hexadecimal(text: str) -> str:
    """Return Convex's base-64 checksum as hexadecimal, or the text itself if it is not that."""
    try:
        return base64.b64decode(text, validate=True).hex()
    except (binascii.Error, ValueError):
        return text
