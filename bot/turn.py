"""Whose turn it is: of several bots on one database one is at work, the others stand by.

The turn is a lock that PostgreSQL holds for a session and lets go of when the session dies. A bot
that can't see its turn any more begins nothing and ends its process: another one may be at work by
then. One that takes over from a bot that did not say goodbye waits until that one must have ended.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage import lock
from storage.database import SCHEMA, Connection, DatabaseAway, connect, make_tables, told
from storage.errors import Refused
from storage.secret import Secret

log = logging.getLogger("lifeboat")
LOOK_SECONDS = 1.0
LOST_SECONDS = 10.0  # Unseen for so long, the turn is taken for lost.
FAREWELL_SECONDS = 15.0  # Longer than LOST_SECONDS and a look: by then whoever was cut off is gone.
LEAVE_SECONDS = 2.0
_LOCK = (0x4C696665, 1)  # "Life"
_SESSION = "SELECT pg_backend_pid()"
_TABLE = (
    f"CREATE TABLE IF NOT EXISTS {SCHEMA}.at_work (one boolean PRIMARY KEY CHECK (one), "
    "who text NOT NULL, machine text NOT NULL, pid integer NOT NULL, "
    "since timestamptz NOT NULL, left_at timestamptz)"
)
_MINE = (
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s "
    "AND objsubid = 2 AND granted AND pid = pg_backend_pid() AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())"
)
_ANYBODYS = _MINE.replace("AND pid = pg_backend_pid() ", "")


StandingBy = Callable[[str, str], None]


@dataclass(frozen=True)
class Holder:
    """Who is at work, or was last; `left` when it said goodbye."""

    who: str
    machine: str
    pid: int
    left: bool

    def is_dead_here(self) -> bool:
        """Whether it was a process of this machine, and is none any more."""
        return bool(self.machine) and self.machine == _machine() and not lock.lives(self.pid)


class Turn:
    """This bot's turn on a database; `lost` ends the process with a last word."""

    def __init__(self, url: Secret, lost: Callable[[str], None]) -> None:
        self._url, self._lost = url, lost
        self._connection: Connection | None = None
        self._at_work = False
        self._leaving = threading.Event()
        self._using = threading.Lock()  # A connection that is closed under a look ends the process.
        self._seen = 0.0

    def wait(self, stop: threading.Event, standing_by: StandingBy) -> bool:
        """Wait until it is this bot's turn; False when `stop` was set before.

        `standing_by` is called whenever that changes: with who is at work and "", or with "" and
        why nobody can say. DatabaseAway only when the database could never be reached.
        """
        told: tuple[str, str] | None = None
        while not stop.is_set():
            try:
                before = self._tried(stop)
                now = (before.who if before is not None else "", "")
            except DatabaseAway as away:
                self._let_go()
                if told is None:
                    raise
                now = ("", away.what)
            if self._at_work:
                return True
            if now != told:
                told = now
                standing_by(*now)
            stop.wait(LOOK_SECONDS)
        self.leave(clean=True)
        return False

    def sure(self) -> bool:
        """Whether it is this bot's turn as far as it knows: seen so lately that nobody followed."""
        return self._at_work and _clock() - self._seen <= LOST_SECONDS

    def take(self) -> None:
        """Take the turn now; Refused when another bot is at work."""
        if self._at_work:
            return
        before = self._tried(threading.Event())
        if before is not None:
            self._let_go()
            raise Refused(
                f"There is already a bot at work on this database ({before.who}).",
                hint="`lifeboat run` waits for its turn.",
            )

    def leave(self, *, clean: bool) -> None:
        """Give the turn back; `clean`: nothing of this bot is at work any more."""
        self._leaving.set()
        connection, self._connection = self._connection, None
        goodbye = clean and self._at_work
        self._at_work = False
        if connection is None:
            return
        if not self._using.acquire(timeout=LEAVE_SECONDS):
            log.warning("the turn ends with the process: the database does not answer")
            return
        try:
            with told():
                if goodbye:
                    connection.execute(f"UPDATE {SCHEMA}.at_work SET left_at = now()")
                connection.close()
        except DatabaseAway as away:
            log.warning("the turn ends with the process: %s", away.what)
        finally:
            self._using.release()

    def _tried(self, stop: threading.Event) -> Holder | None:
        """Try once; None when the turn is this bot's, who is at work otherwise."""
        with told():
            connection = self._opened()
            got = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", _LOCK).fetchone()
            before = _holder(connection)
            if not (got and got[0]):
                return before or Holder("another bot", "", 0, left=False)
            if before is not None and not before.left and not before.is_dead_here():
                log.info("%s did not say goodbye: waiting until it has ended", before.who)
                if stop.wait(FAREWELL_SECONDS):
                    return before
            self._note(connection)
        self._begin()
        return None

    def _opened(self) -> Connection:
        if self._connection is None:
            self._connection = connect(self._url)
            self._refuse_shared(self._connection)
            make_tables(self._connection, [_TABLE])
        return self._connection

    def _refuse_shared(self, connection: Connection) -> None:
        """Refuse a pooler that lends one session to several: it would keep the lock for nobody."""
        with connect(self._url) as other:
            same = {each.execute(_SESSION).fetchone() for each in (connection, other, connection)}
        if len(same) == 1:
            self._let_go()
            raise Refused(
                "The bots' database is behind a pooler that pools transactions: no turn can be "
                "held there.",
                hint="Connect directly, or by a pooler that pools sessions (docs/operations.md).",
            )

    def _note(self, connection: Connection) -> None:
        who = f"process {os.getpid()} on {socket.gethostname()}"
        connection.execute(
            f"INSERT INTO {SCHEMA}.at_work VALUES (true, %s, %s, %s, now(), NULL) "
            "ON CONFLICT (one) DO UPDATE SET who = excluded.who, machine = excluded.machine, "
            "pid = excluded.pid, since = excluded.since, left_at = NULL",
            [who, _machine(), os.getpid()],
        )

    def _begin(self) -> None:
        """Look after the turn from now on, in two threads: a look may hang with the network."""
        self._seen = _clock()
        self._at_work = True
        self._leaving.clear()
        for name, doing in (("turn", self._look), ("turn's guard", self._guard)):
            threading.Thread(target=doing, name=name, daemon=True).start()

    def _look(self) -> None:
        while not self._leaving.wait(LOOK_SECONDS):
            if not self._is_mine():
                self._gone("the database does not hold its turn for it any more")
                return

    def _guard(self) -> None:
        while not self._leaving.wait(LOOK_SECONDS):
            if _clock() - self._seen > LOST_SECONDS:
                self._gone(f"the database has not answered for {LOST_SECONDS:.0f} s")
                return

    def _gone(self, why: str) -> None:
        if not self._leaving.is_set():
            self._lost(f"{why}, so another bot may be at work by now")

    def _is_mine(self) -> bool:
        asked = _clock()
        try:
            with self._using, told():
                connection = self._connection
                if connection is None or connection.execute(_MINE, _LOCK).fetchone() is None:
                    return False
        except DatabaseAway as away:
            if not self._leaving.is_set():
                log.error("%s", away.what)
            return False
        self._seen = asked
        return True

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def at_work(url: Secret) -> str | None:
    """Return who is at work on a database right now, None when nobody is; DatabaseAway."""
    with told(), connect(url) as connection:
        if connection.execute(_ANYBODYS, _LOCK).fetchone() is None:
            return None
        holder = _holder(connection)
        return holder.who if holder is not None else "a bot that has just begun"


def _holder(connection: Connection) -> Holder | None:
    there = connection.execute("SELECT to_regclass(%s)", [f"{SCHEMA}.at_work"]).fetchone()
    if there is None or there[0] is None:
        return None
    row = connection.execute(
        f"SELECT who, machine, pid, left_at IS NOT NULL FROM {SCHEMA}.at_work"
    ).fetchone()
    return Holder(*row) if row is not None else None


def _clock() -> float:
    """Return seconds that go on while the machine is suspended, where it can tell."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _machine() -> str:
    """Return what tells this machine, up since its last start, and its processes from others'."""
    try:
        booted = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{booted} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""
