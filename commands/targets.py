"""How old the newest good backup of a deployment may be: its target, and where that comes from.

Pure. What the settings say holds; else it follows from the schedules that back the deployment up:
their longest gap between two due times, and a grace in which the backup is made.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from commands import due
from commands.due import Calendar, Every
from commands.timetable import Schedule

BACKUP = "now"
GAPS_LOOKED_AT, GAPS_MAX = 60, 1500
A_WEEK = timedelta(days=8)  # Whatever leaves out nights and weekends shows it within one.


@dataclass(frozen=True)
class Target:
    """At most so old; `why` says where that comes from, for a sentence."""

    age_max: timedelta
    why: str
    schedules: tuple[str, ...] = ()


def target(
    deployment: str,
    said: Mapping[str, timedelta],
    schedules: Iterable[Schedule],
    grace: timedelta,
    now: datetime,
) -> Target | None:
    """Return a deployment's target; None when neither the settings nor a schedule give one."""
    backing = [each for each in schedules if backs_up(each, deployment)]
    names = tuple(each.name for each in backing)
    if deployment in said:
        return Target(said[deployment], "the settings", names)
    gap = _longest_gap(backing, now)
    if gap is None:
        return None
    which = "schedule" if len(names) == 1 else "schedules"
    return Target(gap + grace, f"the {which} {', '.join(names)}", names)


def backs_up(schedule: Schedule, deployment: str) -> bool:
    """Whether a schedule that is on makes whole backups of the deployment."""
    if not schedule.on or schedule.verb != BACKUP or deployment not in schedule.requests:
        return False
    request: Any = schedule.requests[deployment]
    return getattr(request, "tables", None) is None


def _longest_gap(schedules: Iterable[Schedule], now: datetime) -> timedelta | None:
    """Return the longest time between two due times of any of them, as far as one looks ahead."""
    walks = [_ahead(each.calendar, now) for each in schedules]
    if not walks:
        return None
    # Beyond the end of the shortest walk due times are missing, and gaps would seem longer.
    end = min((walk[-1] for walk in walks if len(walk) >= GAPS_LOOKED_AT), default=None)
    merged = [at for at in heapq.merge(*walks) if end is None or at <= end]
    return max((after - before for before, after in pairwise(merged)), default=None)


def _ahead(calendar: Calendar, now: datetime) -> Sequence[datetime]:
    """Return due times of the coming week, and at least so many as show the gaps there are."""
    first = due.upcoming(calendar, now, GAPS_LOOKED_AT)
    if isinstance(calendar, Every) or len(first) < GAPS_LOOKED_AT or first[-1] > now + A_WEEK:
        return first
    return due.upcoming(calendar, now, GAPS_MAX)
