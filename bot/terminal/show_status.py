"""What runs, what waits and how well each deployment is covered. Result in, lines out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from bot.summary_words import Hand, proof, rpo, staged
from bot.terminal import show_copies, show_troubles
from bot.terminal.layout import (
    BAD,
    DOUBTFUL,
    GAP,
    GOOD,
    LOUD,
    QUIET,
    Part,
    Reader,
    blank,
    columns,
    line,
    pairs,
)
from bot.words import age, counted, moment, number, size
from commands.events import CancelAsked, JobStanding, StatusTold
from commands.standings import DeploymentStanding


def told(event: StatusTold, reader: Reader) -> Iterator[Text]:
    """Yield a row for each deployment, then one for each job that has not ended."""
    yield from columns(
        ("deployment", "last good backup", "age", "size", "documents", "backups"),
        (_covered(each, event) for each in event.deployments),
        right=(3, 4, 5),
    )
    bare = [each.name for each in event.deployments if each.last is None]
    for name in bare:
        yield line(("No good backup: ", BAD), f"take one with `lifeboat now {name}`.")
    for each in event.deployments:
        yield blank()
        yield from _one_look(each, event, reader)
        yield from show_copies.rule(each, event.now)
    yield blank()
    if event.jobs is None:
        yield line((f"Jobs: {event.jobs_unknown}", QUIET))
    elif not event.jobs:
        yield line("Jobs: nothing runs and nothing waits.")
    else:
        rows = (_job(job, event) for job in event.jobs)
        yield from columns(("job", "of", "state", "asked", "by"), rows)
    yield from show_troubles.standing(event.troubles, _open_alerts(event))


def _open_alerts(event: StatusTold) -> int | None:
    """Return how many alerts are open; None where neither they nor the jobs can be read."""
    if event.jobs is None and any(each.alerts is None for each in event.deployments):
        return None
    return sum(each.alerts or 0 for each in event.deployments)


def cancelled(event: CancelAsked, _reader: Reader) -> Iterator[Text]:
    """Yield what will become of the job."""
    if event.was == "queued":
        yield line(("Cancelled: ", GOOD), f"{event.job_id} had not begun.")
        return
    yield line(("Asked to stop: ", DOUBTFUL), event.job_id)
    yield line(GAP, "It stops at its next safe point; a restore whose import is confirmed goes on.")


def _covered(each: DeploymentStanding, event: StatusTold) -> Sequence[Part]:
    name = each.name + (" (protected)" if each.protected else "")
    if each.last is None:
        return (name, ("none", BAD), "", "", "", number(each.backups))
    last = each.last
    return (
        name,
        last.id,
        age(last.taken_at, event.now),
        size(last.bytes),
        number(last.documents),
        number(each.backups),
    )


def _one_look(each: DeploymentStanding, event: StatusTold, reader: Reader) -> Iterator[Text]:
    """Yield the age against its target, the last proof and restore, and what comes next."""
    hand = Hand(lambda at: moment(at, reader.zone), lambda words: words)
    yield line((f"{each.name}: ", LOUD), (rpo(each, event.now), BAD if each.overdue else ""))
    yield from pairs(
        (
            ("proof", proof(each, event.now) if each.last is not None else None),
            ("staging", staged(each, hand) if each.last is not None else None),
            ("next", hand.at(each.next) if each.next else None),
            ("alerts", counted(each.alerts, "open alert") if each.alerts is not None else None),
        )
    )


def _job(job: JobStanding, event: StatusTold) -> Sequence[Part]:
    state = job.step or "running"
    if job.state == "queued":
        state = f"waits for {counted(job.place, 'job')}" if job.place else "about to begin"
    return (job.id, job.deployment, state, age(job.asked_at, event.now), job.asked_by)
