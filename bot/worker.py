"""Does the jobs that the engine hands it: a wish in, a verb run, its end told on the board.

Runs in the engine's threads. Whatever goes wrong ends in a sentence on the board: our own errors
in their words, our mistakes with a number that stands in the log too.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec

from bot.board import Board, Ended
from bot.follower import Followers
from bot.job_rows import Wish
from bot.jobs import JobRun
from bot.log_lines import of_job
from commands.events import Event, ImportConfirmed, Result, StepBegan, StepFinished
from commands.jobs import do
from commands.verb import Caller, Context, CopyLater, Jobs
from storage.errors import Cancelled, LifeboatError, Refused

T = TypeVar("T")
log = logging.getLogger(__name__)
LOOK_SECONDS = 2.0  # Between two looks whether another process asked a job to stop.


@dataclass
class Heard:
    """When each running job last told anything, for whoever watches over silent ones."""

    _at: dict[str, float] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def now(self, job_id: str) -> None:
        with self._guard:
            self._at[job_id] = time.monotonic()

    def over(self, job_id: str) -> None:
        with self._guard:
            self._at.pop(job_id, None)

    def silent(self, seconds: float) -> list[tuple[str, float]]:
        """Return the jobs that told nothing for so long, and for how long."""
        now = time.monotonic()
        with self._guard:
            return [(job, now - at) for job, at in self._at.items() if now - at > seconds]


@dataclass(frozen=True)
class Copying:
    """A copy that a job wants made by a job of its own."""

    deployment: str
    backup: str
    vault: str


@dataclass(frozen=True)
class Worker:
    """What the engine calls for each job; `world` has everything but the caller and the job."""

    world: Context
    board: Callable[[], Board]
    heard: Heard
    approvers: Callable[[], frozenset[str]] = frozenset
    begin: Callable[[JobRun, Any], str] = lambda _run, _approved: ""
    copy: Callable[[JobRun, Copying], str] | None = None
    followers: Callable[[], Followers] = Followers
    jobs: Callable[[], Jobs | None] = lambda: None

    def __call__(self, run: JobRun) -> dict[str, Any]:
        """Do one job; what is returned is kept by the engine for a while."""
        with of_job(run.id):
            return self._do(run)

    def _do(self, run: JobRun) -> dict[str, Any]:
        board = self.board()
        self.heard.now(run.id)
        try:
            ended = board.known_end(run.id) or self._done(run, board)
        finally:
            self.heard.over(run.id)
        board.over(run.id, run.wish, ended)
        self.followers().over(run)
        board.queued()
        told: dict[str, Any] = msgspec.to_builtins(ended)
        return told

    def _done(self, run: JobRun, board: Board) -> Ended:
        with suppress(LifeboatError):  # A job that can't be shown is done all the same.
            board.open(run.id, run.wish)
        if run.resumed:
            board.picked_up(run.id)
        self.followers().began(run)
        outcome = self._outcome(run, board)
        self.followers().ended(run, outcome)
        ended = board.ended(run.id, outcome)
        _log_end(run.wish, ended.state, outcome)
        return ended

    def _outcome(self, run: JobRun, board: Board) -> Result | LifeboatError:
        try:
            if run.cancelled() and not run.resumed:
                raise Cancelled("It was cancelled before it began.", safe="Nothing was done.")
            board.begun(run.id)
            wish, ctx = run.wish, self._context(run, board)
            return do(wish.verb, wish.request, ctx, settle=wish.settle)
        except LifeboatError as error:
            return error
        except Exception as error:
            number = secrets.token_hex(4)
            log.error("job %s broke (%s)", run.id, number, exc_info=error)
            return LifeboatError(
                f"Lifeboat itself made a mistake ({type(error).__name__}, {number}).",
                safe="A backup without a manifest does not exist; a restore is settled by the "
                "next one into the same deployment.",
                hint="Tell whoever runs Lifeboat the number: the log has the rest.",
            )

    def _context(self, run: JobRun, board: Board) -> Context:
        listening = _Listening(run, board, self.heard, self.followers())
        wish = run.wish
        return replace(
            self.world.telling(listening.tell),
            caller=Caller(
                id=wish.caller_id,
                name=wish.caller_name,
                door="slack" if wish.door == "slack" else "schedule",
                role="operator",  # Decided when it was asked: who may not ask has no wish kept.
                team=wish.team,
            ),
            asked_at=wish.asked_at,
            step=listening.step,
            kept=run.kept,
            stop_if_asked=listening.stop_if_asked,
            confirm=lambda _question: True,
            type_in=lambda _question: "",
            asking=_Asking(run, self.heard, self.approvers, self.begin),
            copy_later=self._copying(run),
            jobs=self.jobs() or self.world.jobs,
        )

    def _copying(self, run: JobRun) -> CopyLater | None:
        copy = self.copy
        if copy is None:
            return None
        return lambda deployment, backup, vault: copy(run, Copying(deployment, backup, vault))


@dataclass(frozen=True)
class _Asking:
    """A job's way to other people: see `commands.verb.Asking`."""

    run: JobRun
    heard: Heard
    ask_approvers: Callable[[], frozenset[str]]
    begin_job: Callable[[JobRun, Any], str]

    @property
    def job_id(self) -> str:
        return self.run.id

    def approvers(self) -> frozenset[str]:
        return self.ask_approvers()

    def wait(self, topic: str, seconds: float) -> Any:
        self.heard.over(self.run.id)  # A question that waits for people is not a silent job.
        told = self.run.wait(topic, seconds)
        self.heard.now(self.run.id)
        return told

    def begin(self, approved: Any) -> str:
        return self.begin_job(self.run, approved)


