"""Where real things are made and joined: settings in, the world that verbs may touch out."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from bot import settings_alerts, settings_database
from bot.alerts_kept import KeptAlerts
from bot.ci import app_version
from bot.engine_place import EngineFile, EnginePlace
from bot.help_text import lifeboat_version
from bot.jobs_seen import JobsSeen
from bot.roads.road import Road
from bot.settings import DeploymentSettings, Settings, SettingsRefused, VaultSettings
from bot.settings_secrets import Named
from commands.events import DoctorLine, DoctorLooked, Event, StepBegan, StepFinished
from commands.three_two_one import Place
from commands.verb import Caller, Context
from storage.audit import Audit
from storage.catalog import Catalog
from storage.convex.deployment import Deployment
from storage.convex.patience import Patience
from storage.errors import SpoolError
from storage.outbox import Outbox
from storage.secret import Secret
from storage.spool import Spool
from storage.vaults.local import LocalFolder
from storage.vaults.several import Several
from storage.vaults.vault import Vault

T = TypeVar("T")


@contextmanager
def built(
    settings: Settings,
    tell: Callable[[Event], None],
    confirm: Callable[[str], bool],
    type_in: Callable[[str], str] = lambda _question: "",
) -> Iterator[Context]:
    """Make everything a verb needs in this process; connections are closed on the way out."""
    _make_data_folder(settings)
    deployments = {
        name: _deployment(facts, settings.patience) for name, facts in settings.deployments.items()
    }
    version = app_version(os.environ)
    vaults = {name: _vault(facts) for name, facts in settings.vaults.items()}
    first: Vault = next(iter(vaults.values()))
    vault = first
    if len(vaults) > 1:
        vault = several = Several(list(vaults.values()))
        first = several.first
    try:
        yield Context(
            caller=_whoever_types(),
            deployments=deployments,
            vault=vault,
            catalog=Catalog(settings.paths.catalog),
            spool=Spool(settings.paths.spool),
            now=_now,
            tell=tell,
            step=InlineStep(tell),
            kept=lambda _name, doing, _kind: doing(),
            confirm=confirm,
            type_in=type_in,
            vaults=vaults,
            places={name: _place(facts) for name, facts in settings.vaults.items()},
            audit=Audit(first, _now, copies=list(vaults.values())[1:]),
            seal=settings.seal,
            jobs=_jobs_seen(settings),
            alerts=alerts(settings, lambda outbox: _roads(settings, outbox)),
            locks=settings.paths.locks,
            default_deployment=settings.default_deployment,
            rules=replace(
                settings.rules,
                app_version=version,
                lifeboat_version=lifeboat_version(),
                approvals=settings.approvals,
                pausing=settings.jobs.pausing,
                targets={
                    name: facts.target
                    for name, facts in settings.deployments.items()
                    if facts.target is not None
                },
            ),
            schedules=settings.schedules,
            settings_warnings=settings.warnings,
        ).telling(tell)
    finally:
        for deployment in deployments.values():
            deployment.close()


def alerts(
    settings: Settings, making: Callable[[Outbox], Mapping[str, Road]], *, spare: bool = False
) -> KeptAlerts:
    """Return the alerts of the data folder, or of the replicas' database.

    `making` makes the roads when one is tried. `spare`: go on in memory when the disk is full, as
    a bot does.
    """
    outbox = _outbox(settings, spare=spare)
    return KeptAlerts(
        outbox,
        settings.alerts.rules,
        _now,
        lambda: making(outbox),
        settings_alerts.places(settings.alerts),
    )


def _roads(settings: Settings, outbox: Outbox) -> Mapping[str, Road]:
    from bot.roads import made  # noqa: PLC0415 - only a test at a terminal needs them.

    return made.at_a_terminal(settings, os.environ, outbox, _now)


def ill_settings(refused: SettingsRefused) -> DoctorLooked:
    """Return what `doctor` says when the settings can't be used: each mistake, a line."""
    return DoctorLooked(
        tuple(
            DoctorLine(f"settings {mistake.where}", "FAIL", mistake.what, mistake.hint)
            for mistake in refused.mistakes
        )
    )


@dataclass(frozen=True)
class InlineStep:
    """Do a step here and now; a terminal has nothing that would remember it."""

    tell: Callable[[Event], None]

    def __call__(self, name: str, doing: Callable[[], T]) -> T:
        """Return what `doing` returns, telling that the step began and how long it took."""
        self.tell(StepBegan(name))
        began = time.monotonic()
        result = doing()
        self.tell(StepFinished(name, time.monotonic() - began))
        return result


def _deployment(facts: DeploymentSettings, patience: Patience) -> Deployment:
    return Deployment(
        facts.name,
        facts.url,
        facts.key,
        protected=facts.protected,
        restore_to=facts.restore_to,
        expected_tables=facts.expected_tables,
        patience=patience,
    )


def engine_place(settings: Settings) -> EnginePlace:
    """Return where the engine keeps its rows; nothing is reached or made yet."""
    if settings.database is None:
        return EngineFile(settings.paths.engine, settings.paths.locks)
    from bot.engine_database import EngineDatabase  # noqa: PLC0415 - a library few need.

    return EngineDatabase(_database(settings, settings.database))


def hidden(settings: Settings) -> list[Secret]:
    """Return what a log must not show of the replicas' database; SettingsRefused."""
    if settings.database is None:
        return []
    from storage.database import hidden as parts  # noqa: PLC0415 - a library few need.

    return parts(_database(settings, settings.database)())


def _database(settings: Settings, named: Named) -> Callable[[], Secret]:
    return settings_database.address(named, settings.paths.settings, os.environ)


def _jobs_seen(settings: Settings) -> JobsSeen | None:
    place = engine_place(settings)
    return JobsSeen(place) if place.shared or place.exists() else None


def _outbox(settings: Settings, *, spare: bool) -> Outbox:
    if settings.database is None:
        return Outbox(settings.paths.outbox, spare=spare)
    from storage.outbox_database import OutboxDatabase  # noqa: PLC0415 - a library few need.

    return Outbox(OutboxDatabase(_database(settings, settings.database)))


def _vault(facts: VaultSettings) -> Vault:
    if facts.s3 is None:
        return LocalFolder(facts.folder, name=facts.name)
    from storage.vaults.s3 import S3Bucket  # noqa: PLC0415 - half a second, for who has a bucket.

    return S3Bucket(facts.s3, name=facts.name)


def _place(facts: VaultSettings) -> Place:
    return Place(
        facts.name,
        kind=facts.kind,
        offsite=facts.offsite,
        offline=facts.offline,
        locked=facts.locked,
        locked_kinds=frozenset(facts.s3.lock_days) if facts.s3 is not None else None,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _whoever_types() -> Caller:
    """Return who the operating system says is typing."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"  # A container may run under a number without a name.
    # Whoever can read the settings and the keys may do all that they allow.
    where = socket.gethostname()
    return Caller(id=f"terminal:{name}@{where}", name=name, role="operator")


def _make_data_folder(settings: Settings) -> None:
    data = settings.paths.data
    try:
        for folder in (data, settings.paths.locks, settings.paths.spool):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SpoolError(
            f"The data folder {data} can't be made or written ({error.strerror}).",
            safe="Nothing was touched.",
            hint="Set data_folder in the settings to a folder of your own.",
        ) from error
