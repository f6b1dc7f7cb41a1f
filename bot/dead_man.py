"""Pings an address of the schedule when a run begins and ends, as healthchecks.io and its like do.

The other side raises the alarm when no ping comes, so that a bot that is gone, or a machine that
is off, is noticed by somebody else. Every end is pinged once; after a kill at the wrong moment, at
most twice. What can't be sent harms no job: the alarm that follows is the truth.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import httpx

from bot.jobs import Engine, JobRun
from commands import timetable
from commands.events import BackupFinished, Event, Result
from commands.timetable import Schedule
from storage.errors import LifeboatError
from storage.secret import Secret

log = logging.getLogger(__name__)
What = Literal["start", "success", "fail"]
PAUSES = (1.0, 5.0, 15.0)  # Between tries.
TIMEOUT_SECONDS = 10.0
WAITING_MAX = 1000
CLOSE_SECONDS_MAX = 5.0
BODY_CHARS_MAX = 10_000
SETTLED = 5  # So many newest runs of each schedule are looked at after a kill.


@dataclass(frozen=True)
class _Ping:
    schedule: str
    what: What
    body: str
    job_id: str


class DeadMan:
    """Follows the jobs of the schedules that have an address."""

    def __init__(
        self, urls: Mapping[str, Secret], schedules: Mapping[str, Schedule], engine: Engine
    ) -> None:
        self._urls, self._schedules, self._engine = urls, schedules, engine
        self._waiting: queue.Queue[_Ping | None] = queue.Queue(WAITING_MAX)
        self._ends: set[str] = set()  # Jobs whose end is on its way.
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._send_all, name="pings", daemon=True)

    def start(self) -> None:
        """Begin to send, first of all what a killed bot had still to send."""
        self._thread.start()
        for name in self._urls:
            schedule = self._schedules[name]
            for deployment in schedule.requests:
                runs = self._engine.runs(name, [deployment])
                for run in [each for each in runs if each.state not in ("queued", "running")]:
                    if run in runs[:SETTLED]:
                        self._send_end(name, run.job_id)

    def stop(self) -> None:
        """Send what waits, if that does not take long; the rest is sent at the next start."""
        with suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(CLOSE_SECONDS_MAX)
        self._closed.set()

    def began(self, run: JobRun) -> None:
        name = self._pinged(run)
        if name and not self._engine.facts(run.id).get("ping_began"):
            self._put(_Ping(name, "start", "", run.id))
            self._engine.note(run.id, ping_began=True)

    def heard(self, run: JobRun, event: Event) -> None:
        """A run is pinged when it begins and when it ends, and not between."""

    def ended(self, run: JobRun, outcome: Result | LifeboatError) -> None:
        """Note what has to be said before the end itself is noted, so that no kill loses it."""
        if self._pinged(run):
            what, body = said(run, outcome)
            self._engine.note(run.id, ping_end={"what": what, "body": body[:BODY_CHARS_MAX]})

    def over(self, run: JobRun) -> None:
        name = self._pinged(run)
        if name:
            self._send_end(name, run.id)

    def _pinged(self, run: JobRun) -> str:
        told = timetable.of_id(run.id)
        return told[0] if told is not None and told[0] in self._urls else ""

    def _send_end(self, schedule: str, job_id: str) -> None:
        facts = self._engine.facts(job_id)
        end = facts.get("ping_end")
        if not end or facts.get("ping_sent"):
            return
        if end["what"] == "success" and not self._others_are_good(schedule, job_id):
            self._engine.note(job_id, ping_sent=True)  # The last of them says it for all.
            return
        if job_id not in self._ends:
            self._ends.add(job_id)
            self._put(_Ping(schedule, end["what"], end["body"], job_id))

    def _others_are_good(self, schedule: str, job_id: str) -> bool:
        """Whether the other deployments of the same due time have ended, and well.

        A success of one of them must not hide that another failed.
        """
        told = timetable.of_id(job_id)
        due = told[2] if told is not None else None
        if due is None:
            return True
        others = [each for each in self._schedules[schedule].requests if told and each != told[1]]
        for deployment in others:
            facts = self._engine.facts(timetable.job_id(schedule, deployment, due))
            if (facts.get("ping_end") or {}).get("what") != "success":
                return False
        return True

    def _put(self, ping: _Ping) -> None:
        try:
            self._waiting.put_nowait(ping)
        except queue.Full:
            log.warning("a ping of schedule %s is dropped: too many wait", ping.schedule)

    def _send_all(self) -> None:
        # No redirect is followed and no cookie kept: the address is a secret of two parties.
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as http:
            while (ping := self._waiting.get()) is not None:
                try:
                    self._send(http, ping)
                except Exception as error:
                    if not self._closed.is_set():
                        log.error("schedule %s could not be pinged", ping.schedule, exc_info=error)

    def _send(self, http: httpx.Client, ping: _Ping) -> None:
        url, why = address(self._urls[ping.schedule].reveal(), ping.what, ping.job_id), ""
        for pause in (*PAUSES, None):
            try:
                answer = http.post(url, content=ping.body.encode())
                why = "" if answer.is_success else f"it answered {answer.status_code}"
            except httpx.HTTPError as error:
                why = type(error).__name__
            if not why or pause is None or self._closed.wait(pause):
                break
        if why:
            log.warning(
                "the %s of schedule %s could not be pinged (%s); whoever waits for it will say so",
                ping.what,
                ping.schedule,
                why,
            )
        if ping.what != "start" and not self._closed.is_set():
            self._engine.note(ping.job_id, ping_sent=True)
            self._ends.discard(ping.job_id)


def address(url: str, what: What, job_id: str) -> str:
    """Return where to say it: the address, its /start or its /fail, with a run id of the due time.

    The run id joins start and end of one run where runs overlap; who does not know it ignores it.
    """
    parts = urlsplit(url)
    path = parts.path.rstrip("/") + ("" if what == "success" else f"/{what}")
    told = timetable.of_id(job_id)
    run = job_id if told is None or told[2] is None else f"{told[0]} {told[2].isoformat()}"
    rid = f"rid={uuid.uuid5(uuid.NAMESPACE_URL, run)}"
    query = f"{parts.query}&{rid}" if parts.query else rid
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def said(run: JobRun, outcome: Result | LifeboatError) -> tuple[What, str]:
    """Return how a run ended, with the numbers or the reason.

    A backup exists, or it does not: odd numbers in a sound one are a warning and no failure.
    """
    about = {"job": run.id, "deployment": run.wish.deployment, "verb": run.wish.verb}
    if isinstance(outcome, LifeboatError):
        reason = " ".join(filter(None, (outcome.what, outcome.safe, outcome.hint)))
        return "fail", f"{run.id}: {reason}\n"
    findings = getattr(outcome, "findings", ())
    good = not outcome.damaged if isinstance(outcome, BackupFinished) else not outcome.exit_code
    if good:
        return "success", json.dumps(about | _numbers(outcome), ensure_ascii=False) + "\n"
    reasons = [finding.what for finding in findings] or ["It is done, but somebody should look."]
    return "fail", "\n".join((f"{run.id}: {len(findings)} findings.", *reasons, ""))


def _numbers(outcome: Result) -> dict[str, Any]:
    """Return what of a result is a number, with the backup that it is about."""
    told: dict[str, Any] = {}
    if isinstance(outcome, BackupFinished):
        manifest = outcome.manifest
        told = {
            "backup": manifest.id,
            "bytes": manifest.archive.bytes,
            "documents": manifest.contents.documents,
            "files": manifest.contents.files,
            "tables": len(manifest.contents.tables),
        }
    for field in fields(outcome):
        value = getattr(outcome, field.name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            told[field.name] = value
        elif field.name == "id":
            told["backup"] = value
        elif field.name == "looked_at":
            told |= {"bytes": value.bytes, "documents": value.documents}
    return told | {"findings": len(getattr(outcome, "findings", ()))}
