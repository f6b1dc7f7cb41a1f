"""Schedules in a terminal: when each runs, how it went, what became of a pause. Results in."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from bot.terminal.layout import BAD, DOUBTFUL, GAP, GOOD, LOUD, QUIET, Reader, blank, line, pairs
from bot.words import ENDED, age, counted, moment
from commands.schedule_events import (
    ScheduleBegan,
    SchedulePaused,
    ScheduleResumed,
    ScheduleRun,
    ScheduleStanding,
    SchedulesTold,
)
from commands.timetable import ScheduledRun

NO_BOT = "No bot is running on this data folder, and schedules run only in the bot: "
STATES = {
    "queued": "waiting",
    "running": "running",
    "done": "done",
    "look": "done, but look at it",
    "failed": "FAILED",
    "cancelled": "cancelled",
    "ended": ENDED,
}


def told(event: SchedulesTold, reader: Reader) -> Iterator[Text]:
    """Yield a few lines for each schedule, after the one thing that stops all of them."""
    if not event.schedules:
        yield line("The settings name no schedule: [schedules.<name>] in them would.")
        return
    if not event.bot_runs:
        yield line((NO_BOT, BAD), "start it with `lifeboat run`.")
        yield blank()
    for each in event.schedules:
        yield from _standing(each, event, reader)
        yield blank()
    first = event.schedules[0].name
    yield line(("Now: ", QUIET), f"lifeboat schedule run {first}")


def paused(event: SchedulePaused, reader: Reader) -> Iterator[Text]:
    """Yield until when, and what follows."""
    yield line(("Paused: ", DOUBTFUL), f"{event.name} until {moment(event.until, reader.zone)}.")
    if event.following:
        following = moment(event.following[0], reader.zone)
        yield line(GAP, f"Nothing of it is made up for; its next time is then {following}.")
    yield line(GAP, f"To end it: lifeboat schedule resume {event.name}")


def resumed(event: ScheduleResumed, reader: Reader) -> Iterator[Text]:
    """Yield what comes next."""
    yield line(("Resumed: ", GOOD), f"{event.name} runs again.")
    for time in event.next:
        yield line(GAP, moment(time, reader.zone))


def began(event: ScheduleBegan) -> Iterator[Text]:
    """Yield the jobs."""
    yield line(f"{event.name}: {counted(len(event.job_ids), 'job')}.")
    for job in event.job_ids:
        yield line(GAP, job)


def run(event: ScheduleRun) -> Iterator[Text]:
    """Yield that it was done here."""
    yield line(f"{event.name} was run here and now; its own times stay as they are.")


def _standing(each: ScheduleStanding, event: SchedulesTold, reader: Reader) -> Iterator[Text]:
    state = "" if each.on else "OFF in the settings"
    state = "PAUSED" if each.pause is not None else state
    yield line((each.name, LOUD), GAP, each.words, (f"{GAP}{state}".rstrip(), DOUBTFUL))
    rows = [("does", typed) for typed in (f"{each.verb} {words}" for words in each.typed)]
    if each.pause is not None and each.pause.until is not None:
        why = f": {each.pause.why}" if each.pause.why else "; no reason was given"
        rows.append(("paused", f"by {each.pause.by_name}{why}"))
        rows.append(("until", moment(each.pause.until, reader.zone)))
    rows += [("next", moment(time, reader.zone)) for time in each.next]
    for name, last in zip(each.deployments, each.last, strict=True):
        of = f"{name}: " if len(each.deployments) > 1 else ""
        rows.append(("last", of + _last(last, event)))
    rows += [("note", sentence) for sentence in each.odd]
    yield from pairs(rows)


def _last(run: ScheduledRun | None, event: SchedulesTold) -> str:
    if run is None:
        return "no run is remembered"
    return f"{STATES[run.state]}, {age(run.asked_at, event.now)}, job {run.job_id}"
