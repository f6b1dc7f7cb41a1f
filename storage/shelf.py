"""How backups lie in a vault: the names of their objects, their labels, and what belongs to none.

The layout is documented in docs/format.md. The manifest is written last, so its presence means a
whole backup. You will not find here when a backup may go (retention), nor what makes one sound.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Literal

import msgspec

from storage import typed
from storage.audit_entry import number_of as entry_number
from storage.errors import LifeboatError, ManifestError, NotThere, ObjectLocked, VaultError
from storage.manifest import Check, Manifest, from_json, to_json
from storage.schedule_notes import is_note
from storage.vaults.local import is_part
from storage.vaults.several import Several
from storage.vaults.vault import KeepsByKind, KeepsParts, Stored, Vault

MANIFEST_BYTES_MAX = 64 * 1024 * 1024  # 50,000 listed files make about 8 MB.
ARCHIVE, MANIFEST, CHECKS = "archive.zip", "manifest.json", "checks"
HOLDS, REMOVED = "holds", "removed.json"
SEALED_ARCHIVE = f"{ARCHIVE}.age"
BACKUPS, JOBS, PROBES, AUDIT = "backups", "jobs", "doctor", "audit"

LeftoverKind = Literal[
    "archive without manifest",
    "check without manifest",
    "manifest without archive",
    "doctor's probe",
    "unfinished part",
    "foreign file",
    "removed by prune",
    "held without manifest",
]
_LEFT_WITHOUT_MANIFEST: dict[str, LeftoverKind] = {
    ARCHIVE: "archive without manifest",
    CHECKS: "check without manifest",
    HOLDS: "held without manifest",
    REMOVED: "removed by prune",
}
_SWEPT = ("archive without manifest", "check without manifest", "doctor's probe")


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """An object that is no part of a whole backup, of a job's record or of the audit log."""

    name: str
    bytes: int
    modified: datetime
    kind: LeftoverKind
    past_grace: bool  # Old enough that no running job can still be at work on it.


def folder_name(deployment: str, id: str) -> str:
    """Return how the names of all objects of a backup begin."""
    return f"{BACKUPS}/{deployment}/{id}/"


def archive_name(deployment: str, id: str, *, sealed: bool = False) -> str:
    """Return the name of a backup's archive."""
    return folder_name(deployment, id) + (SEALED_ARCHIVE if sealed else ARCHIVE)


def manifest_name(deployment: str, id: str) -> str:
    """Return the name of a backup's manifest."""
    return folder_name(deployment, id) + MANIFEST


def removed_name(deployment: str, id: str) -> str:
    """Return the name of the note that says why a backup was removed."""
    return folder_name(deployment, id) + REMOVED


def check_name(deployment: str, id: str, at: datetime) -> str:
    """Return a new name for a later verification; names sort by time."""
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{folder_name(deployment, id)}{CHECKS}/{stamp}-{secrets.token_hex(4)}.json"


def backup_of(name: str, leaf: str) -> tuple[str, str] | None:
    """Return (deployment, id) if the name is that of such an object of a backup.

    The leaf of an archive stands for a sealed one as well.
    """
    parts = name.split("/")
    if parts[0] != BACKUPS or len(parts) < 4:
        return None
    fits = parts[3:] in ([leaf], [SEALED_ARCHIVE if leaf == ARCHIVE else leaf]) or (
        leaf in (CHECKS, HOLDS)
        and len(parts) == 5
        and parts[3] == leaf
        and parts[4].endswith(".json")
    )
    return (parts[1], parts[2]) if fits else None


def backup_id(vault: Vault, deployment: str, asked_at: datetime, refused: set[str]) -> str:
    """Return the first free id of that minute (UTC): production-2026-11-24-0200, then …-0200-2.

    `refused` are ids that somebody else took in between. An id is taken as soon as anything lies
    in its folder, so a killed job's leftovers never become part of another backup.
    """
    minute = f"{deployment}-{asked_at.astimezone(UTC):%Y-%m-%d-%H%M}"
    number = 1
    while True:
        id = minute if number == 1 else f"{minute}-{number}"
        if id not in refused and next(iter(vault.list(folder_name(deployment, id))), None) is None:
            return id
        number += 1


