"""The bot's jobs as another process sees them: `lifeboat status` and `cancel` in a terminal.

It looks into the engine's rows and leaves a mark there that the bot finds; it never runs a job, so
the bot's turn is not needed. The engine's library is loaded only when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.engine_place import EnginePlace, replica, whether_at_work
from commands.events import JobStanding
from commands.timetable import ScheduledRun
from storage.errors import Refused


class JobsSeen:
    """`commands.verb.Jobs` over the engine of a bot that may be running; LifeboatError."""

    def __init__(self, place: EnginePlace) -> None:
        self._place = place

    def bot_runs(self) -> bool:
        """Whether a bot is at work on these jobs right now."""
        return whether_at_work(self._place)

    def replica(self) -> str | None:
        """Return which replica is at work: see `commands.verb.Jobs`."""
        return replica(self._place)

    def runs(self, schedule: str, deployments: Iterable[str]) -> Sequence[ScheduledRun]:
        """Return the newest runs of a schedule for each deployment, newest first."""
        if not self._place.exists():
            return ()
        from bot.jobs import looking  # noqa: PLC0415

        with looking(self._place) as rows:
            return rows.runs(schedule, deployments)

    def standing(self) -> Sequence[JobStanding]:
        """Return the jobs that have not ended, oldest first."""
        if not self._place.exists():
            return ()
        from bot.jobs import looking  # noqa: PLC0415 - half a second that other verbs do without.

        with looking(self._place) as rows:
            return rows.standing()

    def cancel(self, job_id: str) -> JobStanding:
        """Ask a job to stop and return how it stood; Refused when none of that id is open."""
        if not self._place.exists():
            raise Refused("No bot has run yet, so there is no job to cancel.")
        from bot.jobs import looking  # noqa: PLC0415

        with looking(self._place) as rows:
            return rows.cancel(job_id)
