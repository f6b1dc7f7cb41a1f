"""When something is due: cron words on the clock of a place, or a steady pace.

Pure: words and moments in, moments out; nobody looks at a clock here, and nobody waits. Due times
are moments in UTC, so that every replica and every restart finds the very same ones. A local time
that a daylight-saving night skips is due once, as long after midnight as it would have been; one
that comes twice that night is due at the first of the two.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Protocol
from zoneinfo import ZoneInfo

from storage.errors import Refused

WEEKDAYS = {name: n for n, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
MONTHS = {
    name: n
    for n, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
NONE: Mapping[str, int] = {}
LAST = 99  # The last day of a month, whichever that is.
SHIFT_MAX = timedelta(hours=3)  # No clock that people live by is put on or back by more.
HORIZON = timedelta(days=9 * 366)  # 29 February may be eight years away.
MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVERY = re.compile(r"(\d{1,5}) ?(s|m|h|d)", re.ASCII)
SECONDS_IN = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
EVERY_SECONDS_MIN = 60
EVERY_DAYS_MAX = 366
CRON_HINT = 'Write five words: minute hour day month weekday, such as "0 2 * * *" or "0 3 * * sun".'
PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d{1,2}))?", re.ASCII)


class Calendar(Protocol):
    """Something that is due again and again."""

    def after(self, moment: datetime) -> datetime | None:
        """Return the first due time later than a moment, in UTC; None when none ever comes."""
        ...


@dataclass(frozen=True)
class Every:
    """A steady pace, counted from the first midnight of 1970 in UTC: the same on every machine."""

    seconds: int

    def after(self, moment: datetime) -> datetime:
        """Return the first due time later than a moment."""
        period = timedelta(seconds=self.seconds)
        return EPOCH + ((moment - EPOCH) // period + 1) * period


@dataclass(frozen=True)
class Cron:
    """Times of day on days of the year, on the clock of a place."""

    zone: ZoneInfo
    times: tuple[time, ...]  # In their order.
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def after(self, moment: datetime) -> datetime | None:
        """Return the first due time later than a moment, in UTC; None when none ever comes."""
        local = self._local(moment)
        first = next((wall for wall in self.walls(local) if wall > local), None)
        if first is not None and self._steady(moment, self.instant(first)):
            return self.instant(first)
        return self._around_a_change(moment)

    def walls(self, start: datetime) -> Iterator[datetime]:
        """Yield the local times, without a zone, from a local time on."""
        day, end = start.date(), start.date() + HORIZON
        while day <= end:
            if day.month not in self.months:
                day = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
                continue
            if self._fits(day):
                walls = (datetime.combine(day, each) for each in self.times)
                yield from (wall for wall in walls if wall >= start)
            day += timedelta(days=1)

    def instant(self, wall: datetime) -> datetime:
        """Return the moment of a local time, the one moment that it has for us."""
        return wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC)

    def exists(self, wall: datetime) -> bool:
        """Whether clocks ever show that local time."""
        return self._local(self.instant(wall)) == wall

    def twice(self, wall: datetime) -> bool:
        """Whether clocks show that local time twice."""
        later = wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        return later > self.instant(wall)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def _steady(self, *moments: datetime) -> bool:
        """Whether clocks keep their pace around all of these moments."""
        for moment in moments:
            around = (moment - SHIFT_MAX, moment, moment + SHIFT_MAX)
            if len({each.astimezone(self.zone).utcoffset() for each in around}) > 1:
                return False
        return True

    def _around_a_change(self, moment: datetime) -> datetime | None:
        """Look through all local times near a change of clocks: their moments change order."""
        best, until = None, None
        for wall in self.walls(self._local(moment) - SHIFT_MAX):
            if until is not None and wall > until:
                break
            at = self.instant(wall)
            if at > moment and (best is None or at < best):
                best, until = at, until or wall + SHIFT_MAX
        return best

    def _fits(self, day: date) -> bool:
        if day.weekday() not in self.weekdays:
            return False
        last = LAST in self.days and (day + timedelta(days=1)).day == 1
        return last or day.day in self.days


def cron(words: str, zone: ZoneInfo) -> Cron:
    """Read `0 2 * * *`; Refused with the reason for what cron programs read in different ways."""
    fields = words.lower().split()
    if len(fields) != 5:
        raise Refused(f"These are {len(fields)} words, and cron has five.", hint=CRON_HINT)
    minute, hour, day, month, weekday = fields
    if re.search(r"\d", re.sub(r"/\d+", "", weekday)):
        raise Refused(
            "A weekday is a name here: 0 is Sunday to some programs and Monday to others.",
            hint="Write mon, tue, wed, thu, fri, sat or sun.",
        )
    if not day.startswith("*") and not weekday.startswith("*"):
        raise Refused(
            "It names both days of the month and weekdays: some programs take either of them, "
            "some only days that are both.",
            hint="Write * for one of the two, or two schedules.",
        )
    minutes = _field("minute", minute, 0, 59)
    made = Cron(
        zone,
        tuple(time(h, m) for h in sorted(_field("hour", hour, 0, 23)) for m in sorted(minutes)),
        _field("day of the month", day, 1, 31, {"last": LAST}),
        _field("month", month, 1, 12, MONTHS),
        _field("weekday", weekday, 0, 6, WEEKDAYS),
    )
    if next(made.walls(datetime(2000, 1, 1)), None) is None:  # noqa: DTZ001 - a local time.
        raise Refused("No month of these has such a day.", hint=CRON_HINT)
    return made


def every(words: str) -> Every:
    """Read `6h`, `30m` or `1d`; Refused for anything else."""
    match = EVERY.fullmatch(words.strip().lower())
    seconds = int(match[1]) * SECONDS_IN[match[2]] if match else 0
    if not EVERY_SECONDS_MIN <= seconds <= EVERY_DAYS_MAX * SECONDS_IN["d"]:
        raise Refused(
            "This is no pace from one minute to 366 days.",
            hint='Write a number and a unit: "30m", "6h", "1d".',
        )
    return Every(seconds)


def _field(
    name: str, text: str, lowest: int, highest: int, names: Mapping[str, int] = NONE
) -> frozenset[int]:
    """Return the values that one of cron's words means; Refused when it means none."""
    found: set[int] = set()
    for part in text.split(","):
        match = PART.fullmatch(part)
        if match is None:
            raise _unread(name, lowest, highest, names)
        whole, first, last, step = match.groups()
        begin = lowest if whole else _value(name, first, lowest, highest, names)
        if whole or (step and last is None and begin != LAST):
            end = highest
        else:
            end = _value(name, last, lowest, highest, names) if last else begin
        if end < begin or step == "0" or (LAST in (begin, end) and (last or step)):
            raise _unread(name, lowest, highest, names)
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _value(name: str, text: str, lowest: int, highest: int, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if text.isdecimal() and len(text) <= 2 and lowest <= int(text) <= highest:
        return int(text)
    raise _unread(name, lowest, highest, names)


def _unread(name: str, lowest: int, highest: int, names: Mapping[str, int]) -> Refused:
    known = f"{lowest} to {highest}" if name != "weekday" else ""
    some = ", ".join([part for part in (known, *names) if part])
    return Refused(f"The {name} can't be read.", hint=f"There are: {some}; *, a-b, a,b and */n.")


def newest(calendar: Calendar, since: datetime, until: datetime) -> datetime | None:
    """Return the newest due time later than `since` and not later than `until`."""
    first = calendar.after(since)
    if first is None or first > until:
        return None
    span = timedelta(hours=1)
    while True:
        begin = max(since, until - span)
        last = deque(_walk(calendar, begin, until), maxlen=1)
        if last or begin == since:
            return last[0] if last else None
        span *= 8


def count(calendar: Calendar, since: datetime, until: datetime, most: int) -> int:
    """Return how many due times there are later than `since` up to `until`, at most so many."""
    found = 0
    for _ in _walk(calendar, since, until):
        found += 1
        if found == most:
            break
    return found


def upcoming(calendar: Calendar, now: datetime, how_many: int) -> tuple[datetime, ...]:
    """Return the next due times after now, in their order."""
    return tuple(islice(_from(calendar, now), how_many))


def _walk(calendar: Calendar, since: datetime, until: datetime) -> Iterator[datetime]:
    return takewhile(lambda at: at <= until, _from(calendar, since))


def _from(calendar: Calendar, moment: datetime) -> Iterator[datetime]:
    at = calendar.after(moment)
    while at is not None:
        yield at
        at = calendar.after(at)


def odd_nights(calendar: Calendar, now: datetime) -> Iterator[str]:
    """Yield, of the coming year, what a change of clocks does to these times; nothing if nothing.

    Days of the month that not every month has are told as well.
    """
    if not isinstance(calendar, Cron):
        return
    for before, after in _changes(calendar.zone, now):
        wall = next(calendar.walls(min(before, after)), None)
        if wall is None or wall >= max(before, after):
            continue
        moved = calendar.instant(wall).astimezone(calendar.zone)
        if after > before:
            yield (
                f"{wall:%Y-%m-%d %H:%M} does not exist in {calendar.zone.key}: clocks are put "
                f"forward that night. It runs once, at {moved:%H:%M}."
            )
        else:
            yield (
                f"{wall:%Y-%m-%d %H:%M} comes twice in {calendar.zone.key}: clocks are put back "
                f"that night. It runs once, at the first of the two."
            )
    scarce = [day for day in (29, 30, 31) if day in calendar.days]
    if scarce and not {28, LAST} & calendar.days:
        yield (
            f"Not every month has a day {scarce[0]}: it does not run in the others. "
            f"Write last for the last day of each month."
        )


def _changes(zone: ZoneInfo, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield each change of clocks in the coming year: the local time it is at, and is put to."""

    def offset(at: datetime) -> timedelta:
        return at.astimezone(zone).utcoffset() or timedelta()

    start = now.replace(minute=0, second=0, microsecond=0)
    for day in range(366):
        low, high = start + timedelta(days=day), start + timedelta(days=day + 1)
        if offset(low) == offset(high):
            continue
        before, after = offset(low), offset(high)
        while high - low > MINUTE:
            middle = low + (high - low) / 2
            low, high = (middle, high) if offset(middle) == before else (low, middle)
        at = high.replace(second=0, microsecond=0, tzinfo=None)
        yield at + before, at + after
