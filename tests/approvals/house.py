"""A house in which restores of production are asked for and answered, and what came of it.

`Question` is a question as people see it: the line in the channel, the card in its thread, its
buttons and forms. What production really holds, what Convex did and what stands in the audit log
are looked up past Lifeboat.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sandbox.slack_people import APPROVERS, AYU, BACKUPS, RIZAL
from storage.audit import Audit, Entry
from storage.vaults.local import LocalFolder
from tests.approvals.question import Question
from tests.slack.house import Bot, House, wait_for


class LivelyBot(Bot):
    """The bot with `tests.approvals.lively`'s pace, or with another module around it."""

    module = "tests.approvals.lively"


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

    @property
    def safety(self) -> str:
        """The id of production's newest safety backup."""
        found = {
            id_: each["finished"]
            for id_, each in self.manifests().items()
            if each["kind"] == "safety" and each["deployment"]["name"] == "production"
        }
        return max(found, key=lambda id_: found[id_])

    def restored(self, question: "Question", by: str = AYU) -> str:
        """Approve a question, and wait for the restore's end; the text in the channel."""
        question.yes(by)
        return question.line.until("Restored:", seconds=90)

    def backup_in_slack(self) -> None:
        """Have the bot take a backup of production, so that it has a job to remember."""
        self.job(RIZAL, "now production").ended()

    def approved(self, words: str = "") -> Question:
        """Ask, and have Ayu say yes."""
        question = self.ask_to_restore(words=words)
        question.yes(AYU)
        return question

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
