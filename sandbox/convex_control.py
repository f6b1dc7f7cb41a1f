"""The private knobs of a stand-in under `/_sandbox/`, which no real deployment has: no key asked.

Troubles, the log, counts, and changing data as an app's users would.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox import convex_ids
from sandbox.convex_data import ConvexData
from sandbox.convex_deployment import Deployment
from sandbox.convex_export import ExportInProgress
from sandbox.convex_tables import (
    Stored,
    Table,
    active_table,
    active_tables,
    add_component,
    add_rows,
    add_table,
    free_number,
    note_change,
    settle,
)
from sandbox.troubles import UnknownTrouble


class BadWish(Exception):
    """What was asked of the stand-in can't be done; says why."""


def attach(app: web.Application, deployment: Deployment) -> None:
    """Adds the knobs to the app."""
    knobs: dict[str, Callable[[dict[str, Any]], Any]] = {
        "trouble": lambda body: _trouble(deployment, body),
        "heal": lambda _: deployment.troubles.heal(),
        "reset": lambda _: deployment.reset(),
        "mutate": lambda body: mutate(deployment.data, **body),
        "tables": lambda body: put_table(deployment.data, **body),
        "counts": lambda _: counts(deployment.data),
        "log": lambda _: deployment.log.all(),
    }

    def route(knob: Callable[[dict[str, Any]], Any]) -> Any:
        async def turned(request: web.Request) -> web.StreamResponse:
            text = await request.text()
            try:
                return web.json_response(
                    await asyncio.to_thread(knob, json.loads(text) if text else {})
                )
            except (BadWish, UnknownTrouble, TypeError, ValueError) as refusal:
                return web.json_response({"message": str(refusal)}, status=400)

        return turned

    for name, knob in knobs.items():
        method = "GET" if name in ("counts", "log") else "POST"
        app.router.add_route(method, f"/_sandbox/{name}", route(knob))


def _trouble(deployment: Deployment, body: dict[str, Any]) -> Any:
    made = deployment.troubles.arrange(body)
    if made.kind == "cloud_backup":
        deployment.troubles.strikes(made.kind)
        try:
            row = deployment.exporter.request(
                include_storage=True, requestor="cloudBackup", hold_seconds=made["seconds"]
            )
        except ExportInProgress:
            raise BadWish("an export is in progress already") from None
        return {"export_id": row["_id"]}
    return {}


def counts(data: ConvexData) -> dict[str, dict[str, int]]:
    """Documents by table ("waitlist/entries" in a component), stored files by component."""
    with data.reading() as db:
        tables = active_tables(db)
    return {
        "tables": {_called(t): t.documents for t in tables if not t.system},
        "files": {one.path: data.files(one.path) for one in data.components()},
    }


def _called(table: Table) -> str:
    return f"{table.component}/{table.name}" if table.component else table.name


def put_table(
    data: ConvexData,
    table: str,
    rows: list[dict[str, Any]],
    component: str = "",
    number: int | None = None,
) -> list[str]:
    """Adds rows, given as export JSON, to a table that is made if it is not there; their ids."""
    with data.writing() as db:
        add_component(db, component)
        found = active_table(db, component, table)
        if found is None:
            found = add_table(db, component, table, number or free_number(db, component))
            settle(db, found)
        made = [_row(row, found.number) for row in rows]
        add_rows(db, found, made)
    return [id_ for id_, _, _ in made]


def _row(values: dict[str, Any], number: int) -> Stored:
    id_ = values.get("_id") or convex_ids.fresh(number)
    creation = float(values.get("_creationTime") or time.time_ns() / 1e6)
    row = values | {"_id": id_, "_creationTime": creation}
    text = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return id_, creation, text


def mutate(
    data: ConvexData, table: str, change: str, count: int = 1, component: str = ""
) -> dict[str, int]:
    """Inserts copies of rows, deletes the newest or patches the oldest, as an app in use would."""
    with data.writing() as db:
        found = active_table(db, component, table)
        if found is None:
            raise BadWish(f"there is no table {table!r}")
        order = "asc" if change == "patch" else "desc"
        rows: list[Stored] = db.execute(
            f"select id,creation,body from rows_{found.tablet} order by creation {order} limit ?",
            (count,),
        ).fetchall()
        if change == "insert":
            like = json.loads(rows[0][2]) if rows else {}
            bare = {name: value for name, value in like.items() if not name.startswith("_")}
            return {
                "changed": add_rows(db, found, [_row(bare, found.number) for _ in range(count)])
            }
        if change not in ("delete", "patch"):
            raise BadWish(f"no change is called {change!r}; there are insert, delete, patch")
        _take_out(db, found, rows)
        if change == "patch":
            add_rows(db, found, [_patched(row, found.number) for row in rows])
    return {"changed": len(rows)}


def _take_out(db: Any, table: Table, rows: list[Stored]) -> None:
    ids = [(id_,) for id_, _, _ in rows]
    db.executemany(f"delete from rows_{table.tablet} where id=?", ids)
    weight = sum(len(body.encode()) + 1 for _, _, body in rows)
    note_change(db, table, -len(rows), -weight)


def _patched(row: Stored, number: int) -> Stored:
    values = json.loads(row[2])
    return _row(values | {"patchedAt": time.time_ns() / 1e6}, number)
