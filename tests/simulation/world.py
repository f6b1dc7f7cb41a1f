"""Two vaults on two disks, a clock that is driven, and processes that do the real verbs and die."""

from __future__ import annotations

import io
import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

from sqlite_utils import Database

from commands.verb import Caller, Context, Rules
from storage.audit import Audit
from storage.catalog import KIND, Catalog
from storage.convex.exports import Export
from storage.convex.patience import Patience
from storage.errors import LifeboatError
from storage.manifest import DeploymentFacts
from storage.retention_policy import Policies, Policy
from storage.spool import Spool
from storage.sqlite_file import make_tables
from storage.vaults.several import Several
from storage.vaults.vault import Stored, Vault
from tests import convex_zip
from tests.simulation.disk import Disk, ModelFolder
from tests.simulation.witness import Witness
from tests.storage.vaults.faulty import Crashed, Faults, FaultyVault, Kind, Method

BEGAN = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
FLOOR, GRACE, SWEEP_HOURS = 2, timedelta(days=2), 24.0
POLICY = Policy(
    daily_days=2,
    weekly_days=4,
    monthly_days=6,
    pre_deploy_days=1,
    manual_days=2,
    safety_days=3,
    floor=FLOOR,
)
RULES = Rules(grace_hours=SWEEP_HOURS, copy_tries=2, retention=Policies(usual=POLICY, grace=GRACE))


class Clock:
    """Goes on by a millisecond each time it is looked at, and by as much as it is told."""

    def __init__(self) -> None:
        self.at = BEGAN

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@cache
def snapshots() -> tuple[bytes, ...]:
    """Return a few real archives: small ones, and one of several chunks."""
    made = []
    for rows, bytes_ in ((2, 40), (3, 40), (5, 6_000)):
        out, file = io.BytesIO(), random.Random(rows).randbytes(bytes_)
        lines = convex_zip.rows(10_001, rows)
        convex_zip.write(out, {"npd": lines}, storage=[convex_zip.stored_file(1, file)])
        made.append(out.getvalue())
    return tuple(made)


class Convex:
    """A deployment of which only the download is asked; the rest a job of the bot remembers."""

    name, url, expected_tables = "production", "https://production.test", None

    def __init__(self, body: bytes) -> None:
        self.patience = Patience(download_tries=1, sleep=lambda _seconds: None)
        self.client, self.body = self, body

    @contextmanager
    def stream(self, _path: str) -> Iterator[Any]:
        """Answer with the snapshot."""
        chunks: Callable[[], Iterable[bytes]] = lambda: iter([self.body])  # noqa: E731
        yield SimpleNamespace(headers={"Content-Length": str(len(self.body))}, iter_raw=chunks)


class Door:
    """A process's way to a faulty vault: shut once the process is dead, and a place to step in.

    `meanwhile` is called before a call: another process may do something whole right there.
    """

    def __init__(self, vault: FaultyVault, process: Process) -> None:
        self._vault, self._process = vault, process
        self.name = vault.name

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        return self._process.call(lambda: self._vault.put(name, chunks))

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        return self._process.each(self._process.call(lambda: self._vault.open(name, start)))

    def list(self, prefix: str = "") -> Iterator[Stored]:
        return self._process.call(lambda: self._vault.list(prefix))

    def stat(self, name: str) -> Stored:
        return self._process.call(lambda: self._vault.stat(name))

    def delete(self, name: str) -> None:
        self._process.call(lambda: self._vault.delete(name))

    def leftovers(self) -> Iterator[Stored]:
        return self._process.call(self._vault.leftovers)

    def sweep(self, before: datetime) -> Sequence[Stored]:
        return self._process.call(lambda: self._vault.sweep(before))


class Index(Catalog):
    """The catalog in memory: its file is opened hundreds of times in a schedule otherwise."""

    def __init__(self, path: Path, db: Database) -> None:
        super().__init__(path)
        self._db = db

    @contextmanager
    def _connected(self) -> Iterator[Database]:
        yield self._db


@cache
def _empty_index() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    make_tables(Database(connection), KIND)
    return connection


def new_index() -> Database:
    """Return an index of nothing."""
    connection = sqlite3.connect(":memory:")
    _empty_index().backup(connection)
    return Database(connection)


