"""A word about a backup in every vault that has something of it, so that a hold is of every copy.

A vault that can't take it hides no other: it is told, and what it lacks comes with the next `sync`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from commands.events import Noted, Warned
from commands.verb import Context
from storage import holds, removal, shelf
from storage.errors import LifeboatError, NotThere, VaultError
from storage.holds import Hold
from storage.removal import Lying, Removed
from storage.vaults.vault import Locks, Vault


@dataclass(frozen=True)
class Backup:
    """One backup, whatever vaults its copies are in."""

    deployment: str
    id: str

    @property
    def label(self) -> str:
        return shelf.manifest_name(self.deployment, self.id)


def lying(id: str, ctx: Context) -> Lying | None:
    """Return a removal of the backup that can still be taken back, if a vault has one."""
    for vault in ctx.vaults.values():
        try:
            removals = list(removal.lying(vault))
        except VaultError:
            if not ctx.several:
                raise
            continue  # Whoever looked for the backup has told of it.
        for each in removals:
            if isinstance(each, Lying) and not each.whole and each.removed.id == id:
                return each
    return None


def write(backup: Backup, word: Hold, ctx: Context) -> list[Vault]:
    """Write one word into every vault that has the backup; the first trouble if none takes it."""
    name = holds.name_of(backup.deployment, backup.id, word)
    troubles: list[VaultError] = []
    written = []
    for vault, trouble in _having(backup, ctx):
        try:
            if trouble is not None:
                raise trouble
            holds.write(vault, backup.deployment, backup.id, word, name)
        except VaultError as error:
            troubles.append(error)
            if ctx.several:
                ctx.tell(Warned(_not_written(vault, error)))
        else:
            written.append(vault)
    if not written:
        raise troubles[0] if troubles else _nowhere(backup)
    return written


def _not_written(vault: Vault, error: VaultError) -> str:
    return (
        f"It could not be written into {vault.name!r}: {error.what} When that vault is back: "
        f"lifeboat sync {vault.name}"
    )


def _having(backup: Backup, ctx: Context) -> Iterator[tuple[Vault, VaultError | None]]:
    """Yield the vaults that have a copy, or what is left of one, and those that can't be asked."""
    note = shelf.removed_name(backup.deployment, backup.id)
    folder = shelf.folder_name(backup.deployment, backup.id)
    for vault in ctx.vaults.values():
        try:
            names = {stored.name for stored in vault.list(folder)}
        except VaultError as error:
            yield vault, error
            continue
        if names & {backup.label, note}:
            yield vault, None


def bring_back(backup: Backup, vaults: Sequence[Vault], ctx: Context) -> None:
    """Make copies that were removed copies again, where their bytes are still there."""
    note = shelf.removed_name(backup.deployment, backup.id)
    for vault in vaults:
        if _there(vault, backup.label) or not _there(vault, note):
            continue
        where = f" in {vault.name}" if ctx.several else ""
        try:
            removed = removal.read(vault, note)
            if _may_be_going(removed, ctx):
                ctx.tell(Warned(f"{backup.id} was removed{where}, and its grace period is over."))
                continue
            removal.bring_back(vault, removed)
        except NotThere:
            if len(vaults) == 1:
                raise
            continue
        ctx.tell(Noted(f"{backup.id} had been removed{where}; it is a backup again."))


def _may_be_going(removed: Removed, ctx: Context) -> bool:
    """Whether a prune may be deleting its bytes right now, having looked for holds before ours.

    Until the grace period is over none does; a prune that comes later sees the hold, and brings
    the backup back.
    """
    skew = timedelta(seconds=ctx.rules.clock_skew_seconds_max)
    return ctx.now() - removed.at >= ctx.rules.retention.grace - skew


def still_there(backup: Backup, vaults: Sequence[Vault]) -> None:
    """Look whether a prune took the last copy away while it was being held."""
    if any(_there(vault, backup.label) for vault in vaults):
        return
    raise VaultError(
        f"{backup.id} was removed, and its bytes may be going at this very moment.",
        safe="The hold is written: if its bytes are still in the vault, the next prune keeps them "
        "and brings it back.",
        hint="Run `lifeboat prune`: it brings back what is held. Then look with `lifeboat list`.",
    )


def lock(backup: Backup, vaults: Sequence[Vault], ctx: Context) -> bool:
    """Have vaults themselves refuse to delete it, where they can; a hold stands without it too."""
    locked = False
    for vault in vaults:
        if not isinstance(vault, Locks):
            continue
        try:
            for name in _objects(backup, vault):
                vault.hold(name)
            locked = True
        except LifeboatError as error:
            ctx.tell(
                Warned(
                    f"The vault's own lock could not be set: {error.what} Lifeboat keeps the "
                    f"backup all the same. {error.hint} Then type the hold again to lock it."
                )
            )
    return locked


def unlock(backup: Backup, ctx: Context) -> None:
    """End the vaults' own locks before the hold ends: in between, the word still holds."""
    for vault, trouble in _having(backup, ctx):
        if trouble is None and isinstance(vault, Locks):
            for name in _objects(backup, vault):
                vault.release(name)


def _there(vault: Vault, name: str) -> bool:
    try:
        vault.stat(name)
    except NotThere:
        return False
    return True


def _objects(backup: Backup, vault: Vault) -> Iterator[str]:
    manifest = shelf.read_manifest(vault, backup.deployment, backup.id)
    yield from (manifest.archive.name, backup.label)


def _nowhere(backup: Backup) -> VaultError:
    return VaultError(
        f"No vault that can be reached holds {backup.id}.",
        safe="Nothing was changed.",
        hint="Run `lifeboat doctor` to see what is wrong with the vaults.",
    )
