"""Everything one backup's manifest says, with what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.copy_words import places
from bot.messages.model import ActionId, Message
from bot.messages.parts import Listed, Part, Pressed, Said, button, facts, header, listed, message
from bot.messages.tables import table
from bot.messages.text import ago, at, bold, code, said, told
from bot.messages.verdict import findings, quoted
from bot.words import chosen, counted, duration, holds, number, saw, size, some
from commands.checks import table_path
from commands.events import BackupShown
from storage.manifest import Check, Manifest, StorageFacts, TableFacts

NAMES_MAX = 20
NAMES_CHARACTERS_MAX = 500
CHECKS_MAX = 10
FINDINGS_MAX = 2  # Of each check; `verify` tells them all.


def backup(shown: BackupShown) -> Message:
    """Return one backup whole, as far as a message can hold it."""
    return message(_backup(shown))


def tables(manifest: Manifest) -> Listed:
    """Return the tables of a backup, the largest first."""
    largest_first = sorted(manifest.contents.tables, key=_size)
    return table(
        ("table", "documents", "size"),
        ((table_path(each), number(each.documents), size(each.bytes)) for each in largest_first),
        count=len(largest_first),
        what="tables",
        right=(1, 2),
    )


def _size(each: TableFacts) -> tuple[int, str]:
    return -each.documents, table_path(each)


def _backup(shown: BackupShown) -> Iterator[Part]:
    manifest = shown.manifest
    yield header("Backup")
    yield Said(f"{code(manifest.id)} · {bold(manifest.deployment.name)} · {said(manifest.kind)}")
    yield facts(_about(shown))
    if shown.vaults:
        yield Said("*Copies*")
        yield listed(said, list(places(shown.copies, shown.vaults, shown.now)), "copies")
    yield Said("*Verified*")
    yield _checks(shown)
    yield facts(_deployment(manifest))
    if not manifest.contents.tables:
        yield Said("It holds NO tables at all.")
    yield tables(manifest)
    yield listed(_storage, manifest.contents.storage, "components with files")
    yield listed(lambda note: f"*Note:* {told(note, 300)}", manifest.notes, "notes")
    yield Pressed(
        [
            button("Verify", ActionId.BACKUP_VERIFY, manifest.id),
            button("Restore…", ActionId.BACKUP_RESTORE, manifest.id),
        ]
    )


def _about(shown: BackupShown) -> Iterator[tuple[str, str | None]]:
    manifest, snapshot = shown.manifest, shown.manifest.snapshot
    asked = manifest.asked
    yield "Label", quoted(manifest.label)
    yield "Held", said("; ".join(shown.holds), 400)
    yield "Snapshot", f"{at(snapshot.taken_at)}, {ago(snapshot.taken_at, shown.now)}"
    yield "Holds", said(holds(manifest))
    yield "Asked by", f"{said(asked.by)} (from the {said(asked.door)}), {at(asked.at)}"
    yield "Finished", at(manifest.finished)
    yield (
        "Archive",
        f"{number(manifest.archive.bytes)} bytes, SHA-256 {code(manifest.archive.sha256)}",
    )
    if (inside := manifest.archive.sealed) is not None:
        keys = said(some(inside.recipients, NAMES_MAX), NAMES_CHARACTERS_MAX)
        yield "Sealed for", keys
        size_inside = f"{number(inside.zip_bytes)} bytes, SHA-256 {code(inside.zip_sha256)}"
        yield "ZIP inside", size_inside
    yield "Kept in", f"{said(shown.vault)}: {code(manifest.archive.name)}"
    yield "Chosen", said(chosen(manifest) or "", NAMES_CHARACTERS_MAX)
    yield "App version", said(manifest.app_version or "")
    yield "Lifeboat", f"{said(manifest.lifeboat_version)}, manifest format {manifest.format}"
    steps = (f"{step.step} {duration(step.seconds)}" for step in manifest.steps)
    yield "Steps", said(", ".join(steps), NAMES_CHARACTERS_MAX)


def _deployment(manifest: Manifest) -> Iterator[tuple[str, str | None]]:
    about = manifest.deployment
    yield "Address", said(about.url)
    yield "Convex calls it", said(about.convex_name or "")
    yield "Convex backend", said(about.backend_version or "")
    yield "convex package", said(about.package_version or "")
    if about.env_names is None:
        yield "Environment", "not told"
    else:
        names = some(about.env_names, NAMES_MAX) or "no variables"
        yield "Environment", said(names, NAMES_CHARACTERS_MAX)
    if about.schemas is None:
        yield "Schema", "not told"
    else:
        active = some(sorted(name or "(root)" for name in about.schemas), NAMES_MAX)
        yield "Schema", said(active or "none is active", NAMES_CHARACTERS_MAX)


def _storage(part: StorageFacts) -> str:
    where = said(part.component) or "(root)"
    more = "" if part.listed else "; too many to list in a manifest, the archive names each"
    return f"*Stored files of {where}:* {counted(part.count, 'file')}, {size(part.bytes)}{more}"


def _checks(shown: BackupShown) -> Listed:
    """Return the newest checks first; the one when it was taken is always among them."""
    later = sorted(shown.checks, key=lambda check: check.at, reverse=True)
    lines = [_check(check, "", shown) for check in later[:CHECKS_MAX]]
    lines.append(_check(shown.manifest.check, "when it was taken, ", shown))
    left_out = max(0, len(later) - CHECKS_MAX)
    return Listed(lines, "checks", left_out=left_out)


def _check(check: Check, when: str, shown: BackupShown) -> str:
    found = counted(len(check.findings), "finding") if check.findings else "sound"
    depth = "" if check.depth == "full" else "; size and SHA-256 only"
    place = f"; in the vault {said(check.vault)}" if check.vault else ""
    line = (
        f"• {when}{ago(check.at, shown.now)} by {said(check.by)} (from the {said(check.door)}), "
        f"{at(check.at)}: {found}; looked at {saw(check.looked_at)}{depth}{place}"
    )
    first = findings(check.findings[:FINDINGS_MAX]).lines
    return "\n".join((line, *(f"   {each}" for each in first)))
