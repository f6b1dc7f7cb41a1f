"""The doing job: a restore of a protected deployment that enough other people have approved.

It exists at most once for an approval, plans again before it acts, and spends the approval for
exactly that plan. Then: announce, pause, and the same safe order as every restore
(`restore_work.py`). Before the confirm every stop leaves the deployment as it was, and running.
"""

from __future__ import annotations

import msgspec

from commands import approval as rule
from commands import policy
from commands.approval import Approval
from commands.asked import Approved, Request, plan_of, refuse
from commands.backup import preflight
from commands.events import Plan, RestoreFinished, RestorePlanned
from commands.know import know
from commands.known import Known
from commands.restore_pause import paused
from commands.restore_settle import Wanted, settle_killed
from commands.restore_work import Work, job_id, restore, taken_back_if_given_up
from commands.verb import Context
from storage import shelf
from storage.convex import facts
from storage.errors import Refused
from storage.records import Job


def run(approved: Approved, ctx: Context) -> RestoreFinished:
    """Plan again, spend the approval, and restore; after an error its words say what is so."""
    request = msgspec.convert(approved.request, Request)
    target = ctx.known_deployment(request.to)
    manifest = shelf.read_manifest(ctx.vault, request.source, request.backup)
    ctx.kept(
        "preflight",
        lambda: ctx.step("preflight", lambda: preflight(target, facts.RESTORE_NEEDS, ctx)),
        type(None),
    )
    with ctx.only_one(f"restore-{target.name}", f"a restore into {target.name}"):
        own = ctx.kept("name", lambda: job_id(target, ctx), str)
        settle_killed(Wanted(manifest, request.mode, request.tables), target, ctx, but=own)
        plan = ctx.kept(
            "plan", lambda: ctx.step("plan", lambda: plan_of(request, target, manifest)), Plan
        )
        known = ctx.kept("known", lambda: know(plan, manifest, target, ctx), Known)
        ctx.kept("spend", lambda: _spend(approved.approval, plan, known, ctx), Approval)
        work = Work(plan, manifest, target, ctx, Job(ctx.vault, own), approved.approval.id)
        with paused(target, ctx), taken_back_if_given_up(work):
            ctx.tell(RestorePlanned(plan))
            return restore(work, lambda: plan_of(request, target, manifest))


def _spend(approval: Approval, plan: Plan, known: Known, ctx: Context) -> Approval:
    """Use the approval up for this plan; Refused when anything it was given for has changed."""
    if ctx.asking is None:
        raise Refused("An approved restore needs the bot.")
    refuse(plan, known, ctx)
    current = rule.without(approval, ctx.asking.approvers())
    needed = policy.quorum(plan, ctx.rules.approvals)
    return rule.spend(current, policy.fingerprint(plan, needed), ctx.now())
