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
from commands import audited, policy, thaw
from commands.approval import Approval, State, VoteRefused
from commands.asked import Approved, Cast, Request, plan_of, refuse, safe_words, warnings
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
from storage import shelf, typed
from storage.convex import facts
from storage.convex.deployment import Deployment
from storage.errors import Cancelled, LifeboatError, Refused, VaultError
from storage.manifest import Manifest

VOTE = "vote"


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one ballot: the approval after it, or why it did not count."""

    approval: Approval
    refused: str = ""
    hint: str = ""


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
    with safe_words(f"Nobody was asked, and {target.name} is as it was."):
        thaw.wait(manifest, ctx, lambda: _refuse_early(request, target, manifest, ctx))
    plan = ctx.kept(
        "plan", lambda: ctx.step("plan", lambda: plan_of(request, target, manifest)), Plan
    )
    known = ctx.kept(
        "known", lambda: ctx.step("look", lambda: know(plan, manifest, target, ctx)), Known
    )
    approval = ctx.kept("question", lambda: _question(request, plan, known, ctx), Approval)
    try:
        _written(ctx, "restore.asked", approval, plan, why=request.reason)
        asked = ApprovalAsked(approval, plan, known, tuple(warnings(plan, known)))
        ctx.tell(asked)
        approval = _answered(approval, asking, ctx)
    except LifeboatError as error:
        outcome = "cancelled" if isinstance(error, Cancelled) else "failed"
        error.safe = f"Nothing was restored: {plan.target} is as it was."
        _written_anyway(ctx, approval, plan, why=error.what, outcome=outcome)
        raise
    if approval.state is not State.APPROVED:
        _written_anyway(ctx, approval, plan, why=approval.why, outcome=str(approval.state))
        return ApprovalEnded(approval, plan)
    with safe_words(f"The restore was not begun: {plan.target} is as it was."):
        _written(ctx, "restore.answered", approval, plan, outcome=str(approval.state))
    approved = Approved(approval=approval, request=msgspec.to_builtins(request), asked=asked)
    return ApprovalEnded(approval, plan, ctx.kept("begin", lambda: asking.begin(approved), str))


def _refuse_early(request: Request, target: Deployment, manifest: Manifest, ctx: Context) -> None:
    """Refused before hours of thawing for what would be refused after them."""
    plan = plan_of(request, target, manifest)
    _question(request, plan, know(plan, manifest, target, ctx), ctx)


def _asking(ctx: Context) -> Asking:
    if ctx.asking is None:
        raise Refused(
            "A question to other people needs the bot.", hint="Ask in Slack: /backup restore …"
        )
    return ctx.asking


def _question(request: Request, plan: Plan, known: Known, ctx: Context) -> Approval:
    """Make the question; Refused for what must not be done, and when nobody could answer it."""
    asking, rules = _asking(ctx), ctx.rules.approvals
    with safe_words(f"Nobody was asked, and {plan.target} is as it was."):
        refuse(plan, known, ctx)
        needed = policy.quorum(plan, rules)
        approvers = asking.approvers()
        if not rule.reachable(ctx.caller.id, approvers, needed):
            others = len(approvers - {ctx.caller.id})
            raise Refused(
                f"{needed} people other than you have to approve this, and the settings name "
                f"{others}.",
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
            raise Cancelled("It was cancelled on request.", hint="Ask again when you like.")
        else:
            approval = _counted(approval, typed.convert(told, Cast), ctx)
    while (late := asking.wait(VOTE, 0)) is not None:  # Pressed in the same moment.
        if late != "stop":
            _counted(approval, typed.convert(late, Cast), ctx)
    return approval


def _counted(approval: Approval, cast: Cast, ctx: Context) -> Approval:
    """Return the approval after one ballot; one that does not count is told to its voter alone."""
    counted = ctx.kept("vote", lambda: _count(approval, cast, ctx), Counted)
    if counted.refused:
        ctx.tell(BallotRefused(cast.by, counted.refused, counted.hint))
    if counted.approval != approval:
        ctx.tell(ApprovalChanged(counted.approval))
    return counted.approval


def _count(approval: Approval, cast: Cast, ctx: Context) -> Counted:
    """Decide one ballot and write it down; one that can't be written down does not count."""
    try:
        if cast.approvers is None:
            raise VoteRefused(
                "Slack can't be asked who may approve.", hint="Try again in a moment."
            )
        current = rule.without(approval, cast.approvers)
        if current.state is not State.WAITING:
            refusal = VoteRefused(rule.closed(current))
            current = current if approval.state is State.WAITING else approval
        else:
            after = rule.decide(current, cast.ballot, cast.at)
            what, said = f"vote.{cast.word}", cast.why or cast.checked
            audited.entry(ctx, what, once=_once(approval, cast), **_of(approval, cast, said))
            return Counted(approval=after)
    except VoteRefused as error:
        current, refusal = rule.expire(approval, cast.at), error
    except VaultError as error:
        current = approval
        refusal = VoteRefused(
            f"The audit log can't take it, so it does not count: {error.what}",
            hint="Try again in a moment.",
        )
    told = _of(approval, cast, refusal.what)
    audited.afterwards(ctx, "vote.refused", once=f"{_once(approval, cast)} refused", **told)
    return Counted(approval=current, refused=refusal.what, hint=refusal.hint)


def _once(approval: Approval, cast: Cast) -> str:
    return f"{approval.id} {cast.by} {cast.word} {cast.at.isoformat()}"


def _of(approval: Approval, cast: Cast, why: str) -> audited.Told:
    return audited.Told(
        about=approval.id,
        why=why,
        fingerprint=approval.fingerprint,
        by=cast.by,
        by_name=cast.name,
    )


def _written(ctx: Context, what: str, approval: Approval, plan: Plan, **more: str) -> None:
    audited.entry(ctx, what, once=f"{approval.id} {what}", **_about(approval, plan, **more))


def _written_anyway(ctx: Context, approval: Approval, plan: Plan, **more: str) -> None:
    what = "restore.answered"
    told = _about(approval, plan, **more)
    audited.afterwards(ctx, what, once=f"{approval.id} {what}", **told)


def _about(approval: Approval, plan: Plan, why: str = "", outcome: str = "") -> audited.Told:
    return audited.Told(
        about=plan.backup,
        deployment=plan.target,
        fingerprint=approval.fingerprint,
        why=why,
        outcome=outcome,
    )
