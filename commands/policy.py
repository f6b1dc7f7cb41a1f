"""What must be true before a protected deployment may be restored, and how many have to agree.

Pure: the plan, what is known of the backup, the settings and the time go in; sentences come out.
It is asked when the plan is made and again right before the act.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from commands.events import Plan
from commands.known import Known
from commands.restore_count import where


@dataclass(frozen=True)
class Approvals:
    """What the settings say of restores that need a second person.

    `approvers` are ids of people and user groups, as written in the settings.
    """

    approvers: frozenset[str] = frozenset()
    quorum: int = 1
    quorum_replace_all: int = 1
    quorum_losing: int = 2
    losing_percent: float = 50
    approve_within: timedelta = timedelta(hours=1)
    use_within: timedelta = timedelta(minutes=30)
    undo_within: timedelta = timedelta(hours=24)
    staging_first: timedelta = timedelta(days=7)
    age_max: timedelta = timedelta(days=30)
    pause: bool = True
    channel: str = ""
    break_glass: bool = False
    break_glass_wait_seconds: float = 60


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """One table that would hold fewer rows than now."""

    table: str
    before: int
    after: int

    @property
    def percent(self) -> float:
        return (self.before - self.after) / self.before * 100 if self.before else 0.0


def objections(known: Known, rules: Approvals, now: datetime) -> Iterator[str]:
    """Yield each policy that this restore would break, as a sentence; none may be broken."""
    if known.verified_at is None or known.verified_findings:
        yield (
            "The backup has findings or was never verified; verify it, or choose another one."
            if known.verified_findings
            else "The backup was never verified; verify it first."
        )
    if known.undo_of:
        if now - known.taken_at > rules.undo_within:
            hours = rules.undo_within / timedelta(hours=1)
            yield f"An undo is possible for {hours:g} h after a restore; that is over."
        return  # The way back was never in staging, and has to be quick.
    age = now - known.taken_at
    if age > rules.age_max:
        yield (
            f"The backup is {age / timedelta(days=1):.0f} days old; the settings allow "
            f"{rules.age_max / timedelta(days=1):g}."
        )
    if rules.staging_first:
        days = rules.staging_first / timedelta(days=1)
        if known.staged_at is None or now - known.staged_at > rules.staging_first:
            yield (
                f"Never straight to production: this backup was not restored to staging within "
                f"the last {days:g} days. Do that first, and look at it."
            )


def losses(plan: Plan) -> list[Loss]:
    """Return the tables that would hold fewer rows than now, the biggest loss first."""
    lost = [
        Loss(table=where((table.component, table.table)), before=table.before, after=table.after)
        for table in plan.tables
        if table.after is not None and table.after < table.before
    ]
    return sorted(lost, key=lambda loss: -loss.percent)


def quorum(plan: Plan, rules: Approvals) -> int:
    """Return how many people other than whoever asked have to approve this plan."""
    needed = rules.quorum
    if plan.mode == "replace-all":
        needed = max(needed, rules.quorum_replace_all)
    if any(loss.percent > rules.losing_percent for loss in losses(plan)):
        needed = max(needed, rules.quorum_losing)
    return needed


def fingerprint(plan: Plan, needed: int) -> str:
    """Return a SHA-256 over what is approved; rows written meanwhile do not change it.

    Backup and its bytes, target, mode, tables and what becomes of each, and the quorum: any other
    plan, archive or rule has another fingerprint.
    """
    facts = {
        "backup": plan.backup,
        "archive": plan.archive_sha256,
        "target": [plan.target, plan.target_url],
        "mode": plan.mode,
        "chosen": plan.chosen,
        "tables": sorted([t.component, t.table, t.archive, t.fate] for t in plan.tables),
        "files": sorted([f.component, str(f.archive), f.fate] for f in plan.files),
        "quorum": needed,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def short(fingerprint: str) -> str:
    """Return a fingerprint as people compare it: 3f2a-9c01."""
    return f"{fingerprint[:4]}-{fingerprint[4:8]}"
