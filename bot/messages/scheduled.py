"""Schedules: when each runs, how it went, and what becomes of its pause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bot.messages.job import STATES, VERBS
from bot.messages.model import Message
from bot.messages.parts import Part, Said, header, listed, message, small
from bot.messages.text import ago, at, bold, code, said, told
from bot.messages.typed import command
from bot.words import ENDED, counted
from commands.schedule_events import (
    ScheduleBegan,
    SchedulePaused,
    ScheduleResumed,
    ScheduleStanding,
    SchedulesTold,
)
from commands.timetable import Schedule, ScheduledRun
from storage.schedule_notes import Note

Answer = SchedulesTold | SchedulePaused | ScheduleResumed | ScheduleBegan
REASON_MAX = 200


def answer(result: Answer) -> Message:
    """Return what whoever asked is told."""
    match result:
        case SchedulesTold():
            return message(_told(result))
        case SchedulePaused():
            return message(_paused(result))
        case ScheduleResumed():
            return message(_resumed(result))
        case ScheduleBegan():
            return message(_began(result))


def is_paused(schedule: Schedule, pause: Note, now: datetime) -> Message:
    """Return what the channel is told of a schedule that is paused, at once and every day."""
    return message(_is_paused(schedule, pause, now))


def runs_again(schedule: Schedule, note: Note, now: datetime) -> Message:
    """Return what the channel is told when a pause is over, by itself or by somebody."""
    return message(_runs_again(schedule, note, now))


def moment(utc: datetime) -> str:
    """Return a moment in the reader's zone, and in UTC for whoever compares it with a log."""
    return f"{at(utc)} ({utc.astimezone(UTC):%H:%M} UTC)"


def _told(result: SchedulesTold) -> Iterator[Part]:
    yield header("Schedules")
    if not result.schedules:
        yield Said("The settings name no schedule, so nothing is done by itself.")
    if not result.bot_runs:
        yield Said("*No bot is running, and without one nothing of this is done.*")
    yield listed(lambda each: "\n".join(_standing(each, result.now)), result.schedules, "schedules")
    if result.schedules:
        first = result.schedules[0].name
        now, pause = command("schedule", "run", first), command("schedule", "pause", first)
        yield small(f"Now: {code(now)} · Pause: {code(f'{pause} for 3 days')}")


def _standing(each: ScheduleStanding, now: datetime) -> Iterator[str]:
    """Yield the lines of one schedule."""
    what = VERBS.get(each.verb) or said(each.verb)
    state = "" if each.on else " — OFF in the settings"
    state = " — PAUSED" if each.pause is not None else state
    yield f"{bold(each.name)}{state} · {what}: {_named(each.deployments)} · {code(each.words)}"
    if each.pause is not None:
        yield f"   {_until(each.pause, now)}"
    if each.on:
        times = ", ".join(moment(time) for time in each.next)
        yield f"   Next: {times or 'never'}"
    for name, run in zip(each.deployments, each.last, strict=True):
        of = f" of {said(name)}" if len(each.deployments) > 1 else ""
        yield f"   Last{of}: {_last(run, now)}"
    for sentence in each.odd:
        yield f"   {told(sentence)}"


def _named(deployments: tuple[str, ...]) -> str:
    return ", ".join(said(name) for name in deployments)


def _last(run: ScheduledRun | None, now: datetime) -> str:
    if run is None:
        return "no run is remembered"
    state = STATES[run.state] if run.state != "ended" else ENDED
    return f"{state}, {ago(run.asked_at, now)} ({at(run.asked_at)}), job {code(run.job_id)}"


def _until(pause: Note, now: datetime) -> str:
    why = f": {said(pause.why, REASON_MAX)}" if pause.why else "; no reason was given"
    until = moment(pause.until) if pause.until is not None else "nobody knows when"
    by = said(pause.by_name) or "somebody"
    return f"Paused by {by} {ago(pause.at, now)}, until {until}{why}"


def _paused(result: SchedulePaused) -> Iterator[Part]:
    yield Said(f"{bold(result.name)} is paused until {moment(result.until)}.")
    following = moment(result.following[0]) if result.following else "never"
    yield Said(
        f"Nothing of it is made up for afterwards; its next time is then {following}. The channel "
        f"is reminded daily. To end it: {code(command('schedule', 'resume', result.name))}"
    )


def _resumed(result: ScheduleResumed) -> Iterator[Part]:
    times = ", ".join(moment(time) for time in result.next)
    yield Said(f"{bold(result.name)} runs again. Next: {times or 'never'}")


def _began(result: ScheduleBegan) -> Iterator[Part]:
    jobs = ", ".join(code(job) for job in result.job_ids)
    yield Said(
        f"{bold(result.name)} is done now, by {counted(len(result.job_ids), 'job')}: {jobs}. "
        f"Its own times stay as they are."
    )


def _is_paused(schedule: Schedule, pause: Note, now: datetime) -> Iterator[Part]:
    what = VERBS.get(schedule.verb) or said(schedule.verb)
    named = _named(tuple(schedule.requests))
    yield Said(
        f"*Paused: schedule {said(schedule.name)}* — it asks for no {what.lower()} of {named} "
        f"meanwhile"
    )
    yield Said(f"{_until(pause, now)}.")
    yield small(
        f"It goes on by itself then; earlier: {code(command('schedule', 'resume', schedule.name))}"
    )


def _runs_again(schedule: Schedule, note: Note, now: datetime) -> Iterator[Part]:
    by = "its pause is over"
    if note.what == "resumed":
        by = f"resumed by {said(note.by_name) or 'somebody'}"
    following = schedule.calendar.after(now)
    times = moment(following) if following is not None else "never"
    yield Said(f"*Schedule {said(schedule.name)} runs again:* {by}. Next: {times}")
