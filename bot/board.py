"""One message for each job, edited as the job goes on; what is worth reading later in its thread.

The board turns a job's events into a `JobView`, has it drawn, and hands it to the courier. Where
the message is stands beside the job in the engine, so a restarted bot edits the same message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.courier import Courier
from bot.jobs import Engine, Wish
from bot.messages import answers, report
from bot.messages import job as drawn
from bot.messages.model import JobState, JobView, Message
from commands.events import (
    Event,
    ImportConfirmed,
    JobFailed,
    Noted,
    Progressed,
    RestorePlanned,
    Result,
    StepBegan,
    StepFinished,
    Warned,
)
from storage.errors import LifeboatError

CANCELLED = "Cancelled"


@dataclass(frozen=True)
class Ended:
    """How a job ended, and the card that says so: kept by the engine until Slack has taken it."""

    state: JobState
    card: Message


class Board:
    """The messages of all jobs of this bot."""

    def __init__(
        self,
        courier: Courier,
        engine: Engine,
        protected: Callable[[str], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._courier, self._engine = courier, engine
        self._protected, self._now = protected, now
        self._views: dict[str, JobView] = {}
        self._places: dict[str, tuple[str, str]] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._guard = threading.RLock()

    def open(self, job_id: str, wish: Wish) -> None:
        """Make sure that the job has its message; whoever comes first posts it.

        NotInChannel or SlackAway when it can't be posted.
        """
        with self._guard:
            turn = self._turns.setdefault(job_id, threading.Lock())
        with turn:
            facts = self._engine.facts(job_id)
            if job_id in self._places or facts.get("over"):
                return
            with self._guard:
                self._views.setdefault(job_id, self._fresh(job_id, wish))
            ts = facts.get("ts") or self._courier.post(wish.channel, self._draw(job_id))
            self._places[job_id] = (wish.channel, str(ts))
            if not facts.get("ts"):
                self._engine.note(job_id, ts=ts)

    def picked_up(self, job_id: str) -> None:
        """Say that a restarted bot goes on with the job."""
        count = int(self._engine.facts(job_id).get("restarts") or 0) + 1
        self._engine.note(job_id, restarts=count)
        self._change(job_id, restarts=count)
        self._note(job_id, report.picked_up(self._views[job_id]))

    def queued(self) -> None:
        """Bring the places of waiting jobs up to date."""
        for standing in self._engine.standing():
            if standing.state == "queued" and standing.id in self._views:
                self._change(standing.id, ahead=standing.place)

    def cancelling(self, job_id: str) -> None:
        """Show that a job was asked to stop."""
        if job_id in self._views:
            self._change(job_id, cancelling=True)

    def heard(self, job_id: str, event: Event) -> None:
        """Show one event of a running job."""
        match event:
            case StepBegan(step):
                self._engine.note(job_id, step=step)
                self._change(job_id, step=step, done=0, total=None, unit="", noted="")
            case Progressed(step, done, total, unit):
                self._change(job_id, step=step, done=done, total=total, unit=unit)
            case Noted(text):
                self._change(job_id, noted=text)
            case Warned():
                self._change(job_id, warned=self._views[job_id].warned + 1)
                self._note(job_id, report.noted(event))
            case ImportConfirmed():
                self._change(job_id, closed=True, cancelling=False)
            case RestorePlanned():
                self._note(job_id, report.full(event))
            case StepFinished():
                pass
            case _:
                raise AssertionError(f"unreachable: {type(event).__name__}")

    def begun(self, job_id: str) -> None:
        """Show that a job's turn has come."""
        self._change(job_id, state="running", began_at=self._now(), ahead=0)

    def ended(self, job_id: str, outcome: Result | LifeboatError) -> Ended:
        """Show how it ended: the last edit, and the report in the thread."""
        if isinstance(outcome, LifeboatError):
            kind = type(outcome).__name__
            failure = JobFailed(outcome.what, outcome.safe, outcome.hint, kind, outcome.exit_code)
            state: JobState = "cancelled" if kind == CANCELLED else "failed"
            view = self._change(job_id, state=state, ended_at=self._now(), failure=failure)
            told = report.full(failure)
        else:
            state = "done" if outcome.exit_code == 0 else "look"
            view = self._change(job_id, state=state, ended_at=self._now(), result=outcome)
            told = report.full(outcome)
        ended = Ended(view.state, self._draw(job_id))
        self._engine.note(job_id, over=True)
        place = self._places.get(job_id)
        if place is not None:
            self._courier.note(*place, told)
            self._show_last(job_id, place, ended.card)
        with self._guard:
            for known in (self._views, self._places, self._turns):
                known.pop(job_id, None)
        return ended

    def settle(self) -> None:
        """Send the last edits that a killed bot still had in its hands; called at start."""
        for job_id, wish, card in self._engine.unshown():
            ts = self._engine.facts(job_id).get("ts")
            if ts:
                self._show_last(job_id, (wish.channel, str(ts)), card)
        for job_id in self._engine.given_up():
            asked, ts = self._engine.wish(job_id), self._engine.facts(job_id).get("ts")
            if asked and ts:
                self._courier.note(asked.channel, str(ts), answers.given_up(job_id))
            self._engine.note(job_id, said=True)

    def _show_last(self, job_id: str, place: tuple[str, str], card: Message) -> None:
        note = self._engine.note
        self._courier.show(*place, card, last=True, sent=lambda: note(job_id, shown=True))

    def silent(self, job_id: str, seconds: float) -> None:
        """Say in the thread that a job has not moved for so long."""
        with self._guard:
            view = self._views.get(job_id)
        if view is not None:
            self._note(job_id, report.silent(view, seconds))

    def _fresh(self, job_id: str, wish: Wish) -> JobView:
        place = {standing.id: standing.place for standing in self._engine.standing()}
        return JobView(
            id=job_id,
            verb=wish.verb,
            deployment=wish.deployment,
            protected=self._protected(wish.deployment),
            backup=wish.backup,
            asked_by=wish.caller_id if wish.door == "slack" else "",
            asked_name=wish.caller_name,
            asked_at=wish.asked_at,
            ahead=place.get(job_id, 0),
            restarts=int(self._engine.facts(job_id).get("restarts") or 0),
        )

    def _change(self, job_id: str, **facts: object) -> JobView:
        with self._guard:
            view = replace(self._views[job_id], **facts)  # type: ignore[arg-type]
            self._views[job_id] = view
            place = self._places.get(job_id)
        if place is not None:
            self._courier.show(*place, self._draw(job_id))
        return view

    def _draw(self, job_id: str) -> Message:
        return drawn.card(self._views[job_id], self._now())

    def _note(self, job_id: str, message: Message | None) -> None:
        place = self._places.get(job_id)
        if place is not None and message is not None:
            self._courier.note(*place, message)
