"""The clock: wakes the bot when something is due, and does nothing else.

What is due is decided in `commands/due.py` and looked up anew at each ring, so a ring too many is
harmless and one that was lost is made up for at the next look, a minute later. Rings come from the
scheduler's own threads.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from commands.due import Calendar, Every

log = logging.getLogger(__name__)
LOOK_SECONDS = 60
DEAD_SECONDS = 5 * LOOK_SECONDS
CLOSE_SECONDS_MAX = 5.0
LOOK = "look"


class Clock:
    """Rings at the due times of each calendar, and looks after everything once a minute."""

    def __init__(
        self,
        calendars: Mapping[str, Calendar],
        ring: Callable[[str], None],
        look: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._calendars = {_id(name): calendar for name, calendar in calendars.items()}
        self._names = {_id(name): name for name in calendars}
        self._calendars[LOOK] = Every(LOOK_SECONDS)
        self._ring, self._look, self._now = ring, look, now
        self._beat = time.monotonic()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        # A ring that comes while the last one is still being heard is looked after a minute later.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def start(self) -> None:
        """Begin to ring."""
        for id, calendar in self._calendars.items():
            self._scheduler.add_job(self._woken, _Trigger(calendar), args=[id], id=id)
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more; a ring that is being heard is heard out, if that does not take long."""
        if self._scheduler.running:
            closing = threading.Thread(target=self._scheduler.shutdown, name="clock", daemon=True)
            closing.start()
            closing.join(CLOSE_SECONDS_MAX)

    def alive(self) -> bool:
        """Whether it still rings: its look once a minute has come through not long ago."""
        return bool(self._scheduler.running) and time.monotonic() - self._beat < DEAD_SECONDS

    def check(self) -> bool:
        """Whether it is alive. Called now and then: puts right what a changed clock has upset."""
        if not self._scheduler.running:
            return False
        for job in self._scheduler.get_jobs():
            at, rings = self._calendars[job.id].after(self._now()), job.next_run_time
            # The machine's clock was ahead when the next ring was set: that may be years away.
            if at is not None and rings is not None and self._now() < at < rings:
                log.warning("the clock was set back; %s rings anew", job.id)
                job.modify(next_run_time=at)
        return self.alive()

    def _woken(self, id: str) -> None:
        """Hear one ring; whatever goes wrong is looked at again in a minute."""
        try:
            if id == LOOK:
                self._look()
                self._beat = time.monotonic()
            else:
                self._ring(self._names[id])
        except Exception as error:
            log.error("the clock rang, and nobody could follow it up", exc_info=error)


class _Trigger(BaseTrigger):  # type: ignore[misc]
    """A calendar as the scheduler asks for it: always the next time after now, never a missed one.

    What was missed is found by whoever looks, so that a machine that slept for a month is not
    walked through it here.
    """

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        return self._calendar.after(max(previous, now) if previous is not None else now)

    def __getstate__(self) -> dict[str, Any]:
        raise TypeError("A clock is kept in memory only.")


def _id(name: str) -> str:
    return f"schedule {name}"
