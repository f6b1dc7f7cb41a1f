"""Writes into the audit log, at start, that the rules for restores and schedules have changed.

What is written are ids and numbers of `[roles]`, `[approvals]` and `[retention]`, which deployments
are protected, the public keys that archives are sealed for, and what schedules do when; never a
secret, and nothing else of the settings.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from bot.settings import Settings
from commands import audited
from commands.events import Warned
from commands.verb import Context
from storage.audit import Entry
from storage.errors import VaultError
from storage.retention_policy import Policies

EVENT = "settings.changed"
ABOUT = "settings"


def note_changes(settings: Settings, ctx: Context) -> bool:
    """Write an entry if the rules differ from those of the last start; return whether they do."""
    rules = _rules(settings)
    digest = hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()
    try:
        last = _last(ctx)
    except VaultError as error:  # A lost vault keeps no bot from starting: others may be there.
        ctx.tell(Warned(f"The audit log can't be read: {error.what}"))
        return False
    if last is not None and last.fingerprint == digest:
        return False
    audited.afterwards(
        ctx,
        EVENT,
        about=ABOUT,
        fingerprint=digest,
        facts={name: json.dumps(value) for name, value in rules.items()},
    )
    return True


def _last(ctx: Context) -> Entry | None:
    """Return the newest entry about the settings; a broken one keeps no bot from starting."""
    if ctx.audit is None:
        return None
    found = ctx.audit.entries(about=ABOUT, limit=1, unreadable=lambda _name, _why: None)
    return next(found, None)


def _rules(settings: Settings) -> dict[str, Any]:
    approvals, roles = settings.approvals, settings.roles
    return {
        "protected": sorted(name for name, d in settings.deployments.items() if d.protected),
        "recipients": sorted(settings.seal.recipients),
        "operators": sorted(roles.operators),
        "viewers": None if roles.viewers is None else sorted(roles.viewers),
        "approvers": sorted(approvals.approvers),
        "quorum": [approvals.quorum, approvals.quorum_replace_all, approvals.quorum_losing],
        "losing_percent": approvals.losing_percent,
        "approve_minutes": approvals.approve_within.total_seconds() / 60,
        "use_minutes": approvals.use_within.total_seconds() / 60,
        "staging_first_days": approvals.staging_first.total_seconds() / 86_400,
        "age_days_max": approvals.age_max.total_seconds() / 86_400,
        "pause": approvals.pause,
        "break_glass": approvals.break_glass,
        "retention": _retention(settings.rules.retention),
        "schedules": {
            name: [each.verb, each.words, each.on, sorted(each.requests)]
            for name, each in settings.schedules.items()
        },
    }


def _retention(policies: Policies) -> dict[str, Any]:
    """Return what decides which backups go, and who may release a hold."""
    told: dict[str, Any] = msgspec.to_builtins(policies)
    return {**told, "pinned": sorted(policies.pinned)}
