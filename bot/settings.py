"""lifeboat.toml and the environment become one frozen `Settings`, or every mistake at once.

The file is read here and nowhere else, and so are the keys that it points to: past this point
nobody looks at the environment or parses a setting. Which keys there are stands in
`settings_shape.py`, what makes sense in `settings_sense.py`, the sentences of the shape in
`settings_words.py`, addresses and keys in `settings_keys.py`. Nothing is reached over the network
and nothing is made on the disk.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError

from bot import (
    settings_alerts,
    settings_database,
    settings_health,
    settings_keys,
    settings_lookout,
    settings_retention,
    settings_schedules,
    settings_seal,
    settings_sense,
    settings_slack,
    settings_vaults,
    settings_words,
)
from bot.settings_alerts import AlertsSettings
from bot.settings_health import HealthSettings
from bot.settings_keys import Place, Unusable
from bot.settings_secrets import Named
from bot.settings_sense import Shaped
from bot.settings_shape import DeploymentTable, File
from bot.settings_slack import JobsSettings, SlackSettings
from bot.settings_words import Mistake, SettingsRefused, Where, dotted
from commands.policy import Approvals
from commands.roles import Roles
from commands.timetable import Schedule
from commands.verb import Rules
from storage.convex.patience import Patience
from storage.seal import Seal
from storage.secret import Secret
from storage.vaults.s3_place import S3Place

__all__ = [
    "DeploymentSettings",
    "Mistake",
    "Paths",
    "Settings",
    "SettingsRefused",
    "VaultSettings",
    "read",
]

T = TypeVar("T")
AWAY = frozenset({"s3"})  # Kinds of vault that lie elsewhere unless the settings say otherwise.


@dataclass(frozen=True)
class DeploymentSettings:
    """One Convex deployment as the settings name it; `expected_tables` None: not checked."""

    name: str
    url: str
    key: Secret
    protected: bool = False
    restore_to: str | None = None
    expected_tables: tuple[str, ...] | None = None
    target: timedelta | None = None  # How old its last good backup may be.


@dataclass(frozen=True)
class VaultSettings:
    """One place archives rest: a bucket when `s3` is one, a folder otherwise.

    `locked`: nothing in it can be removed before its time.
    """

    name: str
    kind: str
    folder: Path = Path()
    s3: S3Place | None = None
    offsite: bool = False
    offline: bool = False
    locked: bool = False


@dataclass(frozen=True)
class Paths:
    """What lies where on this machine; the data folder may be deleted when nothing runs."""

    settings: Path
    data: Path

    @property
    def spool(self) -> Path:
        return self.data / "spool"

    @property
    def catalog(self) -> Path:
        return self.data / "catalog.db"

    @property
    def locks(self) -> Path:
        return self.data / "locks"

    @property
    def outbox(self) -> Path:
        return self.data / "outbox.db"

    @property
    def engine(self) -> Path:
        return self.data / "engine.sqlite"


@dataclass(frozen=True)
class Settings:
    """Everything the settings say, checked; `warnings` are pairs: what, and what to do.

    `vaults` are in the order of the file, which is the order of preference.
    """

    deployments: Mapping[str, DeploymentSettings]
    default_deployment: str | None
    vaults: Mapping[str, VaultSettings]
    seal: Seal
    rules: Rules
    patience: Patience
    paths: Paths
    slack: SlackSettings
    roles: Roles
    approvals: Approvals
    jobs: JobsSettings
    health: HealthSettings
    schedules: Mapping[str, Schedule]
    database: Named | None = None  # Where the address of the replicas' database stands.
    alerts: AlertsSettings = field(default_factory=AlertsSettings)
    warnings: tuple[tuple[str, str], ...] = ()

    @property
    def vault(self) -> VaultSettings:
        """The vault that backups are written to first."""
        return next(iter(self.vaults.values()))


def read(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings file and the keys it points to; SettingsRefused lists every mistake."""
    reading = _Reading(path, environ)
    shaped = reading.shaped(_toml(path))
    settings = reading.joined(shaped)
    if settings is None or reading.mistakes:
        secrets = (secret.reveal() for secret in reading.secrets)
        mistakes = settings_words.without_secrets(_in_order(reading.mistakes), secrets)
        raise SettingsRefused(path.name, mistakes)
    return settings


