"""Whether Convex means what the plan means, and whether it did what was promised.

Pure: Convex's change summary or a fresh count goes in, disagreements come out in sentences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from commands.events import Counted, Plan, TablePlan
from storage.convex.facts import LiveTable
from storage.convex.imports import STORAGE, Checkpoint
from storage.finding import Finding
from storage.manifest import Manifest, TableFacts

Key = tuple[str, str]  # Component path, table name; stored files are "_storage".


def where(key: Key) -> str:
    """Return `table`, or `component/path/table` below the root."""
    component, table = key
    return f"{component}/{table}" if component else table


def to_write(plan: Plan) -> dict[Key, int]:
    """Return how many rows, and stored files, the import itself has to write."""
    merged = plan.mode == "merge"
    rows: dict[Key, int] = {}
    for table in plan.tables:
        if table.fate not in ("kept", "deleted"):
            rows[table.component, table.table] = (table.after or 0) if merged else table.archive
    for part in plan.files:
        if part.archive is not None:
            rows[part.component, "_storage"] = (part.after or 0) if merged else part.archive
    return rows


def to_delete(plan: Plan) -> dict[Key, int]:
    """Return how many rows, and stored files, the import takes away or swaps out."""
    rows: dict[Key, int] = {}
    if plan.mode != "append":
        for table in plan.tables:
            if table.fate != "kept":
                rows[table.component, table.table] = table.before
        for part in plan.files:
            if part.archive is not None:
                rows[part.component, "_storage"] = part.before
    return rows


def disagreements(plan: Plan, checkpoints: Sequence[Checkpoint]) -> list[str]:
    """Return every number in which Convex's own change summary differs from the plan."""
    writes: dict[Key, int] = {}
    deletes: dict[Key, int] = {}
    for point in checkpoints:
        key = (point.component, "_storage" if point.table in STORAGE else point.table)
        writes[key] = writes.get(key, 0) + point.to_write
        deletes[key] = deletes.get(key, 0) + point.to_delete
    return [
        *_differences(to_write(plan), writes, "write"),
        *_differences(to_delete(plan), deletes, "delete"),
    ]


def _differences(planned: Mapping[Key, int], convex: Mapping[Key, int], verb: str) -> Iterator[str]:
    for key in sorted(planned.keys() | convex.keys()):
        ours, theirs = planned.get(key, 0), convex.get(key, 0)
        if ours != theirs:
            what = "files" if key[1] == "_storage" else "rows"
            yield (
                f"{where(key)}: the plan would {verb} {ours:,} {what}, Convex would {verb} "
                f"{theirs:,}."
            )


def merged(plan: Plan, after: Mapping[Key, int]) -> Plan:
    """Fill in what a merge promises, now that it has been built."""

    def table(part: TablePlan) -> TablePlan:
        return replace(part, after=after.get((part.component, part.table), part.after))

    return replace(
        plan,
        tables=tuple(table(part) for part in plan.tables),
        files=tuple(
            replace(part, after=after.get((part.component, "_storage"), part.after))
            for part in plan.files
        ),
    )


def count(plan: Plan, tables: Sequence[LiveTable], files: Mapping[str, int]) -> tuple[Counted, ...]:
    """Hold what the target holds now against what the plan promised, table by table."""
    live = {(table.component, table.name): table.documents for table in tables}
    found = [
        Counted(
            part.component,
            part.table,
            part.before,
            part.after or 0,
            live.pop((part.component, part.table), 0),
        )
        for part in plan.tables
    ]
    for part in plan.files:
        found.append(
            Counted(
                part.component,
                "_storage",
                part.before,
                part.after or 0,
                files.get(part.component, 0),
            )
        )
    for (component, name), documents in sorted(live.items()):
        if plan.mode == "replace-all" and documents:
            found.append(Counted(component, name, 0, 0, documents))
    return tuple(found)


def broken_promises(
    plan: Plan, counted: Collection[Counted], rows_written: int | None
) -> Iterator[Finding]:
    """Find every count that is not what was promised, and a wrong number of rows written."""
    for part in counted:
        if not part.kept_its_promise:
            yield Finding(
                check="counts after the restore",
                what=f"{where((part.component, part.what))} holds {part.after:,}; "
                f"{part.promised:,} were promised ({part.before:,} before).",
            )
    promised = sum(rows for key, rows in to_write(plan).items() if key[1] != "_storage")
    if rows_written is not None and rows_written != promised:
        yield Finding(
            check="rows written",
            what=f"Convex says it wrote {rows_written:,} rows; the plan was {promised:,}.",
        )


def wrong_numbers(plan: Plan, manifest: Manifest, tables: Sequence[LiveTable]) -> Iterator[Finding]:
    """Find tables that did not come back under the number their rows' ids carry."""
    if plan.mode == "append":
        return
    live = {(table.component, table.name): table for table in tables}
    fates = {(part.component, part.table): part.fate for part in plan.tables}
    for table in manifest.contents.tables:
        there = live.get((table.component, table.name))
        restored = fates.get((table.component, table.name)) not in (None, "kept")
        if restored and there and table.documents and there.number != table.number:
            yield _wrong_number(table, there)


def _wrong_number(table: TableFacts, there: LiveTable) -> Finding:
    return Finding(
        check="table numbers",
        what=f"{where((table.component, table.name))} has table number {there.number}; its rows' "
        f"ids carry {table.number}.",
    )
