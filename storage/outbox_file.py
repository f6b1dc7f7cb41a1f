"""The file that the outbox lies in: opened anew each time, made where it is not, set aside if ill.

A bot whose disk is full goes on in memory, from what the file holds, until the file can be written
again. You will not find here what stands in its tables.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database, Migrations

from storage.errors import SpoolError
from storage.sqlite_file import (
    BUSY_SECONDS,
    LOST_TRIES,
    Kind,
    at_once,
    connected,
    damaged,
    make_tables,
    moved,
    set_aside,
)

T = TypeVar("T")
WRITE_BACK_SECONDS = 30.0

_migrations = Migrations("lifeboat_outbox")
KIND = Kind("an outbox", application_id=0x4C69664F, schema=1, migrations=_migrations)  # "LifO"


@_migrations()
def alerts_and_sends(db: Database) -> None:
    """Make the tables; `place` is where a road has put an alert, `note` what it says there."""
    db.execute(
        "CREATE TABLE alerts (id TEXT PRIMARY KEY, key TEXT NOT NULL, open INTEGER NOT NULL, "
        "raised_us INTEGER NOT NULL, facts BLOB NOT NULL) STRICT"
    )
    db.execute("CREATE UNIQUE INDEX one_open_alert ON alerts (key) WHERE open = 1")
    db.execute(
        "CREATE TABLE places (alert TEXT, road TEXT, place TEXT NOT NULL, note TEXT NOT NULL, "
        "PRIMARY KEY (alert, road)) STRICT"
    )
    db.execute(
        "CREATE TABLE sends (id INTEGER PRIMARY KEY AUTOINCREMENT, alert TEXT NOT NULL, "
        "road TEXT NOT NULL, what TEXT NOT NULL, facts BLOB NOT NULL, made_us INTEGER NOT NULL, "
        "after_us INTEGER NOT NULL, due_us INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, "
        "begun INTEGER NOT NULL DEFAULT 0, doubt INTEGER NOT NULL DEFAULT 0, "
        "said INTEGER NOT NULL DEFAULT 0, done_us INTEGER, failed TEXT NOT NULL DEFAULT '') STRICT"
    )
    db.execute("CREATE INDEX waiting ON sends (road, alert, id) WHERE done_us IS NULL")
    db.execute(
        "CREATE TABLE proofs (road TEXT PRIMARY KEY, at_us INTEGER NOT NULL, "
        "by TEXT NOT NULL) STRICT"
    )


class OutboxFile:
    """One SQLite file; with `spare` it can do without the disk for a while."""

    def __init__(self, path: Path, *, spare: bool) -> None:
        self._path, self._spare = path, spare
        self._memory: sqlite3.Connection | None = None
        self._tried_at = 0.0
        self._guard = threading.Lock()  # One writer at a time in this process; SQLite for others.

    def at_once(self, db: Database) -> AbstractContextManager[None]:
        """Hold everybody else's changes off until these are whole."""
        return at_once(db)

    @property
    def in_memory(self) -> bool:
        """Whether the file can't be written now, so that a killed bot would forget."""
        return self._memory is not None

    def whole(self, doing: Callable[[Database], T]) -> T:
        """Do it; again when the file turns out to be damaged or was deleted under our hands."""
        try:
            for left in reversed(range(LOST_TRIES)):
                try:
                    with self._guard, self._connected() as db:
                        return doing(db)
                except sqlite3.DatabaseError as error:
                    if left and self._spare and self._memory is None and _no_room(error):
                        self._go_on_in_memory()
                        continue
                    if not left or not (_ill(error) or moved(error)):
                        raise
                    if _ill(error):
                        set_aside(self._path)
            raise AssertionError("unreachable")
        except (sqlite3.Error, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise SpoolError(
                f"The outbox {self._path} can't be used: {why}.",
                safe="No backup is touched; what still stands is told once it can be used again.",
                hint="Make room, or set data_folder in the settings to a folder of your own; the "
                "outbox's file may be deleted.",
            ) from error

    @contextmanager
    def _connected(self) -> Iterator[Database]:
        """Open the file, making or updating its tables where they are not there."""
        if self._memory is not None and not self._written_back(self._memory):
            yield Database(self._memory, execute_plugins=False)
            return
        with connected(self._path, KIND) as db:
            yield db

    def _go_on_in_memory(self) -> None:
        """Copy what the file holds, as far as it can be read, and keep everything there."""
        memory = sqlite3.connect(":memory:", check_same_thread=False)  # `_guard` is held for it.
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._path)) as file:
            file.backup(memory)
        self._memory, self._tried_at = memory, time.monotonic()
        db = Database(memory, execute_plugins=False)
        if memory.execute("PRAGMA user_version").fetchone()[0] != KIND.schema:
            make_tables(db, KIND)

    def _written_back(self, memory: sqlite3.Connection) -> bool:
        """Try, now and then, to write what is in memory into the file again."""
        if time.monotonic() - self._tried_at < WRITE_BACK_SECONDS:
            return False
        self._tried_at = time.monotonic()
        try:
            with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as file:
                memory.backup(file)
        except sqlite3.Error:
            return False
        memory.close()
        self._memory = None
        return True


def _ill(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is damaged; that two raise one alert at once is no damage."""
    return damaged(error) and not isinstance(error, sqlite3.IntegrityError)


def _no_room(error: sqlite3.DatabaseError) -> bool:
    """Whether the disk is full, or the file can't be written for another reason of its own."""
    name = str(getattr(error, "sqlite_errorname", ""))
    return name in ("SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_IOERR_WRITE")
