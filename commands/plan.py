"""What a restore would do, table by table, before anything is touched.

Pure: the manifest and what the target holds go in, a plan comes out. The rules of each mode are
Convex's own (`crates/application/src/snapshot_import`, mode matrix in docs/restore.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from commands.checks import table_path
from commands.events import Conflict, FilesPlan, Plan, TablePlan
from storage.convex.facts import LiveTable
from storage.manifest import Manifest, StorageFacts, TableFacts

Mode = Literal["replace-all", "replace", "append", "merge"]
MODES: tuple[Mode, ...] = ("replace-all", "replace", "append", "merge")


@dataclass(frozen=True)
class Target:
    """What the target deployment holds right now."""

    name: str
    url: str
    tables: Sequence[LiveTable]
    files: Mapping[str, int]  # Component path -> stored files.


def build(manifest: Manifest, target: Target, mode: Mode, chosen: Collection[str] | None) -> Plan:
    """Return the plan, with its conflicts and warnings; it is never run while it has conflicts."""
    tables, storage = in_import(manifest, chosen)
    plan = Plan(
        backup=manifest.id,
        archive_sha256=manifest.archive.sha256,
        snapshot_at=manifest.snapshot.taken_at,
        source=manifest.deployment.name,
        target=target.name,
        target_url=target.url,
        mode=mode,
        chosen=tuple(sorted(chosen)) if chosen is not None else None,
        tables=tuple(_tables(tables, target, mode)),
        files=tuple(_files(storage, target, mode)),
        conflicts=tuple(_conflicts_with_advice(tables, target, mode, chosen)),
        warnings=tuple(_warnings(manifest, target, mode)),
    )
    return replace(plan, fingerprint=fingerprint(plan))


def in_import(
    manifest: Manifest, chosen: Collection[str] | None
) -> tuple[list[TableFacts], list[StorageFacts]]:
    """Return what of the archive takes part: all of it, or what `chosen` names."""
    contents = manifest.contents
    if chosen is None:
        return list(contents.tables), list(contents.storage)
    tables = [table for table in contents.tables if table_path(table) in chosen]
    storage = [part for part in contents.storage if storage_path(part) in chosen]
    return tables, storage


def paths(manifest: Manifest) -> tuple[list[str], list[str]]:
    """Return the names that `chosen` may hold: tables, and the stored files of components."""
    contents = manifest.contents
    return [table_path(t) for t in contents.tables], [storage_path(s) for s in contents.storage]


def storage_path(part: StorageFacts) -> str:
    """Return `_storage`, or `component/path/_storage` below the root."""
    return f"{part.component}/_storage" if part.component else "_storage"


def fingerprint(plan: Plan) -> str:
    """Return a SHA-256 over all that the plan would do; its own fingerprint is left out."""
    facts = asdict(replace(plan, fingerprint=""))
    facts["snapshot_at"] = plan.snapshot_at.isoformat()
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _tables(tables: Sequence[TableFacts], target: Target, mode: Mode) -> Iterator[TablePlan]:
    live = {(table.component, table.name): table for table in target.tables}
    for table in tables:
        there = live.pop((table.component, table.name), None)
        yield _imported(table, there, mode)
    for there in live.values():
        gone = mode == "replace-all"
        yield TablePlan(
            component=there.component,
            table=there.name,
            before=there.documents,
            archive=0,
            after=0 if gone else there.documents,
            fate="deleted" if gone else "kept",
        )


def _imported(table: TableFacts, there: LiveTable | None, mode: Mode) -> TablePlan:
    before = there.documents if there else 0
    after: int | None = table.documents
    fate = "replaced" if there else "created"
    if mode == "append":
        after, fate = before + table.documents, "added to" if there else "created"
    elif mode == "merge" and before:
        after, fate = None if table.documents else before, "merged"
    return TablePlan(
        component=table.component,
        table=table.name,
        before=before,
        archive=table.documents,
        after=after,
        fate=fate,
    )


def _files(storage: Sequence[StorageFacts], target: Target, mode: Mode) -> Iterator[FilesPlan]:
    held = {part.component: part.count for part in storage}
    for component in sorted(held.keys() | {c for c, count in target.files.items() if count}):
        before = target.files.get(component, 0)
        archive = held.get(component)
        after: int | None = before
        fate = "kept"
        if archive is not None:
            after, fate = archive, "replaced"
            if mode == "append":
                after, fate = before + archive, "added to"
            elif mode == "merge" and before:
                after, fate = None if archive else before, "merged"
        yield FilesPlan(component, before, archive, after, fate)


def _conflicts_with_advice(
    tables: Sequence[TableFacts],
    target: Target,
    mode: Mode,
    chosen: Collection[str] | None,
) -> Iterator[Conflict]:
    fits = [m for m in MODES if not (m == "replace-all" and chosen)]
    work = tuple(other for other in fits if not any(_conflicts(tables, target, other)))
    for what in _conflicts(tables, target, mode):
        yield Conflict(what, work)


def _conflicts(tables: Sequence[TableFacts], target: Target, mode: Mode) -> Iterator[str]:
    """Yield why Convex would refuse, or why a merge can't be made: table numbers collide.

    An `_id` carries its table's number, so a row can live only in a table of that number.
    """
    if mode == "replace-all":
        return
    numbers = {(table.component, table.name): table.number for table in target.tables}
    taken = {(table.component, table.number): table.name for table in target.tables}
    imported = {(table.component, table.name) for table in tables}
    for table in tables:
        name = table_path(table)
        there = numbers.get((table.component, table.name))
        if there is not None and there != table.number and mode != "replace":
            yield (
                f"Table {name!r} has number {there} in {target.name} and {table.number} in the "
                f"archive, so its rows can't be put side by side."
            )
        other = taken.get((table.component, table.number))
        swapped = mode == "replace" and (table.component, other) in imported
        if other is not None and other != table.name and not swapped:
            yield (
                f"Table {name!r} has number {table.number} in the archive, and {target.name} uses "
                f"that number for its table {other!r}."
            )


def _warnings(manifest: Manifest, target: Target, mode: Mode) -> Iterator[str]:
    if not manifest.snapshot.with_files:
        yield "The archive was taken without stored files: the target's files stay as they are."
    if manifest.chosen is not None and mode == "replace-all":
        yield "The archive holds chosen tables only: replace-all deletes every other table."
    if mode == "append":
        yield (
            "Append only inserts, batch by batch: a row whose _id exists stops it half-way, and "
            "then the safety backup is the way back."
        )
    if manifest.contents.documents == 0:
        yield "The archive holds no documents at all."
    if any(finding.severity == "damage" for finding in manifest.check.findings):
        yield "The archive had findings of damage when it was taken; see `lifeboat show`."
