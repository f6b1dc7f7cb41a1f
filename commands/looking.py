"""The lookout: gathers the facts of every standing trouble, again and again, and names them all.

Nothing that is asked can hold it up for long: every place is asked in a thread of its own, and
what does not answer in time is a trouble itself, or leaves the kinds unknown that hang on it.
Between two looks it remembers only what spares work: answers that still hold, what was learned.
What is a trouble is decided in `lookout_*.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from commands import lookout_backups, lookout_people, lookout_places, timetable
from commands.answers import Answers, Silent
from commands.events import JobStanding
from commands.last_good import EVER, damaged, last_good
from commands.looking_deployments import Probed, Probes
from commands.looking_vaults import VaultLook, VaultLooks
from commands.lookout_backups import Covered, moment
from commands.lookout_targets import Target, promised
from commands.target import BACKUP, expected_since
from commands.trouble import Kind, Seen, Trouble
from commands.verb import Context
from storage import schedule_notes
from storage.catalog import Catalog, Entry
from storage.errors import LifeboatError
from storage.schedule_notes import Notes

Looks = dict[str, VaultLook | LifeboatError | Silent]
ANSWER_SECONDS = 10.0
SPARE = 10  # Damaged ones among the last backups, which nothing is learned from.
OF_DEPLOYMENTS: tuple[Kind, ...] = ("key refused", "left paused")
OF_A_VAULT: tuple[Kind, ...] = ("copy failing", "vault filling", "findings")
OF_ALL_VAULTS: tuple[Kind, ...] = ("backup overdue", "anomaly")
OF_NONE: tuple[Kind, ...] = ("vault unreachable", "approval waiting", "clock skew", "clock dead")
KINDS: frozenset[Kind] = frozenset((*OF_DEPLOYMENTS, *OF_A_VAULT, *OF_ALL_VAULTS, *OF_NONE))


@dataclass(frozen=True)
class _Learned:
    """What came of the newest backup of a deployment, and which it was."""

    newest: str
    before: int
    troubles: tuple[Trouble, ...]


class Looking:
    """One lookout. Not for several threads at once.

    `catalog` is its own, so that what it can't reach hides nothing from jobs. `clock_alive` is of
    the bot's clock; None: not in a bot. Without `probes` deployments are not asked, and without
    `refresh` the catalog is believed as it is.
    """

    def __init__(
        self,
        ctx: Context,
        *,
        clock_alive: Callable[[], bool] | None = None,
        probes: bool = True,
        refresh: bool = True,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._ctx, self._clock_alive, self._seconds = ctx, clock_alive, seconds
        self._answers = Answers(ctx.monotonic)
        self._vaults = VaultLooks(ctx, refresh=refresh)
        self._probes = Probes(ctx) if probes else None
        self._since: dict[str, datetime] = {}
        self._learned: dict[str, _Learned] = {}
        self._notes: dict[str, Notes] = {}
        self._first_away = False
        self._jobs: tuple[JobStanding, ...] | None = None

    def soon(self, deployment: str, *, failed: bool) -> None:
        """Look at all vaults at the next look, for a job of a deployment ended.

        The deployment is looked at as well if that failed, or did not though something was wrong.
        """
        self._vaults.soon()
        if self._probes is not None and deployment in self._ctx.deployments:
            self._probes.soon(deployment, failed=failed)

    def look(self) -> Seen:
        """Name every trouble that stands now."""
        unknown: set[Kind] = set()
        found: list[Trouble] = []
        self._ask_the_engine(unknown)
        looks = self._ask(unknown)
        now = self._ctx.now()
        self._first_away = not isinstance(looks[self._ctx.first.name], VaultLook)
        good = {name: last_good(name, self._vaults.catalog) for name in self._ctx.deployments}
        needs = sum(entry.bytes for entry in good.values() if entry is not None)
        found += self._of_vaults(looks, needs, unknown, now)
        found += self._of_deployments(unknown, now)
        found += self._of_clocks(looks, now)
        for name in sorted(good):
            found += self._of_backups(name, good[name], now)
        rules, within = self._ctx.rules.lookout, self._ctx.rules.approvals.approve_within
        found += lookout_people.approval_waiting(self._jobs or (), rules, within, now)
        found += self._of_the_clock(now)
        return Seen(self._steady(found, unknown), frozenset(unknown))

    def _ask_the_engine(self, unknown: set[Kind]) -> None:
        """Learn what runs; a job that ended since the last look may have changed every vault."""
        if self._ctx.jobs is None:
            return
        told = self._answers.of({"engine": self._ctx.jobs.standing}, self._seconds)["engine"]
        if isinstance(told, LifeboatError | Silent):
            unknown.update(("approval waiting", "left paused"))
            return
        before, self._jobs = self._jobs, tuple(told)
        if {job.id for job in before or ()} - {job.id for job in self._jobs}:
            self._vaults.soon()

    def _ask(self, unknown: set[Kind]) -> Looks:
        """Ask every vault, and the deployments whose turn it is, at once."""
        questions: dict[str, Callable[[], object]] = {
            f"vault {name}": ask for name, ask in self._vaults.questions().items()
        }
        if self._probes is not None:
            probes = self._probes.questions(self._jobs or (), self._ctx.now())
            questions |= {f"deployment {name}": ask for name, ask in probes.items()}
        told = self._answers.of(questions, self._seconds)
        for name, answer in told.items():
            what, _, of = name.partition(" ")
            if what == "deployment" and self._probes is not None:
                self._probes.heard(of, answer)
        if self._probes is None or self._probes.unknown():
            unknown.update((*OF_DEPLOYMENTS, "clock skew"))
        return {of: told[f"vault {of}"] for of in self._ctx.vaults}

    def _read_notes(self, target: Target) -> None:
        """Read what happened to the schedules of a deployment; what can't be read is as it was."""
        vault = self._ctx.vault
        questions = {
            f"notes {name}": partial(schedule_notes.read, vault, name) for name in target.schedules
        }
        for name, answer in self._answers.of(questions, self._seconds).items():
            if isinstance(answer, Notes):
                self._notes[name.partition(" ")[2]] = answer

    def _of_vaults(
        self,
        looks: Looks,
        needs: int,
        unknown: set[Kind],
        now: datetime,
    ) -> Iterator[Trouble]:
        rules, ctx = self._ctx.rules.lookout, self._ctx
        good = tuple(name for name, each in looks.items() if isinstance(each, VaultLook))
        for name, each in looks.items():
            others = tuple(other for other in good if other != name)
            if not isinstance(each, VaultLook):
                unknown.update((*OF_A_VAULT, *(() if good else OF_ALL_VAULTS)))
                what, safe, hint = _words(name, each)
                first = name == ctx.first.name
                away = lookout_places.Away(name, what, safe, hint, others, first)
                yield from lookout_places.unreachable(away, now)
                continue
            if each.away is not None:
                yield from lookout_places.unreachable(replace(each.away, others=others), now)
            for checked in each.checked:
                yield from lookout_backups.findings(checked)
            yield from lookout_backups.half_gone(name, each.unreadable, now)
            filling: list[Trouble] = []
            if each.free is not None:
                room = lookout_places.Room(name, each.free, needs)
                filling = list(lookout_places.filling(room, rules, now))
            yield from filling
            if each.lacking is not None and each.away is None:
                full = any(trouble.severity == "severe" for trouble in filling)
                yield from lookout_places.copy_failing(each.lacking, rules, now, full=full)

    def _of_deployments(self, unknown: set[Kind], now: datetime) -> Iterator[Trouble]:
        rules = self._ctx.rules
        known: dict[str, Probed] = {} if self._probes is None else self._probes.known
        for probed in known.values():
            if probed.refusal is not None:
                yield from lookout_people.key_refused(probed.refusal, now)
                unknown.update(("left paused", "clock skew"))
            if probed.standstill is not None:
                yield from lookout_people.left_paused(probed.standstill, rules.lookout, now)

    def _of_clocks(self, looks: Looks, now: datetime) -> Iterator[Trouble]:
        known: dict[str, Probed] = {} if self._probes is None else self._probes.known
        skews = {name: probed.skew_seconds for name, probed in known.items()}
        for name, each in looks.items():
            if isinstance(each, VaultLook):
                skews[f"vault {name}"] = each.skew_seconds
        return lookout_places.skewed(skews, self._ctx.rules.clock_skew_seconds_max, now)

    def _of_backups(self, name: str, good: Entry | None, now: datetime) -> Iterator[Trouble]:
        target = self._target(name)
        if target is not None:
            covered = Covered(name, target)
            if good is not None:
                covered = replace(covered, taken_at=good.taken_at, id=good.id)
            if any(True for _ in lookout_backups.overdue(covered, now)):
                self._read_notes(target)
                covered = replace(
                    covered,
                    since=expected_since(target.schedules, self._notes),
                    causes=tuple(self._causes(name, target, now)),
                )
            yield from lookout_backups.overdue(covered, now)
        yield from self._anomaly(name, self._vaults.catalog)

    def _anomaly(self, name: str, catalog: Catalog) -> Sequence[Trouble]:
        learning = self._ctx.rules.lookout.learning
        found = catalog.previous(name, before=EVER, limit=1 + learning.values_max + SPARE)
        sound = [manifest for manifest in found if not damaged(manifest)]
        if not sound:
            return ()
        newest, before = sound[0], sound[1 : 1 + learning.values_max]
        known = self._learned.get(name)
        if known is None or (known.newest, known.before) != (newest.id, len(before)):
            troubles = tuple(lookout_backups.anomaly(newest, before, learning))
            known = self._learned[name] = _Learned(newest.id, len(before), troubles)
        return known.troubles

    def _of_the_clock(self, now: datetime) -> Iterator[Trouble]:
        on = sum(each.on for each in self._ctx.schedules.values())
        if self._clock_alive is not None:
            if not self._clock_alive():
                yield from lookout_people.clock_dead(on, now, now)
        elif self._ctx.jobs is not None and not self._ctx.jobs.bot_runs():
            yield from lookout_people.clock_dead(on, None, now)

    def _causes(self, name: str, target: Target, now: datetime) -> Iterator[str]:
        """Yield why there may be no backup, as far as one can see."""
        if any(True for _ in self._of_the_clock(now)):
            yield "Nothing is begun by itself right now: see the clock."
        for schedule in target.schedules:
            notes = self._notes.get(schedule)
            pause = timetable.paused(notes, now) if notes is not None else None
            if pause is not None and pause.until is not None:
                until = moment(pause.until)
                yield f"The schedule {schedule} is paused until {until} by {pause.by_name}."
        if self._first_away:
            yield f"The vault {self._ctx.first.name!r} can't be used."
        probed = self._probes.known.get(name) if self._probes is not None else None
        if probed is not None and probed.refusal is not None:
            yield "Its key is refused."
        for job in self._jobs or ():
            if job.deployment == name and job.verb == BACKUP:
                how = "is running" if job.state == "running" else "waits for its turn"
                yield f"A backup that was asked for at {moment(job.asked_at)} {how}."

    def _target(self, name: str) -> Target | None:
        return promised(name, self._ctx.schedules, self._ctx.rules.targets.get(name))

    def _steady(self, found: Sequence[Trouble], unknown: set[Kind]) -> tuple[Trouble, ...]:
        """Return each trouble once, with the moment it was first seen; forget what is over."""
        told = {trouble.key: trouble for trouble in reversed(found)}
        for key in list(self._since):
            if key not in told and key.partition("/")[0] not in unknown:
                del self._since[key]
        return tuple(
            replace(trouble, since=self._since.setdefault(key, trouble.since))
            for key, trouble in reversed(told.items())
        )


def _words(vault: str, answer: LifeboatError | Silent) -> tuple[str, str, str]:
    """Return the three sentences of a vault that did not answer as it should."""
    if isinstance(answer, Silent):
        what = f"The vault {vault!r} has not answered for {max(1.0, answer.seconds):,.0f} s."
        return what, "", f"Is its disk or its network there? lifeboat doctor says more of {vault}."
    return answer.what, answer.safe, answer.hint
