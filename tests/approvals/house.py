"""A house in which restores of production are asked for and answered, and what came of it.

`Question` is a question as people see it: the line in the channel, the card in its thread, its
buttons and forms. What production really holds, what Convex did and what stands in the audit log
are looked up past Lifeboat.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.slack_people import APPROVERS, AYU, BACKUPS, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import Stand, World
from storage.audit import Audit, Entry
from storage.vaults.local import LocalFolder
from tests.journeys.house import confirmed, dangling
from tests.sandbox import wire
from tests.slack.house import ROOT, Bot, Card, House, Json, wait_for

__all__ = ["ApprovalHouse", "Question", "confirmed", "dangling", "paused", "wait_for"]
QUESTION = re.compile(r"job `(ask-[a-z0-9-]+)`")
APPROVE, DENY, WITHDRAW = "approval.approve", "approval.deny", "approval.withdraw"
ENDS_SECONDS_MAX = 90


def paused(stand: Stand) -> bool:
    """Whether a deployment stands still, asked past Lifeboat."""
    told = wire.ask(stand, "_system/frontend/backendState:backendState")
    return bool(told["user"] == "paused")


class LivelyBot(Bot):
    """The bot with `tests.approvals.lively`'s pace, or with another module around it."""

    module = "tests.approvals.lively"
    environ: Mapping[str, str] = {}

    def launch(self, **environ: str | None) -> Bot:
        """Start it, and wait for nothing."""
        house = self._house
        self._began = len(house.log_text())
        told = house.environ() | self.environ | environ
        with house.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, "run", "--settings", str(house.settings)],
                cwd=ROOT,
                env={name: value for name, value in told.items() if value is not None},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self


class ApprovalHouse(House):
    """A team whose production is protected; two may approve, three may ask."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.bot = LivelyBot(self)
        self.ruled: dict[str, Any] = {}  # What of [approvals] is not as usual.

    def write(self, **changes: Mapping[str, Any]) -> None:
        settled: dict[str, dict[str, Any]] = {
            "approvals": {"approvers": [APPROVERS]},
            "patience": {"outage_seconds_max": 1, "tries": 3},
        }
        for name, keys in changes.items():
            settled.setdefault(name, {}).update(keys)
        super().write(**settled)

    def rule(self, **approvals: Any) -> None:
        """Have the bot run under these [approvals]; it is started again if they are others."""
        if approvals != self.ruled:
            self.bot.stop()
            self.write(approvals=approvals)
            self.ruled = approvals
            self.bot.start()

    def restart(self, **approvals: Any) -> None:
        """kill -9 the bot and start it again, under these [approvals] if any are given."""
        self.bot.stop()
        if approvals:
            self.write(approvals=approvals)
            self.ruled = approvals
        self.bot.start()

    # What people do.

    def ask_to_restore(
        self, person: str = RIZAL, words: str = "", reason: str = "rows were lost"
    ) -> "Question":
        """Ask for the newest backup of production, and wait for the card."""
        line = self.carded(
            BACKUPS,
            lambda: self.type(
                person, f'restore {self.backup} to production {words} reason "{reason}" yes'
            ),
        )
        return Question(self, line)

    @property
    def backup(self) -> str:
        """The id of production's first backup, which was restored to staging."""
        return next(id_ for id_, each in self.manifests().items() if each["kind"] == "manual")

    def restored(self, question: "Question", by: str = AYU) -> str:
        """Approve a question, and wait for the restore's end; the text in the channel."""
        question.yes(by)
        return question.line.until("Restored:", seconds=ENDS_SECONDS_MAX)

    def rehearse(self) -> None:
        """Take a backup of production and restore it to staging, as a terminal does."""
        for words in (("now", "production"), ("restore", "latest", "--to", "staging", "--yes")):
            done = self.terminal(*words)
            assert done.returncode == 0, done.stdout + done.stderr

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep production's queue busy with a backup that does not end."""
        self.production.trouble(kind="export_stuck")
        running = self.job(RIZAL, "now production")
        running.until("Running")
        try:
            yield
        finally:
            self.production.heal()
            running.ended()

    # What there is to see.

    def alone(self, person: str, *words: str, seconds: float = 20) -> str:
        """Wait for what one person alone is told, that holds all of the words."""

        def look() -> str:
            told = (str(each["text"]) for each in self.slack.ephemerals(person, BACKUPS))
            return next((text for text in told if all(word in text for word in words)), "")

        return wait_for(
            look, seconds, lambda: f"{words} not told to {person}: {self._told(person)}"
        )

    def audit(self, about: str | None = None) -> list[Entry]:
        """The audit log's entries, oldest first; `about` is a question's id or a backup's."""
        log = Audit(LocalFolder(self.folder / "vault"), lambda: datetime.now(UTC))
        found = list(log.entries())[::-1]
        return [each for each in found if about is None or each.concerns(about)]

    def log_whole(self) -> bool:
        """Whether the chain of the audit log is unbroken."""
        log = Audit(LocalFolder(self.folder / "vault"), lambda: datetime.now(UTC))
        return log.verify().findings == ()

    def records(self) -> dict[str, list[str]]:
        """The steps that each restore has recorded, by job."""
        found: dict[str, list[str]] = {}
        for path in sorted((self.folder / "vault").glob("jobs/*/*.json")):
            found.setdefault(path.parent.name, []).append(path.stem.partition("-")[2])
        return found

    def _told(self, person: str) -> list[str]:
        return [each["text"][:300] for each in self.slack.ephemerals(person, BACKUPS)]


