"""What is told of troubles, when, and to whom: one alert a trouble, from its begin to its end.

Pure: the open alerts, what was seen and the time go in; what becomes of each alert and what is to
be told of it come out. A look that could not be made changes nothing. You will not find here who
looks (`commands/trouble.py`), where alerts are kept (`storage/outbox.py`) or how they are sent.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from commands.causes import gather, together
from commands.trouble import RANK, Seen, Severity, Trouble
from storage.errors import Refused

SLACK = "slack"
What = Literal[
    "raised",
    "again",  # It happened once more: into the thread, with the count.
    "reminder",  # It has stood for another day.
    "worse",  # It was a warning and is severe now.
    "back",  # It was snoozed, and still stands.
    "cause",  # What explains it has come to light, and is told in its place.
    "left",  # What explained it is over, and this still stands.
    "changed",  # Its sentences are others now; nobody is called for that.
    "acknowledged",
    "snoozed",
    "recovered",
]
TO_ALL: frozenset[What] = frozenset(
    {"raised", "reminder", "worse", "back", "cause", "left", "recovered"}
)
BY_PEOPLE: frozenset[What] = frozenset({"acknowledged", "snoozed"})
CALLING: frozenset[What] = frozenset({"raised", "reminder", "worse", "back"})
AGAIN_AT_ONCE = 5  # So many repeats are told as they come; later ones at most once an hour.
AGAIN_AFTER = timedelta(hours=1)
CHANGED_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class Alert:
    """One trouble as it was told, with all that has the same cause.

    `trouble` is what was last told of it; `parts` are the troubles that it is made of, as they were
    last seen, what leads it first (`commands/causes.py`).
    `told_times` is the count that people know, `told_at` when they last heard of it. `worst` is
    the highest severity it ever had, which decides who hears of its end.
    """

    id: str
    trouble: Trouble
    raised_at: datetime
    told_at: datetime
    told_times: int
    worst: Severity
    changed_at: datetime
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    snoozed_by: str = ""
    snoozed_until: datetime | None = None
    ended_at: datetime | None = None
    parts: tuple[Trouble, ...] = ()

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Every trouble that it tells of, what leads it first."""
        return self.parts or (self.trouble,)

    def lasted(self, now: datetime) -> timedelta:
        """How long it stood, or has stood so far."""
        return (self.ended_at or now) - self.trouble.since


@dataclass(frozen=True)
class Tell:
    """One thing to be told of an alert: by which roads, and not before when."""

    what: What
    roads: tuple[str, ...]
    after: datetime


@dataclass(frozen=True)
class Change:
    """What an alert becomes, and what is to be told of that."""

    alert: Alert
    tells: tuple[Tell, ...] = ()


@dataclass(frozen=True)
class Quiet:
    """Hours of the day in which only what is severe is told; they may go over midnight."""

    begins: time
    ends: time
    zone: ZoneInfo

    def until(self, now: datetime) -> datetime | None:
        """Return when the quiet hours that hold now are over; None when none hold."""
        here = now.astimezone(self.zone)
        clock = here.time().replace(tzinfo=None)
        over_midnight = self.begins > self.ends
        if over_midnight:
            inside = clock >= self.begins or clock < self.ends
        else:
            inside = self.begins <= clock < self.ends
        if not inside:
            return None
        day = here.date()
        if over_midnight and clock >= self.begins:
            day += timedelta(days=1)
        ends = datetime.combine(day, self.ends, self.zone).astimezone(now.tzinfo)
        return ends if ends > now else None


@dataclass(frozen=True)
class AlertRules:
    """What the settings say of alerts.

    `roads` are the ways there are, and from which severity on each is used. `mention` are Slack
    ids of people (U…) and groups (S…) by severity.
    """

    roads: Mapping[str, Severity] = field(default_factory=lambda: {SLACK: "warning"})
    mention: Mapping[Severity, tuple[str, ...]] = field(default_factory=dict)
    quiet: Quiet | None = None
    snooze_max: timedelta = timedelta(days=1)
    remind_after: timedelta = timedelta(days=1)


