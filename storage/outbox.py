"""Alerts, and what of them still has to be sent by which road; it survives kill -9.

A send is marked as begun before it leaves and as done when the other side has taken it. One that
was begun and never done may have arrived, so it is sent once more and says so: nothing is lost, and
what stands twice is marked. The file may be deleted: what still stands is then raised anew. You
will not find here what an alert says, nor a road.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from storage.outbox_file import OutboxFile

T = TypeVar("T")
KEPT = timedelta(days=30)  # What is over and told.


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


class Statements(Protocol):
    """An open connection to either database."""

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Do it; a cursor."""
        ...


class OutboxPlace(Protocol):
    """Where the rows lie: `OutboxFile`, or `OutboxDatabase` for several replicas."""

    @property
    def in_memory(self) -> bool:
        """Whether nothing can be written now, so that a killed bot would forget."""
        ...

    def whole(self, doing: Callable[[Any], T]) -> T:
        """Do it with a connection; again where that helps. LifeboatError when it can't be done."""
        ...

    def at_once(self, db: Any) -> AbstractContextManager[None]:
        """Hold everybody else's changes off until these are whole."""
        ...


class Outbox:
    """Alerts and sends in one SQLite file, or where replicas share a database, in that.

    SpoolError when the file's folder can't be written or the disk is full. With `spare` it goes on
    in memory then, from what the file holds, and writes it back as soon as that is possible: a bot
    whose disk is full has to be able to say so.
    """

    def __init__(self, at: Path | OutboxPlace, *, spare: bool = False) -> None:
        self._file = _place(at, spare=spare)
        self._whole = self._file.whole
        self._at_once = self._file.at_once

    @property
    def in_memory(self) -> bool:
        """Whether the file can't be written now, so that a killed bot would forget."""
        return self._file.in_memory

    def change(
        self,
        doing: Callable[[Sequence[Kept]], tuple[Sequence[Kept], Sequence[Sending]]],
        since: datetime | None = None,
    ) -> None:
        """Read the open alerts, and write what `doing` makes of them and has to be sent, at once.

        With `since` it also reads those that are over and of which something was to be told since
        then. Whoever else changes them waits. An error that `doing` raises leaves all as it was.
        """

        def write(db: Statements) -> None:
            with self._at_once(db):
                rows = db.execute(_OPEN, [_NEVER if since is None else _us(since)]).fetchall()
                kept, sends = doing([_kept(row) for row in rows])
                for each in kept:  # Two of them may change their keys round.
                    db.execute("UPDATE alerts SET open = 0 WHERE id = ?", [each.id])
                for each in kept:
                    row = (each.id, each.key, int(each.open), _us(each.raised_at), each.facts)
                    db.execute(_PUT_ALERT, row)
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

        def write(db: Statements) -> None:
            with self._at_once(db):
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

        def write(db: Statements) -> Taken | None:
            row = db.execute(_NEXT, [road, _us(now)]).fetchone()
            if row is None:
                return None
            with self._at_once(db):
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

        def write(db: Statements) -> None:
            with self._at_once(db):
                row = (taken.alert.id, taken.sending.road, place, note)
                db.execute(_PUT_PLACE, row)
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
            "doubt = CASE WHEN ? = 1 THEN 1 ELSE doubt END WHERE id = ?",
            why,
            _us(due),
            int(doubt),
            taken.sending.id,
        )

    def hurry(self, alert: str, now: datetime) -> None:
        """Let nothing of an alert be held back any more."""
        self._one(
            "UPDATE sends SET after_us = ?, due_us = ? "
            "WHERE alert = ? AND done_us IS NULL AND after_us > ?",
            *(_us(now), _us(now), alert, _us(now)),
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
        self._one(_PUT_PROOF, road, _us(now), by)

    def proofs(self) -> Mapping[str, tuple[datetime, str]]:
        """Return when something last arrived by each road, and what that was."""
        rows = self._whole(lambda db: db.execute("SELECT road, at_us, by FROM proofs").fetchall())
        return {road: (_at(us), by) for road, us, by in rows}

    def _one(self, statement: str, *values: Any) -> None:
        def write(db: Statements) -> None:
            with self._at_once(db):
                db.execute(statement, values)

        self._whole(write)


# The plain words of both databases: SQLite's own INSERT OR REPLACE is not PostgreSQL's.
_PUT_ALERT = (
    "INSERT INTO alerts VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET key = excluded.key, "
    "open = excluded.open, raised_us = excluded.raised_us, facts = excluded.facts"
)
_PUT_PLACE = (
    "INSERT INTO places VALUES (?, ?, ?, ?) ON CONFLICT (alert, road) DO UPDATE SET "
    "place = excluded.place, note = excluded.note"
)
_PUT_PROOF = (
    "INSERT INTO proofs VALUES (?, ?, ?) ON CONFLICT (road) DO UPDATE SET "
    "at_us = excluded.at_us, by = excluded.by"
)
_ALERTS = "SELECT id, key, open, raised_us, facts FROM alerts"
_NEVER = 1 << 62
_OPEN = (
    f"{_ALERTS} WHERE open = 1 OR id IN (SELECT alert FROM sends WHERE made_us >= ?) "
    "ORDER BY raised_us, id"
)
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


def _place(at: Path | OutboxPlace, *, spare: bool) -> OutboxPlace:
    return OutboxFile(at, spare=spare) if isinstance(at, Path) else at


def _insert(db: Statements, send: Sending) -> None:
    db.execute(
        "INSERT INTO sends (alert, road, what, facts, made_us, after_us, due_us) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            *(send.alert, send.road, send.what, send.facts),
            *(_us(send.made_at), _us(send.after), _us(send.after)),
        ],
    )


def _taken(db: Statements, sending: Sending) -> Taken:
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
