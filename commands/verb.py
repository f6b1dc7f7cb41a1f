"""What a verb is, and all that a verb may touch while it runs.

A verb declares its words once (`Verb`); the terminal's `--help`, the README and the Slack door
are made from, or checked against, that declaration. `Context` is the whole world a verb sees.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from commands.events import Event, Result
from storage import lock
from storage.catalog import Catalog, Entry
from storage.convex.deployment import Deployment
from storage.errors import Refused
from storage.manifest import Door
from storage.spool import Spool
from storage.vaults.vault import Vault

T = TypeVar("T")


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
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    failed_exit_code: int = 1  # When the verb ends in an error that names no other code.


@dataclass(frozen=True)
class Caller:
    """Who asked, and through which door."""

    id: str
    name: str
    door: Door = "terminal"


@dataclass(frozen=True)
class Rules:
    """The settings that verbs decide by."""

    clock_skew_seconds_max: float = 30
    grace_hours: float = 24
    compare_with: int = 7
    shrink_percent_max: float = 30
    grow_percent_max: float = 300
    download_tries: int = 4
    app_version: str | None = None
    lifeboat_version: str = ""

    @property
    def grace(self) -> timedelta:
        """How old a leftover has to be before it is swept."""
        return timedelta(hours=self.grace_hours)


class Step(Protocol):
    """Do one named part of a job; an engine remembers its result, a terminal just does it."""

    def __call__(self, name: str, doing: Callable[[], T]) -> T:
        """Return what `doing` returns, telling that the step began and how long it took."""
        ...


@dataclass(frozen=True)
class Context:
    """Everything a running verb may touch; tests fill it with stand-ins."""

    caller: Caller
    deployments: Mapping[str, Deployment]
    vault: Vault
    catalog: Catalog
    spool: Spool
    now: Callable[[], datetime]
    tell: Callable[[Event], None]
    step: Step
    confirm: Callable[[str], bool]
    locks: Path
    default_deployment: str | None = None
    rules: Rules = field(default_factory=Rules)
    settings_warnings: tuple[tuple[str, str], ...] = ()  # What, and what to do about it.
    monotonic: Callable[[], float] = time.monotonic

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

    def find(self, backup: str) -> Entry:
        """Return the backup that was named, after a look at what the vault holds now."""
        self.catalog.refresh(self.vault)
        return self.catalog.find(backup, self.default_deployment)
