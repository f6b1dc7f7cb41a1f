"""How a backup goes: its label first, its bytes after the grace period; and how it comes back.

The reverse of the write order. A note that holds the whole manifest is written before the manifest
goes, so a removal can be taken back until the bytes are gone, and one that was killed half-way is
either a whole backup or a removed one. You will not find here what may go (`retention.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

import msgspec

from storage import holds, shelf, typed
from storage.errors import AlreadyThere, ManifestError, NotThere
from storage.manifest import Door, Facts, Manifest, from_json
from storage.vaults.vault import Vault

UNFINISHED = timedelta(hours=1)  # A removal that began so long ago is nobody's any more.


class Removed(Facts, frozen=True, kw_only=True):
    """The note of a removal: who, when and why; `manifest` is the label's own text.

    `job` is the bot's job that did it, "" for a terminal.
    """

    id: str
    deployment: str
    at: datetime
    by: str
    by_name: str
    door: Door
    why: str
    bytes: int
    job: str = ""
    manifest: str


class Lying(msgspec.Struct, frozen=True):
    """A removal as it lies in a vault; with a manifest beside it, it never came to be."""

    removed: Removed
    whole: bool
    held: bool

    def due(self, now: datetime, grace: timedelta) -> bool:
        """Whether its bytes may go; never one whose time lies in the future."""
        over = timedelta(0) <= now - self.removed.at and now - self.removed.at >= grace
        return over and not self.whole and not self.held


def label_text(vault: Vault, deployment: str, id: str) -> str:
    """Return the manifest's own text, read and understood; NotThere, or ManifestError."""
    name = shelf.manifest_name(deployment, id)
    text = shelf.read_small(vault, name)
    from_json(text, where=name)
    return text.decode()


def remove(vault: Vault, note: Removed) -> bool:
    """Take a backup's label away; False, and all as before, when somebody holds it meanwhile.

    Holds are looked for after the note and again after the label: whoever holds a backup writes
    first and then looks whether the label is still there.
    """
    name = shelf.removed_name(note.deployment, note.id)
    text = msgspec.json.format(msgspec.json.encode(note), indent=2) + b"\n"
    try:
        vault.put(name, [text])
    except AlreadyThere:
        vault.delete(name)  # Of a removal that was stopped: its grace period must not count.
        vault.put(name, [text])
    if _held(vault, note):
        vault.delete(name)
        return False
    vault.delete(shelf.manifest_name(note.deployment, note.id))
    if _held(vault, note):
        bring_back(vault, note)
        return False
    return True


def bring_back(vault: Vault, note: Removed) -> Manifest:
    """Make a removed backup a backup again; NotThere when its archive is gone."""
    manifest = from_json(note.manifest.encode(), where=shelf.removed_name(note.deployment, note.id))
    vault.stat(manifest.archive.name)
    try:
        vault.put(shelf.manifest_name(note.deployment, note.id), [note.manifest.encode()])
    except AlreadyThere:
        shelf.read_manifest(vault, note.deployment, note.id)
    vault.delete(shelf.removed_name(note.deployment, note.id))
    return manifest


def drop_bytes(vault: Vault, note: Removed) -> bool:
    """Remove all that is left of a removed backup, its note last; False if it is a backup again."""
    folder = shelf.folder_name(note.deployment, note.id)
    name = shelf.removed_name(note.deployment, note.id)
    names = [stored.name for stored in vault.list(folder)]
    if shelf.manifest_name(note.deployment, note.id) in names or _held(vault, note):
        return False
    for each in names:
        if each != name:
            vault.delete(each)
    vault.delete(name)
    return True


def lying(vault: Vault) -> Iterator[Lying | tuple[str, str]]:
    """Yield every removal there is; for a note that can't be read, its name and why."""
    for _, group in groupby(vault.list(f"{shelf.BACKUPS}/"), lambda each: each.name.split("/")[:3]):
        names = [stored.name for stored in group]
        note = next((name for name in names if shelf.backup_of(name, shelf.REMOVED)), None)
        if note is None:
            continue
        try:
            removed = read(vault, note)
            held = any(shelf.backup_of(name, shelf.HOLDS) for name in names)
            held = held and _held(vault, removed)
        except NotThere:
            continue
        except ManifestError as error:
            yield note, error.what
            continue
        whole = any(shelf.backup_of(name, shelf.MANIFEST) for name in names)
        yield Lying(removed, whole, held)


def settle(vault: Vault, each: Lying, now: datetime) -> str:
    """Settle a removal that was stopped; return what became of it, "" if nothing had to."""
    note = each.removed
    if each.whole and now - note.at > UNFINISHED:
        vault.delete(shelf.removed_name(note.deployment, note.id))
        return f"The removal of {note.id} was stopped before it happened; the backup is whole."
    if each.held and not each.whole:
        try:
            bring_back(vault, note)
        except NotThere:  # It was held when its bytes were going already.
            return f"{note.id} is held, but its bytes are gone from {vault.name!r}."
        return f"{note.id} is held and was being removed; it is a backup again."
    return ""


def read(vault: Vault, name: str) -> Removed:
    """Read the note of a removal by its object's name."""
    try:
        note = typed.decode(shelf.read_small(vault, name), Removed)
    except msgspec.MsgspecError as error:
        raise ManifestError(
            f"{name} is not a readable note of a removal: {error}.",
            safe="What lies beside it is kept.",
            hint="Look at it; it holds the manifest of the backup that was there.",
        ) from error
    if shelf.removed_name(note.deployment, note.id) != name:
        raise ManifestError(
            f"{name} says that it is about {note.id} of {note.deployment}.",
            safe="What lies beside it is kept.",
            hint="Somebody moved or copied it by hand; put it back to where it belongs.",
        )
    return note


def _held(vault: Vault, note: Removed) -> bool:
    """Whether anything holds it; a word that can't be read may be a hold."""
    try:
        return bool(holds.standing(holds.read(vault, note.deployment, note.id)))
    except ManifestError:
        return True
