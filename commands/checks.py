"""What a backup is held against: its manifest, the tables a person expects, its predecessors.

Pure: facts in, findings out. The bytes were read elsewhere (`storage/archive/inspect.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from commands.verb import Rules
from storage.finding import Finding
from storage.manifest import Contents, Manifest, StorageFacts, TableFacts

SMALL_TABLE_DOCUMENTS = 20  # Below this a percentage says nothing.


def table_path(table: TableFacts) -> str:
    """Return `table`, or `component/path/table` below the root."""
    return f"{table.component}/{table.name}" if table.component else table.name


def expected(contents: Contents, names: Sequence[str] | None) -> Iterator[Finding]:
    """Find tables that the settings expect and the archive lacks; None expects nothing."""
    if names is None:
        return
    present = {table_path(table) for table in contents.tables}
    for name in names:
        if name not in present:
            yield Finding(
                check="expected tables",
                what=f"The settings expect a table {name!r}, and the archive has none.",
            )
    if not names and present:
        yield Finding(
            check="expected tables",
            what=f"The settings expect no tables at all, and the archive has {len(present)}: "
            f"{_some(sorted(present))}.",
            severity="warning",
        )


def nothing_inside(contents: Contents) -> Iterator[Finding]:
    """Find an archive without a single document: allowed, but never quietly."""
    if contents.documents == 0:
        yield Finding(
            check="holds documents",
            what=f"The archive holds no documents at all, in {len(contents.tables)} tables.",
            severity="warning",
        )


def against_manifest(contents: Contents, manifest: Manifest) -> Iterator[Finding]:
    """Find every table and stored file that is not what the manifest promises."""
    promised = {table_path(table): table for table in manifest.contents.tables}
    found = {table_path(table): table for table in contents.tables}
    for path in sorted(promised.keys() | found.keys()):
        yield from _table_differs(path, promised.get(path), found.get(path))
    promised_files = {part.component: part for part in manifest.contents.storage}
    found_files = {part.component: part for part in contents.storage}
    for component in sorted(promised_files.keys() | found_files.keys()):
        yield from _files_differ(
            component, promised_files.get(component), found_files.get(component)
        )


def against_previous(
    contents: Contents, archive_bytes: int, previous: Sequence[Manifest], rules: Rules
) -> Iterator[Finding]:
    """Find what shrank, vanished or jumped against the last backups, newest first."""
    if not previous:
        return
    yield from _emptied(contents, previous[0])
    yield from _drift(
        "documents", contents.documents, [m.contents.documents for m in previous], rules
    )
    yield from _drift(
        "archive bytes", archive_bytes, [m.archive.zip_bytes for m in previous], rules
    )
    counts = {table_path(table): table.documents for table in contents.tables}
    for path, documents in sorted(counts.items()):
        before = [_documents(manifest, path) for manifest in previous]
        if documents and median(before) >= SMALL_TABLE_DOCUMENTS:
            yield from _drift(f"documents of table {path!r}", documents, before, rules, grow=False)


def _emptied(contents: Contents, last: Manifest) -> Iterator[Finding]:
    counts = {table_path(table): table.documents for table in contents.tables}
    for table in last.contents.tables:
        path = table_path(table)
        if table.documents and not counts.get(path):
            now = "holds none now" if path in counts else "does not exist now"
            yield Finding(
                check="tables that had documents",
                what=f"Table {path!r} held {table.documents:,} documents in {last.id} and {now}.",
                severity="warning",
            )


def _drift(
    what: str, now: int, before: Sequence[int], rules: Rules, *, grow: bool = True
) -> Iterator[Finding]:
    usual = median(before)
    if usual <= 0:
        return
    change = (now - usual) / usual * 100
    shrank = change < 0 and -change > rules.shrink_percent_max
    grew = grow and change > rules.grow_percent_max
    if shrank or grew:
        limit = rules.shrink_percent_max if shrank else rules.grow_percent_max
        verb = "shrank" if shrank else "grew"
        of = f"the last {len(before)} backups" if len(before) > 1 else "the last backup"
        yield Finding(
            check="against the last backups",
            what=f"{what[0].upper()}{what[1:]} {verb} by {abs(change):.0f} %: {now:,} now, "
            f"{usual:,.0f} usually (median of {of}; the settings allow {limit:g} %).",
            severity="warning",
        )


def _table_differs(
    path: str, promised: TableFacts | None, found: TableFacts | None
) -> Iterator[Finding]:
    if promised is None or found is None:
        yield Finding(
            check="equals the manifest",
            what=f"Table {path!r} is in the archive but not in the manifest."
            if promised is None
            else f"Table {path!r} is in the manifest but not in the archive.",
        )
        return
    if promised.documents != found.documents:
        yield Finding(
            check="equals the manifest",
            what=f"Table {path!r} holds {found.documents:,} documents; the manifest says "
            f"{promised.documents:,}.",
        )
    if promised.sha256 != found.sha256 or promised.number != found.number:
        yield Finding(
            check="equals the manifest",
            what=f"The rows of table {path!r} are not the bytes the manifest was written for.",
        )


def _files_differ(
    component: str, promised: StorageFacts | None, found: StorageFacts | None
) -> Iterator[Finding]:
    where = f" of component {component!r}" if component else ""
    counts = tuple((part.count, part.bytes) if part else (0, 0) for part in (promised, found))
    if counts[0] != counts[1]:
        yield Finding(
            check="equals the manifest",
            what=f"The archive holds {counts[1][0]:,} stored files{where} ({counts[1][1]:,} bytes);"
            f" the manifest says {counts[0][0]:,} ({counts[0][1]:,} bytes).",
        )
    elif promised and found and (promised.sha256, promised.files) != (found.sha256, found.files):
        yield Finding(
            check="equals the manifest",
            what=f"The stored files{where} are not those the manifest was written for.",
        )


def _documents(manifest: Manifest, path: str) -> int:
    return next((t.documents for t in manifest.contents.tables if table_path(t) == path), 0)


def _some(names: Iterable[str], most: int = 5) -> str:
    listed = list(names)
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")
