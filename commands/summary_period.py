"""Which time a summary tells of: a day, a week or a month, on the clock of its place.

Pure. A month is as long as the calendar has it, and a day in which clocks are changed as long as
it really was: otherwise what happened in the odd hours would be told by no summary, or by two.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from commands import due
from commands.summary_events import Period
from commands.timetable import Schedule

DAYS: Mapping[Period, int] = {"daily": 1, "weekly": 7}
SECOND = timedelta(seconds=1)
LONGEST = timedelta(days=93)  # No summary goes back further, however seldom it comes.
# How much a summary may come off its usual pace: clocks are put on and back, months are uneven.
UNEVEN: Mapping[Period, timedelta] = {
    "daily": due.SHIFT_MAX,
    "weekly": due.SHIFT_MAX,
    "monthly": timedelta(days=4),
}


@dataclass(frozen=True)
class Told:
    """The time that is told of, up to now; `longer` than it is called where the pace is slower."""

    since: datetime
    longer: bool = False


def asked(period: Period, now: datetime, schedules: Mapping[str, Schedule]) -> Told:
    """Return what somebody who asks now is told of, on the clock of the team's own summaries."""
    return Told(back(period, now, _zone(period, schedules)))


def scheduled(period: Period, schedule: Schedule, asked_at: datetime) -> Told:
    """Return what a schedule's own summary tells of: all since the one before it was due."""
    due_at = due.newest(schedule.calendar, asked_at - LONGEST, asked_at)
    if due_at is None:
        return Told(back(period, asked_at, _zone_of(schedule)))
    usual = back(period, due_at, _zone_of(schedule))
    before = due.newest(schedule.calendar, due_at - LONGEST, due_at - SECOND) or usual
    if before - usual > UNEVEN[period]:  # It comes more often than what it tells of is long.
        return Told(usual)
    return Told(before, longer=usual - before > UNEVEN[period])


def back(period: Period, moment: datetime, zone: tzinfo) -> datetime:
    """Return the moment one day, week or month earlier on the clocks of a zone, in UTC."""
    local = moment.astimezone(zone)
    if period == "monthly":
        month = local.replace(day=1) - timedelta(days=1)
        earlier = month.replace(day=min(local.day, monthrange(month.year, month.month)[1]))
    else:
        earlier = local - timedelta(days=DAYS[period])
    return earlier.replace(fold=0).astimezone(UTC)


def _zone(period: Period, schedules: Mapping[str, Schedule]) -> tzinfo:
    mine = [each for _, each in sorted(schedules.items()) if each.verb == "summary"]
    same = [each for each in mine if any(r.period == period for r in each.requests.values())]
    return next((_zone_of(each) for each in same or mine), UTC)


def _zone_of(schedule: Schedule) -> tzinfo:
    calendar = schedule.calendar
    return calendar.zone if isinstance(calendar, due.Cron) else UTC
