"""The rows of `_exports` and `_snapshot_imports`: what was asked for, and how far it is.

Doing the work is not here: `convex_export.py` and `convex_import.py` do it and keep these rows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox import convex_ids

if TYPE_CHECKING:
    from sandbox.convex_data import ConvexData

_NUMBERS = {"export": convex_ids.EXPORTS_NUMBER, "import": convex_ids.IMPORTS_NUMBER}
JobRow = dict[str, Any]


class Jobs:
    """Exports and imports by id, oldest first; a row is a document, ints standing for int64."""

    def __init__(self, data: ConvexData) -> None:
        self._data = data

    def add(self, kind: str, fields: JobRow) -> JobRow:
        """A new row, which now has an id and a creation time."""
        id_ = convex_ids.fresh(_NUMBERS[kind])
        row = {"_id": id_, "_creationTime": time.time_ns() / 1e6, **fields}
        with self._data.writing() as db:
            held = (id_, kind, json.dumps(row))
            db.execute("insert into jobs(id,kind,body) values(?,?,?)", held)
        return row

    def get(self, id_: str, kind: str) -> JobRow | None:
        with self._data.reading() as db:
            found = db.execute(
                "select body from jobs where id=? and kind=?", (id_, kind)
            ).fetchone()
        return None if found is None else json.loads(found[0])

    def all(self, kind: str) -> list[JobRow]:
        """Every row, oldest first."""
        with self._data.reading() as db:
            rows = db.execute("select body from jobs where kind=? order by place", (kind,))
            return [json.loads(body) for (body,) in rows]

    def newest(self, kind: str, limit: int) -> list[JobRow]:
        with self._data.reading() as db:
            rows = db.execute(
                "select body from jobs where kind=? order by place desc limit ?", (kind, limit)
            )
            return [json.loads(body) for (body,) in rows]

    def latest_export(self, requestor: str) -> JobRow | None:
        exports = reversed(self.all("export"))
        return next((row for row in exports if row["requestor"] == requestor), None)

    def change(self, id_: str, how: Callable[[JobRow], JobRow | None]) -> JobRow | None:
        """Puts what `how` makes of the row in its place; None leaves the row as it is.

        Reading and writing are one transaction, so two changes never both win.
        """
        with self._data.writing() as db:
            found = db.execute("select body from jobs where id=?", (id_,)).fetchone()
            made = None if found is None else how(json.loads(found[0]))
            if made is not None:
                db.execute("update jobs set body=? where id=?", (json.dumps(made), id_))
        return made
