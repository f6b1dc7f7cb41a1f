"""What `alert` tells: what stands open, what somebody took on, and how each road proved itself.

Results like those of `commands/events.py`; how they are shown is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commands.alert_state import Alert
from commands.events import Result
from commands.trouble import Severity


@dataclass(frozen=True)
class RoadStanding:
    """One way by which alerts are told, and when something last arrived by it.

    `least` is from which severity on it is used. `waiting` counts what has not been sent yet,
    `failed` says why. `proven_by` is "test", or "alert" for a real one.
    """

    name: str
    where: str
    least: Severity
    proven_at: datetime | None = None
    proven_by: str = ""
    waiting: int = 0
    failed: str = ""


@dataclass(frozen=True)
class RoadTold:
    """What became of a test alert on one road; `what` is a sentence, `hint` what to do."""

    name: str
    where: str
    arrived: bool
    what: str
    hint: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class AlertsTold(Result):
    """The alerts that stand open, gravest first, and the roads by which they are told."""

    alerts: tuple[Alert, ...]
    roads: tuple[RoadStanding, ...]
    now: datetime

    @property
    def exit_code(self) -> int:
        return 1 if self.alerts or not self.roads else 0


@dataclass(frozen=True)
class AlertTaken(Result):
    """Somebody took an alert on, or made it be silent until `alert.snoozed_until`.

    `unwritten` says why that does not stand in the audit log, "" when it does.
    """

    alert: Alert
    snoozed: bool
    unwritten: str = ""


@dataclass(frozen=True)
class AlertTested(Result):
    """A test alert was sent by every road; road by road what happened."""

    roads: tuple[RoadTold, ...]

    @property
    def exit_code(self) -> int:
        return 0 if self.roads and all(road.arrived for road in self.roads) else 1
