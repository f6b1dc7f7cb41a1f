"""The doing job: a restore of a protected deployment that enough other people have approved.

It exists at most once for an approval, plans again before it acts, and spends the approval for
exactly that plan. Then: announce, pause, and the same safe order as every restore
(`restore_work.py`). Before the confirm every stop leaves the deployment as it was, and running.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import msgspec

from commands import approval as rule
from commands import policy, sealing, thaw
from commands.approval import Approval
from commands.asked import Approved, Request, plan_of, refuse, safe_words
from commands.backup import preflight
from commands.events import Plan, RestoreFinished, RestorePlanned
from commands.know import know
from commands.known import Known
from commands.restore_pause import Pause, never_left_paused
from commands.restore_settle import Wanted, settle_killed
from commands.restore_work import Work, job_id, restore, taken_back_if_given_up
from commands.verb import Context
from storage import shelf, typed
from storage.convex import facts
from storage.convex.deployment import Deployment
from storage.errors import LifeboatError, Refused
from storage.manifest import Manifest
from storage.records import Job


class Settled(msgspec.Struct, frozen=True):
    """What an earlier, killed restore came to; `finished` if it was this very one."""

    finished: RestoreFinished | None


def run(approved: Approved, ctx: Context) -> RestoreFinished:
    """Plan again, spend the approval, and restore; after an error its words say what is so."""
    request = typed.convert(approved.request, Request)
    target = ctx.known_deployment(request.to)
    with ctx.only_one(f"restore-{target.name}", f"a restore into {target.name}"):
        own = ctx.kept("name", lambda: job_id(target, ctx), str)
        job = Job(ctx.first, own)
        with never_left_paused(target, ctx, job) as pause:
            manifest = shelf.read_manifest(ctx.vault, request.source, request.backup)
            wanted = Wanted(manifest, request.mode, request.tables)
            settled = ctx.kept("settle", lambda: _settle(wanted, target, own, ctx), Settled)
            if settled.finished is None and job.last("staged") is None:
                sealing.must_open(manifest, ctx)  # One that was staged opens nothing any more.
                with safe_words(f"Nothing was restored: {target.name} is as it was."):
                    thaw.must_be_warm(manifest, ctx)  # Before the pause: it takes hours.
            finished = settled.finished or _restore(approved, manifest, pause)
            return replace(finished, undo_until=_undo_until(finished.safety_backup, pause))


def _undo_until(safety: str, pause: Pause) -> datetime | None:
    """Return how long a safety backup may be put back; None if it can't be read just now."""
    ctx = pause.ctx
    with suppress(LifeboatError):
        taken = shelf.read_manifest(ctx.vault, pause.target.name, safety)
        return taken.snapshot.taken_at + ctx.rules.approvals.undo_within
    return None


def _settle(wanted: Wanted, target: Deployment, own: str, ctx: Context) -> Settled:
    ctx.step("preflight", lambda: preflight(target, facts.RESTORE_NEEDS, ctx))
    return Settled(settle_killed(wanted, target, ctx, but=own))


def _restore(approved: Approved, manifest: Manifest, pause: Pause) -> RestoreFinished:
    target, ctx = pause.target, pause.ctx
    request = typed.convert(approved.request, Request)

    def replan() -> Plan:
        return plan_of(request, target, manifest)

    plan = ctx.kept("plan", lambda: ctx.step("plan", replan), Plan)
    known = ctx.kept("known", lambda: know(plan, manifest, target, ctx), Known)
    ctx.kept("spend", lambda: _spend(approved.approval, plan, known, ctx), Approval)
    work = Work(plan, manifest, target, ctx, pause.job, approved.approval.id)
    with taken_back_if_given_up(work):
        pause.begin()
        ctx.tell(RestorePlanned(plan))
        finished = restore(work, replan)
    return pause.over(finished)


def _spend(approval: Approval, plan: Plan, known: Known, ctx: Context) -> Approval:
    """Use the approval up for this plan; Refused when anything it was given for has changed."""
    if ctx.asking is None:
        raise Refused("An approved restore needs the bot.")
    with safe_words(f"Nothing was restored: {plan.target} is as it was."):
        refuse(plan, known, ctx)
        current = rule.without(approval, ctx.asking.approvers())
        needed = policy.quorum(plan, ctx.rules.approvals)
        return rule.spend(current, policy.fingerprint(plan, needed), ctx.now())
