"""Alerts, and what of them still has to be sent by which road; it survives kill -9.

A send is marked as begun before it leaves and as done when the other side has taken it. One that
was begun and never done may have arrived, so it is sent once more and says so: nothing is lost, and
what stands twice is marked. The file may be deleted: what still stands is then raised anew. You
will not find here what an alert says, nor a road.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database, Migrations

from storage.errors import SpoolError

T = TypeVar("T")
APPLICATION_ID = 0x4C69664F  # "LifO"
SCHEMA = 1
BUSY_SECONDS = 30
TRIES = 20
KEPT = timedelta(days=30)  # What is over and told.
_BROKEN = ("no such table", "no such column", "has no column", "malformed")

_migrations = Migrations("lifeboat_outbox")


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


@dataclass(frozen=True)
class Kept:
    """One alert as it is kept; `facts` are the alert's own, as JSON."""

    id: str
    key: str
    open: bool
    raised_at: datetime
    facts: bytes


@dataclass(frozen=True)
class Sending:
    """Something to be told of an alert by a road; `facts` is the alert as it was then.

    `after` is since when it may be told: what is told much later is late. `doubt`: it was begun
    before and nobody knows whether it arrived. `said`: its first half has arrived.
    """

    alert: str
    road: str
    what: str
    facts: bytes
    made_at: datetime
    after: datetime
    id: int = 0
    tries: int = 0
    doubt: bool = False
    said: bool = False
    failed: str = ""


@dataclass(frozen=True)
class Taken:
    """A send that was taken to be sent now, with its alert as it is now and where that stands.

    `newest` is the last send of the alert by this road at that moment.
    """

    sending: Sending
    alert: Kept
    place: str
    note: str
    newest: int


