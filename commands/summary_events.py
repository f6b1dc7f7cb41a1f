"""What `summary` tells: a period in facts, made from what the vaults, the log and the engine say.

How it is worded, and what its first line is, is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from commands.alert_events import RoadStanding
from commands.alert_state import Alert
from commands.audit_story import Story
from commands.events import Result
from commands.standings import DeploymentStanding
from storage.catalog import Entry

Period = Literal["daily", "weekly", "monthly"]


@dataclass(frozen=True)
class Taken:
    """One backup of all tables, or one that failed (`bytes` None), for the course of a month."""

    at: datetime
    bytes: int | None = None
    seconds: float | None = None
    documents: int | None = None

    @property
    def failed(self) -> bool:
        return self.bytes is None


@dataclass(frozen=True)
class Covered:
    """How one deployment stands, and stood before the period: `before` was its last good backup.

    `course` are its backups of the last thirty days, oldest first.
    """

    standing: DeploymentStanding
    before: Entry | None = None
    course: tuple[Taken, ...] = ()


@dataclass(frozen=True)
class Ran:
    """How often a verb was done in the period, well and badly."""

    verb: str
    deployment: str
    done: int
    failed: int


@dataclass(frozen=True)
class Failure:
    """One job of the period that failed, and why, as far as that was written down."""

    verb: str
    deployment: str
    at: datetime
    why: str = ""


@dataclass(frozen=True)
class VaultUse:
    """What one vault holds, and how many bytes came and went in the period.

    `trouble` is the sentence of a vault that could not be looked at; its numbers are then unknown.
    """

    name: str
    backups: int = 0
    bytes: int = 0
    came: int = 0
    went: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class Coming:
    """What a schedule does next; `paused` when that is after the end of a pause."""

    schedule: str
    verb: str
    deployments: tuple[str, ...]
    at: datetime
    paused: bool = False


@dataclass(frozen=True)
class SummaryTold(Result):
    """A day, a week or a month. `blind`: no vault could be read, so nothing is known of backups.

    `unknown` are sentences about what else could not be looked at. `alerts` are those that stand
    open, `roads` the ways by which they are told; None: nobody keeps any. `longer`: it goes back to
    the summary before, which came more than a period ago.
    """

    period: Period
    since: datetime
    now: datetime
    deployments: tuple[Covered, ...]
    ran: tuple[Ran, ...] = ()
    failed: tuple[Failure, ...] = ()
    stories: tuple[Story, ...] = ()
    vaults: tuple[VaultUse, ...] = ()
    coming: tuple[Coming, ...] = ()
    alerts: tuple[Alert, ...] = ()
    roads: tuple[RoadStanding, ...] | None = None
    unknown: tuple[str, ...] = ()
    blind: bool = False
    longer: bool = False

    @property
    def overdue(self) -> tuple[DeploymentStanding, ...]:
        """The deployments whose last good backup is older than its target."""
        return tuple(each.standing for each in self.deployments if each.standing.overdue)

    @property
    def damaged(self) -> tuple[DeploymentStanding, ...]:
        """The deployments whose last good backup has findings of its last proof."""
        standings = (each.standing for each in self.deployments)
        return tuple(each for each in standings if each.last and each.last.verified_findings)

    @property
    def well(self) -> bool:
        """Whether there is nothing in it that somebody should look at."""
        troubles = any(vault.trouble for vault in self.vaults) or self.unknown
        covered = any(each.standing.last for each in self.deployments)
        worse = self.blind or self.overdue or self.failed or self.damaged or self.alerts or troubles
        return covered and not worse

    @property
    def exit_code(self) -> int:
        return 0 if self.well else 1
