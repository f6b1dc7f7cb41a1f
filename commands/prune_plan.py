"""Gathers what a prune decides by, and makes its plan: reads only, changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from commands.events import Warned
from commands.retention_events import PrunePlan, Waiting
from commands.verb import Context
from storage import removal, retention, shelf, typed
from storage.catalog import Entry
from storage.errors import VaultError
from storage.manifest import Kind
from storage.removal import Lying
from storage.retention import Backup, Decision
from storage.retention_policy import Policies
from storage.vaults.vault import Locks, Thaws, Vault


class _LockingVault(Locks, Vault, Protocol):
    """A vault that can lock."""


@dataclass(frozen=True)
class Known:
    """What a look into every vault has told: what can't be read, and what nobody can know.

    `doubt` is why no backup at all may go, "" if nothing speaks against it.
    """

    doubtful: Mapping[tuple[str, str], str]
    failed: Mapping[str, VaultError]
    doubt: str = ""


def make(
    vaults: Sequence[Vault], deployment: str | None, ctx: Context, *, aloud: bool = True
) -> PrunePlan:
    """Decide about every backup in each of these vaults; a vault that can't be looked at is told.

    All vaults are looked at, because a hold in any of them keeps every copy. VaultError when none
    of those that are asked for can be.
    """
    known = known_of(ctx, aloud=aloud)
    plans = [
        _of(vault, deployment, known, ctx) for vault in vaults if vault.name not in known.failed
    ]
    if not plans:
        raise known.failed[vaults[0].name]
    if len(plans) == 1:
        return plans[0]
    told = "\n".join(plan.fingerprint for plan in plans)
    fingerprint = hashlib.sha256(told.encode()).hexdigest()
    return replace(plans[0], more=tuple(plans[1:]), fingerprint=fingerprint)


def known_of(ctx: Context, *, aloud: bool) -> Known:
    """Look into every vault, and, if `aloud`, tell what can't be read in it."""
    doubtful: dict[tuple[str, str], str] = {}
    failed: dict[str, VaultError] = {}
    for vault in ctx.vaults.values():
        try:
            refreshed = ctx.catalog.refresh(vault)
        except VaultError as error:
            ctx.catalog.leave_out(vault)
            failed[vault.name] = error
            ctx.trouble(vault.name, f"{error.what} It is not pruned.")
            continue
        for name, why in refreshed.unreadable:
            if aloud:
                ctx.tell(Warned(why))
            doubtful.setdefault(_backup_of(name), why)
    never = [name for name in failed if not ctx.catalog.knows(name)]
    doubt = f"nobody here ever saw what {' and '.join(never)} holds" if never else ""
    return Known(doubtful, failed, doubt)


def _of(vault: Vault, deployment: str | None, known: Known, ctx: Context) -> PrunePlan:
    """Decide about every backup in one vault."""
    now, policies = ctx.now(), ctx.rules.retention
    entries = ctx.catalog.in_vault(vault.name, deployment)
    backups = [facts(entry, ctx, known) for entry in entries]
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
    """Yield the removals that lie in the vault; one that can't be read is told and left alone.

    One that is held by a word in another vault is held here as well.
    """
    held = ctx.catalog.holds() if len(ctx.vaults) > 1 else {}
    for each in removal.lying(vault):
        if isinstance(each, tuple):
            ctx.tell(Warned(each[1]))
        elif deployment in (None, each.removed.deployment):
            elsewhere = (each.removed.deployment, each.removed.id) in held
            yield msgspec.structs.replace(each, held=True) if elsewhere else each


def facts(entry: Entry, ctx: Context, known: Known | None = None) -> Backup:
    """Return what a decision about one backup in its vault needs."""
    policies, approvals = ctx.rules.retention, ctx.rules.approvals
    doubt = ""
    if known is not None:
        doubt = known.doubtful.get((entry.deployment, entry.id), "") or known.doubt
    if not doubt and entry.deployment not in ctx.deployments:
        doubt = "its deployment is not in the settings, which say nothing of it"
    safety = entry.kind == "safety"
    return Backup(
        id=entry.id,
        deployment=entry.deployment,
        vault=entry.vault,
        taken_at=entry.taken_at,
        kind=typed.convert(entry.kind, Kind),  # type: ignore[arg-type]
        bytes=entry.bytes,
        proven_at=None if entry.verified_damage or _half(entry) else entry.verified_at,
        whole=entry.whole,
        held=entry.held,
        pinned=entry.id in policies.pinned,
        doubt=doubt,
        undo_until=entry.taken_at + approvals.undo_within if safety else None,
    )


def _half(entry: Entry) -> bool:
    """Whether its archive is gone from the vault that the entry is of."""
    return any(copy.vault == entry.vault and not copy.whole for copy in entry.copies)


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