def decide(
    alerts: Iterable[Alert], seen: Seen, now: datetime, rules: AlertRules
) -> Sequence[Change]:
    """Return what changes by a look: of the open alerts, and of troubles that have none yet."""
    named: dict[str, Trouble] = {}
    for trouble in seen.troubles:
        named[trouble.key] = _graver(named.get(trouble.key), trouble)
    opened = [alert for alert in alerts if alert.ended_at is None]
    told = {alert.id: alert.troubles for alert in opened}
    free = {alert.id for alert in opened if not (alert.acknowledged_at or alert.snoozed_until)}
    groups = gather(told, named, seen.unknown, free)
    changes: list[Change] = []
    for alert in opened:
        parts = groups.pop(alert.id, ())
        if not parts:
            changes.append(_recovered(alert, now, rules))
        elif any(part.key in named for part in parts) or not _same(parts, alert):
            change = _standing(alert, parts, now, rules)
            changes += [] if change is None else [change]
    return [*changes, *(_raised(parts, now, rules) for parts in groups.values())]


def acknowledge(alert: Alert, by: str, now: datetime, rules: AlertRules) -> Change:
    """Return an alert that somebody has taken on; Refused when it is over."""
    _still_open(alert)
    if alert.acknowledged_at is not None:
        raise Refused(
            f"{alert.acknowledged_by} has acknowledged it already.",
            hint="Snooze it if it is to be silent for a while.",
        )
    taken = replace(alert, acknowledged_by=by, acknowledged_at=now)
    return Change(taken, _tells("acknowledged", taken, now, rules))


def snooze(alert: Alert, length: timedelta, by: str, now: datetime, rules: AlertRules) -> Change:
    """Return an alert that is silent for so long; Refused when it is over or that is too long."""
    _still_open(alert)
    if not timedelta(0) < length <= rules.snooze_max:
        raise Refused(
            f"An alert is snoozed for {hours(rules.snooze_max)} at most.",
            hint="Snooze it for less; it can be snoozed again when it comes back.",
        )
    silent = replace(alert, snoozed_by=by, snoozed_until=now + length)
    return Change(silent, _tells("snoozed", silent, now, rules))


def hours(length: timedelta) -> str:
    """Return a length in the largest unit that it is whole in: 4 hours, 1 day."""
    minutes = round(length.total_seconds() / 60)
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size and minutes % size == 0:
            count = minutes // size
            return f"{count} {unit}" + ("" if count == 1 else "s")
    return f"{minutes} minutes"


def called(alert: Alert, what: What, rules: AlertRules) -> tuple[str, ...]:
    """Return the ids of those who are mentioned: nobody for what somebody has taken on."""
    if what not in CALLING or (alert.acknowledged_at is not None and what != "worse"):
        return ()
    return rules.mention.get(alert.trouble.severity, ())


def _graver(one: Trouble | None, other: Trouble) -> Trouble:
    """Return the graver of two that were seen under the same key."""
    if one is None or RANK[other.severity] > RANK[one.severity]:
        return other
    return one


def _raised(parts: tuple[Trouble, ...], now: datetime, rules: AlertRules) -> Change:
    trouble = together(parts)
    digest = hashlib.sha256(f"{trouble.key} {now.isoformat()}".encode()).digest()
    alert = Alert(
        id="a-" + base64.b32encode(digest)[:6].decode().lower(),
        trouble=trouble,
        raised_at=now,
        told_at=now,
        told_times=trouble.times,
        worst=trouble.severity,
        changed_at=now,
        parts=parts,
    )
    return Change(alert, _tells("raised", alert, now, rules))


def _recovered(alert: Alert, now: datetime, rules: AlertRules) -> Change:
    over = replace(alert, ended_at=now)
    return Change(over, _tells("recovered", over, now, rules))


