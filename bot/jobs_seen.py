"""The bot's jobs as another process sees them: `lifeboat status` and `cancel` in a terminal.

It looks into the engine's file and leaves a mark there that the bot finds; it never runs a job, so
the bot's lock is not needed. The engine's library is loaded only when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from commands.events import JobStanding
from commands.timetable import ScheduledRun
from storage import lock

BOT_LOCK = "bot.lock"


class JobsSeen:
    """`commands.verb.Jobs` over the engine file of a bot that may be running."""

    def __init__(self, file: Path, locks: Path) -> None:
        self._file, self._locks = file, locks

    def bot_runs(self) -> bool:
        """Whether a bot is at work on this data folder right now."""
        return lock.is_held(self._locks / BOT_LOCK)

    def runs(self, schedule: str, deployments: Iterable[str]) -> Sequence[ScheduledRun]:
        """Return the newest runs of a schedule for each deployment, newest first."""
        from bot.jobs import looking  # noqa: PLC0415

        with looking(self._file) as rows:
            return rows.runs(schedule, deployments)

    def standing(self) -> Sequence[JobStanding]:
        """Return the jobs that have not ended, oldest first."""
        from bot.jobs import looking  # noqa: PLC0415 - half a second that other verbs do without.

        with looking(self._file) as rows:
            return rows.standing()

    def cancel(self, job_id: str) -> JobStanding:
        """Ask a job to stop and return how it stood; Refused when none of that id is open."""
        from bot.jobs import looking  # noqa: PLC0415

        with looking(self._file) as rows:
            return rows.cancel(job_id)