class Outbox:
    """Alerts and sends in one SQLite file; each call opens its own connection.

    SpoolError when the file's folder can't be written or the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()  # One writer at a time in this process; SQLite for others.

    def change(
        self, doing: Callable[[Sequence[Kept]], tuple[Sequence[Kept], Sequence[Sending]]]
    ) -> None:
        """Read the open alerts, and write what `doing` makes of them and has to be sent, at once.

        Whoever else changes them waits. An error that `doing` raises leaves all as it was.
        """

        def write(db: Database) -> None:
            with _at_once(db):
                rows = db.execute(f"{_ALERTS} WHERE open = 1 ORDER BY raised_us, id").fetchall()
                kept, sends = doing([_kept(row) for row in rows])
                for each in kept:
                    row = (each.id, each.key, int(each.open), _us(each.raised_at), each.facts)
                    db.execute("INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?)", row)
                for send in sends:
                    _insert(db, send)

        self._whole(write)

    def alerts(self, *, open: bool) -> Sequence[Kept]:
        """Return the alerts that are open, or those that are over, oldest first."""
        query = f"{_ALERTS} WHERE open = ? ORDER BY raised_us, id"
        rows = self._whole(lambda db: db.execute(query, [int(open)]).fetchall())
        return [_kept(row) for row in rows]

    def wake(self, now: datetime) -> None:
        """At start: all that waits is due now; what is over and told long ago is forgotten."""

        def write(db: Database) -> None:
            with _at_once(db):
                db.execute("UPDATE sends SET due_us = after_us WHERE done_us IS NULL")
                old = [_us(now - KEPT)]
                db.execute("DELETE FROM sends WHERE done_us < ?", old)
                db.execute(
                    "DELETE FROM alerts WHERE open = 0 AND raised_us < ? "
                    "AND id NOT IN (SELECT alert FROM sends)",
                    old,
                )
                db.execute("DELETE FROM places WHERE alert NOT IN (SELECT id FROM alerts)")

        self._whole(write)

    def take(self, road: str, now: datetime) -> Taken | None:
        """Take the next send of a road that is due, and mark it as begun; None if none is.

        What is told of one alert stays in its order; another alert's does not wait for it. One
        that is marked already was begun by a bot that was killed, so it may have arrived.
        """

        def write(db: Database) -> Taken | None:
            row = db.execute(_NEXT, [road, _us(now)]).fetchone()
            if row is None:
                return None
            with _at_once(db):
                row = db.execute(_NEXT, [road, _us(now)]).fetchone()
                if row is None:
                    return None
                sending = _sending(row)
                db.execute("UPDATE sends SET begun = 1 WHERE id = ?", [sending.id])
                return _taken(db, sending)

        return self._whole(write)

    def said(self, taken: Taken) -> None:
        """Note that the first half of a send has arrived: a reply whose edit still has to come."""
        self._one("UPDATE sends SET said = 1, begun = 0, doubt = 0 WHERE id = ?", taken.sending.id)

    def put(self, taken: Taken, place: str, note: str, now: datetime) -> None:
        """Note that an alert stands at a place, and that this told all that waited to be told."""

        def write(db: Database) -> None:
            with _at_once(db):
                row = (taken.alert.id, taken.sending.road, place, note)
                db.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?)", row)
                db.execute(
                    "UPDATE sends SET done_us = ?, begun = 0 WHERE alert = ? AND road = ? "
                    "AND id <= ? AND done_us IS NULL",
                    [_us(now), taken.alert.id, taken.sending.road, taken.newest],
                )

        self._whole(write)

    def done(self, taken: Taken, now: datetime) -> None:
        """Note that a send has arrived."""
        self._one(
            "UPDATE sends SET done_us = ?, begun = 0 WHERE id = ?", _us(now), taken.sending.id
        )

    def failed(self, taken: Taken, why: str, due: datetime, *, doubt: bool) -> None:
        """Note why a send did not arrive and when to try again; `doubt`: it may have arrived."""
        self._one(
            "UPDATE sends SET tries = tries + 1, failed = ?, due_us = ?, begun = 0, "
            "doubt = max(doubt, ?) WHERE id = ?",
            why,
            _us(due),
            int(doubt),
            taken.sending.id,
        )

    def hurry(self, alert: str, now: datetime) -> None:
        """Let nothing of an alert be held back any more."""
        self._one(
            "UPDATE sends SET after_us = ?1, due_us = ?1 "
            "WHERE alert = ?2 AND done_us IS NULL AND after_us > ?1",
            _us(now),
            alert,
        )

    def waiting(self) -> Sequence[Sending]:
        """Return what has not been sent yet, oldest first."""
        query = f"{_SENDS} WHERE s.done_us IS NULL ORDER BY s.id"
        return [_sending(row) for row in self._whole(lambda db: db.execute(query).fetchall())]

    def place(self, alert: str, road: str) -> str:
        """Return where a road has put an alert, "" if it has not yet."""
        query = "SELECT place FROM places WHERE alert = ? AND road = ?"
        row = self._whole(lambda db: db.execute(query, [alert, road]).fetchone())
        return str(row[0]) if row else ""

    def prove(self, road: str, now: datetime, by: str) -> None:
        """Note that something has arrived by a road, and what that was."""
        self._one("INSERT OR REPLACE INTO proofs VALUES (?, ?, ?)", road, _us(now), by)

    def proofs(self) -> Mapping[str, tuple[datetime, str]]:
        """Return when something last arrived by each road, and what that was."""
        rows = self._whole(lambda db: db.execute("SELECT road, at_us, by FROM proofs").fetchall())
        return {road: (_at(us), by) for road, us, by in rows}

    def _one(self, statement: str, *values: Any) -> None:
        def write(db: Database) -> None:
            with _at_once(db):
                db.execute(statement, values)

        self._whole(write)

    def _whole(self, doing: Callable[[Database], T]) -> T:
        """Do it; again when the file turns out to be damaged or was deleted under our hands."""
        try:
            for left in reversed(range(TRIES)):
                try:
                    with self._guard, self._connected() as db:
                        return doing(db)
                except sqlite3.DatabaseError as error:
                    if not left or not (_damaged(error) or _moved(error)):
                        raise
                    if _damaged(error):
                        self._set_aside()
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
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as connection:
            db = Database(connection, execute_plugins=False)
            ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if not ours or version != SCHEMA:
                _make_tables(db)
            yield db

    def _set_aside(self) -> None:
        aside = f".set-aside-{secrets.token_hex(4)}"
        for end in ("", "-journal", "-wal", "-shm"):
            path = self._path.with_name(self._path.name + end)
            with suppress(FileNotFoundError):
                path.rename(path.with_name(path.name + aside))


_ALERTS = "SELECT id, key, open, raised_us, facts FROM alerts"
_SENDS = (
    "SELECT s.alert, s.road, s.what, s.facts, s.made_us, s.after_us, s.id, s.tries, s.doubt, "
    "s.begun, s.said, s.failed FROM sends s"
)
# Of each alert the oldest that waits, if it is due; of several alerts the one that is due longest.
_NEXT = (
    f"{_SENDS} WHERE s.road = ? AND s.done_us IS NULL AND s.due_us <= ? AND NOT EXISTS ("
    "SELECT 1 FROM sends e WHERE e.alert = s.alert AND e.road = s.road AND e.done_us IS NULL "
    "AND e.id < s.id) ORDER BY s.due_us, s.id LIMIT 1"
)


def _insert(db: Database, send: Sending) -> None:
    db.execute(
        "INSERT INTO sends (alert, road, what, facts, made_us, after_us, due_us) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            *(send.alert, send.road, send.what, send.facts),
            *(_us(send.made_at), _us(send.after), _us(send.after)),
        ],
    )


def _taken(db: Database, sending: Sending) -> Taken:
    kept = db.execute(f"{_ALERTS} WHERE id = ?", [sending.alert]).fetchone()
    place = db.execute(
        "SELECT place, note FROM places WHERE alert = ? AND road = ?",
        [sending.alert, sending.road],
    ).fetchone()
    newest = db.execute(
        "SELECT max(id) FROM sends WHERE alert = ? AND road = ?", [sending.alert, sending.road]
    ).fetchone()[0]
    where, note = place or ("", "")
    return Taken(sending, _kept(kept), where, note, newest)


def _kept(row: Sequence[Any]) -> Kept:
    return Kept(row[0], row[1], bool(row[2]), _at(row[3]), row[4])


def _sending(row: Sequence[Any]) -> Sending:
    alert, road, what, facts, made, after, id, tries, doubt, begun, said, failed = row
    return Sending(
        *(alert, road, what, facts, _at(made), _at(after)),
        id=id,
        tries=tries,
        doubt=bool(doubt or begun),
        said=bool(said),
        failed=failed,
    )


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def _at(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1_000_000, UTC)


def _make_tables(db: Database) -> None:
    with _at_once(db):
        ours = db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if (not ours and db.table_names()) or version > SCHEMA:
            raise sqlite3.DatabaseError("malformed: not an outbox of this Lifeboat")
        _migrations.apply(db)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {SCHEMA}")


@contextmanager
def _at_once(db: Database) -> Iterator[None]:
    """Hold the write lock from the start: a deferred transaction fails under contention."""
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.conn.rollback()
        raise
    db.conn.commit()


def _damaged(error: sqlite3.DatabaseError) -> bool:
    if isinstance(error, sqlite3.OperationalError):
        return any(words in str(error) for words in _BROKEN)
    return not isinstance(error, sqlite3.IntegrityError)


def _moved(error: sqlite3.DatabaseError) -> bool:
    names = ("SQLITE_READONLY_DBMOVED", "SQLITE_IOERR")
    return str(getattr(error, "sqlite_errorname", "")).startswith(names)
