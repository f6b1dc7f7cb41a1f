"""Everything one manifest says, for `lifeboat show`. Result in, lines out.

Long lists end in a count of the rest: the whole of them is in `--json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from bot.terminal.layout import (
    BAD,
    DOUBTFUL,
    LOUD,
    QUIET,
    Part,
    Reader,
    blank,
    columns,
    line,
    pairs,
)
from bot.terminal.show_backup import findings
from bot.terminal.show_copies import where
from bot.words import (
    age,
    chosen,
    counted,
    day,
    duration,
    holds,
    moment,
    number,
    saw,
    size,
    some,
)
from commands.events import BackupShown
from storage.manifest import Check, Manifest, StorageFacts, TableFacts

FILES_MAX = 20
NAMES_MAX = 40
HASH_SHOWN = 12  # Enough to compare by eye; the archive's own hash is shown whole.


def shown(event: BackupShown, reader: Reader) -> Iterator[Text]:
    """Yield the manifest part by part, then every verification there was."""
    manifest = event.manifest
    yield line((manifest.id, LOUD))
    yield from pairs(_backup(event, reader))
    yield from where(event)
    yield blank()
    yield line(("Deployment", LOUD))
    yield from pairs(_deployment(manifest))
    yield blank()
    yield line(("Tables", LOUD))
    yield from _tables(manifest.contents.tables)
    if manifest.contents.storage:
        yield blank()
        yield line(("Stored files", LOUD))
        yield from _storage(manifest.contents.storage)
    yield from _checks(event, reader)
    for note in manifest.notes:
        yield line("Note: ", note)


def _backup(event: BackupShown, reader: Reader) -> Iterator[tuple[str, str | None]]:
    manifest, snapshot = event.manifest, event.manifest.snapshot
    asked = manifest.asked
    yield "kind", manifest.kind
    yield "label", manifest.label
    yield "held", "; ".join(event.holds)
    yield "holds", holds(manifest)
    yield "chosen", chosen(manifest)
    yield "components", some([c or "(root)" for c in manifest.contents.components], NAMES_MAX)
    taken = snapshot.taken_at
    yield "snapshot at", f"{moment(taken, reader.zone)}, {age(taken, event.now)}"
    yield "snapshot id", f"{snapshot.export_id} (timestamp {snapshot.timestamp_ns} ns)"
    yield "snapshot file", f"{number(snapshot.bytes)} bytes, sha256 {snapshot.sha256}"
    yield "asked by", f"{asked.by} (from the {asked.door}), {moment(asked.at, reader.zone)}"
    yield "finished", moment(manifest.finished, reader.zone)
    yield "kept in", f"{event.vault}: {manifest.archive.name}"
    yield "archive", f"{number(manifest.archive.bytes)} bytes"
    yield "sha256", manifest.archive.sha256
    if (inside := manifest.archive.sealed) is not None:
        yield "sealed for", some(inside.recipients, NAMES_MAX)
        yield "ZIP inside", f"{number(inside.zip_bytes)} bytes, sha256 {inside.zip_sha256}"
    yield "app version", manifest.app_version
    yield "Lifeboat", f"{manifest.lifeboat_version}, manifest format {manifest.format}"
    yield "steps", ", ".join(f"{step.step} {duration(step.seconds)}" for step in manifest.steps)


def _deployment(manifest: Manifest) -> Iterator[tuple[str, str | None]]:
    about = manifest.deployment
    yield "name", about.name
    yield "url", about.url
    yield "Convex calls it", about.convex_name
    yield "Convex backend", about.backend_version
    yield "convex package", about.package_version
    yield from sorted(about.info.items())
    if about.env_names is None:
        yield "environment", "not told"
    else:
        yield "environment", some(about.env_names, NAMES_MAX) or "no variables"
    if about.schemas is None:
        yield "schema", "not told"
    else:
        active = [
            f"{name or '(root)'} ({size(len(about.schemas[name]))})" for name in about.schemas
        ]
        yield "schema", some(sorted(active), NAMES_MAX) or "none is active"


def _tables(tables: Sequence[TableFacts]) -> Iterator[Text]:
    if not tables:
        yield line(("  No tables at all.", DOUBTFUL))
        return
    yield from columns(
        ("table", "number", "documents", "size", "first", "last", "sha256"),
        (_table(table) for table in tables),
        right=(1, 2, 3),
    )
    odd = [_path(table) for table in tables if table.encoding == "legacy"]
    if odd:
        yield line("  Written in the encoding of before March 2026: ", some(odd, NAMES_MAX))


def _table(table: TableFacts) -> Sequence[Part]:
    return (
        _path(table),
        str(table.number),
        number(table.documents),
        size(table.bytes),
        day(table.first_creation),
        day(table.last_creation),
        (table.sha256[:HASH_SHOWN] + "…", QUIET),
    )


def _path(table: TableFacts) -> str:
    return f"{table.component}/{table.name}" if table.component else table.name


def _storage(storage: Sequence[StorageFacts]) -> Iterator[Text]:
    for part in storage:
        where = part.component or "(root)"
        yield line(
            f"  {where}: {counted(part.count, 'file')}, {size(part.bytes)}",
            "" if part.listed else "; too many to list here, the archive names each",
        )
        if not part.files:
            continue
        rows = [(f.id, size(f.bytes), (f.sha256, QUIET)) for f in part.files[:FILES_MAX]]
        yield from columns(("id", "size", "sha256"), rows, right=(1,))
        more = len(part.files) - FILES_MAX
        if more > 0:
            yield line((f"  and {more:,} more; --json names every one", QUIET))


def _checks(event: BackupShown, reader: Reader) -> Iterator[Text]:
    yield blank()
    yield line(("Verified", LOUD))
    for number_of, check in enumerate((event.manifest.check, *event.checks)):
        yield from _check(check, "when it was taken, " if number_of == 0 else "", event, reader)


def _check(check: Check, when: str, event: BackupShown, reader: Reader) -> Iterator[Text]:
    found = counted(len(check.findings), "finding") if check.findings else "sound"
    style = BAD if check.findings else ""
    depth = "" if check.depth == "full" else "; size and SHA-256 only"
    place = f"; in the vault {check.vault}" if check.vault else ""
    yield line(
        f"  {when}{age(check.at, event.now)} by {check.by} (from the {check.door}): ",
        (found, style),
        f"; {moment(check.at, reader.zone)}; looked at {saw(check.looked_at)}{depth}{place}",
    )
    yield from findings(check.findings)
