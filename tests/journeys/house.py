"""A house for a test: settings, a vault, a data folder and the command, in front of a world.

`process` and `start` are the real command in a process of its own, `run` is the command's own
`main` in this one, thirty times as quick. `inside` are the verbs below it, for a fake clock or
little patience. All that was ever printed is kept, so that `keys_seen` can look through it.
"""

import contextlib
import functools
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bot import app, cli
from bot.settings import read
from commands import TERMINAL_VERBS, VERBS
from commands.events import Event, Result, StepBegan
from commands.verb import Context
from sandbox.world import Stand, World
from storage.convex.deployment import Deployment
from storage.seal import Seal
from tests import nest
from tests.sandbox import wire
from tests.storage.seal_keys import key_file

ROOT = Path(__file__).parent.parent.parent
SECONDS_MAX = 60
STOPS = {signal.SIGINT: 130, signal.SIGTERM: 143}  # With their exit codes.
BACKUP_STEPS = ["preflight", "describe", "export", "download", "store", "read back", "manifest"]
RESTORE_STEPS = [
    "preflight",
    "plan",
    *BACKUP_STEPS,
    "verify the archive",
    "build",
    "stage",
    "compare",
    "confirm",
    "restore",
    "count",
]
HASTY = {  # For deployments that are made to fail: the same tries, hardly a wait between them.
    "connect_seconds": 5.0,
    "read_seconds": 0.3,
    "poll_seconds": 0.01,
    "poll_seconds_max": 0.02,
    "retry_seconds": 0.01,
    "outage_seconds_max": 0.05,
    "tries": 3,
}


