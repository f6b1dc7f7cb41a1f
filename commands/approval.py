"""The two-person rule: who may say yes to what, for how long, and how often that counts.

Pure: no Slack, no clock, no disk. A button, a slash command and a terminal all end in `decide`;
the doing begins only through `spend`. Whoever calls has asked Slack who the person is right now
(`roles.py`); here it is decided what their word is worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from storage.errors import Refused


class State(StrEnum):
    """Where an approval stands; only WAITING and APPROVED can still change."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    VOID = "void"
    SPENT = "spent"


OPEN = (State.WAITING, State.APPROVED)


class VoteRefused(Refused):
    """A vote that does not count; told to nobody but whoever gave it."""


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """One person's yes: who, when, and what they said they had checked."""

    by: str
    name: str
    at: datetime
    checked: str = ""


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """One question put to other people, and what they have said so far.

    `asked_by` and votes hold canonical user ids. `approvers` are those who were allowed to vote
    when it was asked, as canonical ids. `approve_until` ends the voting; an approval is good until
    `use_until`, which is set when the last vote came.
    """

    id: str
    fingerprint: str
    asked_by: str
    asked_name: str
    asked_at: datetime
    quorum: int
    approvers: frozenset[str]
    approve_until: datetime
    use_within: timedelta
    state: State = State.WAITING
    votes: tuple[Vote, ...] = ()
    use_until: datetime | None = None
    ended_by: str = ""  # Name of whoever ended it.
    why: str = ""  # Why it ended, if anybody or anything said so.
    reason: str = ""  # Why it was asked for.

    @property
    def missing(self) -> int:
        """How many more people have to say yes."""
        return max(0, self.quorum - len(self.votes))


@dataclass(frozen=True)
class Ballot:
    """What somebody presses or types: who they are, which way, on exactly which plan.

    `may_approve` is what Slack and the settings say of them at this moment.
    """

    by: str
    name: str
    word: str  # yes, no, withdraw
    fingerprint: str
    may_approve: bool
    checked: str = ""
    why: str = ""


def decide(approval: Approval, ballot: Ballot, now: datetime) -> Approval:
    """Return the approval after this ballot; VoteRefused, with a sentence, when it counts nothing.

    Order matters only as far as the first word that ends it: whoever calls decides one ballot
    after another.
    """
    approval = expire(approval, now)
    if approval.state is not State.WAITING:
        raise VoteRefused(closed(approval))
    if ballot.fingerprint != approval.fingerprint:
        raise VoteRefused(
            "This card is of an older plan.", hint="Look at the newest card in the thread."
        )
    if ballot.word == "withdraw":
        return _withdraw(approval, ballot)
    if ballot.word == "yes" and ballot.by == approval.asked_by:
        raise VoteRefused(
            "You asked for it, so a second person has to approve it.",
            hint="Ask one of the approvers.",
        )
    if not ballot.may_approve or ballot.by not in approval.approvers:
        raise VoteRefused(
            "You are not on the list of approvers for this.", hint="Ask one of the approvers."
        )
    if ballot.word == "no":
        return replace_state(approval, State.DENIED, ballot.name, ballot.why)
    return _yes(approval, ballot, now)


def _withdraw(approval: Approval, ballot: Ballot) -> Approval:
    if ballot.by != approval.asked_by:
        raise VoteRefused(
            "Only whoever asked can withdraw it.", hint="An approver can deny it instead."
        )
    return replace_state(approval, State.WITHDRAWN, ballot.name, ballot.why)


def _yes(approval: Approval, ballot: Ballot, now: datetime) -> Approval:
    if ballot.word != "yes":
        raise VoteRefused(
            "That is neither yes, no nor withdraw.", hint="Press a button of the card."
        )
    if any(vote.by == ballot.by for vote in approval.votes):
        raise VoteRefused(
            f"You have approved this already; {approval.missing} more have to.",
            hint="Nothing more to do.",
        )
    vote = Vote(by=ballot.by, name=ballot.name, at=now, checked=ballot.checked)
    voted = msgspec.structs.replace(approval, votes=(*approval.votes, vote))
    if voted.missing:
        return voted
    return msgspec.structs.replace(voted, state=State.APPROVED, use_until=now + approval.use_within)


def expire(approval: Approval, now: datetime) -> Approval:
    """Return the approval as the clock leaves it: unanswered or unused for too long, it is over."""
    if approval.state is State.WAITING and now >= approval.approve_until:
        return replace_state(approval, State.EXPIRED, "", "Nobody answered in time.")
    unused = approval.use_until is not None and now >= approval.use_until
    if approval.state is State.APPROVED and unused:
        return replace_state(approval, State.EXPIRED, "", "It was approved and not used in time.")
    return approval


def without(approval: Approval, approvers: frozenset[str]) -> Approval:
    """Return the approval after the list of approvers changed: lost people's votes are void.

    A question that can't be answered any more, or a yes that lost a voter, is over: somebody has
    to ask again.
    """
    if approval.state not in OPEN or approvers == approval.approvers:
        return approval
    if any(vote.by not in approvers for vote in approval.votes):
        return replace_state(
            approval, State.VOID, "", "Somebody who approved it is no approver any more."
        )
    left = msgspec.structs.replace(approval, approvers=approval.approvers & approvers)
    if not reachable(left.asked_by, left.approvers, left.quorum):
        return replace_state(
            left, State.VOID, "", "There are not enough approvers left to answer it."
        )
    return left


def spend(approval: Approval, fingerprint: str, now: datetime) -> Approval:
    """Use an approval up, once, for exactly the plan it was given for; VoteRefused otherwise."""
    approval = expire(approval, now)
    if approval.state is not State.APPROVED:
        raise VoteRefused(closed(approval), safe="Nothing was restored.")
    if approval.missing or len({vote.by for vote in approval.votes}) < approval.quorum:
        raise VoteRefused("Not enough people have approved it.", safe="Nothing was restored.")
    if any(vote.by == approval.asked_by for vote in approval.votes):
        raise VoteRefused("Whoever asked can't approve it.", safe="Nothing was restored.")
    if fingerprint != approval.fingerprint:
        raise VoteRefused(
            "The plan changed after it was approved.",
            safe="Nothing was restored.",
            hint="Ask again: the new plan needs a new yes.",
        )
    return replace_state(approval, State.SPENT, "", "")


def reachable(asked_by: str, approvers: frozenset[str], quorum: int) -> bool:
    """Whether so many people other than whoever asked could ever say yes."""
    return len(approvers - {asked_by}) >= quorum


def closed(approval: Approval) -> str:
    """Return the sentence for a word that comes too late."""
    by = f" by {approval.ended_by}" if approval.ended_by else ""
    names = " and ".join(vote.name for vote in approval.votes)
    return {
        State.WAITING: "It still waits for an answer.",
        State.APPROVED: f"It is approved already, by {names}.",
        State.DENIED: f"It was denied already{by}. Ask again if it is wanted.",
        State.WITHDRAWN: "Whoever asked has withdrawn it.",
        State.EXPIRED: f"It has lapsed. {approval.why} Ask again to start a fresh one.",
        State.VOID: f"It does not count any more. {approval.why} Ask again to start a fresh one.",
        State.SPENT: "It was approved and has been used.",
    }[approval.state]


def replace_state(approval: Approval, state: State, by: str, why: str) -> Approval:
    """Return the approval in another state."""
    return msgspec.structs.replace(approval, state=state, ended_by=by, why=why)
