"""Carries what belongs to no single backup into another vault: the audit log, records, notes.

All are written to the first vault alone. A copy of them elsewhere is for the day that vault is
lost; until then nothing reads it.
"""

from __future__ import annotations

from collections.abc import Iterator

from storage import schedule_notes, shelf
from storage.audit_entry import PREFIX, name_of, number_of, read
from storage.copying import small
from storage.errors import ManifestError
from storage.vaults.vault import Vault


def entries(source: Vault, to: Vault) -> list[int]:
    """Return the entries of the audit log that `to` lacks, newest first.

    Newest first, because a log goes on from its newest entry: a carrying that is killed leaves
    gaps, which the next one fills, and never a second log. ManifestError if the two logs went
    different ways: then neither is the other's copy.
    """
    here, there = set(_numbers(source)), set(_numbers(to))
    common = max(here & there, default=0)
    if common and read(source, common).sha256 != read(to, common).sha256:
        raise ManifestError(
            f"The audit logs in {source.name!r} and {to.name!r} are two different ones: entry "
            f"{common:,} is not the same.",
            safe="Both are as they were; no entry was copied.",
            hint="Each was written to while it was the first vault. Keep both: run "
            "`lifeboat audit verify` with each of them first, and move one aside.",
        )
    if there and here and not common:
        first = min(here | there)
        raise ManifestError(
            f"The audit logs in {source.name!r} and {to.name!r} share no entry; the oldest is "
            f"{first:,}.",
            safe="Both are as they were; no entry was copied.",
            hint="Run `lifeboat audit verify` with each of them first, and move one aside.",
        )
    return sorted(here - there, reverse=True)


def carry_entry(source: Vault, to: Vault, number: int) -> bool:
    """Copy one entry; False when it is there by now."""
    return small(source, to, name_of(number))


def records(source: Vault, to: Vault) -> list[str]:
    """Return the names of records of restores and notes of schedules that `to` lacks."""
    found: list[str] = []
    for prefix in (f"{shelf.JOBS}/", f"{schedule_notes.FOLDER}/"):
        there = {stored.name for stored in to.list(prefix)}
        found += [stored.name for stored in source.list(prefix) if stored.name not in there]
    return found


def beside(source: Vault, to: Vault) -> list[str]:
    """Return what lies beside backups that both have, and only `source` has: checks, holds."""
    there = {stored.name for stored in to.list(f"{shelf.BACKUPS}/")}
    found = []
    for stored in source.list(f"{shelf.BACKUPS}/"):
        parts = stored.name.split("/")
        if stored.name in there or len(parts) < 4:
            continue
        leaf = "/".join(parts[3:])
        labelled = shelf.manifest_name(parts[1], parts[2]) in there
        own = leaf in (shelf.MANIFEST, shelf.REMOVED) or leaf.startswith(shelf.ARCHIVE)
        if labelled and not own:
            found.append(stored.name)
    return found


def _numbers(vault: Vault) -> Iterator[int]:
    for stored in vault.list(PREFIX):
        number = number_of(stored.name)
        if number is not None:
            yield number
