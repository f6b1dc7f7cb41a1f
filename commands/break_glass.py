"""Break-glass: a restore of a protected deployment by one person, for the day Slack is gone.

Only from a terminal, only if the settings allow it, with a reason, the target's name typed by
hand, a countdown that Ctrl-C ends, and an audit entry that can't be skipped: if the vault does not
take it, nothing happens. The bot tells the approvers' channel about it as soon as it can
(`bot/watch.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from commands import audited, policy
from commands.asked import safe_words
from commands.events import Noted, Plan, RestoreFinished, Warned
from commands.know import know
from commands.restore_pause import never_left_paused
from commands.restore_work import Work, restore
from commands.verb import Context
from storage.convex.deployment import Deployment
from storage.errors import Cancelled, Refused

EVENT = "break-glass"
REASON_MIN = 5
TOLD_EVERY_SECONDS = 10


def restore_alone(work: Work, replan: Callable[[], Plan], reason: str) -> RestoreFinished:
    """Restore, once every lock that one person can turn has been turned."""
    ctx, target = work.ctx, work.target
    check(target, reason, ctx)
    known = know(work.plan, work.manifest, target, ctx)
    for objection in policy.objections(known, ctx.rules.approvals, ctx.now()):
        ctx.tell(Warned(objection))
    with safe_words(f"Nothing was changed in {target.name}."):
        _type_the_name(work)
        _count_down(work)
        _write_down(work, reason)
    with never_left_paused(target, ctx, work.job) as pause:
        pause.begin()
        finished = restore(work, replan)
        return pause.over(replace(finished, undo=f"{finished.undo} --break-glass"))


def check(target: Deployment, reason: str, ctx: Context) -> None:
    """Refuse one person alone, before anything is looked at or settled, unless all allows it."""
    if ctx.caller.door != "terminal":
        raise Refused("Break-glass is for the terminal only.", hint="Ask other people, in Slack.")
    if not ctx.rules.approvals.break_glass:
        raise Refused(
            f"The settings do not allow {target.name} to be restored by one person.",
            hint="Whoever runs Lifeboat can set break_glass = true in [approvals]; everybody will "
            "see that it was used.",
        )
    if len(reason) < REASON_MIN:
        raise Refused("Break-glass needs a reason.", hint="Add --reason 'what happened'.")
    if ctx.audit is None:
        raise Refused("There is no audit log to write this into.")


def _write_down(work: Work, reason: str) -> None:
    audited.entry(
        work.ctx,
        EVENT,
        once=f"{work.job.id} {EVENT}",
        about=work.plan.backup,
        deployment=work.target.name,
        why=reason,
        fingerprint=work.plan.fingerprint,
        facts={"job": work.job.id},
    )


def _type_the_name(work: Work) -> None:
    name = work.target.name
    typed = work.ctx.type_in(f"This replaces data in {name}, alone. Type {name} to go on: ")
    if typed.strip() != name:
        raise Cancelled(
            f"The name was not typed as it is written: {name}.",
            hint="Run the same command again when you like.",
        )


def _count_down(work: Work) -> None:
    """Wait, so that a second thought is in time; Ctrl-C ends it."""
    left = work.ctx.rules.approvals.break_glass_wait_seconds
    while left > 0:
        work.ctx.tell(Noted(f"It begins in {left:.0f} s. Ctrl-C stops it."))
        step = min(left, TOLD_EVERY_SECONDS)
        work.target.patience.sleep(step)
        left -= step
