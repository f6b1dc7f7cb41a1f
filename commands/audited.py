"""What verbs write into the audit log, and what follows when the vault can't take it.

`entry` raises: whoever must not act without an entry lets that end the job. `afterwards` is for
what has happened anyway: a backup exists whether or not the log can say so. A job that is done
again writes each of its entries once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypedDict, Unpack

from commands.answers import Answers, Silent
from commands.events import Plan, Warned
from commands.verb import Context
from storage.audit import Entry, Happened
from storage.audit_entry import Fact
from storage.convex.deployment import Deployment
from storage.errors import Cancelled, LifeboatError, Refused, VaultError
from storage.records import Job

AUDIT = "audit log"
WRITE_SECONDS = 5.0
CLOCKS_APART = timedelta(hours=1)  # Another machine may have written a killed job's entries.
# Steps of a restore's record that belong into the audit log as well.
RESTORE_STEPS = {"asked": "asked", "confirming": "confirmed", "ended": "ended"}


class Told(TypedDict, total=False):
    """What an entry may hold besides the event; the caller is who did it, unless `by` is given."""

    about: str
    deployment: str
    why: str
    fingerprint: str
    outcome: str
    by: str
    by_name: str
    team: str
    facts: Mapping[str, Fact]


class Restoring(Protocol):
    """A restore under way, as far as the log wants to know."""

    @property
    def ctx(self) -> Context: ...
    @property
    def job(self) -> Job: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def target(self) -> Deployment: ...
    @property
    def approval(self) -> str: ...


@dataclass
class Ending:
    """How something ended, filled in as soon as it is known."""

    outcome: str = ""
    about: str = ""
    facts: dict[str, Fact] = field(default_factory=dict)


def entry(
    ctx: Context, what: str, *, once: str = "", began: datetime | None = None, **told: Unpack[Told]
) -> Entry | None:
    """Write an entry, durable when this returns; VaultError when the vault can't take it.

    `once` is the same whenever the same job writes the same entry; `began` is when that job began,
    if that is not when it was asked for. None when there is no audit log at all.
    """
    if ctx.audit is None:
        return None
    job: dict[str, Fact] = {"job": ctx.asking.job_id} if ctx.asking is not None else {}
    happened = Happened(
        what=what,
        by=told.get("by", ctx.caller.id),
        by_name=told.get("by_name", ctx.caller.name),
        team=told.get("team", ctx.caller.team),
        door=ctx.caller.door,
        about=told.get("about", ""),
        deployment=told.get("deployment", ""),
        why=told.get("why", ""),
        fingerprint=told.get("fingerprint", ""),
        outcome=told.get("outcome", ""),
        facts=job | dict(told.get("facts", {})),
    )
    since = (began or ctx.asked_at or ctx.now()) - CLOCKS_APART
    return ctx.audit.write(happened, once=once, since=since)


def afterwards(
    ctx: Context, what: str, *, once: str = "", began: datetime | None = None, **told: Unpack[Told]
) -> None:
    """Write an entry of what has happened anyway; a vault that can't take it is told, no more."""
    try:
        entry(ctx, what, once=once, began=began, **told)
    except VaultError as error:
        with suppress(Cancelled):  # It is too late for that.
            ctx.tell(Warned(f"The audit log could not be written ({what}): {error.what}"))


def in_time(ctx: Context, what: str, **told: Unpack[Told]) -> str:
    """Write an entry of what has happened anyway; return why it was not written, "" if it was.

    A vault that hangs is waited for no longer than a person waits for an answer.
    """
    answer = Answers().of({AUDIT: lambda: entry(ctx, what, **told)}, WRITE_SECONDS)[AUDIT]
    if isinstance(answer, Silent):
        return f"The vault has not answered for {WRITE_SECONDS:g} s."
    return answer.what if isinstance(answer, LifeboatError) else ""


@contextmanager
def ending(ctx: Context, what: str, **told: Unpack[Told]) -> Iterator[Ending]:
    """Write how the block ended, whichever way it does; a refusal did nothing, and is not written.

    What the block has filled in stays true, also when something goes wrong after it.
    """
    end = Ending()
    try:
        yield end
    except Refused:
        raise
    except LifeboatError as error:  # Anything else is a bug, or a job that will go on later.
        end.outcome = end.outcome or ("cancelled" if isinstance(error, Cancelled) else "failed")
        _ended(ctx, what, end, {**told, "why": error.what})
        raise
    _ended(ctx, what, end, told)


def restore_step(work: Restoring, step: str, data: Mapping[str, object]) -> None:
    """Write what a restore is about to record; call it before the record is written.

    Before the confirm a vault that can't take it ends the restore; an end is an end all the same.
    """
    name = RESTORE_STEPS.get(step)
    if name is None:
        return
    if name == "asked" and work.target.protected:
        name = "started"  # It was asked for, and approved, in a job before this one.
    what = f"restore.{name}"
    told = Told(
        about=work.plan.backup,
        deployment=work.target.name,
        fingerprint=work.plan.fingerprint,
        outcome=str(data.get("outcome", "")),
        why=str(data.get("why", "")),
        facts=_facts(work, data),
    )
    records = work.job.records
    began = records[0].at if records else None
    write = afterwards if step == "ended" else entry
    write(work.ctx, what, once=f"{work.job.id} {what}", began=began, **told)


def _ended(ctx: Context, what: str, end: Ending, told: Told) -> None:
    job = ctx.asking.job_id if ctx.asking is not None else ""
    more = Told(about=end.about, outcome=end.outcome, facts=end.facts)
    whole: Told = {**told, **more}
    afterwards(ctx, what, once=f"{job} {what}" if job else "", **whole)


def _facts(work: Restoring, data: Mapping[str, object]) -> dict[str, Fact]:
    """Return what else is known of a restore by now; `job` is the name of its record."""
    facts: dict[str, Fact] = {
        "job": work.job.id,
        "mode": work.plan.mode,
        "source": work.plan.source,
        "protected": work.target.protected,
    }
    if work.ctx.asking is not None:
        facts["bot_job"] = work.ctx.asking.job_id
    if work.approval:
        facts["approval"] = work.approval
    safety, staged = work.job.last("safety"), work.job.last("staged")
    if safety is not None:
        facts["safety_backup"] = str(safety.data.get("backup"))
    if staged is not None:
        facts["import_id"] = str(staged.data.get("import_id"))
    counts = ((name, data.get(name)) for name in ("findings", "rows_written"))
    facts |= {name: count for name, count in counts if isinstance(count, int)}
    if "outcome" in data and work.job.records:
        facts["seconds"] = round((work.ctx.now() - work.job.records[0].at).total_seconds(), 1)
    return facts
