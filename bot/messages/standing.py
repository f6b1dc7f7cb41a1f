"""What runs, what waits, and how well each deployment is covered."""

from __future__ import annotations

from collections.abc import Iterator

from bot.messages import copies, troubles
from bot.messages.job import VERBS, place, step
from bot.messages.model import Message
from bot.messages.parts import Part, Said, header, listed, message
from bot.messages.text import ago, at, bold, code, said
from bot.messages.typed import command
from bot.summary_words import Hand, proof, rpo, staged
from bot.words import counted, duration, size, some
from commands.events import JobStanding, StatusTold
from commands.standings import DeploymentStanding

SILENT_SECONDS = 120
NAMES_MAX = 12
HAND = Hand(at, said)


def status(told: StatusTold) -> Message:
    """Return the standing of every deployment and of every job that has not ended."""
    return message(_status(told))


def _status(told: StatusTold) -> Iterator[Part]:
    yield header("Status")
    bare = sum(each.last is None for each in told.deployments)
    late = [said(each.name) for each in told.deployments if each.overdue]
    if late:
        yield Said(f"*OVERDUE: {some(late, NAMES_MAX)}*")
    if bare:
        all_of_them = counted(len(told.deployments), "deployment")
        yield Said(f"*{bare:,} of {all_of_them} without a good backup.*")
    ordered = sorted(told.deployments, key=lambda each: each.last is not None)
    yield listed(lambda each: _covered(each, told), ordered, "deployments")
    if not told.deployments:
        yield Said("The settings name no deployment.")
    if any(each.rule and each.last for each in ordered):
        yield copies.rule(ordered, told.now)
    yield from _jobs(told)
    yield from troubles.standing(told.troubles or ())


def _covered(each: DeploymentStanding, told: StatusTold) -> str:
    name = bold(each.name) + (" (protected)" if each.protected else "")
    if each.last is None:
        kept = f" ({counted(each.backups, 'backup')}, none of them good)" if each.backups else ""
        none = f"{name} — NO GOOD BACKUP YET{kept}. Take one: {code(command('now', each.name))}"
        return "\n".join([none, *_ahead(each)])
    last = each.last
    return (
        f"{name} — last good backup {ago(last.taken_at, told.now)}: {code(last.id)}, "
        f"{at(last.taken_at)} · {size(last.bytes)}, {counted(last.documents, 'document')} · "
        f"{counted(each.backups, 'backup')}\n{_one_look(each, told)}"
    )


def _one_look(each: DeploymentStanding, told: StatusTold) -> str:
    """Return the age against its target, the last proof and restore, and what comes next."""
    lines = [f"{rpo(each, told.now)} · {proof(each, told.now)}", staged(each, HAND)]
    return "\n".join([*(f"• {line}" for line in lines if line), *_ahead(each)])


def _ahead(each: DeploymentStanding) -> Iterator[str]:
    """Yield what comes next, and what somebody should look at."""
    if each.next:
        yield f"• next backup {at(each.next)}"
    if each.alerts:
        yield f"• *{counted(each.alerts, 'open alert')}*: {code(command('alert'))}"


def _jobs(told: StatusTold) -> Iterator[Part]:
    if told.jobs is None:
        yield Said(f"*Jobs:* nobody can say; {said(told.jobs_unknown)}")
        return
    running = [job for job in told.jobs if job.state == "running"]
    waiting = [job for job in told.jobs if job.state == "queued"]
    if not told.jobs:
        yield Said("*Jobs:* nothing runs and nothing waits.")
        return
    yield Said(f"*Jobs:* {len(running):,} running, {len(waiting):,} waiting")
    yield listed(lambda job: _job(job, told), [*running, *waiting], "jobs")


def _job(job: JobStanding, told: StatusTold) -> str:
    state = f"Running: {step(job.step)}" if job.step else "Running"
    if job.state == "queued":
        state = f"Waiting: {place(job.place)}"
    silent = ""
    if job.state == "running" and job.silent_seconds >= SILENT_SECONDS:
        silent = f" · SILENT for {duration(job.silent_seconds)}"
    return (
        f"• {bold(job.deployment)} · {VERBS.get(job.verb) or said(job.verb)} — {state}{silent} · "
        f"asked by {said(job.asked_by) or 'somebody'} {ago(job.asked_at, told.now)} · "
        f"job {code(job.id)}"
    )
