"""One message for each job, edited as the job goes on; what is worth reading later in its thread.

The board turns a job's events into a `JobView`, has it drawn, and hands it to the courier. Where
the message is stands beside the job in the engine, so a restarted bot edits the same message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from bot.courier import Courier, SlackAway
from bot.jobs import Engine, Wish
from bot.messages import answers, report, summary
from bot.messages import job as drawn
from bot.messages.model import JobState, JobView, Message
from bot.questions import Questions
from bot.roads.road import LATE_AFTER
from bot.summary_picture import Drawing, drawing
from bot.uploads import Uploads
from commands.events import (
    ApprovalAsked,
    ApprovalChanged,
    ApprovalEnded,
    BallotRefused,
    DeploymentPaused,
    DeploymentResumed,
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
from commands.retention_events import BackupRemoved, PrunePlanned
from commands.summary_events import SummaryTold
from commands.thaw_events import ArchiveThawed
from storage import typed
from storage.errors import LifeboatError, Refused

CANCELLED = "Cancelled"
GIVEN_UP = "It stopped the bot several times over and is not begun again."
GIVEN_UP_HINT = "Tell whoever runs Lifeboat: its log tells why."
SAID_ONCE = ("summary",)  # Verbs whose message comes when they are done.
MAY_BE_PAUSED = "{deployment} MAY STILL BE PAUSED: look, and start it in the Convex dashboard."


@dataclass(frozen=True)
class Ended:
    """How a job ended, in its card and its thread: kept by the engine until Slack has taken it.

    `goes_on` is the job that goes on in the same message, as a restore does after its question or
    after its archive was thawed. `question` is the card that the restore was approved on, and where
    it is. `failure` is what a failed job said.
    """

    state: JobState
    card: Message
    report: Message
    goes_on: str = ""
    question: tuple[str, Message] | None = None
    failure: JobFailed | None = None
    once: bool = False  # Said once, when it is over, and never edited: a summary.
    picture: Drawing | None = None  # What its thread shows besides.
    at: datetime | None = None  # The engine's own rows know whole seconds only.


class Board:
    """The messages of all jobs of this bot."""

    def __init__(
        self,
        courier: Courier,
        engine: Engine,
        protected: Callable[[str], bool],
        now: Callable[[], datetime],
        questions: Questions | None = None,
    ) -> None:
        self.uploads: Uploads | None = None  # None: no message gets a picture.
        self._courier, self._engine = courier, engine
        self._questions = questions or Questions(courier, engine, now)
        self._protected, self._now = protected, now
        self._views: dict[str, JobView] = {}
        self._places: dict[str, tuple[str, str]] = {}
        self._unposted: set[str] = set()  # Slack did not take their message yet.
        self._ends: dict[str, Ended] = {}  # Of jobs that ended before they had a message.
        self._guard = threading.RLock()
        self._turns: dict[str, threading.Lock] = {}

    def open(self, job_id: str, wish: Wish) -> bool:
        """Make sure that the job has its message; whoever comes first posts it.

        False when Slack does not answer: the message follows as soon as it does. Refused when the
        message can't be posted at all.
        """
        with self._guard:
            turn = self._turns.setdefault(job_id, threading.Lock())
        with turn:
            if job_id in self._places or job_id in self._unposted:
                return job_id in self._places
            facts = self._engine.facts(job_id)
            if facts.get("ended"):
                return True
            with self._guard:
                self._views.setdefault(job_id, self._fresh(job_id, wish, facts))
            if not wish.channel:
                self._engine.note(job_id, shown=True)  # Nor will its end be.
            if facts.get("shown") or not wish.channel or wish.verb in SAID_ONCE:
                return True
            ts = str(facts.get("ts") or wish.ts)
            if ts:
                self._engine.note(job_id, ts=ts)
                self._places[job_id] = (wish.channel, ts)
                return True
            try:
                ts = self._courier.post(wish.channel, self._draw(job_id))
            except SlackAway:
                with self._guard:
                    self._unposted.add(job_id)
                    self._views[job_id] = replace(self._views[job_id], late=True)
                self._post_later(job_id, wish.channel, partial(self._draw, job_id))
                return False
            except Refused:
                self._engine.note(job_id, shown=True)  # Nor will its end be.
                raise
            self._posted(job_id, wish.channel, ts)
        self.queued()
        return True

    def _post_later(self, job_id: str, channel: str, draw: Callable[[], Message]) -> None:
        self._courier.post_later(channel, draw, lambda ts: self._posted(job_id, channel, ts))

    def _posted(self, job_id: str, channel: str, ts: str) -> None:
        """Note where a job's message is; of one that has ended meanwhile, tell the end there."""
        self._engine.note(job_id, ts=ts)
        with self._guard:
            self._unposted.discard(job_id)
            self._places[job_id] = (channel, ts)
            ended = self._ends.pop(job_id, None)
        if ended is not None:
            self._tell_end(job_id, (channel, ts), ended)

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
        """Show that a job was asked to stop, unless it can't be stopped any more."""
        with self._guard:
            view = self._views.get(job_id)
            if view is not None and not view.closed:
                self._change(job_id, cancelling=True)
        self.queued()

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
            case RestorePlanned() if not self._engine.facts(job_id).get("planned"):
                self._note(job_id, report.full(event), planned=True)
            case DeploymentPaused() | DeploymentResumed():
                self._paused(job_id, event)
            case ApprovalAsked() | ApprovalChanged() | BallotRefused():
                self._question(job_id, event)
            case BackupRemoved(id):
                self._change(job_id, noted=f"removed {id}")
            case StepFinished(step, seconds):
                took = self._took(job_id)
                self._engine.note(job_id, took={**took, step: took.get(step, 0.0) + seconds})
            case RestorePlanned() | PrunePlanned():
                pass
            case _:
                raise AssertionError(f"unreachable: {type(event).__name__}")

    def _took(self, job_id: str) -> dict[str, float]:
        """Return how long each step of a job took, in all of its lives."""
        return dict(self._engine.facts(job_id).get("took") or {})

    def _question(
        self, job_id: str, event: ApprovalAsked | ApprovalChanged | BallotRefused
    ) -> None:
        """Show what became of a question: its card, its line, and what one voter is told."""
        place = self._places.get(job_id)
        if place is None:
            raise SlackAway(
                "The question has no message in Slack, so nobody could answer it.",
                safe="Nobody was asked, and nothing was restored.",
                hint="Ask again when Slack is back.",
            )
        match event:
            case ApprovalAsked():
                self._questions.asked(job_id, place, event)
            case ApprovalChanged(approval):
                self._questions.changed(job_id, place, approval)
            case BallotRefused():
                self._questions.refused(job_id, place, event)
        self._change(job_id)

    def _paused(self, job_id: str, event: DeploymentPaused | DeploymentResumed) -> None:
        """Tell that a deployment stands still, or runs again; a resumed job tells it again."""
        paused = isinstance(event, DeploymentPaused)
        self._engine.note(job_id, paused=paused)
        if self._engine.facts(job_id).get("said_paused") is not paused:
            said = report.noted(Noted(paused_or_not(event)))
            self._note(job_id, said, said_paused=paused)

    def _safe(self, job_id: str, deployment: str, safe: str) -> str:
        """Return what is safe, and what is not: a deployment that nobody has started again."""
        if not self._engine.facts(job_id).get("paused") or "PAUSED" in safe:
            return safe
        return f"{safe} {MAY_BE_PAUSED.format(deployment=deployment)}".strip()

    def begun(self, job_id: str) -> None:
        """Show that a job's turn has come."""
        self._change(job_id, state="running", began_at=self._now(), ahead=0)
        place, question = self._places.get(job_id), self._questions.followed(job_id, "running")
        if place is not None and question is not None:
            self._courier.show(place[0], *question)

    def ended(self, job_id: str, outcome: Result | LifeboatError) -> Ended:
        """Note how a job ended, before anybody is told, and return it; `over` tells it."""
        view = replace(self._views[job_id], ended_at=self._now())
        told: Result | JobFailed
        if isinstance(outcome, LifeboatError):
            kind = type(outcome).__name__
            safe = self._safe(job_id, view.deployment, outcome.safe)
            told = JobFailed(outcome.what, safe, outcome.hint, kind, outcome.exit_code)
            view = replace(view, state="cancelled" if kind == CANCELLED else "failed", failure=told)
        else:
            told = outcome
            view = replace(view, state="done" if told.exit_code == 0 else "look", result=told)
        with self._guard:
            self._views[job_id] = view
        place = self._places.get(job_id)
        if isinstance(told, ApprovalEnded) and place is not None:
            self._questions.changed(job_id, place, told.approval)
            self._engine.note(job_id, reported=True)  # The change was the report.
        elif isinstance(told, JobFailed) and place is not None:
            self._questions.broken_off(job_id, place, told.what)
        goes_on = told.job_id if isinstance(told, ApprovalEnded | ArchiveThawed) else ""
        question = self._questions.followed(job_id, view.state)
        full = report.full(told, self._took(job_id), self._questions.everybody(job_id))
        ended = Ended(view.state, self._draw(job_id), full, goes_on, question, view.failure)
        ended = replace(ended, at=view.ended_at)
        if isinstance(told, SummaryTold):
            card = summary.told(told, view.why)
            ended = replace(ended, card=card, once=True, picture=drawing(told))
        self._questions.over(job_id)
        self._engine.note(job_id, ended=msgspec.to_builtins(ended))
        return ended

    def known_end(self, job_id: str) -> Ended | None:
        """Return how a job ended that a kill kept from being over, or None."""
        told = self._engine.facts(job_id).get("ended")
        return typed.convert(told, Ended) if told else None

    def over(self, job_id: str, wish: Wish, ended: Ended) -> None:
        """Tell how a job ended: the last edit, and the report in the thread."""
        with self._guard:
            place, waits = self._places.get(job_id), job_id in self._unposted
            if waits:
                self._ends[job_id] = ended
        if not waits:
            self._tell_end(job_id, place or self._noted_place(job_id, wish), ended)

    def _noted_place(self, job_id: str, wish: Wish) -> tuple[str, str]:
        return wish.channel, str(self._engine.facts(job_id).get("ts") or "")

    def _tell_end(self, job_id: str, place: tuple[str, str], ended: Ended) -> None:
        """Tell the end at a message, or in a new one where there is none yet; then forget all."""
        with self._guard:
            for known in (self._places, self._views, self._turns):
                known.pop(job_id, None)
        (channel, ts), note, facts = place, self._engine.note, self._engine.facts(job_id)
        if not ts:
            if not facts.get("shown"):
                self._ends[job_id] = ended
                self._post_later(job_id, channel, partial(self._end_card, ended))
            return
        if ended.once:
            self._illustrate(job_id, place, ended, str(facts.get("file") or ""))
            return
        if not facts.get("reported"):
            self._courier.note(*place, ended.report, sent=lambda: note(job_id, reported=True))
        if ended.goes_on and self._has_begun(ended.goes_on):
            note(job_id, shown=True)  # The message is that job's by now.
            return

        def show() -> None:
            last, shown = not ended.goes_on, partial(note, job_id, shown=True)
            self._courier.show(*place, ended.card, last=last, sent=shown)

        if ended.question is None:
            show()
        else:  # First: once the message is noted as shown, nothing of this job is told again.
            self._courier.show(channel, *ended.question, last=True, sent=show)

    def _end_card(self, ended: Ended) -> Message:
        """Return how a job ended, as a first message; what is said once says that it is late."""
        made_at = ended.at
        if ended.once and made_at is not None and self._now() - made_at > LATE_AFTER:
            return answers.late(ended.card, made_at)
        return ended.card

    def _illustrate(self, job_id: str, place: tuple[str, str], ended: Ended, file: str) -> None:
        """Add the picture of a message that is said once; then nothing of the job is left."""
        note = partial(self._engine.note, job_id)
        if ended.picture is None or self.uploads is None:
            note(shown=True)
        else:
            self.uploads.share(place, ended.picture, file, note)

    def _has_begun(self, job_id: str) -> bool:
        facts = self._engine.facts(job_id)
        return bool(facts.get("step") or facts.get("ended"))

    def settle(self) -> None:
        """Tell the ends that a killed bot still had in its hands; called at start."""
        for job_id, wish, told in self._engine.unshown():
            ended = typed.convert(told, Ended)
            self._tell_end(job_id, self._noted_place(job_id, wish), ended)

    def give_up(self) -> None:
        """Tell of jobs that the engine does not begin any more; it may find that out any time."""
        for job_id in self._engine.given_up():
            asked = self._engine.wish(job_id)
            if asked is not None:
                self._give_up(job_id, asked)
            self._engine.note(job_id, said=True)

    def _give_up(self, job_id: str, wish: Wish) -> None:
        """Tell that a job that ended the bot again and again is not begun any more."""
        safe = self._safe(job_id, wish.deployment, "")
        failure = JobFailed(GIVEN_UP, safe, GIVEN_UP_HINT, "LifeboatError", 1)
        view = self._fresh(job_id, wish, self._engine.facts(job_id))
        card = drawn.card(replace(view, state="failed", failure=failure), self._now())
        place = self._noted_place(job_id, wish)
        self._questions.broken_off(job_id, place, GIVEN_UP)
        question = self._questions.followed(job_id, "failed")
        told = answers.given_up(job_id, safe)
        self._tell_end(job_id, place, Ended("failed", card, told, question=question))

    def view(self, job_id: str) -> JobView | None:
        """Return a job as its message shows it, while it has not ended."""
        with self._guard:
            return self._views.get(job_id)

    def silent(self, job_id: str, seconds: float) -> None:
        """Say in the thread that a job has not moved for so long."""
        with self._guard:
            view = self._views.get(job_id)
        if view is not None:
            self._note(job_id, report.silent(view, seconds))

    def _fresh(self, job_id: str, wish: Wish, facts: dict[str, Any]) -> JobView:
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
            step=str(facts.get("step") or ""),
            restarts=int(facts.get("restarts") or 0),
            closed=bool(facts.get("closed")),
            why=wish.why,
        )

    def _change(self, job_id: str, **facts: object) -> None:
        """Change what a job's message shows; one that is over stays as it is."""
        with self._guard:
            view = self._views.get(job_id)
            if view is None or view.ended_at is not None:
                return
            self._views[job_id] = replace(view, **facts)  # type: ignore[arg-type]
            place = self._places.get(job_id)
            if place is not None:
                self._courier.show(*place, self._draw(job_id))

    def _draw(self, job_id: str) -> Message:
        line = self._questions.line(job_id)
        if line is not None:
            return line
        with self._guard:
            return drawn.card(self._views[job_id], self._now())

    def _note(self, job_id: str, message: Message, **facts: bool) -> None:
        """Add to a job's thread; the facts are noted once Slack has taken it."""
        place, note = self._places.get(job_id), self._engine.note
        if place is not None:
            self._courier.note(*place, message, sent=lambda: note(job_id, **facts))


def paused_or_not(event: DeploymentPaused | DeploymentResumed) -> str:
    """Return what a thread is told about a deployment that stands still, or runs again."""
    if isinstance(event, DeploymentPaused):
        return f"{event.deployment} is paused: its app answers with errors until this is done."
    return f"{event.deployment} runs again."
