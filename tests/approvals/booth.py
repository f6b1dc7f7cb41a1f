"""The way of a vote to its question, between a Slack and an engine that are made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from slack_sdk.errors import SlackApiError

from bot.jobs import Wish
from bot.people import People
from bot.votes import Said, Votes
from commands.approval import VoteRefused
from commands.asked import Cast
from commands.policy import Approvals, short
from commands.roles import NotAllowed, Roles
from sandbox.slack_people import APPROVERS, OPERATORS, RIZAL, TEAM, groups, people
from tests.approvals.views import FINGERPRINT
from tests.commands.audit_contexts import context

QUESTION, CARD = "ask-production-4k2f9c", short(FINGERPRINT)


class Slack:
    """As much of Slack as is asked about people; `fails` are methods that answer with an error."""

    def __init__(self) -> None:
        self.people = {each["id"]: dict(each) for each in people()}
        self.groups = {each["id"]: list(each["users"]) for each in groups()}
        self.fails: set[str] = set()
        self.silent_about: set[str] = set()

    def users_info(self, user: str) -> dict[str, Any]:
        self._look("users.info")
        if user in self.silent_about:
            raise SlackApiError("no", {"error": "internal_error"})
        if user not in self.people:
            raise SlackApiError("no", {"error": "user_not_found"})
        return {"user": self.people[user]}

    def usergroups_users_list(self, usergroup: str, **_: Any) -> dict[str, Any]:
        self._look("usergroups.users.list")
        return {"users": self.groups.get(usergroup, [])}

    def _look(self, method: str) -> None:
        if method in self.fails:
            raise SlackApiError("no", {"error": "internal_error"})


@dataclass
class Engine:
    """One open question and what was signalled to it."""

    facts_of: dict[str, Any] = field(default_factory=lambda: {"fingerprint": FINGERPRINT})
    signals: dict[str, Cast] = field(default_factory=dict)
    open: bool = True

    def wish(self, job_id: str) -> Wish | None:
        verb = {QUESTION: "ask", "now-production-aaaaaa": "now"}.get(job_id)
        if verb is None:
            return None
        return Wish(
            verb=verb,
            deployment="production",
            request={},
            backup="production-2026-11-24-0200",
            caller_id=RIZAL,
            caller_name="Rizal Hakim",
            door="slack",
            asked_at=datetime.now(UTC),
            channel="C1",
        )

    def facts(self, _job_id: str) -> dict[str, Any]:
        return self.facts_of

    def signal(self, _job_id: str, topic: str, message: Any, once: str) -> bool:
        assert topic == "vote"
        if self.open:
            self.signals.setdefault(once, msgspec.convert(message, Cast))
        return self.open


@dataclass
class Booth:
    """Votes between the two, and what of it stands in the audit log."""

    folder: Path
    slack: Slack = field(default_factory=Slack)
    engine: Engine = field(default_factory=Engine)
    approvers: tuple[str, ...] = (APPROVERS,)

    def __post_init__(self) -> None:
        self.world = context(self.folder)
        self.votes = Votes(
            People(self.slack),  # type: ignore[arg-type]
            self.engine,  # type: ignore[arg-type]
            Approvals(approvers=frozenset(self.approvers)),
            Roles(operators=frozenset({OPERATORS})),
            lambda: TEAM,
            self.world,
        )

    def take(self, by: str, word: str = "yes", question: str = QUESTION, **more: Any) -> Cast:
        """Give a vote; what came to the question."""
        once = more.pop("once", f"{by} {word} {len(self.engine.signals)}")
        why = {"why": "not now"} if word == "no" else {}
        self.votes.take(Said(by=by, question=question, word=word, once=once, **{**why, **more}))
        return self.engine.signals[once]

    def refused(self, by: str, word: str = "yes", **more: Any) -> str:
        """Give a vote that never comes to the question; why not."""
        with pytest.raises((VoteRefused, NotAllowed)) as error:
            self.take(by, word, **more)
        assert self.engine.signals == {}
        return error.value.what

    @property
    def written(self) -> list[tuple[str, str, str]]:
        entries = self.world.audit.entries() if self.world.audit else ()
        return [(each.what, each.by, each.about) for each in entries]
