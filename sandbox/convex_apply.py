"""Carries an import out: what is swapped, what is added to and what is left alone.

All but rows that are appended to a table that is there go into hidden tables first; one
transaction then puts these in the places of the old ones, so readers see all of it or nothing.
Which table goes where is `convex_numbers.py`'s to say; the states of an import are kept by
`convex_import.py`.
"""

import base64
import hashlib
import secrets
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox import convex_ids
from sandbox.convex_data import ConvexData
from sandbox.convex_export import sha256_name
from sandbox.convex_fill import storage_line
from sandbox.convex_numbers import Place, planned
from sandbox.convex_rows import stored
from sandbox.convex_tables import (
    Stored,
    Table,
    active_tables,
    add_component,
    add_rows,
    add_table,
    drop_table,
    settle,
)
from sandbox.convex_unpack import Blob, ImportFailed, Part, Unpacked, parsed_lines

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Telling:
    """How the import's row is kept; each may raise to end the import."""

    progress: Callable[[str, Place, int], None]
    checkpoint: Callable[[str, Place, int], None]
    before_table: Callable[[Place], None]


class Application:
    """One import while it is carried out; `load` then `activate`."""

    def __init__(self, data: ConvexData, upload: Unpacked, mode: str, telling: Telling) -> None:
        self._data, self._upload, self._mode, self._telling = data, upload, mode, telling
        self._appended: dict[Place, Table] = {}
        self._fresh: dict[Place, Table] = {}
        self._into: dict[Place, Table] = {}
        self._gone: list[Table] = []
        self.lose_rows = 0

    def load(self) -> int:
        """Brings every row in, where readers don't see it yet; says how many user rows."""
        for component in dict.fromkeys(part.component for part in self._upload.parts):
            with self._data.writing() as db:
                add_component(db, component, "unmounted")
        self._prepare()
        rows = 0
        for part in self._upload.parts:
            if part.table != "_tables":
                self._telling.before_table((part.component, part.table))
            if part.table == "_storage":
                self._load_files(part)
            elif part.table != "_tables":
                rows += self._load_rows(part)
        return rows

    def activate(self, db: sqlite3.Connection) -> None:
        """Puts the loaded tables in place, in the caller's transaction."""
        live = {(t.component, t.name): t for t in active_tables(db)}
        for table in self._gone:
            _retire(db, table)
        for place, table in self._fresh.items():
            if place in live:
                _retire(db, live[place])
            db.execute("update tables set state='active' where tablet=?", (table.tablet,))

    def tables(self) -> list[str]:
        return [f"{component}/{name}" if component else name for component, name in self._into]

    def _prepare(self) -> None:
        with self._data.writing() as db:
            plan = planned(db, self._upload, self._mode)
            self._appended = plan.append
            self._gone = plan.gone
            self._fresh = {
                place: add_table(db, *place, number, hidden=True)
                for place, number in plan.fresh.items()
            }
        self._into = self._appended | self._fresh

    # Rows and files.

    def _load_rows(self, part: Part) -> int:
        place = (part.component, part.table)
        table, done = self._into[place], 0
        inside = f" in '{part.component}'" if part.component else ""
        self._telling.progress(f'Importing "{part.table}"{inside}', place, 0)
        for block in stored(part, table.number):
            self._put(table, place, self._kept(block))
            done += len(block)
            self._telling.progress(
                f'Importing "{part.table}"{inside} ({done:,} documents)', place, done
            )
        self._settle(table, place)
        self._telling.checkpoint(
            f'Imported "{part.table}"{inside} ({done:,} documents)', place, done
        )
        return done

    def _kept(self, block: list[Stored]) -> list[Stored]:
        """The block without the rows that a trouble takes away."""
        lost = min(self.lose_rows, len(block))
        self.lose_rows -= lost
        return block[lost:]

    def _put(self, table: Table, place: Place, rows: list[Stored]) -> None:
        try:
            with self._data.writing() as db:
                add_rows(db, table, rows)
        except sqlite3.IntegrityError:
            raise _double(place[1]) from None

    def _settle(self, table: Table, place: Place) -> None:
        try:
            with self._data.writing() as db:
                settle(db, table)
        except sqlite3.IntegrityError:
            raise _double(place[1]) from None

    def _load_files(self, part: Part) -> None:
        place = (part.component, "_storage")
        table = self._into[place]
        inside = f" in '{part.component}'" if part.component else ""
        self._telling.progress(f'Importing "_file_storage"{inside}', place, 0)
        lines = {row["_id"]: row for row in _metadata(part)}
        blobs = [blob for blob in self._upload.blobs if blob.component == part.component]
        done = 0
        # A line without a blob is dropped without a word, as Convex drops it.
        for done, blob in enumerate(blobs, 1):
            self._put(table, place, [self._file(blob, lines.get(blob.id))])
            self._telling.progress(
                f'Importing "_storage"{inside} ({done:,}/{len(lines):,} files)', place, done
            )
        self._settle(table, place)
        self._telling.checkpoint(f'Imported "_storage"{inside} ({done:,} files)', place, done)

    def _file(self, blob: Blob, line: dict[str, Any] | None) -> Stored:
        number = convex_ids.number_of(blob.id)
        if number != convex_ids.STORAGE_NUMBER:
            raise ImportFailed(f"_storage id '{blob.id}' invalid: its table number is {number}")
        scratch = self._data.folder / "files" / f"part-{secrets.token_hex(8)}"
        digest, size = hashlib.sha256(), 0
        try:
            with blob.open() as source, scratch.open("wb") as target:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    size += target.write(chunk)
            told = base64.b64encode(digest.digest()).decode()
            line = line or {"sha256": told}
            if line.get("sha256", told) != told:
                wrong = f"file {blob.id} has sha256 {told}, its line says {line['sha256']}"
                raise ImportFailed(f"Sha256Mismatch: {wrong}")
            scratch.replace(self._data.blob(sha256_name(told)))
        finally:
            scratch.unlink(missing_ok=True)
        creation = float(line.get("_creationTime") or time.time_ns() / 1e6)
        internal = str(line.get("internalId") or uuid.uuid4())
        text = storage_line(blob.id, creation, told, size, line.get("contentType"), internal)
        return blob.id, creation, text


def sweep(data: ConvexData) -> None:
    """Frees the tables that nobody can see any more."""
    while True:
        with data.writing() as db:
            row = db.execute(
                "select tablet,component,name,number,documents,bytes from tables "
                "where state!='active' limit 1"
            ).fetchone()
            if row is None:
                return
            drop_table(db, Table(*row))


def _retire(db: sqlite3.Connection, table: Table) -> None:
    db.execute("update tables set state='deleting' where tablet=?", (table.tablet,))


def _double(table: str) -> ImportFailed:
    return ImportFailed(f'Objects in table "{table}" have duplicate _id fields')


def _metadata(part: Part) -> Iterator[dict[str, Any]]:
    for before, block in part.blocks():
        for row, value in enumerate(parsed_lines(block, before), before + 1):
            if not isinstance(value, dict) or not isinstance(value.get("_id"), str):
                raise ImportFailed(f"Row {row} wasn't a valid Convex value: file requires _id")
            yield value
