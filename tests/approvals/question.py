"""A question as people see it: the line in the channel, the card, its buttons and forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.slack_people import BACKUPS
from tests.slack.house import Card, Json, wait_for

if TYPE_CHECKING:
    from tests.approvals.house import ApprovalHouse

QUESTION = re.compile(r"job `(ask-[a-z0-9-]+)`")
APPROVE, DENY, WITHDRAW = "approval.approve", "approval.deny", "approval.withdraw"
ENDS_SECONDS_MAX = 90


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

    @property
    def votes(self) -> list[str]:
        """What the audit log says of people's words."""
        return [each for each in self.said() if each.startswith("vote.")]

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

    def said(self) -> list[str]:
        """What the audit log says of it, in its order: `vote.yes by Ayu Lestari`."""
        return [
            f"{each.what} by {each.by_name}" + (f": {each.outcome}" if each.outcome else "")
            for each in self.house.audit()
            if self.id in (each.about, each.facts.get("job"), each.facts.get("approval"))
        ]
