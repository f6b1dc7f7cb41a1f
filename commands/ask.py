"""The asking job: plan a restore of a protected deployment, put it to other people, and wait.

It reads and asks, and changes nothing. Ballots come to it one after another, so two presses at the
same moment can't race; when enough people have said yes, it begins the doing job
(`restore_approved.py`) and ends. It stands outside the deployment's queue: a question that waits
for hours must not hold up tonight's backup.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from commands import approval as rule
from commands import audited, policy
from commands.approval import Approval, State, VoteRefused
from commands.asked import Approved, Cast, Request, plan_of, refuse, warnings
from commands.backup import preflight
from commands.events import (
    ApprovalAsked,
    ApprovalChanged,
    ApprovalEnded,
    BallotRefused,
    Plan,
)
from commands.know import know
from commands.known import Known
from commands.verb import Asking, Context
from storage import shelf
from storage.convex import facts
from storage.errors import Refused

WORDS = ("yes", "no", "withdraw")
VOTE = "vote"


def run(request: Request, ctx: Context) -> ApprovalEnded:
    """Plan, ask, wait for the answer; the result says what became of the question."""
    asking = _asking(ctx)
    target = ctx.known_deployment(request.to)
    manifest = shelf.read_manifest(ctx.vault, request.source, request.backup)
    ctx.kept(
        "preflight",
        lambda: ctx.step("preflight", lambda: preflight(target, facts.RESTORE_NEEDS, ctx)),
        type(None),
    )
    plan = ctx.kept(
        "plan", lambda: ctx.step("plan", lambda: plan_of(request, target, manifest)), Plan
    )
    known = ctx.kept(
        "known", lambda: ctx.step("look", lambda: know(plan, manifest, target, ctx)), Known
    )
    refuse(plan, known, ctx)
    approval = ctx.kept("question", lambda: _question(request, plan, asking, ctx), Approval)
    audited.entry(
        ctx,
        "restore.asked",
        once=f"{asking.job_id} asked",
        about=plan.backup,
        why=request.reason,
        fingerprint=approval.fingerprint,
        deployment=target.name,
    )
    ctx.tell(ApprovalAsked(approval, plan, known, tuple(warnings(plan, known))))
    approval = _answered(approval, asking, ctx)
    job_id = ""
    if approval.state is State.APPROVED:
        approved = Approved(approval=approval, request=msgspec.to_builtins(request))
        job_id = ctx.kept("begin", lambda: asking.begin(approved), str)
    audited.entry(
        ctx,
        "restore.answered",
        once=f"{asking.job_id} answered",
        about=plan.backup,
        why=approval.why,
        fingerprint=approval.fingerprint,
        deployment=target.name,
        outcome=str(approval.state),
    )
    return ApprovalEnded(approval, plan, job_id)


def _asking(ctx: Context) -> Asking:
    if ctx.asking is None:
        raise Refused(
            "A question to other people needs the bot.", hint="Ask in Slack: /backup restore …"
        )
    return ctx.asking


def _question(request: Request, plan: Plan, asking: Asking, ctx: Context) -> Approval:
    """Make the question; Refused when nobody could ever answer it."""
    rules = ctx.rules.approvals
    needed = policy.quorum(plan, rules)
    approvers = asking.approvers()
    if not rule.reachable(ctx.caller.id, approvers, needed):
        others = len(approvers - {ctx.caller.id})
        raise Refused(
            f"{needed} people other than you have to approve this, and the settings name {others}.",
            safe="Nobody was asked.",
            hint="Ask whoever runs Lifeboat to name approvers in [approvals].",
        )
    now = ctx.now()
    return Approval(
        id=asking.job_id,
        fingerprint=policy.fingerprint(plan, needed),
        asked_by=ctx.caller.id,
        asked_name=ctx.caller.name,
        asked_at=now,
        quorum=needed,
        approvers=approvers,
        approve_until=now + rules.approve_within,
        use_within=rules.use_within,
        reason=request.reason,
    )


def _answered(approval: Approval, asking: Asking, ctx: Context) -> Approval:
    """Take ballots, one after another, until the question is answered or lapses."""
    while approval.state is State.WAITING:
        now = ctx.kept("clock", ctx.now, datetime)
        left = (approval.approve_until - now).total_seconds()
        told = asking.wait(VOTE, max(0.0, left)) if left > 0 else None
        if told is None:
            approval = rule.expire(
                approval, max(ctx.kept("clock", ctx.now, datetime), approval.approve_until)
            )
        elif told == "stop":
            ctx.stop_if_asked()
        else:
            approval = _counted(approval, msgspec.convert(told, Cast), ctx)
    return approval


def _counted(approval: Approval, cast: Cast, ctx: Context) -> Approval:
    """Return the approval after one ballot; one that does not count is told to its voter alone."""
    try:
        if cast.approvers is None:
            raise VoteRefused(
                "Slack can't be asked who may approve.", hint="Try again in a moment."
            )
        current = rule.without(approval, cast.approvers)
        if current.state is State.WAITING:
            current = rule.decide(current, cast.ballot, cast.at)
    except VoteRefused as error:
        _audit(ctx, approval, cast, "vote.refused", error.what)
        ctx.tell(BallotRefused(cast.by, error.what, error.hint))
        return rule.expire(approval, cast.at)
    _audit(ctx, approval, cast, f"vote.{cast.word}", cast.why or cast.checked)
    if current is not approval:
        ctx.tell(ApprovalChanged(current))
    return current


def _audit(ctx: Context, approval: Approval, cast: Cast, what: str, why: str) -> None:
    audited.entry(
        ctx,
        what,
        once=f"{approval.id} {cast.by} {cast.word} {cast.at.isoformat()}",
        about=approval.id,
        why=why,
        fingerprint=approval.fingerprint,
        by=cast.by,
        by_name=cast.name,
    )
