"""A house for a test of the bot: the real bot in a process of its own, between two stand-ins.

People act by `SlackWorld`'s hands; what they see comes back as `Card` (the one message of a job)
or as the private answer's text. All that the bot ever wrote is in `bot.log`, so that a test can
look through it for tokens and tracebacks.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bot import app
from bot.settings import read
from commands import VERBS
from sandbox.slack_people import BACKUPS, OPERATORS, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import Stand, World
from tests import nest
from tests.storage.seal_keys import key_file

ROOT = Path(__file__).parent.parent.parent
STARTS_SECONDS_MAX = 60
ENDS_SECONDS_MAX = 60
OVER = ("Done", "Failed", "Cancelled", "Done, but look at it")
VERB = "now|verify|restore|prune|ask|copy|sync|thaw"
JOB = re.compile(rf"job `((?:(?:{VERB})-|sched:)[A-Za-z0-9:-]+)`")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
ACK_SECONDS_MAX = 3.0  # Slack's own patience.
Json = dict[str, Any]
T = TypeVar("T")


def wait_for(look: Callable[[], T], seconds: float = 20, what: Callable[[], str] = str) -> T:
    """What `look` gives as soon as it gives anything; an assertion with `what` otherwise."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"nothing came of it in {seconds} s: {what()}"
        time.sleep(0.03)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Bot:
    """`lifeboat run` as a process of its own, or another module around it."""

    module = ""  # The house's own if empty.
    environ: Mapping[str, str] = {}  # More of it.
    words: tuple[str, ...] = ()  # More of them, after `run`.

    def __init__(self, house: "House") -> None:
        self._house = house
        self._began = 0
        self._process: nest.Warm | subprocess.Popen[bytes] | None = None

    def start(self) -> "Bot":
        """Start it, and wait until it says that it is up."""
        self.launch()
        wait_for(self._up, STARTS_SECONDS_MAX, self._house.log_text)
        return self

    def launch(self, **environ: str | None) -> "Bot":
        """Start it, and wait for nothing; `environ` is set, or unset where None."""
        self._began = len(self._house.log_text())
        told = self._house.environ() | self.environ | environ
        usual = "tests.slack.hasty" if self._house.hasty else "bot.cli"
        self._process = nest.start(
            self.module or usual,
            ["run", "--settings", str(self._house.settings), *self.words],
            {name: value for name, value in told.items() if value is not None},
            self._house.log,
            cold=self._house.cold,
        )
        return self

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def said(self) -> str:
        """What it has written since its last start."""
        return self._house.log_text()[self._began :]

    def signal(self, signum: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self._alive.send_signal(signum)
        return self.ended()

    def heeds(self, signum: int) -> bool:
        """Whether the process itself sees to a signal; the kernel does until then."""
        status = Path(f"/proc/{self._alive.pid}/status").read_text()
        (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught, 16) >> (signum - 1) & 1)

    def kill(self) -> None:
        """kill -9."""
        self.signal(signal.SIGKILL)

    def ended(self, seconds: float = ENDS_SECONDS_MAX) -> int:
        """Wait for its end and return the exit code."""
        return self._alive.wait(seconds)

    def stop(self) -> None:
        """End it if it still runs."""
        if self.runs:
            self.kill()

    def _up(self) -> bool:
        assert self._alive.poll() is None, f"the bot ended: {self.said}"
        return "Lifeboat is up" in self.said

    @property
    def _alive(self) -> nest.Warm | subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process


