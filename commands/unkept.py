"""What a vault would not keep, and so is never copied there: removed, or let go by its policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from commands import prune_plan
from commands.verb import Context
from storage import retention, shelf
from storage.catalog import Entry
from storage.errors import NotThere
from storage.vaults.vault import Vault

Of = tuple[str, str]  # A deployment and an id.
REMOVED = "it was removed there; it comes back with: lifeboat hold"


def unkept(entries: Sequence[Entry], to: Vault, ctx: Context) -> Mapping[Of, str]:
    """Return, of these backups, those that a vault would not keep, and why.

    They are judged together with what the vault has: what counts for a week or for the floor there
    depends on it.
    """
    new = [prune_plan.facts(entry, ctx) for entry in entries]
    wanted = [msgspec.structs.replace(each, vault=to.name) for each in new]
    mine = {(each.deployment, each.id) for each in wanted}
    there = [prune_plan.facts(entry, ctx) for entry in ctx.catalog.in_vault(to.name)]
    others = [each for each in there if (each.deployment, each.id) not in mine]
    decisions = retention.decide([*others, *wanted], ctx.rules.retention, ctx.now())
    found = {
        (each.backup.deployment, each.backup.id): each.why for each in decisions if not each.keep
    }
    return {of: why for of, why in found.items() if of in mine}


def removed(entries: Sequence[Entry], vault: Vault) -> Mapping[Of, str]:
    """Return, of these backups, those that were removed from the vault and could come back."""
    names = (stored.name for stored in vault.list(f"{shelf.BACKUPS}/"))
    notes = {of for name in names if (of := shelf.backup_of(name, shelf.REMOVED))}
    asked = {(entry.deployment, entry.id) for entry in entries}
    return dict.fromkeys(notes & asked, REMOVED)


def has_note(vault: Vault, deployment: str, id: str) -> bool:
    """Whether the backup was removed from the vault, or is being removed right now."""
    try:
        vault.stat(shelf.removed_name(deployment, id))
    except NotThere:
        return False
    return True
