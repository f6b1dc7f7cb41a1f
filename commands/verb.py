"""What a verb is, and all that a verb may touch while it runs.

A verb declares its words once (`Verb`); the terminal's `--help`, the README and the Slack door
are made from, or checked against, that declaration. `Context` is the whole world a verb sees.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from commands.aim import Aim
from commands.alert_state import Alert
from commands.events import Event, JobStanding, Result, Warned
from commands.lookout_rules import LookoutRules
from commands.policy import Approvals
from commands.three_two_one import Place
from commands.timetable import Begin, Pausing, Schedule, ScheduledRun
from storage import lock, removal, shelf
from storage.audit import Audit
from storage.catalog import Catalog, Entry
from storage.convex.deployment import Deployment
from storage.errors import (
    ManifestError,
    Refused,
    SpoolError,
    VaultError,
    VaultUnreachable,
)
from storage.looked import Looked, look
from storage.manifest import Door
from storage.retention_policy import Policies
from storage.seal import Seal
from storage.spool import Spool
from storage.vaults.several import Several
from storage.vaults.vault import Vault

if TYPE_CHECKING:
    from commands.alert_events import RoadStanding, RoadTold

T = TypeVar("T")
Role = Literal["viewer", "operator"]  # An operator may all that a viewer may.


@dataclass(frozen=True)
class Argument:
    """A word that is known by its place."""

    name: str
    about: str
    required: bool = False


@dataclass(frozen=True)
class Option:
    """A word that is known by its name: `--tables a,b` in a terminal, `tables a,b` in a sentence.

    `metavar` None makes it a switch. `many` splits the value at commas. `also` are other
    spellings that people know, such as the guide's `--table`. `bare` is the value meant when the
    name stands alone; None means that a value has to follow.
    """

    name: str
    about: str
    metavar: str | None = None
    many: bool = False
    choices: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    bare: str | None = None


@dataclass(frozen=True)
class Verb:
    """One thing a person can ask for: its words, how they become a request, and the doing."""

    name: str
    about: str
    parse: Callable[[Sequence[str]], Any]
    run: Callable[[Any, Context], Result]
    role: Role = "operator"
    # Long verbs are done by the engine when they come from Slack; this settles what they touch, or
    # refuses. None: short, answered at once.
    aim: Callable[[Any, Context], Aim] | None = None
    # Whose turns a job takes that a schedule began, its deployment's if "": nothing is settled yet.
    queue: Callable[[Any], str] = lambda _request: ""
    # What a terminal can do before there are settings, in the folder they would lie in; None from
    # it: this request needs them.
    alone: Callable[[Any, Path], Result | None] | None = None
    request: type[Any] | None = None  # What `parse` returns, for reading it back from JSON.
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    every: str = ""  # What stands for a deployment in its jobs, where it is about all of them.
    failed_exit_code: int = 1  # When the verb ends in an error that names no other code.


@dataclass(frozen=True)
class Caller:
    """Who asked, through which door, and what they may do.

    `role` was decided by whoever let them in, when they asked: see `commands/roles.py`. `team` is
    their Slack workspace's id.
    """

    id: str
    name: str
    door: Door = "terminal"
    role: Role | None = None
    team: str = ""


@dataclass(frozen=True)
class Rules:
    """The settings that verbs decide by."""

    clock_skew_seconds_max: float = 30
    grace_hours: float = 24
    compare_with: int = 7
    shrink_percent_max: float = 30
    grow_percent_max: float = 300
    download_tries: int = 4
    copy_tries: int = 10
    copy_retry_seconds: float = 60
    app_version: str | None = None
    lifeboat_version: str = ""
    approvals: Approvals = field(default_factory=Approvals)
    pausing: Pausing = field(default_factory=Pausing)
    retention: Policies = field(default_factory=Policies)
    targets: Mapping[str, timedelta] = field(default_factory=dict)  # By deployment, where stated.
    lookout: LookoutRules = field(default_factory=LookoutRules)

    @property
    def grace(self) -> timedelta:
        """How old a leftover has to be before it is swept."""
        return timedelta(hours=self.grace_hours)


class Step(Protocol):
    """Do one named part of a job, for people to see; done again when a killed job goes on."""

    def __call__(self, name: str, doing: Callable[[], T]) -> T:
        """Return what `doing` returns, telling that the step began and how long it took."""
        ...


class Kept(Protocol):
    """Do something once in a job: an engine remembers the result, a terminal just does it.

    A killed job that goes on gets the remembered results in the same order, so whether and in
    which order things are kept never depends on anything but what was asked and what was kept.
    What was done and not yet remembered is done again.
    """

    def __call__(self, name: str, doing: Callable[[], T], kind: type[T]) -> T:
        """Return what `doing` returned; `kind` is its type, for reading it back from JSON."""
        ...


class Asking(Protocol):
    """A job's way to other people: who may approve, what they say, and what follows from it."""

    @property
    def job_id(self) -> str:
        """The id of the job that asks."""
        ...

    def approvers(self) -> frozenset[str]:
        """Return the ids of people who may approve right now; NotAllowed when nobody can say."""
        ...

    def wait(self, topic: str, seconds: float) -> Any:
        """Return the next message for the job, or None when none came in time; survives kills."""
        ...

    def begin(self, approved: Any) -> str:
        """Have an approved restore done, at most once for an approval; return the job's id."""
        ...


