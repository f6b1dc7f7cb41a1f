"""Troubles that people have to end: a refused key, a question, a deployment left paused, no clock.

Pure: facts and the moment in, troubles out. The facts are gathered in `looking.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.events import JobStanding
from commands.lookout_backups import length, moment
from commands.lookout_rules import LookoutRules
from commands.trouble import Trouble

QUESTION = "ask"


@dataclass(frozen=True)
class Refusal:
    """A key that its deployment did not take, or that may not back up, in Convex's words."""

    deployment: str
    what: str
    safe: str
    hint: str


@dataclass(frozen=True)
class Standstill:
    """A deployment that is paused while no restore is at work on it.

    `by_restore` is the record of the restore that paused it and never started it again, "" when
    somebody else has paused it. `since` is when it was paused, or first seen so.
    """

    deployment: str
    since: datetime
    by_restore: str = ""


def key_refused(refusal: Refusal, now: datetime) -> Iterator[Trouble]:
    """Find a key that does not open its deployment any more: expired, revoked or changed."""
    name = refusal.deployment
    yield Trouble(
        kind="key refused",
        about=name,
        severity="severe",
        what=f"{refusal.what} No backup of {name} can be made.",
        safe=refusal.safe or f"Nothing was changed in {name}, and its backups are as they were.",
        hint=refusal.hint
        or f"Make a new deploy key in the Convex dashboard, then: lifeboat doctor {name}",
        since=now,
        deployment=name,
        retry=f"now {name}",
    )


def approval_waiting(
    jobs: Iterable[JobStanding], rules: LookoutRules, approve_within: timedelta, now: datetime
) -> Iterator[Trouble]:
    """Find questions that nobody has answered for too long, and say when they end by themselves."""
    for job in jobs:
        waits = now - job.asked_at
        if job.verb != QUESTION or waits < rules.approval_within:
            continue
        ends = job.asked_at + approve_within
        yield Trouble(
            kind="approval waiting",
            about=job.id,
            severity="warning",
            what=f"{job.asked_by or 'Somebody'} asked {length(waits)} ago for a restore of "
            f"{job.deployment}, and it waits for an approval. Nobody answering, it ends at "
            f"{moment(ends)}.",
            safe=f"Nothing was changed in {job.deployment}.",
            hint=f"An approver answers on its card in Slack. To stop it: lifeboat cancel {job.id}",
            since=job.asked_at + rules.approval_within,
            deployment=job.deployment,
        )


def left_paused(still: Standstill, rules: LookoutRules, now: datetime) -> Iterator[Trouble]:
    """Find a deployment that stands still for too long while no restore is at work on it."""
    if now - still.since < rules.paused_within:
        return
    name = still.deployment
    by = "somebody paused it, no restore of Lifeboat"
    if still.by_restore:
        by = f"a restore paused it and never started it again ({still.by_restore})"
    yield Trouble(
        kind="left paused",
        about=name,
        severity="severe" if still.by_restore else "warning",
        what=f"{name} is paused since {moment(still.since)} or longer, and its app answers with "
        f"errors: {by}.",
        safe="Its data is all there: a paused deployment loses nothing, and can be backed up.",
        hint=f"Start {name} in the Convex dashboard"
        + (
            ", or run the same restore again: it brings the old one to its end."
            if still.by_restore
            else " if nobody needs it to stand still."
        ),
        since=still.since + rules.paused_within,
        deployment=name,
    )


def clock_dead(schedules: int, silent_since: datetime | None, now: datetime) -> Iterator[Trouble]:
    """Tell that nothing is begun by itself; `silent_since` None: no bot runs at all."""
    if not schedules:
        return
    held = f"{schedules:,} schedule{'' if schedules == 1 else 's'}"
    what = f"No bot is running here, and {held} of the settings need one."
    hint = "Start it: lifeboat run"
    if silent_since is not None:
        what = f"The bot's clock has stopped: nothing of {held} is begun any more."
        hint = "Restart the bot. What was missed is made up for then."
    yield Trouble(
        kind="clock dead",
        about="clock",
        severity="severe",
        what=what,
        safe="Backups are as they were, and `now` still works when it is typed.",
        hint=hint,
        since=silent_since or now,
    )
