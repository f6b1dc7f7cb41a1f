"""Gathers what people have to know before they approve a restore: reads only, changes nothing."""

from __future__ import annotations

from datetime import datetime

from commands.events import Plan
from commands.known import Known
from commands.verb import Context
from storage import shelf
from storage.convex import newest, pausing
from storage.convex.deployment import Deployment
from storage.errors import BadAnswer, MissingPermission
from storage.manifest import Manifest

ADDED_MAX = 10_000  # Rows counted in one table; more are "at least" so many.
RESTORES_SHOWN = 3


def know(plan: Plan, manifest: Manifest, target: Deployment, ctx: Context) -> Known:
    """Return what is known of the backup and of the target right now."""
    checks = shelf.read_checks(ctx.vault, manifest.deployment.name, manifest.id)
    last = max((manifest.check, *checks), key=lambda check: check.at)
    staged_at, staged_in, seconds, undo_of = _restored(manifest.id, target.name, ctx)
    added, at_least, changed = _added(plan, manifest, target)
    return Known(
        taken_at=manifest.snapshot.taken_at,
        bytes=manifest.archive.bytes,
        verified_at=last.at,
        verified_findings=sum(finding.severity == "damage" for finding in last.findings),
        staged_at=staged_at,
        staged_in=staged_in,
        restored_seconds=tuple(seconds[:RESTORES_SHOWN]),
        added=added,
        added_at_least=at_least,
        newest_change=changed,
        can_pause=ctx.rules.approvals.pause and pausing.may_pause(target),
        paused=pausing.paused(target),
        undo_of=undo_of,
    )


def _restored(
    backup: str, target: str, ctx: Context
) -> tuple[datetime | None, str, list[float], str]:
    """Read in the audit log when the backup was last restored to an unprotected deployment.

    Also how long its restores took, newest first, and which restore of the target it is the way
    back of. What can't be read proves nothing: a broken entry must not keep everybody from asking.
    """
    staged_at: datetime | None = None
    staged_in, undo_of, seconds = "", "", list[float]()
    if ctx.audit is None:
        return staged_at, staged_in, seconds, undo_of
    for entry in ctx.audit.entries(about=backup, unreadable=lambda _name, _why: None):
        if entry.facts.get("safety_backup") == backup:
            # However it ended: from the confirm on there is something to take back.
            if entry.what == "restore.confirmed" and entry.deployment == target:
                undo_of = undo_of or str(entry.facts.get("job") or "a restore")
            continue
        if entry.what != "restore.ended" or entry.outcome != "restored":
            continue
        seconds.append(float(entry.facts.get("seconds") or 0.0))
        into = ctx.deployments.get(entry.deployment)
        if staged_at is None and into is not None and not into.protected:
            staged_at, staged_in = entry.at, entry.deployment
    return staged_at, staged_in, seconds, undo_of


def _added(
    plan: Plan, manifest: Manifest, target: Deployment
) -> tuple[dict[str, int], bool, datetime | None]:
    """Count the rows that came after the snapshot, in the root tables that would be swapped."""
    counts: dict[str, int] = {}
    at_least, changed = False, None
    for table in plan.tables:
        if table.component or not table.before or table.fate not in ("replaced", "deleted"):
            continue
        try:
            added = newest.added_since(target, table.table, manifest.snapshot.taken_at, ADDED_MAX)
        except (BadAnswer, MissingPermission):
            at_least = True
            continue
        if added.rows:
            counts[table.table] = added.rows
        at_least = at_least or added.at_least
        if added.newest is not None:
            changed = max(changed, added.newest) if changed else added.newest
    return counts, at_least, changed
