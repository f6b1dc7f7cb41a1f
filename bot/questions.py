"""The cards of questions that wait for other people, and the words around them in the thread.

A job that goes on after a kill tells everything again: what was said already is remembered beside
the job, and not said twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from bot.courier import Courier
from bot.jobs import Engine
from bot.messages import answers
from bot.messages import approval as views
from bot.messages.model import JobState, Message
from commands.approval import Approval, State, closed, replace_state
from commands.asked import Approved
from commands.events import ApprovalAsked, BallotRefused
from commands.jobs import APPROVED, ASK, THAW
from commands.restore import VERB as RESTORE
from storage import typed
from storage.errors import Refused

Place = tuple[str, str]  # Channel, and the ts that the thread hangs on.
ENDED_RANK = 1000


def restore_of(question: str) -> str:
    """Return the id of the restore that a question, or a thawing, begins, at most once."""
    if question.startswith(THAW):
        return question.replace(THAW, RESTORE.name, 1)
    return question.replace(ASK, APPROVED, 1)


class Questions:
    """The open questions of this bot; `pointer_channel` is "" when the settings name none."""

    def __init__(
        self,
        courier: Courier,
        engine: Engine,
        now: Callable[[], datetime],
        pointer_channel: str = "",
        link: Callable[[str, str], str] = lambda _channel, _ts: "",
    ) -> None:
        self._courier, self._engine, self._now = courier, engine, now
        self._pointer_channel, self._link = pointer_channel, link
        self._open: dict[str, tuple[ApprovalAsked, Approval]] = {}
        self._refused: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._guard = threading.Lock()

    def asked(self, job_id: str, place: Place, event: ApprovalAsked) -> None:
        """Post the card in the thread, once, and the pointer for the approvers' own channel."""
        with self._guard:
            self._open[job_id] = (event, event.approval)
        facts = self._engine.facts(job_id)
        self._engine.note(job_id, fingerprint=event.approval.fingerprint)
        if not facts.get("card_ts"):
            card = views.card(event, event.approval, self._now())
            self._engine.note(job_id, card_ts=self._courier.reply(*place, card))
        if self._pointer_channel and not facts.get("pointed"):
            self._engine.note(job_id, pointed=True)
            pointer = views.pointer(event, self._link(*place))
            self._courier.post_later(self._pointer_channel, lambda: pointer, lambda _ts: None)

    def changed(self, job_id: str, place: Place, approval: Approval) -> None:
        """Bring the card up to date, and tell the thread that somebody's word counted.

        Told once, or twice when the bot dies between Slack's answer and the note that it was told.
        """
        with self._guard:
            event, _ = self._open[job_id]
            self._open[job_id] = (event, approval)
        if approval.state is not State.WAITING:
            self._engine.note(job_id, answer=closed(approval))
        card_ts = self._engine.facts(job_id).get("card_ts")
        if card_ts and not self._restoring(job_id):
            self._courier.show(place[0], str(card_ts), views.card(event, approval, self._now()))
        rank = len(approval.votes) + (0 if approval.state is State.WAITING else ENDED_RANK)
        with self._guard:
            told = self._told.get(job_id) or int(self._engine.facts(job_id).get("rank") or 0)
            self._told[job_id] = max(rank, told)
        if rank > told:
            self._courier.note(
                *place,
                views.changed(approval),
                sent=lambda: self._engine.note(job_id, rank=rank),
            )

    def _restoring(self, job_id: str) -> bool:
        """Whether the restore has begun: the card is its own by now, also for a question retold."""
        facts = self._engine.facts(restore_of(job_id))
        return bool(facts.get("step") or facts.get("ended"))

    def followed(self, job_id: str, state: JobState) -> tuple[str, Message] | None:
        """Return where the card is that a restore was approved on, and what it says from now on.

        None for every other job.
        """
        wish = self._engine.wish(job_id)
        if wish is None or wish.verb != APPROVED:
            return None
        approved = typed.convert(wish.request, Approved)
        card_ts = self._engine.facts(approved.approval.id).get("card_ts")
        if not card_ts or approved.asked is None:
            return None
        shown = views.doing(approved.asked, approved.approval, self._now(), state)
        return str(card_ts), shown

    def everybody(self, job_id: str) -> str:
        """Return mentions of all who asked for or agreed to a restore; "" for every other job."""
        wish = self._engine.wish(job_id)
        if wish is None or wish.verb != APPROVED:
            return ""
        return views.everybody(typed.convert(wish.request, Approved).approval)

    def refused(self, job_id: str, place: Place, event: BallotRefused) -> None:
        """Tell a voter alone that their word did not count, and why."""
        with self._guard:
            count = self._refused.get(job_id, 0) + 1
            self._refused[job_id] = count
        if count > int(self._engine.facts(job_id).get("refused") or 0):
            self._engine.note(job_id, refused=count)
            told = answers.refused(Refused(event.what, hint=event.hint))
            self._courier.private(place[0], event.by, told)

    def broken_off(self, job_id: str, place: Place, why: str) -> None:
        """Take the buttons off the card of a question that ended without an answer."""
        card_ts = self._engine.facts(job_id).get("card_ts")
        with self._guard:
            known = self._open.pop(job_id, None)
        if not card_ts:
            return
        card = views.gone(why)
        if known is not None:
            event, approval = known
            card = views.card(event, replace_state(approval, State.VOID, "", why), self._now())
        self._courier.show(place[0], str(card_ts), card, last=True)

    def line(self, job_id: str) -> Message | None:
        """Return the channel's one-line status of a question, once there is one."""
        with self._guard:
            known = self._open.get(job_id)
        if known is None:
            return None
        event, approval = known
        return views.line(event.plan, approval, self._now())

    def over(self, job_id: str) -> None:
        """Forget a question that has ended."""
        with self._guard:
            self._open.pop(job_id, None)
            self._refused.pop(job_id, None)
            self._told.pop(job_id, None)
