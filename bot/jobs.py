"""The engine port: jobs that survive kill -9, one at a time for each deployment.

DBOS does the durable part, on a SQLite file or in PostgreSQL; nothing else in the house knows it.
A wish is plain JSON, a kept result is JSON, so nothing is ever pickled. Destructive calls are safe
by their own means (docs/restore.md): an engine may do a killed step again. You will not find here
what a job does, nor how it is shown.
"""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from dbos import DBOS, DBOSClient, SetEnqueueOptions, SetWorkflowID
from dbos._serialization import Serializer

from bot.engine_place import EnginePlace, replica
from bot.job_errors import from_json, to_json
from bot.job_rows import OPEN, EndedJob, Rows, Wish, aside, newest_of_each, wish_of
from commands.events import JobStanding
from commands.timetable import ScheduledRun
from storage import typed
from storage.errors import LifeboatError, Refused

log = logging.getLogger(__name__)
__all__ = ["Engine", "JobRun", "Wish", "looking"]
T = TypeVar("T")
QUEUE = "jobs"
VERSION = "jobs-1"  # Raised only when a waiting job could not go on under the new code.
RECOVERIES_MAX = 3  # Of a job that ends the bot; one that only waits may be found more often.
FOUND_MAX = 1_000_000  # The library's own bound, which knows no such difference.
RESTED_SECONDS = 1.0  # A wait that is remembered from an earlier life takes less.
POLL_SECONDS = 0.3
ENDED_THE_BOT = "The job has ended the bot"
HELD_SECONDS = 60.0  # Longer than a stopping bot takes to end.
WAKE = "vote"  # What a waiting job listens to.
GAVE_UP = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"