@dataclass
class _Reading:
    """One pass over one settings file, gathering what is wrong on the way."""

    path: Path
    environ: Mapping[str, str]
    mistakes: list[Mistake] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.path.absolute().parent

    def shaped(self, tables: dict[str, Any]) -> Shaped:
        """Return the file in its shape; what does not fit is noted and set aside.

        Setting aside lets the rest be checked in the same go.
        """
        aside: set[Where] = set()
        while True:
            try:
                return Shaped(File.model_validate(tables), aside)
            except ValidationError as error:
                for where, mistake in settings_words.shape(error):
                    self.mistakes.append(mistake)
                    aside.add(where)
                    _remove(tables, where)

    def joined(self, shaped: Shaped) -> Settings | None:
        """Check every part, and return the settings when all of them are there."""
        file = shaped.file
        self.mistakes += settings_sense.file_mistakes(shaped)
        self.mistakes += settings_slack.mistakes(file)
        self.mistakes += settings_health.mistakes(file)
        self.mistakes += settings_alerts.mistakes(file)
        self.mistakes += settings_database.mistakes(file)
        self.warnings += settings_alerts.warnings(file)
        self.warnings += settings_database.warnings(file)
        self.mistakes += settings_retention.mistakes(shaped)
        self.mistakes += settings_seal.mistakes(shaped)
        deployments: dict[str, DeploymentSettings] = {}
        urls: dict[str, str] = {}
        for name in file.deployments:
            self.mistakes += settings_sense.deployment_mistakes(name, shaped)
            self._deployment(name, file.deployments[name], urls, deployments)
        self.mistakes += settings_sense.same_addresses(urls)
        only = next(iter(deployments)) if len(deployments) == 1 else None
        default = file.lifeboat.default_deployment or only
        schedules, wrong = settings_schedules.read(shaped, default)
        self.mistakes += wrong
        data = self._folder(file.lifeboat.data_folder, "lifeboat.data_folder")
        seal = self._seal(file)
        vaults = [vault for name in file.vaults if (vault := self._vault(name, data, shaped))]
        self.mistakes += settings_vaults.apart(
            {each.name: each.s3 or each.folder for each in vaults}
        )
        if not vaults or data is None:
            return None
        return Settings(
            deployments=MappingProxyType(deployments),
            default_deployment=default,
            vaults=MappingProxyType({each.name: each for each in vaults}),
            seal=seal,
            rules=_rules(file),
            patience=_patience(file),
            paths=Paths(self.path.absolute(), data),
            slack=settings_slack.slack(file),
            roles=settings_slack.roles(file),
            approvals=settings_slack.approvals(file),
            jobs=settings_slack.jobs(file),
            health=settings_health.health(file),
            schedules=MappingProxyType(schedules),
            database=settings_database.database(file),
            alerts=settings_alerts.alerts(file),
            warnings=tuple(self.warnings),
        )

    def _deployment(
        self,
        name: str,
        table: DeploymentTable,
        urls: dict[str, str],
        made: dict[str, DeploymentSettings],
    ) -> None:
        """Read the address and the key of one deployment, as far as they can be read."""
        place = Place(dotted(("deployments", name)), self.folder, self.environ)
        url = self._try(lambda: settings_keys.address(table, place))
        key = self._try(lambda: settings_keys.key(table, place))
        self.warnings += settings_keys.warnings(table, place)
        if url is not None:
            urls[name] = url
        if key is not None:
            self.secrets.append(key)
        if url is None or key is None:
            return
        source = "key_file" if table.key_env is None else "key_env"
        self.mistakes += settings_keys.doubts(f"{place.where}.{source}", url, key)
        expected = None if table.expected_tables is None else tuple(table.expected_tables)
        target = None if table.target_hours is None else timedelta(hours=table.target_hours)
        made[name] = DeploymentSettings(
            name, url, key, table.protected, table.restore_to, expected, target
        )

    def _vault(self, name: str, data: Path | None, shaped: Shaped) -> VaultSettings | None:
        self.mistakes += settings_sense.vault_mistakes(name, shaped)
        table = shaped.file.vaults[name]
        offsite = table.kind in AWAY if table.offsite is None else table.offsite
        if table.kind == "s3":
            bucket = settings_vaults.place(table, shaped.file.patience)
            locked = table.lock_mode is not None
            return (
                VaultSettings(name, "s3", Path(), bucket, offsite, table.offline, locked)
                if bucket
                else None
            )
        text = table.folder
        if text is None:
            return None
        folder = self._folder(text, f"{dotted(('vaults', name))}.folder")
        if folder is None or data is None:
            return None
        self.mistakes += settings_sense.vault_place(name, folder, data)
        return VaultSettings(name, "folder", folder, offsite=offsite, offline=table.offline)

    def _seal(self, file: File) -> Seal:
        named = file.encryption.identity_file
        path = None if named is None else self._folder(named, "encryption.identity_file")
        self.warnings += settings_seal.warnings(path)
        return settings_seal.seal(file.encryption, path)

    def _folder(self, text: str, where: str) -> Path | None:
        try:
            return (self.folder / Path(text).expanduser()).resolve()
        except (OSError, RuntimeError, ValueError):
            hint = "Write a path, relative to the settings file or beginning with / or ~."
            self.mistakes.append(Mistake(where, "This is not a path that can be used.", hint))
            return None

    def _try(self, doing: Callable[[], T]) -> T | None:
        try:
            return doing()
        except Unusable as error:
            self.mistakes.append(error.mistake)
            return None


