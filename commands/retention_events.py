"""What `prune`, `hold` and `release` tell: frozen facts, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from commands.events import Event, Result
from storage.retention import Decision

What = Literal["held", "release asked", "released"]


@dataclass(frozen=True)
class Waiting:
    """A backup that was removed earlier; `due` says that its bytes may go now."""

    id: str
    deployment: str
    bytes: int
    removed_at: datetime
    bytes_go_at: datetime
    due: bool


@dataclass(frozen=True)
class PrunePlan:
    """What a prune of one vault would do; `fingerprint` changes when any of it does.

    `deployment` None: of all of them. `cooling` are backups that move to cold storage. `more` is
    the same for the other vaults; `fingerprint` is of all of it then.
    """

    vault: str
    deployment: str | None
    now: datetime
    decisions: tuple[Decision, ...]
    waiting: tuple[Waiting, ...]
    grace: timedelta
    fingerprint: str
    cooling: tuple[str, ...] = ()
    more: tuple[PrunePlan, ...] = ()
    within: str | None = None  # The one vault that was asked for.

    @property
    def each(self) -> tuple[PrunePlan, ...]:
        """The plan of each vault by itself."""
        return (replace(self, more=()), *self.more)

    @property
    def going(self) -> tuple[Decision, ...]:
        """What would be removed, oldest first."""
        gone = (each for each in self.decisions if not each.keep)
        return tuple(sorted(gone, key=lambda each: (each.backup.taken_at, each.backup.id)))

    @property
    def going_bytes(self) -> int:
        return sum(each.backup.bytes for each in self.going)

    @property
    def due(self) -> tuple[Waiting, ...]:
        return tuple(each for each in self.waiting if each.due)

    @property
    def anything(self) -> bool:
        """Whether there is anything to do."""
        return any(plan.going or plan.due or plan.cooling for plan in self.each)


@dataclass(frozen=True)
class PrunePlanned(Event):
    plan: PrunePlan


@dataclass(frozen=True)
class PruneDryRun(Result):
    plan: PrunePlan


@dataclass(frozen=True)
class BackupRemoved(Event):
    """A backup is none any more; its bytes are there until the grace period is over."""

    id: str
    why: str


@dataclass(frozen=True)
class Pruned(Result):
    """How a prune ended. `spared` are ids that the plan would have removed, each with why not.

    `waiting` are removed backups whose bytes are still there. `more` is the same for the other
    vaults, and `failed` holds (vault, sentence) of those that could not be pruned.
    """

    vault: str
    removed: tuple[str, ...]
    removed_bytes: int
    spared: tuple[tuple[str, str], ...]
    bytes_gone: tuple[str, ...]
    freed_bytes: int
    waiting: int
    waiting_bytes: int
    grace: timedelta
    kept: int
    cooled: tuple[str, ...] = ()
    more: tuple[Pruned, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()

    @property
    def each(self) -> tuple[Pruned, ...]:
        """How it ended in each vault by itself."""
        return (replace(self, more=(), failed=()), *self.more)

    @property
    def exit_code(self) -> int:
        """1 when a vault could not be pruned."""
        return 1 if self.failed else 0


@dataclass(frozen=True)
class HoldChanged(Result):
    """A hold was placed or released, or a release waits for a second person until `until`."""

    id: str
    what: What
    by: str
    why: str
    holds: tuple[str, ...]  # The holds that stand now, or that were released.
    locked: bool = False  # The vault itself refuses to delete it.
    until: datetime | None = None