@dataclass(frozen=True)
class Ended:
    """A command that is over: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]

    @property
    def steps(self) -> list[str]:
        return [event["step"] for event in self.events if event["event"] == "StepBegan"]

    @property
    def failure(self) -> str:
        """The sentences of the failure, as one text."""
        assert self.last["event"] == "JobFailed", self.last
        return " ".join((self.last["what"], self.last["safe"], self.last["hint"]))


class Running:
    """The real command with --json, under way in a process of its own."""

    def __init__(
        self, module: str, words: Sequence[str], env: Mapping[str, str], kept: list[str]
    ) -> None:
        out, into = os.pipe()
        self._out, self._err = os.fdopen(out), tempfile.TemporaryFile()  # noqa: SIM115
        with Path(os.devnull).open("rb") as nothing:
            files = (nothing.fileno(), into, self._err.fileno())
            self._process = nest.Warm(module, words, env, files)
        os.close(into)
        self._kept = kept
        self._lines: list[str] = []

    @property
    def pid(self) -> int:
        return self._process.pid

    def until(self, step: str, times: int = 1) -> None:
        """Read its events until the step begins (for the so-manieth time)."""
        for line in self._out:
            self._lines.append(line)
            event = json.loads(line)
            times -= event["event"] == "StepBegan" and event["step"] == step
            if not times:
                return
        raise AssertionError(f"it ended before {step}: {self._lines[-1:]}")

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self.end()

    def signal(self, signum: int) -> Ended:
        """Send a signal and wait for the end."""
        self._process.send_signal(signum)
        return self.end()

    def end(self) -> Ended:
        """Wait for the end."""
        with self._out, self._err:
            out = "".join([*self._lines, *self._out])
            code = self._process.wait(SECONDS_MAX)
            self._err.seek(0)
            err = self._err.read().decode()
        self._kept += [out, err]
        return Ended(code, out, err)


class Clock:
    """A clock that shows what it is told, and goes on by itself from there."""

    def __init__(self, at: datetime | None = None) -> None:
        self.off = timedelta() if at is None else at - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.off

    def jump(self, **by: float) -> None:
        self.off += timedelta(**by)


class Inside:
    """The verbs in this process; `events` is what the last one told."""

    def __init__(self, ctx: Context, events: list[Event]) -> None:
        self.ctx, self.events = ctx, events

    def do(self, *words: str) -> Any:
        """Do one verb; its result, or the error that it ends in."""
        self.events.clear()
        verb = {**VERBS, **TERMINAL_VERBS}[words[0]]
        result = verb.run(verb.parse(words[1:]), self.ctx)
        assert isinstance(result, Result)
        return result

    @property
    def said(self) -> str:
        return " ".join(getattr(event, "text", "") for event in self.events)

    @property
    def steps(self) -> list[str]:
        return [event.step for event in self.events if isinstance(event, StepBegan)]


@dataclass
class House:
    """Settings, vault and data folder of one team, before the stand-ins of a world."""

    folder: Path
    world: World
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    sealed: bool = False
    encryption: dict[str, Any] = field(default_factory=lambda: {"kind": "none"})

    def __post_init__(self) -> None:
        if self.sealed:
            self.encryption = {
                "recipients": [*key_file(self.identity)],
                "identity_file": self.identity.name,
            }
        for name in self.world:
            self.give_key(name, self.world[name].key)
        self.write()

    @property
    def production(self) -> Stand:
        return self.world["production"]

    @property
    def staging(self) -> Stand:
        return self.world["staging"]

    @property
    def vault(self) -> Path:
        return self.folder / "vault"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def identity(self) -> Path:
        return self.folder / "lifeboat.identity"

    @property
    def settings(self) -> Path:
        return self.folder / "lifeboat.toml"

    def give_key(self, deployment: str, key: str) -> None:
        path = self.folder / f"{deployment}.key"
        path.touch(mode=0o600)
        path.write_text(key + "\n")

    def write(self, **changes: Mapping[str, Any]) -> None:
        """Write lifeboat.toml; `changes` are keys by table, `production={"protected": False}`."""
        tables: dict[str, dict[str, Any]] = {
            "lifeboat": {"data_folder": "data", "default_deployment": "production"},
            "vaults.local": {"kind": "folder", "folder": "vault"},
            "encryption": {**self.encryption},
            "patience": {"poll_seconds_max": 0.1},
        }
        for name in self.world:
            tables[f"deployments.{name}"] = {
                "url": self.world[name].url,
                "key_file": f"{name}.key",
                "protected": name == "production",
            }
        tables["deployments.production"]["restore_to"] = "staging"
        for name, keys in [*self.changes.items(), *changes.items()]:
            table = f"deployments.{name}" if name in self.world else name
            tables.setdefault(table, {}).update(keys)
        self.settings.write_text("\n".join(_toml(tables)))

    # The command.

    def run(self, *words: str) -> Ended:
        """Run the command in this process, from its words to its exit code."""
        out, err = io.StringIO(), io.StringIO()
        handlers = {signum: signal.getsignal(signum) for signum in STOPS}
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = cli.main(["--settings", str(self.settings), *words])
            finally:
                for signum, handler in handlers.items():
                    signal.signal(signum, handler)
        self.kept += [out.getvalue(), err.getvalue()]
        return Ended(code, out.getvalue(), err.getvalue())

    def process(self, *words: str, shell: str = "") -> Ended:
        """Run the real command; `shell` are words that a shell does before, as in ulimit."""
        if not shell:
            ended = nest.run("bot.cli", words, self._environ(), SECONDS_MAX)
        else:
            ended = subprocess.run(
                ["sh", "-c", f'{shell}; exec "$@"', "sh", sys.executable, "-m", "bot.cli", *words],
                cwd=ROOT,
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS_MAX,
            )
        self.kept += [ended.stdout, ended.stderr]
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *words: str, module: str = "bot.cli") -> Running:
        """Start the command with --json and leave it running."""
        return Running(module, words, self._environ(), self.kept)

    @contextlib.contextmanager
    def inside(
        self,
        *,
        clock: Callable[[], datetime] | None = None,
        tell: Callable[[Event], None] = lambda event: None,
        confirm: Callable[[str], bool] = lambda question: False,
        **patience: Any,
    ) -> Iterator[Inside]:
        """The verbs in this process, with this clock and this patience."""
        events: list[Event] = []

        def told(event: Event) -> None:
            events.append(event)
            self.kept.append(repr(event))
            tell(event)

        settings = read(self.settings, {})
        with app.built(settings, told, confirm) as ctx, contextlib.ExitStack() as open_ones:
            quick = replace(settings.patience, **{"poll_seconds": 0.01, **patience})
            deployments = {name: _again(each, quick) for name, each in ctx.deployments.items()}
            for each in deployments.values():
                open_ones.callback(each.close)
            yield Inside(replace(ctx, deployments=deployments, now=clock or ctx.now), events)

    def do(self, *words: str, **how: Any) -> Any:
        """Do one verb in this process."""
        with self.inside(**how) as here:
            return here.do(*words)

    # What there is.

    def backup(self, *words: str) -> str:
        """Take a backup in this process; its id."""
        return str(self.do("now", *words).manifest.id)

    def manifests(self) -> dict[str, dict[str, Any]]:
        """Every backup's manifest by id, read past Lifeboat."""
        found = sorted(self.vault.glob("backups/*/*/manifest.json"))
        return {path.parent.name: json.loads(path.read_text()) for path in found}

    def archive(self, id_: str) -> Path:
        return self.vault / str(self.manifests()[id_]["archive"]["name"])

    def entries(self, id_: str) -> dict[str, bytes]:
        """The entries of a backup's archive."""
        return wire.entries(self.plain(id_))

    def plain(self, id_: str) -> bytes:
        """The ZIP of a backup's archive, opened if it is sealed."""
        stored, sealed = self.archive(id_).read_bytes(), self.manifests()[id_]["archive"]["sealed"]
        if sealed is None:
            return stored
        return b"".join(Seal((), self.identity).opened([stored], sealed["recipients"]))

    def files(self) -> list[str]:
        """Every file of the vault but the records of restores and of who did what."""
        records = ("jobs/", "audit/")
        found = _files(self.vault)
        return [name for name in found if name.endswith(".part") or not name.startswith(records)]

    def scratch(self) -> list[str]:
        """Every file of the spool."""
        return _files(self.data / "spool")

    def jobs(self) -> dict[str, list[str]]:
        """The steps that each restore has recorded, by job."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.vault.glob("jobs/*/*.json")):
            found.setdefault(path.parent.name, []).append(path.stem.partition("-")[2])
        return found

    def job_data(self, step: str) -> list[dict[str, Any]]:
        """What the records of a step hold, oldest first."""
        found = sorted(self.vault.glob(f"jobs/*/*-{step}.json"))
        return [json.loads(path.read_text())["data"] for path in found]

    def grow_old(self, hours: float = 25) -> None:
        """Make every file of the vault look as if it had been written that long ago."""
        at = time.time() - hours * 3600
        for path in self.vault.rglob("*"):
            os.utime(path, (at, at))

    def torn(self) -> list[str]:
        """Backups whose archive is not byte for byte what their manifest says."""
        return [
            id_
            for id_, manifest in self.manifests().items()
            if not (path := self.vault / manifest["archive"]["name"]).is_file()
            or hashlib.sha256(path.read_bytes()).hexdigest() != manifest["archive"]["sha256"]
        ]

    def keys_seen(self) -> list[str]:
        """Every place outside of the key files where the secret part of a key can be read."""
        secrets = [secret.encode() for stand in _stands(self.world) for secret in _secrets(stand)]
        if self.identity.is_file():
            lines = self.identity.read_bytes().splitlines()
            secrets += [line[20:] for line in lines if line.startswith(b"AGE-SECRET-KEY-1")]
        printed = {f"output {place}": text.encode() for place, text in enumerate(self.kept)}
        kept = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
            and path.suffix not in (".key", ".identity")
            and "world" not in path.parts
        }
        return [
            place
            for place, text in (printed | kept).items()
            if any(secret in text for secret in secrets)
        ]

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "GITHUB_SHA"}
        return {**kept, "LIFEBOAT_SETTINGS": str(self.settings)}


# What a deployment holds and did, past Lifeboat.


def rows(stand: Stand) -> dict[str, bytes]:
    """Every table's rows and every stored file, by the entry of an export that holds it."""
    return {
        name: body
        for name, body in wire.snapshot(stand).items()
        if name.endswith("/documents.jsonl") or re.search(r"_storage/\w", name)
    }