@dataclass
class Process:
    """One process of one machine; when it dies at one vault it is dead for all of them."""

    world: World
    dead: bool = False
    calls: int = 0
    meanwhile_at: int = 0
    meanwhile: Callable[[], None] | None = None

    def call(self, doing: Callable[[], Any]) -> Any:
        """Do one call of a vault."""
        self.calls += 1
        if self.meanwhile is not None and self.calls == self.meanwhile_at and not self.dead:
            stepping_in, self.meanwhile = self.meanwhile, None
            stepping_in()
        with self._living():
            return doing()

    def each(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass chunks through, as long as it lives."""
        with self._living():
            yield from chunks

    @contextmanager
    def _living(self) -> Iterator[None]:
        if self.dead:
            raise Crashed("a dead process does nothing")
        try:
            yield
        except Crashed:
            self.dead = True
            raise


@dataclass
class Job:
    """What the engine remembers of one job: its id, when it was asked for, and results.

    `body` is the snapshot that Convex has made for it.
    """

    id: str
    asked_at: datetime
    body: bytes = b""
    results: list[Any] = field(default_factory=list)

    def keeping(self) -> Callable[[str, Callable[[], Any], Any], Any]:
        """Return a fresh run's way to keep what came of steps; what was kept comes back first."""
        at = iter(range(1_000_000))

        def kept(_name: str, doing: Callable[[], Any], _kind: Any) -> Any:
            number = next(at)
            if number == len(self.results):
                try:
                    self.results.append(doing())
                except LifeboatError as error:
                    self.results.append(error)
            result = self.results[number]
            if isinstance(result, LifeboatError):
                raise result
            return result

        return kept


class Days(Faults):
    """Faults that fall on each method alike, however seldom it is called."""

    OFTEN = MappingProxyType(
        {"put": 4.0, "delete": 12.0, "stat": 3.0, "sweep": 20.0, "leftovers": 20.0}
    )

    def draw(self, method: Method, name: str) -> Kind | None:
        """Return what happens to this call."""
        rate = self.rate
        self.rate *= self.OFTEN.get(method, 1.0)
        try:
            return super().draw(method, name)
        finally:
            self.rate = rate


class World:
    """Everything that outlives a process."""

    def __init__(
        self, chance: random.Random, folder: Path, rate: float, pairs: Sequence[Any], vaults: int
    ) -> None:
        self.folder, self.clock = folder, Clock()
        self.models = [ModelFolder(n, Disk(), self.clock) for n in ("first", "second")[:vaults]]
        self.faulty = [
            FaultyVault(model, Days(chance.getrandbits(32), rate, pairs)) for model in self.models
        ]
        self.indexes = {machine: new_index() for machine in ("here", "there")}
        self.witness = Witness(self.models, self.clock, FLOOR, GRACE)
        for model in self.models:
            model.before_delete = self.witness.before_delete

    def go_on_from(self, other: World) -> None:
        """Take over what another world has come to; it stays as it is."""
        self.clock.at = other.clock.at
        for mine, theirs in zip(self.models, other.models, strict=True):
            mine.disk.go_on_from(theirs.disk)
        for machine, index in self.indexes.items():
            other.indexes[machine].conn.backup(index.conn)
        self.witness.whole |= other.witness.whole
        self.witness.held |= other.witness.held
        self.witness.removed |= other.witness.removed
        self.witness.used |= other.witness.used

    def pass_time(self, time: timedelta) -> None:
        """Drive the clock; after a minute the kernel has written everything back."""
        self.clock.at += time
        if time > timedelta(minutes=1):
            for model in self.models:
                model.disk.time_passes()

    def bury(self, power_cut_by: random.Random | None) -> None:
        """Let the dead process's things go, and what was not synced if the power went as well."""
        for model, faulty in zip(self.models, self.faulty, strict=True):
            model.disk.kill_in = None
            model.killed()
            faulty.revive()
            if power_cut_by is not None:
                model.disk.power_cut(power_cut_by)

    def job(self, number: int) -> Job:
        """Return a job of the bot that has done nothing yet."""
        return Job(f"job-{number}", self.clock())

    def backup_job(self, number: int, body: bytes) -> Job:
        """Return a job whose first three steps, those at Convex, are done and remembered."""
        job = self.job(number)
        moment = int(job.asked_at.timestamp() * 1_000_000) * 1_000
        export = Export(id="jd7", timestamp_ns=moment, bytes=len(body), with_files=True)
        about = DeploymentFacts(name=Convex.name, url=Convex.url)
        return Job(job.id, job.asked_at, body, [None, about, export])

    def context(self, process: Process, machine: str, job: Job) -> Context:
        """Return what a verb may touch, in a new process of that machine."""
        doors: Mapping[str, Vault] = {v.name: Door(v, process) for v in self.faulty}
        first = next(iter(doors.values()))
        vault = Several(list(doors.values())) if len(doors) > 1 else first
        if isinstance(vault, Several):
            first = vault.first
        folder = self.folder / machine
        audit = Audit(first, self.clock, lambda _seconds: None, copies=list(doors.values())[1:])
        deployments: Any = {"production": Convex(job.body)}
        asking: Any = SimpleNamespace(job_id=job.id, wait=lambda _topic, _seconds: None)
        tell: Callable[[Any], None] = lambda _event: None  # noqa: E731
        kept: Any = job.keeping()
        return Context(
            caller=Caller("U1", "Rizal", "terminal", "operator"),
            deployments=deployments,
            vault=vault,
            catalog=Index(folder / "catalog.db", self.indexes[machine]),
            spool=Spool(folder / "spool"),
            now=self.clock,
            tell=tell,
            step=lambda _name, doing: doing(),
            kept=kept,
            confirm=lambda _question: True,
            type_in=lambda _question: "",
            locks=folder / "locks",
            default_deployment="production",
            asked_at=job.asked_at,
            audit=audit,
            asking=asking,
            rules=RULES,
            vaults=doors,
        ).telling(tell)
