"""What `schedule` tells: how schedules stand, and what became of a pause, its end or a run.

Results like those of `commands/events.py`; how they are shown is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commands.events import Result
from commands.timetable import ScheduledRun
from storage.schedule_notes import Note


@dataclass(frozen=True)
class ScheduleStanding:
    """One schedule: when it runs, what it does, how it went last.

    `last` is the newest run for each of `deployments`, None where none is remembered. `typed` is
    what somebody would type for each. `odd` are sentences about nights on which clocks change.
    """

    name: str
    verb: str
    deployments: tuple[str, ...]
    words: str
    typed: tuple[str, ...]
    on: bool
    next: tuple[datetime, ...]
    pause: Note | None
    last: tuple[ScheduledRun | None, ...]
    odd: tuple[str, ...] = ()


@dataclass(frozen=True)
class SchedulesTold(Result):
    """How schedules stand; they run only while a bot does."""

    schedules: tuple[ScheduleStanding, ...]
    bot_runs: bool
    now: datetime

    @property
    def exit_code(self) -> int:
        return 1 if not self.bot_runs and any(each.on for each in self.schedules) else 0


@dataclass(frozen=True)
class SchedulePaused(Result):
    """A schedule does nothing until then; `following` is its next time after that."""

    name: str
    until: datetime
    why: str
    following: tuple[datetime, ...]


@dataclass(frozen=True)
class ScheduleResumed(Result):
    """A schedule that was paused runs again; `next` are its next times."""

    name: str
    next: tuple[datetime, ...]


@dataclass(frozen=True)
class ScheduleBegan(Result):
    """The bot does what a schedule does, now; its jobs tell how that goes."""

    name: str
    job_ids: tuple[str, ...]


@dataclass(frozen=True)
class ScheduleRun(Result):
    """What a schedule does was done here; each result was told before."""

    name: str
    code: int

    @property
    def exit_code(self) -> int:
        return self.code