def table(stand: Stand, name: str) -> dict[str, dict[str, Any]]:
    """The rows of one table by id."""
    found = wire.snapshot(stand)[f"{name}/documents.jsonl"].splitlines()
    return {row["_id"]: row for row in map(json.loads, found)}


def confirmed(stand: Stand) -> int:
    """How many imports a yes has begun."""
    return sum(entry["began"] for entry in stand.events("import_confirmed"))


def imports(stand: Stand) -> list[str]:
    """The state of each import, newest first."""
    return [row["state"]["state"] for row in wire.ask(stand, "_system/cli/queryImport:list")]


def dangling(stand: Stand) -> list[str]:
    """Imports that wait for something, or run."""
    return [state for state in imports(stand) if state not in ("completed", "failed")]


def changes(stand: Stand) -> list[str]:
    """The paths of requests that may have changed the deployment, in their order."""
    return [
        entry["path"]
        for entry in stand.requests("/api/")
        if entry["method"] == "POST" and entry["path"] != "/api/query"
    ]


def settled(stand: Stand) -> None:
    """Wait until nothing runs there any more."""
    wire.until(lambda: "in_progress" not in imports(stand))


def _again(deployment: Deployment, patience: Any) -> Deployment:
    return Deployment(
        deployment.name,
        deployment.url,
        deployment.key,
        protected=deployment.protected,
        restore_to=deployment.restore_to,
        expected_tables=deployment.expected_tables,
        patience=patience,
    )


def _toml(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, keys in tables.items():
        yield f"[{name}]"
        for key, value in keys.items():
            if value is not None:
                yield f"{key} = {msgspec.json.encode(value).decode()}"


def _files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def _stands(world: World) -> list[Stand]:
    return [world[name] for name in world]


@functools.cache
def _secrets(stand: Stand) -> tuple[str, ...]:
    keys = (
        stand.key,
        stand.self_hosted_key,
        stand.read_only_key,
        stand.backup_only_key,
        stand.no_import_key,
    )
    return tuple(key.partition("|")[2] for key in keys)