class Jobs(Protocol):
    """The engine, as far as verbs see it: what has not ended, and a way to stop it."""

    def standing(self) -> Sequence[JobStanding]:
        """Return the jobs that have not ended, oldest first."""
        ...

    def cancel(self, job_id: str) -> JobStanding:
        """Ask a job to stop and return how it stood; Refused when none of that id is open."""
        ...

    def runs(self, schedule: str, deployments: Iterable[str]) -> Sequence[ScheduledRun]:
        """Return the newest runs of a schedule for each deployment, newest first."""
        ...

    def bot_runs(self) -> bool:
        """Whether a bot is at work right now: without one no schedule runs."""
        ...

    def replica(self) -> str | None:
        """Return which replica is at work, "" when none is, None where there are no replicas.

        LifeboatError when the database that they share can't be asked.
        """
        ...


class CopyLater(Protocol):
    """The bot's way to have a backup copied by a job of its own."""

    def __call__(self, deployment: str, backup: str, vault: str) -> str:
        """Ask for the copy, at most once for each backup and vault; return the job's id."""
        ...


class Alerts(Protocol):
    """The alerts of this data folder, and the roads by which they are told."""

    def open(self) -> Sequence[Alert]:
        """Return what stands open, oldest first."""
        ...

    def over(self) -> Sequence[Alert]:
        """Return what is over and still remembered, oldest first."""
        ...

    def acknowledge(self, id: str, by: str) -> Alert:
        """Note that somebody has taken an alert on; Refused when it is over."""
        ...

    def snooze(self, id: str, length: timedelta, by: str) -> Alert:
        """Make an alert silent for so long; Refused when it is over or that is too long."""
        ...

    def test(self, by: str) -> Sequence[RoadTold]:
        """Send a test alert by every road, now, and return what happened on each."""
        ...

    def roads(self) -> Sequence[RoadStanding]:
        """Return the roads, what waits on each, and when it was last proven."""
        ...