@dataclass
class House:
    """Settings, vault and data folder of one team, and its bot, between Slack and Convex."""

    folder: Path
    world: World
    slack: SlackWorld
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hasty: bool = True  # Whether its bot tells things more quickly than a real Slack would bear.
    cold: bool = False  # Whether its bot begins as everybody's does, imports and all.
    sealed: bool = False
    encryption: dict[str, Any] = field(default_factory=lambda: {"kind": "none"})

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in self.world:
            key = self.folder / f"{name}.key"
            key.touch(mode=0o600)
            key.write_text(self.world[name].key + "\n")
        if self.sealed:
            recipients = key_file(self.folder / "lifeboat.identity")
            self.encryption = {
                "recipients": [*recipients],
                "identity_file": "lifeboat.identity",
            }
        self.log.touch()
        self.write()
        self.bot = Bot(self)

    @property
    def production(self) -> Stand:
        return self.world["production"]

    @property
    def staging(self) -> Stand:
        return self.world["staging"]

    @property
    def settings(self) -> Path:
        return self.folder / "lifeboat.toml"

    @property
    def log(self) -> Path:
        return self.folder / "bot.log"

    def log_text(self) -> str:
        return self.log.read_text()

    def write(self, **changes: Mapping[str, Any]) -> None:
        """Write lifeboat.toml; `changes` are keys by table, `jobs={"stop_seconds": 1}`."""
        tables: dict[str, dict[str, Any]] = {
            "lifeboat": {"data_folder": "data", "default_deployment": "production"},
            "vaults.local": {"kind": "folder", "folder": "vault"},
            "encryption": {**self.encryption},
            "patience": {"poll_seconds_max": 0.1, "retry_seconds": 0.05},
            "slack": {"api_url": self.slack.api_url},
            "roles": {"operators": [OPERATORS]},
            "jobs": {"stop_seconds": 1},
        }
        for name in self.world:
            tables[f"deployments.{name}"] = {
                "url": self.world[name].url,
                "key_file": f"{name}.key",
                "protected": name == "production",
            }
        tables["deployments.production"]["restore_to"] = "staging"
        for name, keys in [*self.changes.items(), *changes.items()]:
            tables.setdefault(name, {}).update(keys)
        self.settings.write_text("\n".join(_toml(tables)))

    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in PROXIES}
        return kept | {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
        }

    def terminal(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `lifeboat …` in a process of its own, as somebody at a terminal."""
        words = ("--settings", str(self.settings), *words)
        return nest.run("bot.cli", words, self.environ(), ENDS_SECONDS_MAX)

    def do(self, *words: str) -> Any:
        """Do one verb in this process, beside the bot; its result."""
        settings = read(self.settings, {})
        with app.built(settings, lambda _event: None, lambda _question: True) as ctx:
            verb = VERBS[words[0]]
            return verb.run(verb.parse(words[1:]), ctx)

    def backup(self, *words: str) -> str:
        """Take a backup in this process, beside the bot; its id."""
        return str(self.do("now", *words).manifest.id)

    # What people do.

    def type(self, person: str, words: str, channel: str = BACKUPS) -> Json:
        """Type `/backup <words>`; how Slack says it went."""
        return self.slack.command(person, channel, f"/backup {words}")

    def ask(self, person: str, words: str, channel: str = BACKUPS) -> "Private":
        """Type `/backup <words>` and wait for the private answer."""
        return self.answered(person, channel, lambda: self.type(person, words, channel))

    def press(
        self, person: str, message: "Seen", action_id: str, value: Any = None, **more: Any
    ) -> Json:
        """Press a button of a message, or choose from its menu."""
        return self.slack.click(person, message.channel, message.ts, action_id, value, **more)

    def pressed(
        self, person: str, message: "Seen", action_id: str, value: Any = None, **more: Any
    ) -> "Private":
        """Press a button, and wait for the private answer."""
        return self.answered(
            person,
            message.channel,
            lambda: self.press(person, message, action_id, value, **more),
        )

    def answered(self, person: str, channel: str, doing: Callable[[], Json]) -> "Private":
        """Do it, be acked, and wait for the private answer."""
        before = {told["ts"] for told in self.slack.ephemerals(person, channel)}
        outcome = doing()
        assert outcome["outcome"] == "acked", outcome

        def fresh() -> Json | None:
            new = [m for m in self.slack.ephemerals(person, channel) if m["ts"] not in before]
            return new[0] if new else None

        told = wait_for(fresh, what=lambda: f"{outcome} {self.log_text()[-2000:]}")
        return Private(self, channel, told["ts"], person)

    def job(self, person: str, words: str, channel: str = BACKUPS) -> "Card":
        """Type `/backup <words>` and wait for the message of the job that it starts."""
        return self.carded(channel, lambda: self.type(person, words, channel))

    def carded(self, channel: str, doing: Callable[[], Json]) -> "Card":
        """Do it, be acked, and wait for the message of the job that it starts."""
        before = {told["ts"] for told in self.roots(channel)}
        outcome = doing()
        assert outcome["outcome"] == "acked", outcome

        def fresh() -> Json | None:
            new = [told for told in self.roots(channel) if told["ts"] not in before]
            return new[0] if new else None

        told = wait_for(fresh, what=lambda: self._nothing_came(channel))
        return Card(self, channel, told["ts"])

    # What there is to see.

    def roots(self, channel: str = BACKUPS) -> list[Json]:
        """The bot's messages in the channel itself, oldest first."""
        return [
            told
            for told in self.slack.messages(channel)
            if told.get("bot_id") and told.get("thread_ts", told["ts"]) == told["ts"]
        ]

    def job_messages(self, channel: str = BACKUPS) -> int:
        """How many messages in the channel itself are about jobs."""
        return sum(JOB.search(told["text"]) is not None for told in self.roots(channel))

    def cards_of(self, job_id: str, channel: str = BACKUPS) -> list["Card"]:
        """Every message in the channel itself that is about a job."""
        return [
            Card(self, channel, told["ts"])
            for told in self.roots(channel)
            if f"job `{job_id}`" in told["text"]
        ]

    def manifests(self) -> dict[str, Json]:
        """Every backup's manifest by id, read past Lifeboat."""
        found = sorted((self.folder / "vault").glob("backups/*/*/manifest.json"))
        told = {}
        for path in found:
            with suppress(FileNotFoundError):  # Removed since it was listed.
                told[path.parent.name] = json.loads(path.read_text())
        return told

    def exports(self) -> int:
        """How many exports Convex was asked for, over all deployments."""
        return sum(len(self.world[name].events("export_requested")) for name in self.world)

    def changed(self) -> int:
        """How many requests may have changed or read out a deployment: nothing of that is free."""
        return sum(
            entry["method"] == "POST" and entry["path"] != "/api/query"
            for name in self.world
            for entry in self.world[name].requests("/api/")
        )

    def secrets_seen(self) -> list[str]:
        """Every file beside the keys in which something can be read that opens a door."""
        secrets = [self.slack.bot_token, self.slack.app_token, self.slack.signing_secret]
        secrets += [self.world[name].key.partition("|")[2] for name in self.world]
        secrets += ["/commands/T0", "/actions/T0", "ticket="]  # Of Slack's links.
        return [
            f"{path.name}: {secret[:12]}…"
            for path in self.folder.rglob("*")
            if path.is_file() and path.suffix not in (".key", ".zip")
            for secret in secrets
            if secret.encode() in path.read_bytes()
        ]

    def idle(self) -> None:
        """Wait until no job runs or waits."""
        wait_for(
            lambda: "nothing runs and nothing waits" in self.ask(RIZAL, "status").text,
            ENDS_SECONDS_MAX,
        )

    def calls(self, method: str, since: int = 0) -> list[Json]:
        """What the bot asked of a method of the Web API."""
        return [entry for entry in self.slack.log("api", method) if entry["n"] > since]

    def mark(self) -> int:
        """A place in Slack's log, to look only at what comes after it."""
        log = self.slack.log()
        return int(log[-1]["n"]) if log else 0

    def unacked(self, since: int) -> list[Json]:
        """The envelopes that were not answered in time, or not at all."""
        return [
            entry
            for entry in self.slack.log("envelope")
            if entry["n"] > since and not entry["ok"] and entry["answer"] is not None
        ]

    def _nothing_came(self, channel: str) -> str:
        private = [told["text"] for told in self.slack.ephemerals(RIZAL, channel)][-2:]
        return f"{private} {self.log_text()[-2000:]}"


@dataclass
class Seen:
    """A message as it stands now."""

    house: House
    channel: str
    ts: str

    @property
    def message(self) -> Json:
        raise NotImplementedError

    @property
    def text(self) -> str:
        return str(self.message["text"])

    @property
    def elements(self) -> dict[str, Json]:
        """The buttons and menus by action_id, of several the first one."""
        found: dict[str, Json] = {}
        for block in self.message.get("blocks", []):
            for each in (*block.get("elements", ()), block.get("accessory") or {}):
                if "action_id" in each:
                    found.setdefault(each["action_id"], each)
        return found

    @property
    def buttons(self) -> dict[str, str]:
        """What each button carries, by action_id."""
        return {id_: str(each.get("value")) for id_, each in self.elements.items()}

    def until(self, *words: str, seconds: float = ENDS_SECONDS_MAX) -> str:
        """Wait until its text holds all of the words; the text."""
        return wait_for(
            lambda: text if all(word in (text := self.text) for word in words) else "",
            seconds,
            lambda: f"{words} not in {self.text} {self.house.log_text()[-1500:]}",
        )


class Card(Seen):
    """The one message of a job, with its thread."""

    @property
    def message(self) -> Json:
        found = self.house.slack.messages(self.channel)
        return next(told for told in found if told["ts"] == self.ts)

    @property
    def job_id(self) -> str:
        found = JOB.search(self.text)
        assert found is not None, self.text
        return found[1]

    @property
    def state(self) -> str:
        """The state in a word: Waiting, Running, Done, Failed, Cancelled …"""
        return self.text.splitlines()[0].rpartition(" — ")[2]

    def ended(self, seconds: float = ENDS_SECONDS_MAX) -> str:
        """Wait until it says how the job ended; the state."""
        wait_for(
            lambda: self.state in OVER,
            seconds,
            lambda: f"{self.text} {self.house.log_text()[-3000:]}",
        )
        return self.state

    @property
    def thread(self) -> list[str]:
        """The texts of its replies."""
        return [str(told["text"]) for told in self.house.slack.thread(self.channel, self.ts)[1:]]

    def told(self, *words: str, seconds: float = 20) -> str:
        """Wait for a reply that holds all of the words; the reply."""

        def look() -> str:
            fitting = (said for said in self.thread if all(word in said for word in words))
            return next(fitting, "")

        return wait_for(look, seconds, lambda: f"{words} not in {self.thread}")


class Private(Seen):
    """What one person alone was told."""

    def __init__(self, house: House, channel: str, ts: str, person: str) -> None:
        super().__init__(house, channel, ts)
        self.person = person

    @property
    def message(self) -> Json:
        found = self.house.slack.ephemerals(self.person, self.channel)
        return next(told for told in found if told["ts"] == self.ts)


def _toml(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, keys in tables.items():
        yield f"[{name}]"
        for key, value in keys.items():
            if value is not None:
                yield f"{key} = {msgspec.json.encode(value).decode()}"
