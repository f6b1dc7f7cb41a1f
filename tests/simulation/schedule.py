"""A schedule: what one seed makes of a few weeks of backups, copies, prunes, holds and bad days."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from commands import audit as audit_verb
from commands import backup, copy, hold, prune
from commands.copies import CopyTold
from commands.verb import Context
from storage.errors import LifeboatError
from storage.manifest import Kind
from tests.simulation.witness import Broken
from tests.simulation.world import Job, Process, World, snapshots
from tests.storage.vaults.faulty import HONEST, LIES, Crashed, Method
from tests.storage.vaults.faulty import Kind as Fault

Pairs = Sequence[tuple[Method, Fault]]
Bug = Callable[[World], Any]  # A context manager under which the planted bug is there.
VERBS = ("backup", "copy", "prune", "hold", "release", "audit")
KINDS: tuple[Kind, ...] = ("manual", "daily", "weekly", "pre-deploy")
WEIGHTS = (40, 14, 26, 8, 5, 7)
RATES = (0.0, 0.004, 0.01, 0.025)
STEPS = (timedelta(0), timedelta(minutes=5), timedelta(hours=13), timedelta(days=1, hours=1))


@dataclass
class Played:
    """What happened in one schedule, for counting and for telling."""

    seed: int
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    looked: int = 0
    lines: list[str] = field(default_factory=list)
    broken: str = ""


def play(seed: int, folder: Path, bug: Bug | None = None, pairs: Pairs = HONEST) -> Played:
    """Play the schedule of a seed; `broken` says which promise broke, "" if none did."""
    schedule = _Schedule(seed, folder, pairs)
    played = schedule.played
    with ExitStack() as planted:
        if bug is not None:
            planted.enter_context(bug(schedule.world))
        try:
            schedule.run()
        except Broken as broken:
            played.broken = str(broken)
    for faulty in schedule.world.faulty:
        played.faults.update((method, kind) for _, method, kind, _ in faulty.told)
    played.faults["disk", "killed within"] += sum(m.disk.kills for m in schedule.world.models)
    played.looked = schedule.world.witness.looked
    return played


class _Schedule:
    def __init__(self, seed: int, folder: Path, pairs: Pairs, vaults: int = 0) -> None:
        self.chance = random.Random(seed)
        self.played, self.jobs = Played(seed), 0
        self.rate = 0.0 if vaults else self.chance.choice(RATES)
        among = vaults or self.chance.choice((1, 2, 2))
        self.world = World(self.chance, folder, self.rate, pairs, among)
        self.witness = self.world.witness
        self.witness.lied_to = bool(LIES & set(pairs))
        if not vaults:
            self.world.go_on_from(_past(among))
            self.jobs = 100  # No job of the past is met again.

    def good_days(self) -> World:
        """Do what leaves a bit of everything behind, without any fault."""
        for verb in ("backup", "backup", "hold", "backup", "prune", "backup"):
            self.world.pass_time(timedelta(hours=19))
            job, doing = self._job(verb)
            doing(self.world.context(Process(self.world), "here", job))
        self.world.pass_time(timedelta(hours=9))
        self.witness.look()
        return self.world

    def run(self) -> None:
        """Do a few things, then look a last time on a good day."""
        for _ in range(self.chance.choice((1, 1, 2, 2, 3, 5))):
            self.world.pass_time(self.chance.choice(STEPS))
            self._one(self.chance.choices(VERBS, WEIGHTS)[0])
        if self.chance.random() < 0.5:
            self._settled()

    def _one(self, verb: str) -> None:
        """Do one verb; a job that was killed goes on in half of all cases, up to twice."""
        job, doing = self._job(verb)
        for _ in range(3):
            if not self._process(verb, doing, job) or self.chance.random() < 0.5:
                return

    def _process(self, verb: str, doing: Callable[[Context], None], job: Job) -> bool:
        """Run it in a process of its own; True if that was killed."""
        process = Process(self.world)
        if self.chance.random() < 0.15:
            process.meanwhile_at = self.chance.randint(1, 80)
            process.meanwhile = self._meanwhile(self.chance.choices(VERBS, WEIGHTS)[0])
        if self.rate and self.chance.random() < 0.25:
            model = self.chance.choice(self.world.models)
            model.disk.kill_in = self.chance.randint(0, 60)
        ctx = self.world.context(process, "here", job)
        killed = self._in_turn(verb, doing, ctx)
        cut = self.chance.random() < (0.5 if killed else 0.15)
        if killed or cut:
            self.world.bury(self.chance if cut else None)
            self.played.lines.append("  the power went" if cut else "  the process was killed")
        for model in self.world.models:
            model.disk.kill_in = None
        self.witness.look()
        return killed

    def _in_turn(self, verb: str, doing: Callable[[Context], None], ctx: Context) -> bool:
        line = f"{self.world.clock.at:%m-%d %H:%M} {verb}"
        self.witness.held_since.append(frozenset(self.witness.held))
        try:
            doing(ctx)
        except LifeboatError as error:
            self.played.done[f"{verb} failed"] += 1
            self.played.lines.append(f"{line}: {type(error).__name__}: {error.what}")
        except Crashed:
            self.played.done[f"{verb} killed"] += 1
            self.played.lines.append(f"{line}: killed")
            return True
        else:
            self.played.done[verb] += 1
            self.played.lines.append(f"{line}: done")
        finally:
            self.witness.held_since.pop()
        return False

    def _meanwhile(self, verb: str) -> Callable[[], None]:
        """Return what another machine does whole while the first one is at work."""

        def stepping_in() -> None:
            self.witness.look()  # Nothing half-written is listed at any moment.
            job, doing = self._job(verb)
            ctx = self.world.context(Process(self.world), "there", job)
            self.played.lines.append("  meanwhile, elsewhere:")
            if self._in_turn(verb, doing, ctx):
                for faulty in self.world.faulty:
                    faulty.dead = False

        return stepping_in

    def _job(self, verb: str) -> tuple[Job, Callable[[Context], None]]:
        """Return a job of that verb, and what it does each time it is begun."""
        self.jobs += 1
        known = sorted({id for _, id in self.witness.whole})
        id = self.chance.choice(known) if known else "production-2026-03-01-0200"
        doing: Callable[[Context], None]
        match verb:
            case "backup":
                kind = self.chance.choice(KINDS)
                job = self.world.backup_job(self.jobs, self.chance.choice(snapshots()))
                return job, lambda ctx: self._backup(backup.Request("production", kind=kind), ctx)
            case "copy":
                doing = lambda ctx: self._copied(id, copy.run(copy.Request(id), ctx).copies)  # noqa: E731
            case "prune":
                doing = lambda ctx: _ignored(prune.run(prune.Request(yes=True), ctx))  # noqa: E731
            case "hold":
                doing = lambda ctx: self._hold(id, ctx)  # noqa: E731
            case "release":
                id = self.chance.choice(sorted(self.witness.held)) if self.witness.held else id
                doing = lambda ctx: self._release(id, ctx)  # noqa: E731
            case _:
                verify = audit_verb.parse(["verify"])
                doing = lambda ctx: _ignored(audit_verb.run(verify, ctx))  # noqa: E731
        return self.world.job(self.jobs), doing

    def _backup(self, request: backup.Request, ctx: Context) -> None:
        finished = backup.run(request, ctx)
        id = finished.manifest.id
        self.witness.whole.add((self.world.models[0].name, id))
        self._copied(id, finished.copies)

    def _copied(self, id: str, copies: Sequence[CopyTold]) -> None:
        self.witness.whole |= {(c.vault, id) for c in copies if c.state in ("copied", "there")}

    def _hold(self, id: str, ctx: Context) -> None:
        hold.hold(hold.Request(id, "the tax audit"), ctx)
        self.witness.held.add(id)

    def _release(self, id: str, ctx: Context) -> None:
        self.witness.held.discard(id)
        hold.release(hold.Request(id, "the audit is over"), ctx)

    def _settled(self) -> None:
        """On a good day everything is whole, held ones are there, and the log is one chain."""
        with self._good_day():
            ctx = self.world.context(Process(self.world), "here", self.world.job(0))
            prune.run(prune.Request(yes=True), ctx)
            self.witness.look()
            listed = {entry.id for entry in ctx.catalog.backups()}
            for id in sorted(self.witness.held - listed):
                raise Broken(f"{id} is held, and is not listed on a good day")
            assert ctx.audit is not None
            for finding in () if self.witness.lied_to else ctx.audit.verify().findings:
                raise Broken(f"the audit log: {finding.what}")

    @contextmanager
    def _good_day(self) -> Iterator[None]:
        self.world.pass_time(timedelta(hours=2))
        self.world.bury(None)
        for faulty in self.world.faulty:
            faulty._faults.rate = 0.0
        try:
            yield
        except LifeboatError as error:
            raise Broken(f"on a good day: {type(error).__name__}: {error.what}") from error


@cache
def _past(vaults: int) -> World:
    """Return a world that has seen good days, for schedules to go on from."""
    with tempfile.TemporaryDirectory() as folder:
        return _Schedule(vaults, Path(folder), (), vaults).good_days()


def _ignored(_result: object) -> None:
    """What a prune or a walk found is not what is promised here."""