def read_manifest(vault: Vault, deployment: str, id: str) -> Manifest:
    """Read a backup's label; NotThere, or ManifestError if it can't be read or is another's.

    Of several vaults the first that has one that can be read.
    """
    vaults = vault.each if isinstance(vault, Several) else (vault,)
    troubles: list[LifeboatError] = []
    for each in vaults:
        try:
            return read_label(each, deployment, id)[0]
        except (ManifestError, VaultError) as error:
            troubles.append(error)
    raise next((each for each in troubles if not isinstance(each, NotThere)), troubles[0])


def read_label(vault: Vault, deployment: str, id: str) -> tuple[Manifest, bytes]:
    """Read a backup's label in one vault, and the bytes it is written in."""
    name = manifest_name(deployment, id)
    text = read_small(vault, name)
    manifest = from_json(text, where=name)
    if (manifest.deployment.name, manifest.id) != (deployment, id):
        raise ManifestError(
            f"{name} says that it is the manifest of {manifest.id} of {manifest.deployment.name}.",
            safe="The archive beside it is untouched.",
            hint="Somebody moved or copied it by hand; put it back to where it belongs.",
        )
    return manifest, text


def write_manifest(vault: Vault, manifest: Manifest) -> Stored:
    """Write the label, which makes the backup exist; NotThere if its archive is gone."""
    return write_label(vault, manifest, to_json(manifest))


def write_label(vault: Vault, manifest: Manifest, text: bytes) -> Stored:
    """Write a label in these bytes, as `write_manifest` does."""
    vault.stat(manifest.archive.name)
    name = manifest_name(manifest.deployment.name, manifest.id)
    stored = put_as(vault, manifest.kind, name, [text])
    try:
        vault.stat(manifest.archive.name)
    except NotThere:
        vault.delete(stored.name)  # A sweep with a wrong clock took the archive meanwhile.
        raise
    return stored


def put_as(vault: Vault, kind: str, name: str, chunks: Iterable[bytes]) -> Stored:
    """Keep a part of a backup as the vault keeps its kind, if that makes a difference there."""
    return (
        vault.put_as(kind, name, chunks)
        if isinstance(vault, KeepsByKind)
        else vault.put(name, chunks)
    )


def take_back(vault: Vault, archive: str) -> None:
    """Remove an archive that its writer gives up, unless it has a manifest by now."""
    if not _labelled(vault, archive):
        vault.delete(archive)


def write_check(vault: Vault, deployment: str, id: str, check: Check) -> Stored:
    """Keep the result of a later verification beside the manifest."""
    text = msgspec.json.format(msgspec.json.encode(check), indent=2) + b"\n"
    return vault.put(check_name(deployment, id, check.at), [text])


def read_checks(vault: Vault, deployment: str, id: str) -> list[Check]:
    """Return the later verifications of a backup, oldest first; ManifestError if one can't be.

    Of several vaults, those of every copy, each once, with the vault it was made in.
    """
    if not isinstance(vault, Several):
        return list(_checks(vault, deployment, id).values())
    found: dict[str, Check] = {}
    for each in vault.each:
        with suppress(VaultError):  # Whoever looked for the backup has told of it.
            for name, check in _checks(each, deployment, id).items():
                made_in = check.vault or each.name
                found.setdefault(name, msgspec.structs.replace(check, vault=made_in))
    return [found[name] for name in sorted(found)]


def _checks(vault: Vault, deployment: str, id: str) -> dict[str, Check]:
    names = [stored.name for stored in vault.list(folder_name(deployment, id) + f"{CHECKS}/")]
    return {name: read_check(vault, name) for name in names if backup_of(name, CHECKS)}


def read_check(vault: Vault, name: str) -> Check:
    """Read one verification's result by its object's name."""
    try:
        return typed.decode(read_small(vault, name), Check)
    except msgspec.MsgspecError as error:
        raise ManifestError(
            f"{name} is not a readable check: {error}.",
            safe="The backup it is about is untouched.",
            hint=f"Run `lifeboat verify` again, and move {name} away.",
        ) from error


