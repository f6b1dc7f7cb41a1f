"""What a killed restore left, found out before another one begins.

The job's record in the vault says how far it came, and Convex says what became of the import. A
waiting import is cancelled, a running one is followed, a finished one is counted and reported:
none is ever sent twice. What can't be known is handed to a person.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from dataclasses import dataclass, replace

import msgspec

from commands.events import Noted, Plan, RestoreFinished, Warned
from commands.restore_pause import PAUSING, start_again
from commands.restore_work import Work, cancel_dangling, follow, job_prefix, undo
from commands.verb import Context
from storage import lock, shelf, typed
from storage.convex import imports
from storage.convex.deployment import Deployment
from storage.errors import ImportFailed, NotThere, Refused, UnknownOutcome
from storage.manifest import Contents, Manifest
from storage.records import Job, open_jobs


@dataclass(frozen=True)
class Wanted:
    """What is asked for now, to tell whether a killed restore was the same request."""

    manifest: Manifest
    mode: str
    chosen: Collection[str] | None
    take_over: bool = False

    def same_as(self, plan: Plan) -> bool:
        """Whether that plan restores the same thing in the same way."""
        chosen = tuple(sorted(self.chosen)) if self.chosen is not None else None
        return (plan.backup, plan.mode, plan.chosen) == (self.manifest.id, self.mode, chosen)


def settle_killed(
    wanted: Wanted, target: Deployment, ctx: Context, *, but: str
) -> RestoreFinished | None:
    """Bring every unended restore of the target to its end, `but` one that is about to go on.

    Returns the result when one of them is what is asked for now; None when a fresh restore may
    begin. Refused when another machine may still be at it; UnknownOutcome when nobody can tell.
    """
    result = None
    for job_id in open_jobs(ctx.first, job_prefix(target)):
        if job_id == but:
            continue
        job = Job(ctx.first, job_id)
        if not wanted.take_over:
            _refuse_if_alive(job, target, ctx)
        try:
            result = _settle(job, wanted, target, ctx) or result
        finally:
            start_again(target, ctx, job)
    return result


def _settle(job: Job, wanted: Wanted, target: Deployment, ctx: Context) -> RestoreFinished | None:
    staged, staging = job.last("staged"), job.last("staging")
    ctx.tell(Noted(f"An earlier restore into {target.name} was stopped half-way ({job.id})."))
    if staged is None:
        cancelled = cancel_dangling(target, staging.data["known"]) if staging else []
        word = f"Its import {cancelled[0]} is cancelled. " if cancelled else ""
        ctx.tell(Noted(f"{word}It had changed nothing in {target.name}."))
        _stopped(job, wanted, target, ctx)
        return None
    plan = typed.convert(staged.data["plan"], Plan)
    work = Work(plan, _manifest(plan, wanted, ctx), target, ctx, job)
    return _settle_staged(work, staged.data["import_id"], staged.data["safety"], wanted)


def _stopped(job: Job, wanted: Wanted, target: Deployment, ctx: Context) -> None:
    """Write down that it had not come to the confirm."""
    outcome, asked = "stopped before the confirm", job.last("asked")
    if asked is None:
        job.write("ended", ctx.now(), outcome=outcome)
        return
    plan = typed.convert(asked.data["plan"], Plan)
    Work(plan, wanted.manifest, target, ctx, job).note("ended", outcome=outcome)


def _refuse_if_alive(job: Job, target: Deployment, ctx: Context) -> None:
    """Leave a restore alone that may still be under way where our own lock does not reach."""
    asked = job.last("asked") or job.last(PAUSING)
    told = asked.data if asked else {}
    host, pid = told.get("host", ""), told.get("pid")
    if host != socket.gethostname():
        raise Refused(
            f"A restore into {target.name} began on the machine {host!r} and has not ended "
            f"({job.id}).",
            hint="If that machine is dead, run the same command with --take-over.",
        )
    if told.get("locks") != str(ctx.locks) and isinstance(pid, int) and lock.lives(pid):
        raise Refused(
            f"A restore into {target.name} is under way in process {pid} of this machine, with "
            f"another data folder ({job.id}).",
            hint="Wait until it has ended. If that process is something else by now, run the same "
            "command with --take-over.",
        )


def _manifest(plan: Plan, wanted: Wanted, ctx: Context) -> Manifest:
    """Return the manifest that the killed restore was of; without contents when it is gone."""
    if plan.backup == wanted.manifest.id:
        return wanted.manifest
    try:
        return shelf.read_manifest(ctx.vault, plan.source, plan.backup)
    except NotThere:
        return msgspec.structs.replace(wanted.manifest, contents=Contents(tables=()))


def _settle_staged(
    work: Work, import_id: str, safety: str, wanted: Wanted
) -> RestoreFinished | None:
    ctx, target = work.ctx, work.target
    row = imports.state(target, import_id)
    state = row.state if row else None
    if state in ("uploaded", "waiting_for_confirmation"):
        imports.cancel(target, import_id)
        ctx.tell(Noted(f"Its import {import_id} was never confirmed and is cancelled now."))
        work.note("ended", outcome="cancelled")
        return None
    if state in ("in_progress", "completed"):
        return _finish(work, import_id, safety, wanted)
    if state == "failed":
        work.note("ended", outcome="failed", why=row.error if row else "")
        _failed(work, safety, row.error if row else "")
        return None
    if work.job.last("confirming") is None:
        work.note("ended", outcome="gone before the confirm")
        return None
    work.note("ended", outcome="unknown")
    raise UnknownOutcome(
        f"Convex does not know the import {import_id} of an earlier restore into {target.name}, "
        f"and it may have been confirmed.",
        safe=f"Nothing was restored now. The safety backup {safety} holds {target.name} as it was "
        f"before that restore.",
        hint=f"Look at what {target.name} holds. To go back: {undo(safety, target)}",
    )


def _finish(work: Work, import_id: str, safety: str, wanted: Wanted) -> RestoreFinished | None:
    """Follow or count what was confirmed; it is the answer only if the same was asked again."""
    same = wanted.same_as(work.plan)
    finished = follow(work, import_id, safety)
    if same:
        work.ctx.tell(Noted("It was this same restore: here is how it ended."))
        return replace(finished, resumed=True)
    work.ctx.tell(
        Warned(
            f"It was another restore ({work.plan.backup}, {work.plan.mode}) and is done now. Its "
            f"safety backup is {safety}."
        )
    )
    return None


def _failed(work: Work, safety: str, why: str) -> None:
    """Go on after a swap that did not happen; stop after an append that may be half there."""
    if work.plan.mode != "append":
        work.ctx.tell(Noted(f"Its import failed and changed nothing: {why}"))
        return
    raise ImportFailed(
        f"An earlier append into {work.target.name} failed half-way: {why}",
        safe=f"Some rows may have been added. The safety backup is {safety}.",
        hint=f"To go back: {undo(safety, work.target)}. Or run the same command again.",
    )
