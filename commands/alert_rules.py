"""What the settings say of alerts: by which roads, who is called, the quiet hours, the bounds.

Pure data, but for the end of quiet hours. When an alert is told is decided in `alerts.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from commands.trouble import Severity

SLACK = "slack"


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
