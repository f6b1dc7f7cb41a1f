"""Gathers what a prune decides by, and makes its plan: reads only, changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from commands.events import Warned
from commands.retention_events import PrunePlan, Waiting
from commands.verb import Context
from storage import removal, retention, shelf
from storage.catalog import Entry
from storage.manifest import Kind
from storage.removal import Lying
from storage.retention import Backup, Decision
from storage.retention_policy import Policies
from storage.vaults.vault import Locks, Vault


def make(vault: Vault, deployment: str | None, ctx: Context) -> PrunePlan:
    """Look at what the vault holds now and decide about every backup in it."""
    now, policies = ctx.now(), ctx.rules.retention
    unreadable = ctx.catalog.refresh(vault).unreadable
    for _, why in unreadable:
        ctx.tell(Warned(why))
    doubtful = {_backup_of(name): why for name, why in unreadable}
    entries = [e for e in ctx.catalog.backups(deployment=deployment) if e.vault == vault.name]
    backups = [_facts(entry, doubtful, ctx) for entry in entries]
    decisions = retention.decide(_with_locks(vault, backups, policies, now), policies, now)
    waiting = tuple(_waiting(vault, deployment, ctx))
    cooling = ()
    return PrunePlan(
        vault=vault.name,
        deployment=deployment,
        now=now,
        decisions=decisions,
        waiting=waiting,
        grace=policies.grace,
        fingerprint=_fingerprint(vault.name, decisions, waiting, cooling),
        cooling=cooling,
    )


def lying(vault: Vault, deployment: str | None, ctx: Context) -> Iterator[Lying]:
    """Yield the removals that lie in the vault; one that can't be read is told and left alone."""
    for each in removal.lying(vault):
        if isinstance(each, tuple):
            ctx.tell(Warned(each[1]))
        elif deployment in (None, each.removed.deployment):
            yield each


def _facts(entry: Entry, doubtful: dict[tuple[str, str], str], ctx: Context) -> Backup:
    policies, approvals = ctx.rules.retention, ctx.rules.approvals
    doubt = doubtful.get((entry.deployment, entry.id), "")
    if not doubt and entry.deployment not in ctx.deployments:
        doubt = "its deployment is not in the settings, which say nothing of it"
    safety = entry.kind == "safety"
    return Backup(
        id=entry.id,
        deployment=entry.deployment,
        vault=entry.vault,
        taken_at=entry.taken_at,
        kind=msgspec.convert(entry.kind, Kind),
        bytes=entry.bytes,
        proven_at=None if entry.verified_damage else entry.verified_at,
        whole=entry.whole,
        held=entry.held,
        pinned=entry.id in policies.pinned,
        doubt=doubt,
        undo_until=entry.taken_at + approvals.undo_within if safety else None,
    )


def _with_locks(
    vault: Vault, backups: Sequence[Backup], policies: Policies, now: datetime
) -> list[Backup]:
    """Ask the vault for its locks, of those backups only that would go without one."""
    if not isinstance(vault, Locks):
        return list(backups)
    going = {d.backup.id for d in retention.decide(backups, policies, now) if not d.keep}
    return [
        msgspec.structs.replace(each, locked_until=_locked(vault, vault, each))
        if each.id in going
        else each
        for each in backups
    ]


def _locked(vault: Vault, locks: Locks, backup: Backup) -> datetime | None:
    lying_there = vault.list(shelf.folder_name(backup.deployment, backup.id))
    ends = [locks.locked_until(stored.name) for stored in lying_there]
    return max((end for end in ends if end is not None), default=None)


def _waiting(vault: Vault, deployment: str | None, ctx: Context) -> Iterator[Waiting]:
    now, grace = ctx.now(), ctx.rules.retention.grace
    for each in lying(vault, deployment, ctx):
        if not each.whole:
            note = each.removed
            yield Waiting(
                note.id, note.deployment, note.bytes, note.at, note.at + grace, each.due(now, grace)
            )


def _fingerprint(
    vault: str,
    decisions: Sequence[Decision],
    waiting: Sequence[Waiting],
    cooling: Sequence[str],
) -> str:
    due = sorted(each.id for each in waiting if each.due)
    told = [vault, retention.fingerprint(decisions), *due, "cold", *cooling]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _backup_of(name: str) -> tuple[str, str]:
    parts = name.split("/")
    return (parts[1], parts[2]) if len(parts) > 2 else ("", "")
