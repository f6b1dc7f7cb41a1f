"""Takes what people say to a question: who they are is asked of Slack at that very moment.

A vote is never counted here: it becomes a message to the asking job, which alone decides, one
after another. A button carries the job's id and the plan's short fingerprint, and nothing else.
What never comes to a job, because nobody vouches for who said it, is written down here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from bot.jobs import Engine, Wish
from bot.messages import approval as views
from bot.people import People
from commands import audited
from commands.approval import VoteRefused
from commands.ask import VOTE
from commands.asked import Cast
from commands.jobs import ASK
from commands.policy import Approvals, short
from commands.roles import NotAllowed, Person, Roles, role_of
from commands.verb import Caller, Context
from storage.errors import Refused

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
    home_team: Callable[[], str]  # NotAllowed until Slack has said which it is.
    world: Context

    def take(self, said: Said) -> None:
        """Hand a vote to the job that asks; VoteRefused or NotAllowed, told to the voter alone."""
        wish, name = self._wish(said.question), ""
        try:
            person = self.people.person(said.by, self.roles.groups | self._groups())
            name = person.name
            self._hand_over(said, wish, person)
        except Refused as error:
            self._write_down(said, name, error)
            raise

    def _hand_over(self, said: Said, wish: Wish, person: Person) -> None:
        may_approve = self._may_approve(person)
        if said.word == "no" and not said.why.strip():
            raise VoteRefused("A no needs a reason.", hint="/backup deny <id> reason …")
        fingerprint = str(self._open_facts(said.question, wish).get("fingerprint") or "")
        if not fingerprint:
            raise VoteRefused(
                f"The question about {wish.deployment} is not asked yet: it has no plan.",
                hint=f"Wait for its card, or stop it: /backup cancel {said.question}",
            )
        cast = Cast(
            by=said.by,
            name=person.name,
            word=said.word,
            fingerprint=fingerprint if said.card in ("", short(fingerprint)) else said.card,
            at=self.world.now(),
            may_approve=may_approve,
            approvers=self._approvers(),
            checked=said.checked.strip()[:REASON_MAX],
            why=said.why.strip()[:REASON_MAX],
        )
        if not self.engine.signal(said.question, VOTE, msgspec.to_builtins(cast), said.once):
            raise _over(wish)

    def modal(self, question: str, card: str, word: str) -> dict[str, Any]:
        """Return the modal in which a yes or a no is said; VoteRefused when it is over."""
        wish = self._wish(question)
        facts = self._open_facts(question, wish)
        about = views.about(wish.deployment, wish.backup, str(facts.get("fingerprint") or ""))
        draw = views.approve_modal if word == "yes" else views.deny_modal
        return draw(about, f"{question} {card}")

    def approvers(self) -> frozenset[str]:
        """Return who may approve at this very moment; NotAllowed when Slack can't be asked."""
        return self.people.members(self.approvals.approvers, fresh=True)

    def _wish(self, job_id: str) -> Wish:
        wish = self.engine.wish(job_id)
        if wish is None or wish.verb != ASK:
            raise VoteRefused(
                f"There is no question called {job_id[:60]!r}.",
                hint="The id is on the card; /backup status lists what is open.",
            )
        return wish

    def _open_facts(self, job_id: str, wish: Wish) -> dict[str, Any]:
        facts = self.engine.facts(job_id)
        if facts.get("answer") or facts.get("ended"):
            raise _over(wish, str(facts.get("answer") or ""))
        return facts

    def _may_approve(self, person: Person) -> bool:
        """Whether Slack and the settings let somebody approve; NotAllowed for who has no word."""
        role_of(person, self.home_team(), Roles())  # Guests, bots, outsiders: not even a no.
        return bool(person.ids & self.approvals.approvers)

    def _groups(self) -> frozenset[str]:
        return frozenset(each for each in self.approvals.approvers if each.startswith("S"))

    def _approvers(self) -> frozenset[str] | None:
        try:
            return self.people.members(self.approvals.approvers)
        except NotAllowed:
            return None

    def _write_down(self, said: Said, name: str, error: Refused) -> None:
        audited.afterwards(
            replace(self.world, caller=Caller(said.by, name, door="slack")),
            "vote.refused",
            once=f"{said.question} {said.by} {said.once}",
            about=said.question,
            why=error.what,
        )


def _over(wish: Wish, answer: str = "") -> VoteRefused:
    return VoteRefused(f"The question about {wish.deployment} is over. {answer}".strip())
