"""The bot's own numbers, read now and then from the catalog and the engine: never by who asks.

A vault that hangs must not hang `/healthz`: the catalog is read as it lies on this machine, and a
vault is looked at for it from a thread that nobody waits for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.jobs import Engine, JobRun
from commands.events import Event, Result
from commands.jobs import ASK
from commands.trouble import RANK, Severity
from commands.verb import Context
from storage.catalog import Catalog, Entry
from storage.errors import LifeboatError

log = logging.getLogger(__name__)
READ_SECONDS = 15.0
VAULTS_SECONDS = 600.0  # Between two looks for backups that others have taken.
AFTER_SECONDS = 0.5  # A job that is over still has to be put away by the engine.
CLOSE_SECONDS_MAX = 5.0
LOOKED_BACK = 50
STATES = ("running", "queued")


@dataclass(frozen=True)
class LastBackup:
    """The newest backup of all tables of a deployment in which no check found damage."""

    taken_at: datetime
    seconds: float
    bytes: int
    documents: int
    findings: int
    verified_at: datetime | None


@dataclass(frozen=True)
class Reading:
    """What was read at a moment; a deployment without any good backup has None."""

    at: datetime
    deployments: Mapping[str, LastBackup | None]
    jobs: Mapping[str, int]
    questions: int
    alerts: Mapping[Severity, int]


@dataclass
class Readings:
    """Reads in a thread of its own; `latest` is what it read last, None before the first time."""

    world: Context
    engine: Engine
    catalog: Catalog  # Of its own: it never looks into a vault by itself.
    vault_failed: Callable[[str], None]
    latest: Reading | None = None
    _soon: threading.Event = field(default_factory=threading.Event)
    _closed: bool = False
    _looking: threading.Thread | None = None
    _looked_at: float | None = None

    def start(self) -> None:
        self._read()
        self._thread = threading.Thread(target=self._keep_reading, name="readings", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._closed = True
        self._soon.set()
        self._thread.join(CLOSE_SECONDS_MAX)

    def began(self, run: JobRun) -> None:
        self._soon.set()

    def heard(self, run: JobRun, event: Event) -> None:
        """Nothing that is read here changes while a job is at it."""

    def ended(self, run: JobRun, outcome: Result | LifeboatError) -> None:
        """It is in the catalog and the engine only when it is over."""

    def over(self, run: JobRun) -> None:
        self._soon.set()

    def _keep_reading(self) -> None:
        while not self._closed:
            self._look_later()
            if self._soon.wait(READ_SECONDS):
                time.sleep(AFTER_SECONDS)
            self._soon.clear()
            if not self._closed:
                self._read()

    def _read(self) -> None:
        """Read everything; what can't be read now stays as it was."""
        try:
            standing = self.engine.standing()
            states: Counter[str] = Counter(job.state for job in standing)
            self.latest = Reading(
                at=self.world.now(),
                deployments={name: self._last(name) for name in self.world.deployments},
                jobs={state: states[state] for state in STATES},
                questions=sum(job.verb == ASK for job in standing),
                alerts=self._alerts(),
            )
        except LifeboatError as error:
            log.warning("the bot's numbers can't be read now: %s", error.what)
        except Exception as error:
            if not self._closed:
                log.error("the bot's numbers can't be read now", exc_info=error)

    def _alerts(self) -> Mapping[Severity, int]:
        """Count what stands open, by severity; a bot that tells of no alerts has none."""
        kept = self.world.alerts
        counts: Counter[Severity] = Counter()
        if kept is not None:
            counts.update(alert.trouble.severity for alert in kept.open())
        return {severity: counts[severity] for severity in RANK}

    def _last(self, deployment: str) -> LastBackup | None:
        entries = self.catalog.backups(deployment, limit=LOOKED_BACK, include_safety=False)
        good = next((each for each in entries if each.whole and not each.verified_damage), None)
        if good is None:
            return None
        return LastBackup(
            good.taken_at,
            self._seconds(good),
            good.bytes,
            good.documents,
            good.verified_findings,
            good.verified_at,
        )

    def _seconds(self, entry: Entry) -> float:
        just_after = entry.taken_at + timedelta(microseconds=1)
        for manifest in self.catalog.previous(entry.deployment, just_after, 1):
            if manifest.id == entry.id:
                return sum(step.seconds for step in manifest.steps)
        return 0.0

    def _look_later(self) -> None:
        """Bring the catalog up to date with the vaults, unless a look is still under way."""
        now = self.world.monotonic()
        if self._looked_at is not None and now - self._looked_at < VAULTS_SECONDS:
            return
        if self._looking is None or not self._looking.is_alive():
            self._looked_at = now
            self._looking = threading.Thread(target=self._look, name="vaults", daemon=True)
            self._looking.start()

    def _look(self) -> None:
        try:
            for vault, _ in self.world.look().troubles:
                self.vault_failed(vault)
        except LifeboatError as error:
            for vault in self.world.vaults:
                self.vault_failed(vault)
            log.warning("no vault can be looked at now: %s", error.what)
        self._soon.set()