@dataclass
class Question:
    """A question to other people, as it stands in Slack."""

    house: ApprovalHouse
    line: Card
    id: str = ""
    ts: str = ""  # Of the card in the thread.

    def __post_init__(self) -> None:
        self.ts = wait_for(self._card_ts, 30, lambda: f"no card: {self.line.text}")
        found = QUESTION.search(self.line.until("job `ask-"))
        assert found is not None
        self.id = found[1]

    def _card_ts(self) -> str:
        assert "Failed" not in self.line.text.splitlines()[0], self.line.text
        thread = self.house.slack.thread(BACKUPS, self.line.ts)[1:]
        return next((m["ts"] for m in thread if "asks to restore" in m["text"]), "")

    @property
    def restore_id(self) -> str:
        """The id of the restore that is begun when it is approved."""
        return self.id.replace("ask", "approved", 1)

    @property
    def message(self) -> Json:
        found = self.house.slack.messages(BACKUPS)
        return next(told for told in found if told["ts"] == self.ts)

    @property
    def card(self) -> str:
        return str(self.message["text"])

    @property
    def buttons(self) -> dict[str, str]:
        """What each button of the card carries, by action_id."""
        rows = (block.get("elements", ()) for block in self.message.get("blocks", ()))
        return {each["action_id"]: each["value"] for row in rows for each in row if "value" in each}

    @property
    def thread(self) -> list[str]:
        return self.line.thread

    def press(self, person: str, action_id: str, **more: Any) -> Json:
        """Press a button of the card."""
        return self.house.slack.click(person, BACKUPS, self.ts, action_id, **more)

    def form(self, person: str, action_id: str = APPROVE, **more: Any) -> Json:
        """Press Approve… or Deny…, and wait for the form."""
        told = self.press(person, action_id, **more)
        assert told["outcome"] == "acked", told
        return wait_for(lambda: self.house.slack.view(person))

    def yes(self, person: str, checked: str = "the plan, with care") -> Json:
        """Press Approve…, say what was checked, and submit."""
        return self.house.slack.submit(person, self.form(person), {"checked": checked})

    def no(self, person: str, why: str = "wait for the audit") -> Json:
        """Press Deny…, say why, and submit."""
        return self.house.slack.submit(person, self.form(person, DENY), {"reason": why})

    def carded(self, *words: str, seconds: float = 20) -> str:
        """Wait until the card holds all of the words."""
        return wait_for(
            lambda: text if all(word in (text := self.card) for word in words) else "",
            seconds,
            lambda: f"{words} not in {self.card} {self.house.log_text()[-1500:]}",
        )

    def told(self, *words: str, seconds: float = 20) -> str:
        """Wait for a reply in the thread that holds all of the words."""
        return self.line.told(*words, seconds=seconds)

    def over(self, *words: str, seconds: float = ENDS_SECONDS_MAX) -> str:
        """Wait until the channel's message holds all of the words; the message."""
        return self.line.until(*words, seconds=seconds)

    def said(self, entries: bool = False) -> list[str]:
        """What the audit log says of it, in its order: `vote.yes by Ayu Lestari`."""
        return [
            f"{each.what} by {each.by_name}" + (f": {each.outcome}" if each.outcome else "")
            for each in self.house.audit()
            if self.id in (each.about, each.facts.get("job"), each.facts.get("approval"))
        ]


@dataclass
class Held:
    """What production held and had been through at a moment, to be held against later."""

    stand: Stand
    counts: Json = field(init=False)
    confirmed: int = field(init=False)

    def __post_init__(self) -> None:
        self.counts, self.confirmed = self.stand.counts(), confirmed(self.stand)

    def untouched(self) -> bool:
        """Whether nothing was imported since, and it runs, and no import waits."""
        now = (self.stand.counts(), confirmed(self.stand), paused(self.stand))
        return now == (self.counts, self.confirmed, False) and not dangling(self.stand)


def held_back(stand: Stand, counts: Json, times: int = 1) -> bool:
    """Whether a deployment holds these counts after so many imports, and runs."""
    now = (stand.counts(), confirmed(stand), paused(stand))
    return now == (counts, times, False) and not dangling(stand)


def at_once(*doings: Callable[[], Any]) -> list[Any]:
    """Do things at the same moment; what they return, in their order."""
    import threading
    from concurrent.futures import ThreadPoolExecutor

    gate = threading.Barrier(len(doings))

    def go(doing: Callable[[], Any]) -> Any:
        gate.wait()
        return doing()

    with ThreadPoolExecutor(len(doings)) as pool:
        return [each.result() for each in [pool.submit(go, doing) for doing in doings]]


def copied(template: ApprovalHouse, folder: Path, world: World, slack: SlackWorld) -> ApprovalHouse:
    """A house of its own with the vault of another one."""
    made = ApprovalHouse(folder, world, slack, template.changes)
    shutil.copytree(template.folder / "vault", folder / "vault")
    return made
