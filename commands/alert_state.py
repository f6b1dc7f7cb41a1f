"""What an alert is, and by which roads each thing that becomes of it is told.

Pure data and what follows from it. What becomes of an alert is decided in `alerts.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from commands import unsteady
from commands.alert_rules import SLACK, AlertRules
from commands.trouble import RANK, Kind, Severity, Trouble

What = Literal[
    "raised",
    "again",  # It happened once more: into the thread, with the count.
    "reminder",  # It has stood for another day.
    "worse",  # It was a warning and is severe now.
    "back",  # It was snoozed, and still stands.
    "cause",  # What explains it has come to light, and is told in its place.
    "left",  # What explained it is over, and this still stands.
    "returned",  # It was over, and is back so soon that it is the same one.
    "unsteady",  # It comes and goes, and nobody was told that it was over.
    "changed",  # Its sentences are others now; nobody is called for that.
    "acknowledged",
    "snoozed",
    "recovered",
]
TO_ALL: frozenset[What] = frozenset(
    {"raised", "reminder", "worse", "back", "cause", "left", "returned", "recovered"}
)
BY_PEOPLE: frozenset[What] = frozenset({"acknowledged", "snoozed"})
CALLING: frozenset[What] = frozenset({"raised", "reminder", "worse", "back", "returned"})


@dataclass(frozen=True)
class Alert:
    """One trouble as it was told, with all that has the same cause.

    `trouble` is what was last told of it; `parts` are the troubles that it is made of, as they were
    last seen, what leads it first (`commands/causes.py`).

    `returns` counts how often it came back, `returned` are the last of these moments, and `away` is
    how long it was gone before the last one. `gone_since`: it is not seen any more, and is over if
    that stays so (`commands/unsteady.py`). `led_by` are the kinds that led it before.
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
    returns: int = 0
    returned: tuple[datetime, ...] = ()
    away: timedelta = timedelta(0)
    gone_since: datetime | None = None
    led_by: tuple[Kind, ...] = ()

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Every trouble that it tells of, what leads it first."""
        return self.parts or (self.trouble,)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What it told of first, one after another: a cause, and what was left when that ended."""
        return tuple(dict.fromkeys((*self.led_by, self.trouble.kind)))

    def lasted(self, now: datetime) -> timedelta:
        """How long it stood, or has stood so far."""
        return (self.gone_since or self.ended_at or now) - self.trouble.since

    def unsteady(self, now: datetime) -> bool:
        """Whether it comes and goes, so that its end needs to be waited for."""
        return unsteady.unsteady(self.returned, now)


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


def tells(what: What, alert: Alert, now: datetime, rules: AlertRules) -> tuple[Tell, ...]:
    """Return by which roads it is told: each of its own severity, the thread's words by Slack."""
    by = tuple(_roads(what, alert, rules))
    return (Tell(what, by, _after(what, alert, now, rules)),) if by else ()


def _roads(what: What, alert: Alert, rules: AlertRules) -> Iterator[str]:
    for road, least in rules.roads.items():
        if RANK[alert.worst] >= RANK[least] and (road == SLACK or what in TO_ALL):
            yield road


def _after(what: What, alert: Alert, now: datetime, rules: AlertRules) -> datetime:
    """Return when it may be told: what is severe, and what people did, at any hour."""
    if rules.quiet is None or alert.worst == "severe" or what in BY_PEOPLE:
        return now
    return rules.quiet.until(now) or now
