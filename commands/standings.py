"""How one deployment stands: facts that the results of several verbs are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.three_two_one import Digit
from storage.catalog import Entry


@dataclass(frozen=True)
class Staged:
    """A restore of a backup into an unprotected deployment that kept its promises."""

    at: datetime
    backup: str
    into: str
    seconds: float


@dataclass(frozen=True)
class DeploymentStanding:
    """How well one deployment is covered; `last` is its newest backup without damage.

    `target` is how old that may be, None where nothing says so. `staged` is the last restore of
    its backups to an unprotected deployment. `alerts` counts its open ones; None: not known.
    """

    name: str
    protected: bool
    last: Entry | None
    backups: int
    rule: tuple[Digit, ...] = ()  # 3-2-1-1-0 of that backup.
    target: timedelta | None = None
    overdue: bool = False
    staged: Staged | None = None
    next: datetime | None = None  # When its next backup is due.
    alerts: int | None = None