def _standing(
    alert: Alert, parts: tuple[Trouble, ...], now: datetime, rules: AlertRules
) -> Change | None:
    """Return what becomes of an alert whose trouble still stands; None when nothing does."""
    still = together(parts)
    since = min(still.since, alert.trouble.since)
    seen = replace(alert, trouble=replace(still, since=since), parts=parts)
    if RANK[still.severity] > RANK[alert.worst]:
        worse = replace(seen, worst=still.severity, snoozed_by="", snoozed_until=None)
        return _told("worse", worse, now, rules)
    if alert.snoozed_until is not None:
        return _snoozed(alert, seen, now, rules)
    what = _led_by_another(alert, still, parts) or _due(alert, still, now, rules)
    if what is None:
        # What is not worth an edit yet is not kept either: it would never differ again.
        return None if _same(parts, alert) else Change(replace(alert, parts=parts))
    if what == "changed":
        changed = replace(seen, changed_at=now)
        return Change(changed, _tells("changed", changed, now, rules))
    return _told(what, seen, now, rules)


def _same(parts: Sequence[Trouble], alert: Alert) -> bool:
    return {part.key for part in parts} == {part.key for part in alert.troubles}


def _led_by_another(alert: Alert, still: Trouble, parts: Sequence[Trouble]) -> What | None:
    """Return whether what the alert tells of first has changed, and in which way."""
    if still.key == alert.trouble.key:
        return None
    return "cause" if alert.trouble.key in {part.key for part in parts} else "left"


def _due(alert: Alert, still: Trouble, now: datetime, rules: AlertRules) -> What | None:
    """Return what is to be told of a trouble that still stands, if anything."""
    often = still.times <= AGAIN_AT_ONCE or now - alert.told_at >= AGAIN_AFTER
    if still.times > alert.told_times and often:
        return "again"
    if alert.acknowledged_at is None and now - alert.told_at >= rules.remind_after:
        return "reminder"
    others = _sentences(still) != _sentences(alert.trouble)
    return "changed" if others and now - alert.changed_at >= CHANGED_AFTER else None


def _snoozed(alert: Alert, seen: Alert, now: datetime, rules: AlertRules) -> Change | None:
    """Return what becomes of one that is silent: nothing, until its time is over."""
    assert alert.snoozed_until is not None  # noqa: S101 - whoever calls has looked.
    if now < alert.snoozed_until:
        return Change(seen) if seen != alert else None
    awake = replace(
        seen, snoozed_by="", snoozed_until=None, acknowledged_by="", acknowledged_at=None
    )
    return _told("back", awake, now, rules)


def _told(what: What, alert: Alert, now: datetime, rules: AlertRules) -> Change:
    told = replace(alert, told_at=now, told_times=alert.trouble.times, changed_at=now)
    return Change(told, _tells(what, told, now, rules))


def _sentences(trouble: Trouble) -> tuple[object, ...]:
    return (trouble.what, trouble.safe, trouble.hint, trouble.severity, trouble.retry)


def _tells(what: What, alert: Alert, now: datetime, rules: AlertRules) -> tuple[Tell, ...]:
    """Return by which roads it is told: each of its own severity, the thread's words by Slack."""
    roads = tuple(_roads(what, alert, rules))
    return (Tell(what, roads, _after(what, alert, now, rules)),) if roads else ()


def _roads(what: What, alert: Alert, rules: AlertRules) -> Iterator[str]:
    for road, least in rules.roads.items():
        if RANK[alert.worst] >= RANK[least] and (road == SLACK or what in TO_ALL):
            yield road


def _after(what: What, alert: Alert, now: datetime, rules: AlertRules) -> datetime:
    """Return when it may be told: what is severe, and what people did, at any hour."""
    if rules.quiet is None or alert.worst == "severe" or what in BY_PEOPLE:
        return now
    return rules.quiet.until(now) or now


def _still_open(alert: Alert) -> None:
    if alert.ended_at is not None:
        raise Refused(
            f"{alert.id} is over since {alert.ended_at:%Y-%m-%d %H:%M} UTC.",
            hint="`lifeboat alert` lists what is open.",
        )