@dataclass(frozen=True)
class Context:
    """Everything a running verb may touch; tests fill it with stand-ins.

    `vault` stands for all of `vaults`: it writes to the first and reads from the first that can.
    `vaults` are by name, in the order of preference; `places` is what the settings say of each.
    """

    caller: Caller
    deployments: Mapping[str, Deployment]
    vault: Vault
    catalog: Catalog
    spool: Spool
    now: Callable[[], datetime]
    tell: Callable[[Event], None]
    step: Step
    kept: Kept
    confirm: Callable[[str], bool]
    type_in: Callable[[str], str]  # Ask for a word; Refused where nobody can answer.
    locks: Path
    default_deployment: str | None = None
    asked_at: datetime | None = None  # The same when a killed job goes on; None: now.
    stop_if_asked: Callable[[], None] = lambda: None  # Raises Cancelled; called at safe points.
    asking: Asking | None = None  # None: not a job of the bot.
    jobs: Jobs | None = None  # None: no engine has ever run on this data folder.
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    begin: Begin | None = None  # Has a schedule done by the bot; None: it is done here and now.
    audit: Audit | None = None  # None: nothing is written down, as in most tests.
    seal: Seal = field(default_factory=Seal)  # The default keeps archives plain.
    rules: Rules = field(default_factory=Rules)
    settings_warnings: tuple[tuple[str, str], ...] = ()  # What, and what to do about it.
    monotonic: Callable[[], float] = time.monotonic
    vaults: Mapping[str, Vault] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    alerts: Alerts | None = None  # None: nobody keeps any, as in most tests.
    copy_later: CopyLater | None = None  # None: copies are made here and now.
    said: set[str] = field(default_factory=set)  # Vaults whose trouble has been told.

    def __post_init__(self) -> None:
        if len(self.vaults) < 2 and self.vault is not None:  # The only one is `vault` itself.
            object.__setattr__(self, "vaults", {self.vault.name: self.vault})

    @property
    def first(self) -> Vault:
        """The vault that is written to, alone: for whoever must read what was written there."""
        if isinstance(self.vault, Several):
            return self.vault.first
        return next(iter(self.vaults.values()))

    @property
    def several(self) -> tuple[str, ...]:
        """The names of the vaults, when there are several."""
        return tuple(self.vaults) if len(self.vaults) > 1 else ()

    def telling(self, tell: Callable[[Event], None]) -> Context:
        """Return the same world with another listener, who also hears of vaults that fail."""
        told = replace(self, tell=tell, said=set())
        if not isinstance(self.vault, Several):
            return told
        return replace(told, vault=self.vault.hearing(told.trouble))

    def trouble(self, vault: str, sentence: str) -> None:
        """Tell of a vault that can't be used, once for all that is done here."""
        if vault not in self.said:
            self.said.add(vault)
            self.tell(Warned(sentence, vault))

    def known_vault(self, name: str) -> Vault:
        """Return a vault by its name in the settings; Refused, with the near ones, if none."""
        if name in self.vaults:
            return self.vaults[name]
        near = difflib.get_close_matches(name, list(self.vaults), n=1)
        raise Refused(
            f"There is no vault called {name!r} in the settings.",
            hint=f"Did you mean {near[0]!r}?"
            if near
            else f"Name one of: {', '.join(self.vaults)}.",
        )

    def deployment(self, name: str | None) -> Deployment:
        """Return a deployment by its name in the settings, or the default one; Refused if none."""
        if name is None and self.default_deployment is None:
            raise Refused(
                "No deployment was named, and the settings name no default.",
                hint=f"Name one of: {', '.join(sorted(self.deployments))}.",
            )
        return self.known_deployment(name or self.default_deployment or "")

    def known_deployment(self, name: str) -> Deployment:
        """Return a deployment by its name in the settings; Refused, with the near ones, if none."""
        if name in self.deployments:
            return self.deployments[name]
        near = difflib.get_close_matches(name, list(self.deployments), n=1)
        raise Refused(
            f"There is no deployment called {name!r} in the settings.",
            hint=f"Did you mean {near[0]!r}?"
            if near
            else f"Name one of: {', '.join(sorted(self.deployments))}.",
        )

    def only_one(self, name: str, what: str) -> AbstractContextManager[None]:
        """Hold a lock of this machine while the block runs; Refused when another process does."""
        return lock.held(self.locks / f"{name}.lock", what=what)

    def index(self) -> None:
        """Bring the catalog up to date; where that fails it is told, for it is only an index."""
        try:
            self.look()
        except (SpoolError, VaultError) as error:
            self.tell(Warned(f"{error.what} {error.safe}"))

    def look(self) -> Looked:
        """Bring the catalog up to date with every vault; a vault that can't be read is told."""
        looked = look(self.catalog, self.vaults)
        for vault, sentence in looked.troubles:
            self.trouble(vault, sentence)
        return looked

    def find(self, backup: str) -> Entry:
        """Return the backup that was named, after a look at what the vault holds now.

        What can't be read there is told: the newest that can be read may not be the newest.
        """
        looked = self.look()
        for _, why in looked.unreadable:
            self.tell(Warned(why))
        try:
            return self.catalog.find(backup, self.default_deployment)
        except Refused as refused:
            for name, why in looked.unreadable:
                if backup.startswith("latest") or f"/{backup}" in name:
                    raise ManifestError(
                        why,
                        safe="Nothing was touched; the archive beside it is as it was.",
                        hint=f"Look at {name} in the vault; docs/format.md says what it holds.",
                    ) from None
            self._say_if_removed(backup)
            if looked.unreachable and refused.what.startswith("There is no backup"):
                raise VaultUnreachable(
                    f"{refused.what} It may be in {' or '.join(looked.unreachable)}, which can't "
                    f"be looked at.",
                    safe=refused.safe,
                    hint="Run `lifeboat doctor` to see what is wrong with it.",
                ) from None
            raise

    def _say_if_removed(self, id: str) -> None:
        """Raise Refused if a prune has removed the backup and its bytes are still there."""
        for deployment in self.deployments:
            if not id.startswith(f"{deployment}-") or "/" in id:
                continue
            try:
                note = removal.read(self.vault, shelf.removed_name(deployment, id))
            except (VaultError, Refused):
                continue
            raise Refused(
                f"{id} was removed {note.at:%Y-%m-%d %H:%M} UTC by {note.by_name}: {note.why}.",
                safe="Its bytes are still in the vault.",
                hint=f'To bring it back: lifeboat hold {id} --reason "why it is needed"',
            ) from None