def leftovers(vault: Vault, now: datetime, grace: timedelta) -> Iterator[Leftover]:
    """Yield every object that is no part of a backup, a job's record, the audit log or a note."""
    for _, group in groupby(vault.list(), key=lambda stored: stored.name.split("/")[:3]):
        yield from _strays(list(group), now - grace)
    if isinstance(vault, KeepsParts):
        for stored in vault.leftovers():
            kind: LeftoverKind = "unfinished part" if is_part(stored.name) else "foreign file"
            yield _leftover(stored, kind, now - grace)


def sweep(vault: Vault, now: datetime, grace: timedelta) -> list[Leftover]:
    """Remove what killed jobs left and is older than the grace; return what was removed.

    Never a backup with a manifest, nor a file that Lifeboat did not write. An object from the
    future (a clock that jumped) is young, and stays.
    """
    swept = []
    for left in list(leftovers(vault, now, grace)):
        if left.kind in _SWEPT and left.past_grace and not _labelled(vault, left.name):
            with suppress(ObjectLocked):  # It goes after its lock has ended.
                vault.delete(left.name)
                swept.append(left)
    if isinstance(vault, KeepsParts):
        swept += [
            _leftover(part, "unfinished part", now - grace) for part in vault.sweep(now - grace)
        ]
    return swept


def _strays(group: list[Stored], before: datetime) -> Iterator[Leftover]:
    """Yield what does not belong among the objects that share their first three parts."""
    whole = any(backup_of(stored.name, MANIFEST) for stored in group)
    removed = any(backup_of(stored.name, REMOVED) for stored in group)
    held = any(backup_of(stored.name, HOLDS) for stored in group)
    has_archive = any(backup_of(stored.name, ARCHIVE) for stored in group)
    # A backup's objects are as old as the youngest of them: a job at work keeps all of them.
    youngest = max(stored.modified for stored in group)
    for stored in group:
        kind = _kind(stored.name, whole=whole, has_archive=has_archive)
        if kind in _SWEPT and stored.name.startswith(f"{BACKUPS}/") and (removed or held):
            kind = "removed by prune" if removed else "held without manifest"
        if kind is not None:
            age_of = stored if kind in ("doctor's probe", "foreign file") else None
            yield _leftover(stored, kind, before, age_of.modified if age_of else youngest)


def _kind(name: str, *, whole: bool, has_archive: bool) -> LeftoverKind | None:
    parts = name.split("/")
    if parts[0] == PROBES and len(parts) == 2:
        return "doctor's probe"
    record = (parts[0] == JOBS and len(parts) == 3) or (parts[0] == AUDIT and entry_number(name))
    if record or is_note(name):
        return None
    if backup_of(name, MANIFEST):
        return None if has_archive else "manifest without archive"
    for leaf, kind in _LEFT_WITHOUT_MANIFEST.items():
        if backup_of(name, leaf):
            return None if whole else kind
    return "foreign file"


def _leftover(
    stored: Stored, kind: LeftoverKind, before: datetime, modified: datetime | None = None
) -> Leftover:
    return Leftover(
        name=stored.name,
        bytes=stored.bytes,
        modified=stored.modified,
        kind=kind,
        past_grace=(modified or stored.modified) < before,
    )


def _labelled(vault: Vault, name: str) -> bool:
    """Whether the object's backup has a manifest by now; looked up right before it would go."""
    parts = name.split("/")
    if parts[0] != BACKUPS:
        return False
    try:
        vault.stat(manifest_name(parts[1], parts[2]))
    except NotThere:
        return False
    return True


def read_small(vault: Vault, name: str) -> bytes:
    """Read an object whole that is known to be small; ManifestError if it is not."""
    text = bytearray()
    for chunk in vault.open(name):
        text += chunk
        if len(text) > MANIFEST_BYTES_MAX:
            raise ManifestError(
                f"{name} is larger than {MANIFEST_BYTES_MAX:,} bytes; no manifest or check is.",
                safe="The archive beside it is untouched.",
                hint="Run `lifeboat doctor` to see every object that is not a whole backup.",
            )
    return bytes(text)
