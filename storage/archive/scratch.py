"""Facts that grow with the archive, kept on disk while one archive is read.

A private temporary SQLite database and a temporary file: both spill to the folder for temporary
files and vanish with the process, whatever happens to it. Nothing here outlives one inspection.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import IO, Any

from storage.errors import SpoolError

_CACHE_KIB = 4 * 1024
_IDS_IN_MEMORY = 1 << 20
_ENTRIES_IN_MEMORY = 4096  # Most archives have fewer: a table or a stored file each.
_SCHEMA = """
CREATE TABLE entries (name TEXT PRIMARY KEY, facts BLOB) WITHOUT ROWID;
CREATE TABLE told (component TEXT, id TEXT, sha256 TEXT, size INTEGER,
  PRIMARY KEY (component, id)) WITHOUT ROWID;
CREATE TABLE held (component TEXT, id TEXT, sha256 TEXT, size INTEGER, entry TEXT,
  PRIMARY KEY (component, id)) WITHOUT ROWID;
CREATE TABLE ids (id TEXT);
"""

FileTold = tuple[str, str, str | None, int | None]  # Component, id, SHA-256 (hex), bytes.


class Scratch:
    """Room for entry names, stored files and ids; SpoolError when its disk is full."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")
        self._few_entries: dict[str, bytes] = {}
        self._ids: IO[bytes] = tempfile.SpooledTemporaryFile(_IDS_IN_MEMORY)  # noqa: SIM115
        self._database.isolation_level = None
        for pragma in (f"cache_size = -{_CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_SCHEMA)
        self._database.execute("BEGIN")

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()
        self._ids.close()

    def add_entry(self, name: str, facts: bytes) -> bool:
        """Keep an entry's facts; False if there is one of that name already."""
        if name in self._few_entries:
            return False
        if len(self._few_entries) < _ENTRIES_IN_MEMORY:
            self._few_entries[name] = facts
            return True
        with _disk():
            added = self._database.execute(
                "INSERT OR IGNORE INTO entries VALUES (?, ?)", (name, facts)
            )
        return added.rowcount == 1

    def take_entry(self, name: str) -> bytes | None:
        """Return an entry's facts and forget it; None if there is none of that name."""
        if (few := self._few_entries.pop(name, None)) is not None:
            return few
        with _disk():
            row = self._database.execute(
                "SELECT facts FROM entries WHERE name = ?", (name,)
            ).fetchone()
            if row is None:
                return None
            self._database.execute("DELETE FROM entries WHERE name = ?", (name,))
        return bytes(row[0])

    def left_entry(self) -> str | None:
        """Return the name of one entry that was never taken."""
        for name in self._few_entries:
            return name
        row = self._database.execute("SELECT name FROM entries LIMIT 1").fetchone()
        return None if row is None else str(row[0])

    def add_ids(self, ids: Sequence[str]) -> None:
        """Keep the ids of one table, for the case that they turn out to be in no order."""
        text = "\n".join(ids)
        if text.count("\n") >= len(ids):  # A newline inside of an id would make two of it.
            text = "\n".join([id_.replace("\n", "\\n") for id_ in ids])
        with _disk():
            self._ids.write(f"{text}\n".encode())

    def forget_ids(self) -> None:
        """Make room for the ids of the next table."""
        with _disk():
            self._ids.seek(0)
            self._ids.truncate()

    def ids_twice(self, limit: int) -> tuple[list[tuple[str, int]], int]:
        """Return the ids kept more than once with how often, up to `limit`, and how many such."""
        with _disk():
            self._ids.seek(0)
            self._database.execute("DELETE FROM ids")
            lines = ((line[:-1].decode(),) for line in self._ids)
            self._database.executemany("INSERT INTO ids VALUES (?)", lines)
            grouped = "SELECT id, count(*) AS times FROM ids GROUP BY id HAVING times > 1"
            count = self._database.execute(f"SELECT count(*) FROM ({grouped})").fetchone()[0]
            some = (
                self._database.execute(f"{grouped} LIMIT ?", (limit,)).fetchall() if count else []
            )
            self._database.execute("DELETE FROM ids")
        return some, count

    def told_files(self, files: Iterable[FileTold]) -> None:
        """Keep what the rows of `_storage` say of files."""
        with _disk():
            self._database.executemany("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)", files)

    def held_file(self, component: str, id_: str, sha256: str, size: int, entry: str) -> bool:
        """Keep what a stored file is; False if one of that id was there before."""
        with _disk():
            added = self._database.execute(
                "INSERT OR IGNORE INTO held VALUES (?, ?, ?, ?, ?)",
                (component, id_, sha256, size, entry),
            )
        return added.rowcount == 1

    def missing_files(self) -> Iterator[tuple[str, str]]:
        """Yield component and id of each file that has a row and no bytes."""
        yield from self._each(
            "SELECT component, id FROM told EXCEPT SELECT component, id FROM held"
        )

    def extra_files(self) -> Iterator[tuple[str, str, str]]:
        """Yield component, id and entry of each file that has bytes and no row."""
        yield from self._each(
            "SELECT component, id, entry FROM held "
            "LEFT JOIN told USING (component, id) WHERE told.id IS NULL"
        )

    def both_of_files(self) -> Iterator[tuple[str, str | None, int | None, str, int]]:
        """Yield entry, SHA-256 and bytes told, SHA-256 and bytes held, where they differ."""
        yield from self._each(
            "SELECT entry, told.sha256, told.size, held.sha256, held.size FROM held "
            "JOIN told USING (component, id) "
            "WHERE told.sha256 IS NOT held.sha256 OR told.size IS NOT held.size"
        )

    def files_of(self, component: str) -> tuple[int, int]:
        """Return how many files of a component there are, and their bytes."""
        count, size = self._database.execute(
            "SELECT count(*), coalesce(sum(size), 0) FROM held WHERE component = ?", (component,)
        ).fetchone()
        return count, size

    def each_file_of(self, component: str) -> Iterator[tuple[str, str, int]]:
        """Yield id, SHA-256 and bytes of a component's files, by id."""
        yield from self._each(
            "SELECT id, sha256, size FROM held WHERE component = ? ORDER BY id", component
        )

    def _each(self, query: str, *values: str) -> Iterator[Any]:
        with _disk():
            yield from self._database.execute(query, values)


@contextmanager
def _disk() -> Iterator[None]:
    """Turn a full or failing disk for temporary files into a SpoolError."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise SpoolError(
            f"The folder for temporary files can't be written: {error}.",
            safe="The archive was only read; nothing was changed.",
            hint=f"Make room in {tempfile.gettempdir()}, or set TMPDIR to another folder.",
        ) from error
