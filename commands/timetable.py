"""Schedules as verbs and the clock see them, and the rule by which one of them is due.

Pure: what was submitted, what is known and the moment go in; what is to be done now comes out.
Only the newest missed due time is ever made up for. You will not find here who waits for the
clock, nor how something is submitted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

from commands import due
from commands.due import Calendar
from storage.schedule_notes import Note, Notes

MISSED_COUNTED_MAX = 1000
ON_TIME = timedelta(minutes=2)
REMINDED_EVERY = timedelta(hours=24)
PREFIX = "sched"
CALLER = "schedule:"
_ID = re.compile(rf"{PREFIX}:([a-z0-9-]+):([a-z0-9-]+):(\S+)", re.ASCII)
_DUE = "%Y-%m-%dT%H:%M:%SZ"
RunState = Literal["queued", "running", "done", "look", "failed", "cancelled", "ended"]


@dataclass(frozen=True)
class Schedule:
    """One schedule of the settings; `words` is how its times are written there.

    `requests` are what the verb is asked for, by deployment, and `typed` the same as somebody would
    type it. `fingerprint` changes when what is done, or when, does.
    """

    name: str
    verb: str
    calendar: Calendar
    words: str
    requests: Mapping[str, Any]
    typed: Mapping[str, tuple[str, ...]]
    channel: str = ""
    on: bool = True
    fingerprint: str = ""


@dataclass(frozen=True)
class ScheduledRun:
    """A job that a schedule began, as the engine remembers it; `due` None: somebody ran it now."""

    job_id: str
    deployment: str
    due: datetime | None
    asked_at: datetime
    state: RunState


@dataclass(frozen=True)
class Firing:
    """What is to be done now: the run of `due`; `missed` earlier ones are left out for good."""

    due: datetime
    missed: int = 0


@dataclass(frozen=True)
class Pausing:
    """How long a pause lasts when nobody says, and at most."""

    usual: timedelta = timedelta(days=3)
    most: timedelta = timedelta(days=14)


class Runs(Protocol):
    """The engine, as far as schedules are concerned."""

    def runs(self, schedule: str) -> Sequence[ScheduledRun]:
        """Return the newest runs of a schedule, newest first, as far as they are remembered."""
        ...


Begin = Callable[[Schedule], Sequence[str]]  # Have it done now; the ids of its jobs.


def job_id(schedule: str, deployment: str, due_at: datetime) -> str:
    """Return the id of the one job of a due time, the same for every replica and restart."""
    return f"{PREFIX}:{schedule}:{deployment}:{due_at.astimezone(UTC):{_DUE}}"


def now_id(schedule: str, deployment: str, once: str) -> str:
    """Return the id of a job that somebody asked for now; `once` is a small word of letters."""
    return f"{PREFIX}:{schedule}:{deployment}:{once}"


def prefix(schedule: str, deployment: str) -> str:
    """Return how the ids of all jobs of a schedule for a deployment begin."""
    return f"{PREFIX}:{schedule}:{deployment}:"


def of_id(job: str) -> tuple[str, str, datetime | None] | None:
    """Return schedule, deployment and due time of a job's id; None when no schedule began it."""
    match = _ID.fullmatch(job)
    if match is None:
        return None
    try:
        at = datetime.fromisoformat(match[3])
    except ValueError:
        return match[1], match[2], None
    return match[1], match[2], at.astimezone(UTC) if at.tzinfo else None


def caller_id(schedule: str) -> str:
    """Return the id of whoever asks for what a schedule has done."""
    return f"{CALLER}{schedule}"


def of_caller(id: str, schedules: Mapping[str, Schedule]) -> Schedule | None:
    """Return the schedule that asked; None when somebody did."""
    return schedules.get(id.removeprefix(CALLER)) if id.startswith(CALLER) else None


def paused(notes: Notes, now: datetime) -> Note | None:
    """Return the pause that holds at that moment, or None."""
    pause = notes.pause
    if pause is None or pause.what != "paused" or pause.until is None or now >= pause.until:
        return None
    return pause


def since(notes: Notes, submitted: Iterable[datetime], now: datetime) -> datetime:
    """Return the moment after which due times still have to be done.

    That is the newest of: the last due time that was submitted, when the settings came to say what
    they say, and the end of a pause. A moment ahead of the clock, from a time when it was wrong,
    is none of them.
    """
    known = [due_at for due_at in submitted if due_at <= now]
    known.append(min(notes.set.at, now) if notes.set is not None else now)
    if notes.pause is not None:
        ended = notes.pause.at if notes.pause.what == "resumed" else notes.pause.until
        known.append(min(ended or now, now))
    return max(known)


def firing(
    schedule: Schedule, notes: Notes, submitted: Iterable[datetime], now: datetime
) -> Firing | None:
    """Return what of a schedule has to be done now for one deployment, or None."""
    if not schedule.on or paused(notes, now) is not None:
        return None
    begin = since(notes, submitted, now)
    newest = due.newest(schedule.calendar, begin, now)
    if newest is None:
        return None
    return Firing(newest, due.count(schedule.calendar, begin, newest, MISSED_COUNTED_MAX) - 1)


def made_up(fired: Firing, now: datetime, reason: str) -> str:
    """Return why a run comes late, in a sentence; "" when it is on time."""
    if now - fired.due < ON_TIME and not fired.missed:
        return ""
    told = f"Due {fired.due:%Y-%m-%d %H:%M} UTC; {reason}."
    if not fired.missed:
        return f"{told} Made up for now."
    more = "at least " if fired.missed >= MISSED_COUNTED_MAX - 1 else ""
    return f"{told} Only the newest is made up for; {more}{fired.missed:,} before it were missed."


def over(notes: Notes, now: datetime) -> Note | None:
    """Return the pause that ended by itself and that nobody was told the end of, or None."""
    pause = notes.pause
    ended = pause is not None and pause.what == "paused" and paused(notes, now) is None
    return pause if ended else None


def remind(notes: Notes, now: datetime) -> Note | None:
    """Return the pause that people have to be told of now, at once and then daily, or None."""
    pause = paused(notes, now)
    if pause is None:
        return None
    if notes.reminded is None:
        return pause  # Nobody but who paused it knows.
    return pause if abs(now - notes.reminded.at) >= REMINDED_EVERY else None
