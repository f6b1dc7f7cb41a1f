"""A look into every vault at once, for the catalog: one that can't be looked at hides no other."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from storage.catalog import Catalog
from storage.errors import VaultError
from storage.vaults.vault import Vault


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What could be looked at. `unreadable` holds (object's name, sentence).

    `troubles` are (vault, sentence) of whole vaults: one that can't be reached, one that lost all.
    `unreachable` are the names of the former.
    """

    unreadable: tuple[tuple[str, str], ...] = ()
    troubles: tuple[tuple[str, str], ...] = ()
    unreachable: tuple[str, ...] = ()


def look(catalog: Catalog, vaults: Mapping[str, Vault]) -> Looked:
    """Bring the catalog up to date with each vault; VaultError when none can be looked at."""
    several = len(vaults) > 1
    unreadable: list[tuple[str, str]] = []
    troubles: list[tuple[str, str]] = []
    failed: dict[str, VaultError] = {}
    for vault in vaults.values():
        try:
            refreshed = catalog.refresh(vault)
        except VaultError as error:
            catalog.leave_out(vault)
            failed[vault.name] = error
            troubles.append((vault.name, f"{error.what} What it holds is not told here."))
            continue
        prefix = f"{vault.name}: " if several else ""
        unreadable += [(f"{prefix}{name}", why) for name, why in refreshed.unreadable]
        if refreshed.emptied:
            troubles.append((vault.name, _emptied(vault.name, several=several)))
    if len(failed) == len(vaults):
        raise next(iter(failed.values()))
    first = next(iter(vaults))
    if several and first not in dict(troubles):
        troubles += _bare(first, catalog)
    return Looked(unreadable=tuple(unreadable), troubles=tuple(troubles), unreachable=tuple(failed))


def _bare(first: str, catalog: Catalog) -> list[tuple[str, str]]:
    """Tell that the vault that is written to is empty and the others are not: it may be lost."""
    entries = catalog.backups()
    if not entries or any(copy.vault == first for each in entries for copy in each.copies):
        return []
    what = (
        f"The vault {first!r}, the first in the settings, holds none of the {len(entries):,} "
        f"backups that the others hold. `lifeboat sync {first}` fills it."
    )
    return [(first, what)]


def _emptied(name: str, *, several: bool) -> str:
    again = f" `lifeboat sync {name}` fills it again from the others." if several else ""
    return (
        f"The vault {name!r} held backups when it was last looked at, and holds none of them now. "
        f"Is its disk mounted?{again}"
    )
