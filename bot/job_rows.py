"""The rows of the engine: what it knows of each job, through the engine itself or past it.

Here is what a job was asked to do (`Wish`), which jobs have not ended, and the mark that asks one
to stop. The library itself is only handed in: its door is `bot/jobs.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec

from commands import timetable
from commands.events import JobStanding
from commands.timetable import RunState, ScheduledRun
from storage import typed
from storage.errors import Refused

RUNS_LOOKED_AT = 30
OPEN = ["ENQUEUED", "DELAYED", "PENDING"]
ENDED = ["SUCCESS", "ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
GAVE_UP_WHAT = "It ended the bot again and again, so it is not begun any more."


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done, for whom, and where its message belongs. JSON-able, never a secret.

    `request` is the job's own, as JSON builtins. `channel` is where it was asked. `queue` is whose
    turns it takes, its deployment's if empty. `ts` is the message of an earlier job whose story it
    goes on with, or "". `settle`: names such as latest are settled when it begins, because nobody
    was there to see them settled before. `why` is a sentence that its message shows.
    """

    verb: str
    deployment: str
    request: dict[str, Any]
    backup: str
    caller_id: str
    caller_name: str
    door: str
    asked_at: datetime
    channel: str
    team: str = ""
    queue: str = ""
    ts: str = ""
    settle: bool = False
    why: str = ""


@dataclass(frozen=True)
class EndedJob:
    """One job that has ended: how, and what it said where it failed.

    `state` is that of its message; `kind` is the error's own name. `schedule` is "" where people
    asked. `vault` is the one that it was asked for, "" for whichever it takes.
    """

    id: str
    verb: str
    deployment: str
    backup: str
    door: str
    schedule: str
    state: str
    ended_at: datetime
    what: str = ""
    safe: str = ""
    hint: str = ""
    kind: str = ""
    vault: str = ""


class Rows:
    """The engine's rows; `at` is the library's own class, or its client in another process."""

    def __init__(self, at: Any) -> None:
        self._at = at

    def standing(self) -> Sequence[JobStanding]:
        """Return the jobs that have not ended, oldest first, with their place in the queue."""
        rows = aside(self._at.list_workflows, status=OPEN, name="run_job", load_output=False)
        rows.sort(key=lambda row: (row.created_at or 0, row.workflow_id))
        before: dict[str, int] = {}
        found = []
        for row in sorted(rows, key=lambda row: row.status != "PENDING"):
            wish = wish_of(row)
            queue = wish.queue or wish.deployment
            facts = row.attributes or {}
            if facts.get("cancel") and row.status != "PENDING":
                continue
            found.append(
                JobStanding(
                    id=row.workflow_id,
                    verb=wish.verb,
                    deployment=wish.deployment,
                    state="running" if row.status == "PENDING" else "queued",
                    asked_by=wish.caller_name,
                    asked_at=wish.asked_at,
                    step=str(facts.get("step") or ""),
                    place=before.get(queue, 0),
                )
            )
            before[queue] = before.get(queue, 0) + 1
        return sorted(found, key=lambda job: (job.asked_at, job.id))

    def runs(self, schedule: str, deployments: Iterable[str]) -> Sequence[ScheduledRun]:
        """Return the newest runs of a schedule for each deployment, newest first."""
        found = []
        for deployment in deployments:
            rows = aside(
                self._at.list_workflows,
                workflow_id_prefix=timetable.prefix(schedule, deployment),
                name="run_job",
                sort_desc=True,
                limit=RUNS_LOOKED_AT,
                load_output=False,
            )
            found += [run for row in rows if (run := _run(row)) is not None]
        return sorted(found, key=lambda run: (run.asked_at, run.job_id), reverse=True)

    def ended(self, since: datetime | None) -> Sequence[EndedJob]:
        """Return the jobs that ended since then, or all that are remembered."""
        rows = aside(
            self._at.list_workflows,
            status=ENDED,
            name="run_job",
            completed_after=None if since is None else since.isoformat(),
            load_output=False,
        )
        return [_ended_job(row) for row in rows if row.input is not None]

    def cancel(self, named: str) -> JobStanding:
        """Ask a job to stop, by its id or the start of it; Refused when none or several fit."""
        open_jobs = self.standing()
        exact = [job for job in open_jobs if job.id == named]
        fits = exact or [job for job in open_jobs if named and job.id.startswith(named)]
        if len(fits) != 1:
            raise _none_or_several(named, fits, open_jobs)
        job = fits[0]
        aside(self._at.update_workflow_attributes, job.id, {"cancel": True}, merge=True)
        return job


def aside(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """Call the library as nobody's step.

    Within a job it would remember each look and each note as a step, and a job that goes on would
    get the answers of its first life, in an order that holds for nobody who tells his progress.
    """
    return Context().run(call, *args, **named)


def newest_of_each(ids: Iterable[str]) -> set[str]:
    """Return, of the jobs that schedules began, the newest of each: they say what was done last."""
    newest: dict[tuple[str, str], tuple[datetime, str]] = {}
    for id in ids:
        told = timetable.of_id(id)
        if told is not None and told[2] is not None:
            mine = (told[2], id)
            newest[told[:2]] = max(newest.get(told[:2], mine), mine)
    return {id for _, id in newest.values()}


def _run(row: Any) -> ScheduledRun | None:
    told = timetable.of_id(row.workflow_id)
    if told is None:
        return None
    return ScheduledRun(row.workflow_id, told[1], told[2], wish_of(row).asked_at, _state(row))


def _state(row: Any) -> RunState:
    """Return how a run stands; how it ended is what its message says."""
    if row.status in OPEN:
        return "running" if row.status == "PENDING" else "queued"
    ended = (row.attributes or {}).get("ended")
    if isinstance(ended, dict) and ended.get("state") in get_args(RunState):
        state: RunState = ended["state"]
        return state
    return "ended" if row.status == "SUCCESS" else "failed"


def _ended_job(row: Any) -> EndedJob:
    wish = wish_of(row)
    told = (row.attributes or {}).get("ended") or {}
    failure = told.get("failure") or {}
    of = timetable.of_id(row.workflow_id)
    state = str(told.get("state") or ("done" if row.status == "SUCCESS" else "failed"))
    # Of two that ended in one second the row does not tell which was the later one.
    rows_own = (row.completed_at or row.updated_at or row.created_at or 0) / 1000
    at = told.get("at")
    return EndedJob(
        id=row.workflow_id,
        verb=wish.verb,
        deployment=wish.deployment,
        backup=wish.backup,
        door=wish.door,
        schedule=of[0] if of is not None else "",
        state=state,
        ended_at=datetime.fromisoformat(at) if at else datetime.fromtimestamp(rows_own, UTC),
        what=str(failure.get("what") or (GAVE_UP_WHAT if row.status != "SUCCESS" else "")),
        safe=str(failure.get("safe") or ""),
        hint=str(failure.get("hint") or ""),
        kind=str(failure.get("kind") or ""),
        vault=str(wish.request.get("to" if wish.verb == "copy" else "vault") or ""),
    )


def wish_of(row: Any) -> Wish:
    args = row.input["args"]
    return typed.convert(args[2], Wish)


def _none_or_several(
    named: str, fits: Sequence[JobStanding], open_jobs: Sequence[JobStanding]
) -> Refused:
    if fits:
        names = ", ".join(job.id for job in fits)
        return Refused(f"{named!r} is the start of several jobs: {names}.", hint="Type more of it.")
    names = ", ".join(job.id for job in open_jobs)
    return Refused(
        f"There is no open job called {named!r}.",
        hint=f"Open: {names}." if names else "Nothing runs and nothing waits.",
    )
