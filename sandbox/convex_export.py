"""Snapshot exports: one at a time, from one moment of the data, into a ZIP on disk.

Serving the ZIP is `convex_http.py`'s, its byte layout `convex_zip.py`'s.
"""

import base64
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from sandbox.convex_data import ConvexData
from sandbox.convex_jobs import JobRow
from sandbox.convex_legacy import split
from sandbox.convex_tables import Table, active_tables
from sandbox.convex_work import Stopped, Worker
from sandbox.convex_zip import ConvexZip
from sandbox.troubles import Troubles

RETENTION_NS = 14 * 24 * 3600 * 10**9
_ROWS_AT_ONCE = 1000
_FILE_CHUNK = 1 << 20
_TELL_EVERY = 50_000
# Decoration only: an import goes by the id before the dot.
_ENDINGS = {
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "image/jpeg": ".jpeg",
    "image/png": ".png",
    "text/csv": ".csv",
    "text/plain": ".txt",
}
_STRIKING = ("export_fails", "export_canceled", "export_stuck", "export_slow")
README = """\
# Welcome to your Convex snapshot export!

This ZIP file contains a snapshot of the tables of your Convex deployment.

Documents for each table are listed as lines of JSON in `<table_name>/documents.jsonl` files.

For details on the format and how to use this snapshot with `npx convex import`, check out [the
docs](https://docs.convex.dev/database/import-export/export) or ask us in
[Discord](http://convex.dev/community).
"""


class ExportInProgress(Exception):
    """There is an export already; Convex runs one at a time."""


class _Canceled(Exception):
    """Somebody has canceled the export that is being written."""


class Exporter(Worker):
    """Takes requests for exports and carries them out, oldest first."""

    def __init__(
        self, data: ConvexData, troubles: Troubles, *, step_seconds: float, encoding: str
    ) -> None:
        super().__init__("exports", troubles, step_seconds)
        self._data = data
        self._legacy = encoding == "legacy"
        self._hold: dict[str, float] = {}

    def request(
        self,
        *,
        include_storage: bool,
        requestor: str = "snapshotExport",
        hold_seconds: float = 0.0,
    ) -> JobRow:
        """Asks for an export, which stays in progress for that long; raises ExportInProgress."""
        with self._data.reading():
            rows = self._data.jobs.all("export")
            if any(row["state"] in ("requested", "in_progress") for row in rows):
                raise ExportInProgress
            made = self._data.jobs.add(
                "export",
                {
                    "format": {"format": "zip", "include_storage": include_storage},
                    "component": None,
                    "requestor": requestor,
                    "expiration_ts": time.time_ns() + RETENTION_NS,
                    "state": "requested",
                },
            )
            self._hold[made["_id"]] = hold_seconds
        self.wake()
        return made

    def cancel(self, id_: str) -> bool:
        """Ends an export that is not over; says whether there was one."""

        def canceled(row: JobRow) -> JobRow | None:
            if row["state"] not in ("requested", "in_progress"):
                return None
            return _ended(row, "canceled", canceled_ts=time.time_ns())

        return self._data.jobs.change(id_, canceled) is not None

    def archive(self, row: JobRow) -> Path:
        """Where the bytes of a completed export are."""
        return self._data.folder / "exports" / str(row["zip_object_key"])

    def do_next(self) -> bool:
        rows = self._data.jobs.all("export")
        row = next((r for r in rows if r["state"] in ("requested", "in_progress")), None)
        if row is None:
            return False
        self.pause()
        with suppress(_Canceled):
            begun = {"start_ts": time.time_ns(), "progress_message": None}
            self._tell(row, state="in_progress", **begun)
            self.pause()
            self._carry_out(row)
        return True

    def _carry_out(self, row: JobRow) -> None:
        hold = self._hold.pop(row["_id"], 0.0)
        trouble = None if hold else self._troubles.strikes(*_STRIKING)
        kind = trouble.kind if trouble else ""
        if hold:
            self.pause(hold)
        elif kind == "export_fails":
            self._data.jobs.change(
                row["_id"], lambda r: _ended(r, "failed", failed_ts=time.time_ns())
            )
            return
        elif kind == "export_canceled":
            self.cancel(row["_id"])
            return
        elif trouble and kind == "export_stuck":
            self.stay(trouble)
        elif trouble:
            self.pause(trouble["seconds"])
        path = self._data.folder / "exports" / f"{row['_id']}.part"
        try:
            with path.open("wb") as file, self._data.snapshot() as (db, at):
                _Writing(
                    self._data, db, self._legacy, lambda text: self._progress(row, text)
                ).write(file, with_files=row["format"]["include_storage"])
            self._complete(row, path, at)
        finally:
            path.unlink(missing_ok=True)

    def _complete(self, row: JobRow, path: Path, at: int) -> None:
        name = f"{row['_id']}.zip"
        size = path.stat().st_size
        path.replace(path.with_name(name))
        wrong = self._troubles.strikes("row_size")
        told = size
        if wrong:
            told = size + wrong["by"] if wrong["to"] is None else wrong["to"]
        done = {"start_ts": at, "complete_ts": time.time_ns(), "zip_object_key": name, "size": told}
        self._data.jobs.change(
            row["_id"],
            lambda r: None if r["state"] == "canceled" else _ended(r, "completed", **done),
        )

    def _progress(self, row: JobRow, text: str) -> None:
        if self.stopping:
            raise Stopped
        self._tell(row, progress_message=text)

    def _tell(self, row: JobRow, **fields: Any) -> None:
        def told(now: JobRow) -> JobRow | None:
            return None if now["state"] == "canceled" else now | fields

        if self._data.jobs.change(row["_id"], told) is None:
            raise _Canceled


