"""The outbox of bots that share a PostgreSQL database: whoever is at work sends what waits.

The statements of `storage/outbox.py` mean the same here; only the tables are made otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from storage.database import SCHEMA, Connection, DatabaseAway, connect, make_tables, told
from storage.secret import Secret

T = TypeVar("T")
_CHANGES = 0x4C696665_00000002  # Changes come one after the other, as they do in a file.
_TABLES = (
    f"CREATE TABLE IF NOT EXISTS {SCHEMA}.alerts (id text PRIMARY KEY, key text NOT NULL, "
    "open integer NOT NULL, raised_us bigint NOT NULL, facts bytea NOT NULL)",
    f"CREATE UNIQUE INDEX IF NOT EXISTS one_open_alert ON {SCHEMA}.alerts (key) WHERE open = 1",
    f"CREATE TABLE IF NOT EXISTS {SCHEMA}.places (alert text, road text, place text NOT NULL, "
    "note text NOT NULL, PRIMARY KEY (alert, road))",
    f"CREATE TABLE IF NOT EXISTS {SCHEMA}.sends (id bigserial PRIMARY KEY, alert text NOT NULL, "
    "road text NOT NULL, what text NOT NULL, facts bytea NOT NULL, made_us bigint NOT NULL, "
    "after_us bigint NOT NULL, due_us bigint NOT NULL, tries integer NOT NULL DEFAULT 0, "
    "begun integer NOT NULL DEFAULT 0, doubt integer NOT NULL DEFAULT 0, "
    "said integer NOT NULL DEFAULT 0, done_us bigint, failed text NOT NULL DEFAULT '')",
    f"CREATE INDEX IF NOT EXISTS waiting ON {SCHEMA}.sends (road, alert, id) WHERE done_us IS NULL",
    f"CREATE TABLE IF NOT EXISTS {SCHEMA}.proofs (road text PRIMARY KEY, at_us bigint NOT NULL, "
    "by text NOT NULL)",
)


class Rows:
    """A connection that takes the statements of a file: `?` stands for each value."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Do it; a cursor as SQLite's."""
        return self.connection.execute(statement.replace("?", "%s"), list(values))


class OutboxDatabase:
    """The outbox in a database; one connection is kept open, and opened anew when it is lost.

    DatabaseAway when it can't be reached: a bot at work ends then, and a terminal says so.
    """

    in_memory = False

    def __init__(self, address: Callable[[], Secret]) -> None:
        self._open: Connection | None = None
        self._address = address
        self._guard = threading.Lock()

    def __del__(self) -> None:
        self._drop()  # A command in a terminal ends without a word to its outbox.

    def whole(self, doing: Callable[[Any], T]) -> T:
        """Do it, each statement by itself unless `at_once` holds them together."""
        with self._guard:
            for fresh in (self._open is None, True):
                try:
                    with told():
                        return doing(Rows(self._connection()))
                except DatabaseAway:
                    self._drop()
                    if fresh:
                        raise
            raise AssertionError("unreachable")

    @contextmanager
    def at_once(self, db: Rows) -> Iterator[None]:
        """Hold everybody else's changes off until this one is whole."""
        with db.connection.transaction():
            db.connection.execute("SELECT pg_advisory_xact_lock(%s)", [_CHANGES])
            yield

    def _connection(self) -> Connection:
        if self._open is None:
            self._open = connect(self._address())
            make_tables(self._open, _TABLES)
            self._open.execute(f"SET search_path = {SCHEMA}")
        return self._open

    def _drop(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None