def _toml(path: Path) -> dict[str, Any]:
    """Return the file's tables; SettingsRefused when there is no telling what it says."""
    text = b""
    try:
        text = path.read_bytes()
        return tomllib.loads(text.decode("utf-8-sig"))
    except FileNotFoundError:
        mistake = Mistake("the file", f"There is no file {path}.", settings_sense.EXAMPLE)
    except OSError as error:
        hint = "Check its owner and permissions."
        mistake = Mistake("the file", f"It can't be read ({error.strerror}).", hint)
    except UnicodeDecodeError as error:
        mistake = settings_words.not_utf8(text, error)
    except tomllib.TOMLDecodeError as error:
        mistake = settings_words.not_toml(error)
    except RecursionError:
        mistake = Mistake("the file", "It is nested too deep.", settings_sense.EXAMPLE)
    raise SettingsRefused(path.name, [mistake])


def _in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Return each mistake once, table by table in the order of the example file."""
    tables = list(File.model_fields)

    def rank(mistake: Mistake) -> int:
        table = mistake.where.partition(".")[0]
        return tables.index(table) if table in tables else -1

    return sorted(dict.fromkeys(mistakes), key=rank)


def _rules(file: File) -> Rules:
    return Rules(
        clock_skew_seconds_max=file.lifeboat.clock_skew_seconds_max,
        grace_hours=file.sweep.grace_hours,
        compare_with=file.verify.compare_with,
        shrink_percent_max=file.verify.shrink_percent_max,
        grow_percent_max=file.verify.grow_percent_max,
        download_tries=file.lifeboat.download_tries,
        retention=settings_retention.policies(file),
        lookout=settings_lookout.rules(file.lookout),
        copy_tries=file.jobs.copy_tries,
        copy_retry_seconds=file.jobs.copy_retry_seconds,
    )


def _patience(file: File) -> Patience:
    return Patience(
        **file.patience.model_dump(),
        download_tries=file.lifeboat.download_tries,
    )


def _remove(tables: dict[str, Any], where: Where) -> None:
    """Take the value at a path out of nested tables."""
    *around, last = where
    for name in around:
        tables = tables[name]
    tables.pop(last, None)