def _ended(row: JobRow, state: str, **fields: Any) -> JobRow:
    kept = {name: value for name, value in row.items() if name != "progress_message"}
    return kept | {"state": state} | fields


class _Writing:
    """One archive being written from one snapshot."""

    def __init__(
        self,
        data: ConvexData,
        db: sqlite3.Connection,
        legacy: bool,
        tell: Callable[[str], None],
    ) -> None:
        self._data, self._db, self._legacy, self._tell = data, db, legacy, tell

    def write(self, file: BinaryIO, *, with_files: bool) -> None:
        self._zip = ConvexZip(file)
        self._tell("Beginning backup")
        self._lines("README.md", iter([README.rstrip("\n")]))
        components = [p for (p,) in self._db.execute("select path from components order by path")]
        tables = active_tables(self._db)
        for component in components:
            self._tell(f"Backing up _tables{_inside(component)}")
            own = [t for t in tables if t.component == component and not t.system]
            rows = [{"name": t.name, "id": t.number} for t in sorted(own, key=lambda t: t.number)]
            lines = (json.dumps(row, separators=(",", ":")) for row in rows)
            self._lines(f"{_prefix(component)}_tables/documents.jsonl", lines)
        users = [t for t in tables if not t.system]
        for table in sorted(users, key=lambda t: (t.bytes, t.component, t.name)):
            self._table(table)
        if with_files:
            for component in components:
                self._storage(component, tables)
        self._zip.finish()

    def _table(self, table: Table) -> None:
        where = f"{table.name}{_inside(table.component)}"
        self._tell(f"Backing up {where}")
        place = f"{_prefix(table.component)}{table.name}"
        if self._legacy:
            self._lines(f"{place}/generated_schema.jsonl", self._contexts(table))
            clean = (split(body)[0] for body in self._bodies(table))
            self._lines(f"{place}/documents.jsonl", clean)
            return
        self._lines(f"{place}/documents.jsonl", self._bodies(table), table, where)
        self._lines(f"{place}/generated_schema.jsonl", iter(['"uniform"']))

    def _contexts(self, table: Table) -> Iterator[str]:
        yield json.dumps("unknown" if table.documents else "never")
        for body in self._bodies(table):
            context = split(body)[1]
            if context is not None:
                yield json.dumps({json.loads(body)["_id"]: context}, separators=(",", ":"))

    def _bodies(self, table: Table) -> Iterator[str]:
        found = self._db.execute(f"select body from rows_{table.tablet} order by id")
        return (body for (body,) in found)

    def _lines(
        self, name: str, lines: Iterator[str], table: Table | None = None, where: str = ""
    ) -> None:
        with self._zip.entry(name) as entry:
            done = told = 0
            while batch := [line for _, line in zip(range(_ROWS_AT_ONCE), lines, strict=False)]:
                batch.append("")
                entry.write("\n".join(batch).encode())
                done += len(batch) - 1
                if table and done - told >= _TELL_EVERY:
                    self._tell(f"Backing up {where}: {done:,} / {table.documents:,} documents")
                    told = done

    def _storage(self, component: str, tables: list[Table]) -> None:
        stored = [t for t in tables if t.component == component and t.name == "_storage"]
        count = sum(table.documents for table in stored)
        what = f"Backing up _storage{_inside(component)}"
        self._tell(f"{what}: 0 / {count:,} entries (metadata)")
        lines = (line for table in stored for line in self._bodies(table))
        self._lines(f"{_prefix(component)}_storage/documents.jsonl", lines)
        for done, line in enumerate(line for table in stored for line in self._bodies(table)):
            if done % 100 == 0:
                self._tell(f"{what}: {done:,} / {count:,} files (downloading)")
            self._blob(component, json.loads(line))

    def _blob(self, component: str, row: dict[str, Any]) -> None:
        kind = row["contentType"]
        ending = _ENDINGS.get(kind, "")
        source = self._data.blob(sha256_name(row["sha256"]))
        name = f"{_prefix(component)}_storage/{row['_id']}{ending}"
        with self._zip.entry(name) as entry, source.open("rb") as body:
            while chunk := body.read(_FILE_CHUNK):
                entry.write(chunk)


def sha256_name(base64_digest: str) -> str:
    """The name under which a file with this digest is kept."""
    return base64.b64decode(base64_digest).hex()


def _prefix(component: str) -> str:
    return "".join(f"_components/{name}/" for name in component.split("/")) if component else ""


def _inside(component: str) -> str:
    return f" in '{component}'" if component else ""
