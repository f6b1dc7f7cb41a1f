"""Looks which schedules are due, and has the engine do each due time once.

Every look decides anew from what the engine remembers and what the vault says of pauses, so a bot
that was killed anywhere, a ring too many and a second look at the same moment do no harm. While a
run of a schedule still waits for its turn, the next one is not added to the queue: of the due
times that pass meanwhile the newest is done. You will not find here what wakes it.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.job_rows import Wish
from bot.messages import scheduled
from bot.messages.model import Message
from bot.worker import submitted
from commands import VERBS, timetable
from commands.timetable import Firing, Schedule, ScheduledRun
from commands.verb import Caller
from storage import schedule_notes
from storage.errors import LifeboatError
from storage.schedule_notes import Note, Notes
from storage.vaults.vault import Vault

log = logging.getLogger(__name__)
AWAY = "no bot ran then"
WAITED = "an earlier run was still waiting"
HELD_UP = "nobody could look then"
ANEW = timedelta(minutes=5)  # How soon a pause that was typed in a terminal is told about.


class Engine(Protocol):
    """What does the jobs, as far as schedules are concerned."""

    def submit(self, job_id: str, wish: Wish) -> bool: ...

    def runs(self, schedule: str, deployments: Iterable[str]) -> Sequence[ScheduledRun]: ...


@dataclass
class Rounds:
    """The schedules of one bot. `show` posts the message of a job, `say` a message of its own.

    `safe` returns a channel as it is, or "" where nothing may be posted.
    """

    schedules: Mapping[str, Schedule]
    engine: Engine
    vault: Vault
    now: Callable[[], datetime]
    show: Callable[[str, Wish], None]
    say: Callable[[str, Message], None]
    safe: Callable[[str], str] = lambda channel: channel
    _notes: dict[str, Notes] = field(default_factory=dict)
    _read_at: dict[str, datetime] = field(default_factory=dict)
    _dropped: bool = False
    _waited: set[tuple[str, str]] = field(default_factory=set)  # Behind an earlier run.
    _pauses: dict[str, Note | None] = field(default_factory=dict)  # As the channel knows them.
    _unarmed: set[str] = field(default_factory=set)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._began = self.now()
        self._unarmed.update(self.schedules)

    def look_at_all(self) -> None:
        """Look at every schedule, and tell about pauses; what can't be done now waits."""
        with self._turn:
            self._arm()
        for name in self.schedules:
            try:
                self.look(name)
                with self._turn:
                    self._tell_of_pauses(self.schedules[name])
            except LifeboatError as error:
                log.warning("schedule %s can't be looked at now: %s", name, error.what)

    def look(self, name: str) -> None:
        """Have a schedule's newest due time done, if it is not done and nothing holds it back."""
        with self._turn:
            self._look(self.schedules[name])

    def changed(self, name: str) -> None:
        """Tell at once about a pause, or its end, that somebody asked for through this bot."""
        self._read_at.pop(name, None)
        self.look_at_all()

    def begin(self, schedule: Schedule, caller: Caller, channel: str, once: str) -> list[str]:
        """Have a schedule done now for somebody; return the ids of its jobs, one a deployment."""
        job_ids = []
        digest = hashlib.sha256(once.encode()).digest()
        word = base64.b32encode(digest)[:6].decode().lower()
        for deployment in schedule.requests:
            job_id = timetable.now_id(schedule.name, deployment, word)
            wish = self._wish(schedule, deployment, caller, channel, "")
            if self.engine.submit(job_id, wish):
                self.show(job_id, wish)
            job_ids.append(job_id)
        return job_ids

    def _look(self, schedule: Schedule) -> None:
        now, notes = self.now(), self._known(schedule.name)
        if timetable.paused(notes, now) is not None:
            notes = self._fresh(schedule.name)  # Somebody may have resumed it.
        runs = self.engine.runs(schedule.name, schedule.requests)
        for deployment in schedule.requests:
            mine = [run for run in runs if run.deployment == deployment]
            due_before = [run.due for run in mine if run.due is not None]
            if any(run.state == "queued" for run in mine):
                self._waited.add((schedule.name, deployment))
                continue
            if timetable.firing(schedule, notes, due_before, now) is None:
                continue
            notes = self._fresh(schedule.name)  # Somebody may have paused it a moment ago.
            fired = timetable.firing(schedule, notes, due_before, now)
            if fired is not None:
                self._submit(schedule, deployment, fired, now)

    def _submit(self, schedule: Schedule, deployment: str, fired: Firing, now: datetime) -> None:
        reason = HELD_UP
        if fired.due < self._began:
            reason = AWAY
        elif (schedule.name, deployment) in self._waited:
            reason = WAITED
        self._waited.discard((schedule.name, deployment))
        id_, name = timetable.caller_id(schedule.name), f"schedule {schedule.name}"
        caller = Caller(id_, name, door="schedule")
        why = timetable.made_up(fired, now, reason)
        wish = self._wish(schedule, deployment, caller, self.safe(schedule.channel), why)
        job_id = timetable.job_id(schedule.name, deployment, fired.due)
        if self.engine.submit(job_id, wish):
            log.info("%s begins%s", job_id, f" ({why})" if why else "")
            with suppress(LifeboatError):  # A job that can't be shown is done all the same.
                self.show(job_id, wish)

    def _wish(
        self, schedule: Schedule, deployment: str, caller: Caller, channel: str, why: str
    ) -> Wish:
        return Wish(
            verb=schedule.verb,
            deployment=deployment,
            request=submitted(schedule.verb, schedule.requests[deployment]),
            queue=VERBS[schedule.verb].queue(schedule.requests[deployment]),
            backup="",
            caller_id=caller.id,
            caller_name=caller.name,
            team=caller.team,
            door=caller.door,
            asked_at=self.now(),
            channel=channel,
            settle=True,
            why=why,
        )

    def _arm(self) -> None:
        """Note in the vault since when the settings say what they say: nothing older is due."""
        for name in sorted(self._unarmed):
            try:
                schedule, notes = self.schedules[name], schedule_notes.read(self.vault, name)
                there = notes.set
                if there is None or (there.what, there.fingerprint) != (
                    "set",
                    schedule.fingerprint,
                ):
                    self._write(name, "set", self._began, fingerprint=schedule.fingerprint)
                self._fresh(name)
                self._unarmed.discard(name)
            except LifeboatError as error:
                log.warning("schedule %s is not noted in the vault yet: %s", name, error.what)
        if not self._dropped:
            try:
                self._drop()
            except LifeboatError as error:
                log.warning("schedules that are gone are not noted yet: %s", error.what)

    def _drop(self) -> None:
        """Note, once, which schedules the settings don't name any more."""
        for name in schedule_notes.known(self.vault):
            there = schedule_notes.read(self.vault, name).set
            if name not in self.schedules and there is not None and there.what != "gone":
                self._write(name, "gone", self._began)
        self._dropped = True

    def _known(self, name: str) -> Notes:
        return self._notes.get(name) or self._fresh(name)

    def _fresh(self, name: str) -> Notes:
        """Read a schedule's notes anew; while the vault can't be read, what was known holds.

        What nobody could ever read is taken as set when this bot began: a run too many is better
        than one too few.
        """
        try:
            notes = schedule_notes.read(self.vault, name)
        except LifeboatError as error:
            log.warning("the notes of schedule %s can't be read now: %s", name, error.what)
            notes = self._notes.get(name, Notes())
        if notes.set is None:
            notes = Notes(_note(name, "set", self._began), notes.pause, notes.reminded)
        self._notes[name] = notes
        return notes

    def _tell_of_pauses(self, schedule: Schedule) -> None:
        """Tell in the channel that a schedule is paused, at once and daily, and when it is over."""
        now, before = self.now(), self._pauses.get(schedule.name)
        if abs(now - self._read_at.get(schedule.name, now - ANEW)) < ANEW:
            return
        self._read_at[schedule.name] = now
        notes = self._fresh(schedule.name)
        told = timetable.remind(notes, now)
        if told is not None:
            self.say(schedule.channel, scheduled.is_paused(schedule, told, now))
            self._write(schedule.name, "reminded", now)
        ended = timetable.over(notes, now)
        if ended is not None:
            self.say(schedule.channel, scheduled.runs_again(schedule, ended, now))
            self._write(schedule.name, "resumed", ended.until or now)
        elif notes.pause is not None and _was_resumed(before, notes.pause):
            self.say(schedule.channel, scheduled.runs_again(schedule, notes.pause, now))
        if told is not None or ended is not None:
            notes = self._fresh(schedule.name)
        self._pauses[schedule.name] = notes.pause

    def _write(
        self, name: str, what: schedule_notes.What, at: datetime, fingerprint: str = ""
    ) -> None:
        schedule_notes.write(self.vault, _note(name, what, at, fingerprint))


def _note(name: str, what: schedule_notes.What, at: datetime, fingerprint: str = "") -> Note:
    return Note(
        schedule=name,
        what=what,
        at=at,
        by="lifeboat",
        by_name="Lifeboat",
        fingerprint=fingerprint,
    )


def _was_resumed(before: Note | None, now: Note) -> bool:
    """Whether a pause that the channel knows of was ended by somebody."""
    return before is not None and before.what == "paused" and now.what == "resumed"
