"""Asks deployments how they stand: is the key taken, what does the clock say, who paused them.

A probe only reads, and little: two or three requests. It is made now and then, and soon after a
job failed, or was done though something seemed wrong; in between, what the last answer said holds.
A deployment that does not answer says nothing about its key. You will not find here what follows
from it (`lookout_people.py`).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from commands.events import JobStanding
from commands.lookout_people import Refusal, Standstill
from commands.restore_pause import PAUSING, UNPAUSED
from commands.verb import Context
from storage import lock, records
from storage.convex import facts, pausing
from storage.convex.deployment import Deployment
from storage.errors import MissingPermission, VaultError, WrongKey
from storage.vaults.vault import Vault

RESTORES = ("restore", "approved")  # The jobs that pause what they restore into.
TRIES, SECONDS = 2, 5.0
WHILE_ILL = timedelta(seconds=30)


@dataclass(frozen=True)
class Probed:
    """What one deployment said, and when; `standstill` None: it runs, or won't say."""

    at: datetime
    refusal: Refusal | None = None
    skew_seconds: float | None = None
    standstill: Standstill | None = None

    @property
    def ill(self) -> bool:
        """Whether something may be wrong, so that its end is worth looking for."""
        return self.refusal is not None or self.standstill is not None or bool(self.skew_seconds)


class Probes:
    """The last answer of every deployment."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.known: dict[str, Probed] = {}
        self._asked: dict[str, datetime] = {}
        self._soon: set[str] = set()

    def soon(self, deployment: str, *, failed: bool) -> None:
        """Ask a deployment at the next look: something went wrong with it, or is well again."""
        known = self.known.get(deployment)
        if failed or (known is not None and known.ill):
            self._soon.add(deployment)

    def questions(
        self, jobs: Sequence[JobStanding], now: datetime
    ) -> dict[str, Callable[[], Probed]]:
        """Return, by deployment, the questions that are due."""
        found = {}
        for name in self._ctx.deployments:
            asked = self._asked.get(name)
            fresh = asked is not None and abs(now - asked) < self._pace(name)
            if fresh and name not in self._soon:
                continue
            self._asked[name] = now
            self._soon.discard(name)
            found[name] = self._question(name, jobs)
        return found

    def heard(self, deployment: str, answer: object) -> None:
        """Keep an answer; one that is none leaves what was known."""
        if isinstance(answer, Probed):
            self.known[deployment] = answer

    def unknown(self) -> bool:
        """Whether a deployment never answered, so that nothing can be said of it."""
        return any(name not in self.known for name in self._ctx.deployments)

    def _pace(self, name: str) -> timedelta:
        """Return how long an answer holds: a trouble is looked at often, to see its end."""
        known, every = self.known.get(name), self._ctx.rules.lookout.probe_every
        return min(every, WHILE_ILL) if known is not None and known.ill else every

    def _question(self, name: str, jobs: Sequence[JobStanding]) -> Callable[[], Probed]:
        before = self.known.get(name)

        def ask() -> Probed:
            there = self._ctx.deployments[name]
            short = replace(
                there.patience, tries=TRIES, connect_seconds=SECONDS, read_seconds=SECONDS
            )
            with closing(Deployment(name, there.url, there.key, patience=short)) as deployment:
                return self._probed(deployment, jobs, before)

        return ask

    def _probed(
        self, deployment: Deployment, jobs: Sequence[JobStanding], before: Probed | None
    ) -> Probed:
        name, now = deployment.name, self._ctx.now()
        try:
            ready = facts.preflight(deployment, facts.BACKUP_NEEDS, self._ctx.now)
        except (WrongKey, MissingPermission) as error:
            return Probed(now, Refusal(name, error.what, error.safe, error.hint))
        return Probed(
            now,
            skew_seconds=ready.clock_skew_seconds,
            standstill=self._standstill(deployment, jobs, before),
        )

    def _standstill(
        self, deployment: Deployment, jobs: Sequence[JobStanding], before: Probed | None
    ) -> Standstill | None:
        name = deployment.name
        try:
            still = pausing.paused(deployment)
        except (MissingPermission, WrongKey):
            return None  # It may back up, and not look at that.
        restored = any(
            job.deployment == name and job.verb in RESTORES and job.state == "running"
            for job in jobs
        )
        if not still or restored:
            return None
        seen = before.standstill.since if before and before.standstill else self._ctx.now()
        try:
            record = next(_pausing(self._ctx.vault, f"restore.{name}."), None)
        except VaultError:
            record = None
        if record is None:
            return Standstill(name, seen)
        return None if _at_work(record) else Standstill(name, record.at, record.job)


def _pausing(vault: Vault, prefix: str) -> Iterator[records.Record]:
    """Yield the record of each restore that has paused its target and not started it again."""
    last: dict[str, str] = {}
    for stored in vault.list(f"jobs/{prefix}"):
        _, job, leaf = stored.name.split("/", 2)
        step = leaf.partition("-")[2].removesuffix(".json")
        if step in (PAUSING, UNPAUSED):
            last[job] = step
    for job in sorted((job for job, step in last.items() if step == PAUSING), reverse=True):
        told = [each for each in records.read(vault, job) if each.step == PAUSING]
        yield from told[-1:]


def _at_work(record: records.Record) -> bool:
    """Whether the process of this machine that paused it still lives."""
    pid = record.data.get("pid")
    if record.data.get("host") != socket.gethostname() or not isinstance(pid, int):
        return False
    if record.data.get("door") != "terminal" or pid == os.getpid():
        return False  # A bot lives on; whether its restore does, the engine knows.
    return lock.lives(pid)