class _Listening:
    """A running job's ear and brake: every event goes to the board, every pause heeds a cancel."""

    def __init__(self, run: JobRun, board: Board, heard: Heard, followers: Followers) -> None:
        self._run, self._board, self._heard = run, board, heard
        self._followers = followers
        self._closed = run.closed
        self._looked = float("-inf")

    def tell(self, event: Event) -> None:
        """Pass an event on; before anything that can't be undone, heed a cancel once more."""
        if isinstance(event, StepBegan | ImportConfirmed):
            self._looked = float("-inf")
        self.stop_if_asked()
        if isinstance(event, ImportConfirmed):
            self._closed = True
            self._run.close()
        self._heard.now(self._run.id)
        self._board.heard(self._run.id, event)
        self._followers.heard(self._run, event)

    def step(self, name: str, doing: Callable[[], T]) -> T:
        """Do a step, telling that it began and how long it took."""
        self.tell(StepBegan(name))
        began = time.monotonic()
        result = doing()
        self.tell(StepFinished(name, time.monotonic() - began))
        return result

    def stop_if_asked(self) -> None:
        """Raise Cancelled, once, when somebody asked, unless it is too late to stop."""
        now = time.monotonic()
        if self._closed or now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        self._heard.now(self._run.id)
        if self._run.cancelled():
            self._closed = True  # What cleans up now is not to be stopped again.
            raise Cancelled("It was cancelled on request.", hint="Ask again when you like.")


def _log_end(wish: Wish, state: str, outcome: Result | LifeboatError) -> None:
    """Write down how a job ended, for whoever has the log and no Slack."""
    about = f"{wish.verb} of {wish.deployment}" if wish.deployment else wish.verb
    if not isinstance(outcome, LifeboatError):
        log.log(logging.INFO if state == "done" else logging.WARNING, "%s: %s", about, state)
    elif isinstance(outcome, Cancelled):
        log.info("%s: %s. %s", about, state, outcome.what)
    else:
        log.error("%s: %s. %s %s %s", about, state, outcome.what, outcome.safe, outcome.hint)


def submitted(verb: str, request: Any) -> dict[str, Any]:
    """Return a request as JSON builtins, as a wish holds it; Refused when it can't be."""
    try:
        told: dict[str, Any] = msgspec.to_builtins(request)
    except TypeError as error:
        raise Refused(f"`{verb}` can't be done by the bot.") from error
    return told
