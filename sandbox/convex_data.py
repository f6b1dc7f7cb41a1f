"""What a stand-in deployment holds, on disk: components, tables, rows and stored files.

SQLite in WAL mode: one connection writes and answers short questions behind a lock, and a long
read has a snapshot of its own. Each table's rows are an SQLite table, so that putting a whole
table in another's place is one small transaction. Exports and imports are kept by
`convex_jobs.py`; what a caller may ask is in `convex_queries.py`.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sandbox.convex_jobs import Jobs
from sandbox.convex_queries import Component, Row
from sandbox.convex_tables import active_table, active_tables, add_component

_ROWS_AT_ONCE = 500
_LAYOUT = """
create table if not exists facts(name text primary key, value text not null);
create table if not exists components(
    path text primary key, id text not null, state text not null);
create table if not exists tables(
    tablet integer primary key autoincrement, component text not null, name text not null,
    number integer not null, state text not null,
    documents integer not null default 0, bytes integer not null default 0);
create table if not exists schemas(component text primary key, body text not null);
create table if not exists jobs(
    place integer primary key autoincrement, id text unique not null, kind text not null,
    body text not null);
create table if not exists audit(
    place integer primary key autoincrement, at real not null, action text not null,
    metadata text not null);
"""


class ConvexData:
    """One deployment's data; a component is named by its path, "" being the root.

    Its reading methods are the `Records` that `convex_queries` asks.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.origin = ""
        for name in ("files", "exports", "uploads"):
            (folder / name).mkdir(exist_ok=True)
        self._path = folder / "data.db"
        self._lock = threading.RLock()
        self._db = _connect(self._path)
        self._db.executescript(_LAYOUT)
        self.jobs = Jobs(self)
        if not self.components():
            with self.writing() as db:
                add_component(db, "")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The shared connection, for a short question."""
        with self._lock:
            yield self._db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of what is done in it, or nothing; inside another, a part of it."""
        with self._lock:
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    @contextmanager
    def snapshot(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """A connection that sees the data as they are now for as long as it is held, and now in ns.

        Nothing changes between the stamp and the sight: both are taken behind the lock.
        """
        with closing(_connect(self._path)) as db:
            with self._lock:
                db.execute("begin")
                db.execute("select count(*) from tables").fetchone()
                at = time.time_ns()
            yield db, at

    def bulk_load(self, *, on: bool) -> None:
        """Gives up crash safety while a fresh database is filled, which halves the writing."""
        with self._lock:
            self._db.execute(f"pragma journal_mode={'off' if on else 'wal'}")

    # Facts about the deployment as a whole.

    def fact(self, name: str) -> Any:
        """What was kept under this name, None for nothing."""
        with self.reading() as db:
            row = db.execute("select value from facts where name=?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def keep_fact(self, name: str, value: Any) -> None:
        with self.writing() as db:
            db.execute("insert or replace into facts values(?,?)", (name, json.dumps(value)))

    def audit(self, action: str, metadata: Mapping[str, Any]) -> None:
        """Notes what was done, as the deployment's audit log tells it."""
        with self.writing() as db:
            note = (time.time() * 1000, action, json.dumps(metadata))
            db.execute("insert into audit(at,action,metadata) values(?,?,?)", note)

    def audit_events(self, limit: int) -> list[dict[str, Any]]:
        with self.reading() as db:
            rows = db.execute(
                "select at,action,metadata from audit order by place desc limit ?", (limit,)
            )
            return [
                {
                    "actor": {"type": "admin"},
                    "action": action,
                    "createTime": at,
                    "metadata": json.loads(text),
                }
                for at, action, text in rows
            ]

    # What `convex_queries.Records` promises.

    def components(self) -> Sequence[Component]:
        with self.reading() as db:
            rows = db.execute("select id,path,state from components order by path").fetchall()
        return [Component(*row) for row in rows]

    def tables(self, component: str) -> Mapping[str, int]:
        with self.reading() as db:
            return {t.name: t.number for t in active_tables(db, component) if not t.system}

    def count(self, component: str, table: str) -> int:
        with self.reading() as db:
            found = active_table(db, component, table)
        return found.documents if found else 0

    def rows(
        self, component: str, table: str, *, newest_first: bool, past: tuple[float, str] | None
    ) -> Iterator[Row]:
        order, beyond = ("desc", "<") if newest_first else ("asc", ">")
        while True:
            with self.reading() as db:
                found = active_table(db, component, table)
                if found is None:
                    return
                where = f"where (creation,id){beyond}(?,?)" if past else ""
                page = db.execute(
                    f"select creation,id,body from rows_{found.tablet} {where} "
                    f"order by creation {order},id {order} limit {_ROWS_AT_ONCE}",
                    past or (),
                ).fetchall()
            yield from page if table != "_storage" else map(_as_seen, page)
            if len(page) < _ROWS_AT_ONCE:
                return
            past = (page[-1][0], page[-1][1])

    def files(self, component: str) -> int:
        return self.count(component, "_storage")

    def schema(self, component: str) -> str | None:
        with self.reading() as db:
            row = db.execute("select body from schemas where component=?", (component,)).fetchone()
        return None if row is None else str(row[0])

    def environment(self) -> Mapping[str, str]:
        return self.fact("environment") or {}

    def package_version(self) -> str | None:
        version: str | None = self.fact("package_version")
        return version

    def paused(self) -> bool:
        return bool(self.fact("paused"))

    def url(self) -> str:
        return self.origin

    def latest_export(self, requestor: str) -> dict[str, Any] | None:
        return self.jobs.latest_export(requestor)

    def imports(self, limit: int) -> list[dict[str, Any]]:
        return self.jobs.newest("import", limit)

    def import_row(self, import_id: str) -> dict[str, Any] | None:
        return self.jobs.get(import_id, "import")

    def stored_file(self, id_: str) -> dict[str, Any] | None:
        """The metadata of a stored file of any component, by its id or its address."""
        with self.reading() as db:
            for table in active_tables(db):
                if table.name == "_storage":
                    found = db.execute(
                        f"select body from rows_{table.tablet} where id=? "
                        "or json_extract(body,'$.internalId')=?",
                        (id_, id_),
                    ).fetchone()
                    if found is not None:
                        return dict(json.loads(found[0]))
        return None

    def blob(self, sha256_hex: str) -> Path:
        """Where a stored file's bytes are; they are named by what they hold and never deleted."""
        return self.folder / "files" / sha256_hex


def _as_seen(row: Row) -> Row:
    """A stored file's row as functions see it: sizes are JavaScript numbers there."""
    creation, id_, body = row
    document = json.loads(body)
    del document["internalId"]
    return creation, id_, json.dumps(document | {"size": float(document["size"])})


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=60)
    # Losing the last second to a power cut is nothing to a stand-in; losing it to kill -9 would
    # be, and that WAL without fsync survives.
    db.execute("pragma journal_mode=wal")
    db.execute("pragma synchronous=off")
    db.execute("pragma cache_size=-16000")
    return db