@dataclass
class JobRun:
    """One job while this process works on it: what it may keep, and whether it should stop.

    `closed`: an earlier life of it came so far that it can't be stopped any more.
    """

    id: str
    wish: Wish
    resumed: bool
    closed: bool
    _engine: Engine

    def kept(self, name: str, doing: Callable[[], T], kind: type[T]) -> T:
        """Do something once: see `commands.verb.Kept`. Our own errors are remembered as well."""
        done: list[T] = []
        failed: list[LifeboatError] = []

        def body() -> str:
            try:
                done.append(doing())
            except LifeboatError as error:
                failed.append(error)
                return json.dumps({"failed": to_json(error)})
            return json.dumps({"done": msgspec.to_builtins(done[0])})

        told = json.loads(self._engine.once(name, body))
        if "failed" in told:
            raise failed[0] if failed else from_json(told["failed"])
        return done[0] if done else typed.convert(told["done"], kind)

    def wait(self, topic: str, seconds: float) -> Any:
        """Return the next message for this job, or None; a kill neither loses it nor the time."""
        return self._engine.wait(topic, seconds)

    def cancelled(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._engine.is_cancelled(self.id)

    def close(self) -> None:
        """Remember that from here on it can't be stopped, in this life or a later one."""
        self._engine.note(self.id, closed=True)


class Engine:
    """The jobs of one place. Only one process may work on it: a second one is refused."""

    def __init__(self, place: EnginePlace, work: Callable[[JobRun], dict[str, Any]]) -> None:
        self._place, self._work = place, work
        self._held, self._has_place = ExitStack(), False
        self._life = secrets.token_hex(8)  # Tells a job that goes on from one that begins.
        self._cancelled: set[str] = set()
        self._stopping, self._stopped = threading.Event(), threading.Event()
        self._at_work: set[str] = set()
        self._counted: set[str] = set()  # At work, and not yet come to a wait in this life.
        self._mine = threading.local()  # The job of this thread, if it does one.
        self._guard = threading.Lock()
        self._rows = Rows(DBOS)

    def hold(self) -> None:
        """Take the place, unless this engine has it already; Refused if another bot does."""
        if not self._has_place:
            self._held.enter_context(self._place.held())
            self._has_place = True

    def start(self) -> None:
        """Take the place and go on with what a killed bot left; Refused if it is taken."""
        engine_log = logging.getLogger("dbos")
        engine_log.addFilter(_is_news)
        if not engine_log.handlers:  # Otherwise it writes past the log, in a form of its own.
            engine_log.addHandler(logging.NullHandler())
            engine_log.propagate = True
        check_sqlite(sys.version_info[:2], sqlite3.sqlite_version_info[:2])
        self.hold()
        DBOS(
            config={
                "name": "lifeboat",
                "system_database_url": self._place.url().reveal(),
                "application_version": VERSION,
                "executor_id": "bot",
                "serializer": _Json(),
                "console_log_level": "WARNING",
                "log_level": "WARNING",
            }
        )

        def run_job(kind: str, deployment: str, told: dict[str, Any]) -> dict[str, Any]:
            return self._run(told)

        self._run_job = DBOS.workflow(name="run_job", max_recovery_attempts=FOUND_MAX)(run_job)
        DBOS.launch()
        DBOS.register_queue(QUEUE, partition_concurrency=1, polling_interval_sec=POLL_SECONDS)

    def drain(self, seconds: float) -> None:
        """Begin no job any more, and let running ones end for so long.

        One that is still at it is held still at its next word to the engine, as if it had been
        killed there: what cleans up after an error would undo what its next life builds on.
        """
        self._stopping.set()
        until = time.monotonic() + seconds
        while self._at_work and time.monotonic() < until:
            time.sleep(0.05)
        self._stopped.set()

    def stop(self, seconds: float) -> None:
        """Drain, and let go of the place; what has not ended goes on at the next start."""
        self.drain(seconds)
        DBOS.destroy(destroy_registry=True)
        self._place.leave(clean=not self._at_work)
        self._held.close()
        self._has_place = False

    def submit(self, job_id: str, wish: Wish) -> bool:
        """Have a job done; False when this very job was asked for before."""
        return bool(self._asked(self._submit, job_id, wish))

    def _submit(self, job_id: str, wish: Wish) -> bool:
        if DBOS.get_workflow_status(job_id) is not None:
            return False
        told = msgspec.to_builtins(wish)
        with (
            SetWorkflowID(job_id),
            SetEnqueueOptions(queue_partition_key=wish.queue or wish.deployment),
        ):
            DBOS.enqueue_workflow(QUEUE, self._run_job, "verb", wish.deployment, told)
        return True

    def standing(self) -> Sequence[JobStanding]:
        """Return the jobs that have not ended, oldest first, with their place in the queue."""
        found: Sequence[JobStanding] = self._alive(self._rows.standing)
        return found

    def runs(self, schedule: str, deployments: Iterable[str]) -> Sequence[ScheduledRun]:
        """Return the newest runs of a schedule for each deployment, newest first."""
        return self._rows.runs(schedule, deployments)

    def ended(self, since: datetime | None) -> Sequence[EndedJob]:
        """Return the jobs that ended since then, or all that are remembered."""
        return self._rows.ended(since)

    def bot_runs(self) -> bool:
        """Whether a bot is at work on this data folder: this one is."""
        return True

    def replica(self) -> str | None:
        """Return which replica is at work: see `commands.verb.Jobs`."""
        return replica(self._place)

    def wish(self, job_id: str) -> Wish | None:
        """Return what a job was asked to do, open or ended; None when it is not known."""
        row = self._asked(DBOS.get_workflow_status, job_id)
        return wish_of(row) if row is not None and row.input is not None else None

    def cancel(self, named: str) -> JobStanding:
        """Ask a job to stop, by its id or the start of it; Refused when none or several fit.

        One that runs keeps its deployment until it has stopped; one that waits ends at its turn,
        because it may begin at this very moment.
        """
        job = self._rows.cancel(named)
        with self._guard:
            self._cancelled.add(job.id)
        self.signal(job.id, WAKE, "stop", once="stop")  # It may be waiting for an answer.
        return job

    def signal(self, job_id: str, topic: str, message: Any, once: str) -> bool:
        """Send a job a message, once for each `once`; False when it has ended."""
        row = DBOS.get_workflow_status(job_id)
        if row is None or row.status not in OPEN:
            return False
        DBOS.send(job_id, message, topic, idempotency_key=f"{job_id} {once}")
        return True

    def note(self, job_id: str, **facts: Any) -> None:
        """Remember a small fact of a job, beside it: where its message is, how far it came."""
        self._asked(DBOS.update_workflow_attributes, job_id, facts, merge=True)

    def facts(self, job_id: str) -> dict[str, Any]:
        """Return the small facts that were noted of a job."""
        row = self._asked(DBOS.get_workflow_status, job_id)
        return dict(row.attributes or {}) if row is not None else {}

    def newest_channel(self) -> str:
        """Return where the newest job was asked for, "" when no job is remembered."""
        rows = DBOS.list_workflows(name="run_job", sort_desc=True, limit=50, load_output=False)
        return next((wish.channel for row in rows if (wish := wish_of(row)).channel), "")

    def given_up(self) -> list[str]:
        """Return jobs that broke the bot again and again and are not begun any more."""
        rows = DBOS.list_workflows(status=[GAVE_UP, "ERROR"], name="run_job", load_output=False)
        facts = {row.workflow_id: row.attributes or {} for row in rows}
        gave_up = {row.workflow_id for row in rows if row.status == GAVE_UP}
        gave_up |= {job_id for job_id, told in facts.items() if told.get("gave_up")}
        return [job_id for job_id in facts if job_id in gave_up and not facts[job_id].get("said")]

    def unshown(self) -> list[tuple[str, Wish, dict[str, Any]]]:
        """Return ended jobs whose last edit Slack may not have taken, with what their work left."""
        rows = DBOS.list_workflows(status="SUCCESS", name="run_job", start_time=_days_ago(2))
        return [
            (row.workflow_id, wish_of(row), row.output)
            for row in rows
            if not (row.attributes or {}).get("shown") and row.output
        ]

    def forget(self, older_than: timedelta) -> int:
        """Drop what ended long ago; return how many jobs.

        The newest run of each schedule stays: it says what does not have to be made up for.
        """
        rows = DBOS.list_workflows(
            name="run_job",
            completed_before=_days_ago(older_than.days),
            load_input=False,
            load_output=False,
        )
        kept = newest_of_each(row.workflow_id for row in rows)
        old = [row.workflow_id for row in rows if row.workflow_id not in kept]
        for job_id in old:
            DBOS.delete_workflow(job_id)
        return len(old)

    def once(self, name: str, body: Callable[[], str]) -> str:
        """Do a step of the job of this thread; what it returned is remembered."""
        return str(self._alive(DBOS.run_step, {"name": name}, body))

    def wait(self, topic: str, seconds: float) -> Any:
        """Wait for a message to the job of this thread; one that waits does not end the bot."""
        job_id = getattr(self._mine, "job", None)
        rested = threading.Timer(RESTED_SECONDS, self._rested, (job_id,))
        rested.daemon = True
        if job_id in self._counted:
            rested.start()
        try:
            return self._alive(DBOS.recv, topic, timeout_seconds=seconds)
        finally:
            rested.cancel()

    def _rested(self, job_id: str) -> None:
        """Forget how often a job was begun before it came to a wait: that was not its doing."""
        with suppress(Exception):  # The engine has stopped: the next life counts from here.
            self.note(job_id, lives=0)
            self._counted.discard(job_id)

    def _count_life(self, job_id: str) -> None:
        """Count that a job begins; the one that ended the bot too often is given up here."""
        lives = int(self.facts(job_id).get("lives") or 0) + 1
        if lives > RECOVERIES_MAX + 1:
            self.note(job_id, gave_up=True)
            log.error("job %s is given up", job_id)
            raise RuntimeError(f"{ENDED_THE_BOT} {RECOVERIES_MAX + 1} times: {job_id}")
        self.note(job_id, lives=lives)
        self._counted.add(job_id)

    def _run(self, told: dict[str, Any]) -> dict[str, Any]:
        """Do one job: the single workflow there is, so that a waiting one always finds its code."""
        job_id = self._mine.job = str(DBOS.workflow_id)
        if self._stopping.is_set():
            self._hold()
        self._at_work.add(job_id)
        try:
            self._count_life(job_id)
            born = self.once("born", lambda: self._life)
            closed = bool(self.facts(job_id).get("closed"))
            wish = typed.convert(told, Wish)
            return self._work(JobRun(job_id, wish, born != self._life, closed, self))
        finally:
            self._at_work.discard(job_id)
            self._counted.discard(job_id)
            self._mine.job = None

    def _asked(self, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return self._alive(aside, call, *args, **named)

    def _alive(self, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Call the engine, for a job only while it has not stopped and is this bot's to do."""
        try:
            if not self._holds():
                return call(*args, **named)
        except Exception:
            if not self._holds():
                raise
        return self._hold()

    def _holds(self) -> bool:
        if getattr(self._mine, "job", None) is None:
            return False
        return self._stopped.is_set() or not self._place.sure()

    def _hold(self) -> None:
        time.sleep(HELD_SECONDS)
        raise RuntimeError("The engine has stopped.")

    def is_cancelled(self, job_id: str) -> bool:
        """Whether somebody asked the job to stop, in this process or another one."""
        with self._guard:
            if job_id in self._cancelled:
                return True
        if self.facts(job_id).get("cancel"):
            with self._guard:
                self._cancelled.add(job_id)
            return True
        return False


@contextmanager
def looking(place: EnginePlace) -> Iterator[Rows]:
    """Open the rows of an engine that another process may be running."""
    client = DBOSClient(
        system_database_url=place.url().reveal(),
        serializer=_Json(),
        retry_connection_errors=not place.shared,
    )
    try:
        yield Rows(client)
    finally:
        client.destroy()


def _is_news(record: logging.LogRecord) -> bool:
    """Whether the engine says more than that a job was given up, which was said already.

    Of a database that is away it writes its stack into each line; the first one says it.
    """
    told = record.getMessage()
    if "Traceback" in told and "OperationalError" in told:
        record.msg, record.args = told.partition("Traceback")[0].strip() or "the database", ()
    return record.exc_info is None or ENDED_THE_BOT not in str(record.exc_info)


def check_sqlite(python: tuple[int, ...], sqlite: tuple[int, ...]) -> None:
    """Refuse a Python whose SQLite is too old for the engine, which would break on a NULL."""
    if python >= (3, 12) and sqlite < (3, 42):
        raise Refused(
            f"This Python {'.'.join(map(str, python))} has SQLite {'.'.join(map(str, sqlite))}; "
            f"the bot's engine needs 3.42 with Python 3.12 or newer.",
            hint="Run the bot under Python 3.11, or under a Python with a newer SQLite. The "
            "terminal's verbs work as they are.",
        )


class _Json(Serializer):
    """Everything the engine keeps is JSON: a file that others could write is never unpickled."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=_as_words)

    def deserialize(cls, serialized_data: str) -> Any:  # noqa: N805 - as the library names it.
        return json.loads(serialized_data)

    def name(self) -> str:
        return "lifeboat_json"


def _as_words(value: Any) -> Any:
    """Return what is no JSON as text: only exceptions of our own mistakes come here."""
    return f"{type(value).__name__}: {value}"


def _days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()
