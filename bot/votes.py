"""Takes what people say to a question: who they are is asked of Slack at that very moment.

A vote is never counted here: it becomes a message to the asking job, which alone decides, one
after another. A button carries the job's id and the plan's short fingerprint, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from bot.jobs import Engine, Wish
from bot.messages import approval as views
from bot.people import CannotTell, People
from commands.approval import VoteRefused
from commands.ask import VOTE
from commands.asked import Cast
from commands.jobs import ASK
from commands.policy import Approvals, short
from commands.roles import NotAllowed, Roles, role_of

REASON_MAX = 500


@dataclass(frozen=True)
class Said:
    """What somebody pressed or typed: which question, which way, and on which plan's card.

    `card` is the short fingerprint that the pressed card showed, "" when it was typed.
    """

    by: str
    question: str
    word: str  # yes, no, withdraw
    once: str
    card: str = ""
    checked: str = ""
    why: str = ""


@dataclass(frozen=True)
class Votes:
    """The way of a vote to its question."""

    people: People
    engine: Engine
    approvals: Approvals
    roles: Roles
    home_team: str
    now: Callable[[], datetime]

    def take(self, said: Said) -> None:
        """Hand a vote to the job that asks; VoteRefused or NotAllowed, told to the voter alone."""
        wish, facts = self._question(said.question)
        name, may_approve = self._voter(said.by)
        if said.word == "no" and not said.why.strip():
            raise VoteRefused("A no needs a reason.", hint="/backup deny <id> reason …")
        fingerprint = str(facts.get("fingerprint") or "")
        cast = Cast(
            by=said.by,
            name=name,
            word=said.word,
            fingerprint=fingerprint if said.card in ("", short(fingerprint)) else said.card,
            at=self.now(),
            may_approve=may_approve,
            approvers=self._approvers(),
            checked=said.checked.strip()[:REASON_MAX],
            why=said.why.strip()[:REASON_MAX],
        )
        if not self.engine.signal(said.question, VOTE, msgspec.to_builtins(cast), said.once):
            raise VoteRefused(f"The question about {wish.deployment} is over.")

    def modal(self, question: str, card: str, word: str) -> dict[str, Any]:
        """Return the modal in which a yes or a no is said; VoteRefused when it is over."""
        wish, facts = self._question(question)
        about = views.about(wish.deployment, wish.backup, str(facts.get("fingerprint") or ""))
        draw = views.approve_modal if word == "yes" else views.deny_modal
        return draw(about, f"{question} {card}")

    def approvers(self) -> frozenset[str]:
        """Return who may approve right now; NotAllowed when Slack can't be asked."""
        return self.people.members(self.approvals.approvers)

    def _question(self, job_id: str) -> tuple[Wish, dict[str, Any]]:
        wish = self.engine.wish(job_id)
        if wish is None or wish.verb != ASK:
            raise VoteRefused(
                f"There is no question called {job_id[:60]!r}.",
                hint="The id is on the card; /backup status lists what is open.",
            )
        facts = self.engine.facts(job_id)
        if facts.get("ended"):
            raise VoteRefused(f"The question about {wish.deployment} is over.")
        return wish, facts

    def _voter(self, user: str) -> tuple[str, bool]:
        """Return a voter's name, and whether Slack and the settings let them approve."""
        person = self.people.person(user, self.roles.groups | self._groups())
        as_approver = Roles(operators=self.approvals.approvers, viewers=frozenset())
        try:
            return person.name, role_of(person, self.home_team, as_approver) == "operator"
        except CannotTell:
            raise
        except NotAllowed:
            role_of(person, self.home_team, Roles())  # Guests, bots, outsiders: not even a word.
            return person.name, False

    def _groups(self) -> frozenset[str]:
        return frozenset(each for each in self.approvals.approvers if each.startswith("S"))

    def _approvers(self) -> frozenset[str] | None:
        try:
            return self.approvers()
        except NotAllowed:
            return None
