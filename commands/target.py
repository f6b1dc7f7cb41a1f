"""How old a deployment's last good backup may be (its target, or RPO), and when that is overdue.

Pure. The target is the longest time that the schedules of a deployment leave between two backups
of all its tables; a backup of chosen tables is no backup of the deployment. A target that the
settings state is taken as it is.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise

from commands.due import Calendar
from commands.timetable import Schedule
from storage.schedule_notes import Notes

BACKUP = "now"
LOOKED_FROM = datetime(2027, 1, 1, tzinfo=UTC)  # Any year would do; this one is no leap year.
LOOKED_AHEAD = timedelta(days=500)  # More than a year: each night that clocks change is in it.
LOOKED_AT_MAX = 2_000
# A backup takes its time, and a target that the very next backup always misses would be noise.
GRACE_SHARE, GRACE_MAX = 4, timedelta(hours=2)


def target(
    schedules: Mapping[str, Schedule], deployment: str, stated: timedelta | None = None
) -> timedelta | None:
    """Return how old a deployment's last good backup may be; None where nothing says so.

    `stated` is what the settings say of it, and wins.
    """
    if stated is not None:
        return stated
    calendars = tuple(
        schedule.calendar for schedule in schedules.values() if backs_up(schedule, deployment)
    )
    return _longest_gap(calendars) if calendars else None


def expected_since(names: Iterable[str], notes: Mapping[str, Notes]) -> datetime | None:
    """Return from when on these schedules could have made a backup; None where nobody knows.

    What is counted from while there is none: a schedule that was set today is not late yet.
    """
    there = (notes[name].set for name in names if name in notes)
    return max((note.at for note in there if note is not None), default=None)


def overdue(
    last: datetime | None, allowed: timedelta | None, now: datetime, *, stated: bool = False
) -> bool:
    """Whether the last good backup is older than its target; False where there is no target.

    A target that comes from the schedules leaves a backup some time to be taken in.
    """
    if allowed is None:
        return False
    grace = timedelta() if stated else min(allowed / GRACE_SHARE, GRACE_MAX)
    return last is None or now - last > allowed + grace


def backs_up(schedule: Schedule, deployment: str) -> bool:
    """Whether a schedule takes backups of all tables of a deployment."""
    asked = schedule.requests.get(deployment)
    whole = asked is not None and getattr(asked, "tables", None) is None
    return schedule.on and schedule.verb == BACKUP and whole


@lru_cache(maxsize=256)
def _longest_gap(calendars: tuple[Calendar, ...]) -> timedelta | None:
    """Return the longest time between two due times of any of them, within a year and a bit."""
    times = heapq.merge(*(_times(calendar) for calendar in calendars))
    gaps = [after - before for before, after in pairwise(islice(times, LOOKED_AT_MAX))]
    return max(gaps, default=None)


def _times(calendar: Calendar) -> Iterable[datetime]:
    at = calendar.after(LOOKED_FROM)
    while at is not None and at < LOOKED_FROM + LOOKED_AHEAD:
        yield at
        at = calendar.after(at)
