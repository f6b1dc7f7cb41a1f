"""A SQLite file of ours: opened anew each time, made where it is not, set aside when it is ill.

It may be deleted at any moment, also under the hands of whoever reads it. You will not find here
what stands in its tables, nor what is done when it can't be used.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database, Migrations

BUSY_SECONDS = 30
LOST_TRIES = 20  # Before one gives up on a file that is deleted again and again.
_BROKEN = ("no such table", "no such column", "has no column", "malformed")


@dataclass(frozen=True)
class Kind:
    """What tells our file from any other SQLite database, and how its tables are made."""

    name: str
    application_id: int
    schema: int
    migrations: Migrations


@contextmanager
def connected(path: Path, kind: Kind) -> Iterator[Database]:
    """Open the file, making or updating its tables where they are not there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
        db = Database(connection, execute_plugins=False)
        if _stands(db) != (kind.application_id, kind.schema):
            make_tables(db, kind)
        yield db


def make_tables(db: Database, kind: Kind) -> None:
    """Make the tables, or bring them up to date; sqlite3.DatabaseError if it is not ours."""
    with at_once(db):
        application_id, version = _stands(db)
        ours = application_id == kind.application_id
        if (not ours and db.table_names()) or version > kind.schema:
            raise sqlite3.DatabaseError(f"malformed: not {kind.name} of this Lifeboat")
        kind.migrations.apply(db)
        db.execute(f"PRAGMA application_id = {kind.application_id}")
        db.execute(f"PRAGMA user_version = {kind.schema}")


def set_aside(path: Path) -> None:
    """Move a file away that is none of ours; whoever was here first has done it."""
    aside = f".set-aside-{secrets.token_hex(4)}"
    for end in ("", "-journal", "-wal", "-shm"):
        each = path.with_name(path.name + end)
        with suppress(FileNotFoundError):
            each.rename(each.with_name(each.name + aside))


@contextmanager
def at_once(db: Database) -> Iterator[None]:
    """Hold the write lock from the start: a deferred transaction fails under contention."""
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.conn.rollback()
        raise
    db.conn.commit()


def damaged(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is not what it should be, rather than just not to be used now."""
    if isinstance(error, sqlite3.OperationalError):
        return any(words in str(error) for words in _BROKEN)
    return True


def moved(error: sqlite3.DatabaseError) -> bool:
    """Whether SQLite noticed that its file was deleted or replaced while it was open.

    A journal that goes with its file between two calls "can't be opened"; so does a file that
    really can't be, which is for whoever has tried LOST_TRIES times to say.
    """
    names = ("SQLITE_READONLY_DBMOVED", "SQLITE_IOERR", "SQLITE_CANTOPEN")
    return str(getattr(error, "sqlite_errorname", "")).startswith(names)


def _stands(db: Database) -> tuple[int, int]:
    told = (
        db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("application_id", "user_version")
    )
    application_id, version = told
    return application_id, version
