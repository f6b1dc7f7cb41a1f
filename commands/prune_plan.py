"""Gathers what a prune decides by, and makes its plan: reads only, changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

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
from storage.vaults.vault import Locks, Thaws, Vault


class _LockingVault(Locks, Vault, Protocol):
    """A vault that can lock."""


def make(vault: Vault, deployment: str | None, ctx: Context) -> PrunePlan:
    """Look at what the vault holds now and decide about every backup in it."""
    now, policies = ctx.now(), ctx.rules.retention
    unreadable = ctx.catalog.refresh(vault).unreadable
    for _, why in unreadable:
        ctx.tell(Warned(why))
    doubtful = {_backup_of(name): why for name, why in unreadable}
    entries = ctx.catalog.in_vault(vault.name, deployment)
    backups = [_facts(entry, doubtful, ctx) for entry in entries]
    decisions = retention.decide(_with_locks(vault, backups, policies, now), policies, now)
    waiting = tuple(_waiting(vault, deployment, ctx))
    cooling = tuple(_cooling(vault, decisions, policies, now))
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
        msgspec.structs.replace(each, locked_until=_locked(vault, each))
        if each.id in going
        else each
        for each in backups
    ]


def _locked(vault: _LockingVault, backup: Backup) -> datetime | None:
    names = (archive(vault, backup), shelf.manifest_name(backup.deployment, backup.id))
    ends = [vault.locked_until(name) for name in names]
    return max((end for end in ends if end is not None), default=None)


def archive(vault: Vault, backup: Backup) -> str:
    """Return the name of a backup's archive, which its manifest says."""
    return shelf.read_manifest(vault, backup.deployment, backup.id).archive.name


def _cooling(
    vault: Vault, decisions: Sequence[Decision], policies: Policies, now: datetime
) -> Iterator[str]:
    """Yield the monthlies old enough for cold storage that are not there yet.

    Neither those of the floor nor held ones: whoever needs them does not want to wait.
    """
    if not isinstance(vault, Thaws) or not policies.cold_days:
        return
    for each in decisions:
        backup, rules = each.backup, {reason.rule for reason in each.reasons}
        monthly = "month" in rules or (backup.kind == "monthly" and "age" in rules)
        old = now - backup.taken_at > timedelta(days=policies.cold_days)
        wanted = monthly and old and not rules & {"floor", "held", "doubt", "future"}
        if wanted and vault.warmth(archive(vault, backup)).state == "ready":
            yield backup.id


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
