"""`schedule`: what the bot does by itself and when; a pause, its end, and a run right now.

A pause is a note in the vault, so that the bot and every terminal see the same one, and it always
ends at a stated time. You will not find here when something is due (`due.py`, `timetable.py`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from commands import audited, due, roles, timetable
from commands.events import JobFailed, Result
from commands.schedule_events import (
    ScheduleBegan,
    SchedulePaused,
    ScheduleResumed,
    ScheduleRun,
    ScheduleStanding,
    SchedulesTold,
)
from commands.timetable import Schedule, ScheduledRun
from commands.verb import Argument, Context, Option, Verb
from commands.words import closest, read
from storage import schedule_notes
from storage.errors import LifeboatError, Refused
from storage.schedule_notes import Note

Act = Literal["look", "pause", "resume", "run"]
ACTS: Mapping[str, Act] = {"pause": "pause", "resume": "resume", "run": "run"}
NEXT = 3
REASON_MAX = 200
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LENGTH = re.compile(r"(\d{1,5}) ?(m|h|d|w|min|minutes?|hours?|days?|weeks?)", re.IGNORECASE)
PAUSE_HINT = "For example: schedule pause daily for 3 days reason moving house."

ARGUMENTS = (
    Argument("act", "pause, resume or run; or a schedule's name, to see only that one"),
    Argument("name", "the schedule that is paused, resumed or run"),
)
OPTIONS = (
    Option("for", "how long it is paused, such as 3d or 12h; jobs.pause_days if left out", "time"),
    Option("reason", "why it is paused, for whoever is reminded of it", "text"),
)


@dataclass(frozen=True)
class Request:
    act: Act = "look"
    name: str | None = None
    length: timedelta | None = None
    reason: str = ""


def parse(words: Sequence[str]) -> Request:
    """Read `schedule [name]`, `pause name [for 3 days] [reason …]`, `resume name`, `run name`."""
    if tuple(words[:1]) == ("pause",):
        return _pause_words(words[1:])
    typed = read("schedule", words, ARGUMENTS, OPTIONS)
    first, name = typed["act"], typed["name"]
    if typed["for"] is not None or typed["reason"] is not None:
        raise Refused("Only a pause has a length and a reason.", hint=PAUSE_HINT)
    if first is None or (first not in ACTS and name is None):
        return Request(name=first)
    if first not in ACTS:
        raise Refused(
            f"`schedule` can't {first!r} anything.{closest(first, ACTS)}",
            hint="Type schedule pause, resume or run, and the schedule's name.",
        )
    if name is None:
        raise Refused(f"Which schedule? `schedule {first}` needs its name.", hint=PAUSE_HINT)
    return Request(ACTS[first], name)


def run(request: Request, ctx: Context) -> Result:
    """Tell about schedules, or change one; everything but looking is for operators."""
    if request.act == "look":
        return _look(request, ctx)
    roles.check(replace(VERB, name=f"schedule {request.act}", role="operator"), ctx.caller)
    schedule = _known(request.name or "", ctx)
    match request.act:
        case "pause":
            return _pause(schedule, request, ctx)
        case "resume":
            return _resume(schedule, ctx)
        case "run":
            return _run(schedule, ctx)


def standing(schedule: Schedule, ctx: Context) -> ScheduleStanding:
    """Return how one schedule stands: what comes next, whether it is paused, how it went last."""
    now = ctx.now()
    notes = schedule_notes.read(ctx.vault, schedule.name)
    pause = timetable.paused(notes, now)
    after = now if pause is None or pause.until is None else max(now, pause.until)
    runs = _runs(schedule, ctx)
    return ScheduleStanding(
        name=schedule.name,
        verb=schedule.verb,
        deployments=tuple(schedule.requests),
        words=schedule.words,
        typed=tuple(" ".join(words) for words in schedule.typed.values()),
        on=schedule.on,
        next=due.upcoming(schedule.calendar, after, NEXT) if schedule.on else (),
        pause=pause,
        last=tuple(_last(name, runs) for name in schedule.requests),
        odd=tuple(due.odd_nights(schedule.calendar, now)) if schedule.on else (),
    )


def _runs(schedule: Schedule, ctx: Context) -> Sequence[ScheduledRun]:
    """Return what the engine remembers of it; nothing when it can't be asked now."""
    try:
        return ctx.jobs.runs(schedule.name, schedule.requests) if ctx.jobs is not None else ()
    except LifeboatError:
        return ()


def _look(request: Request, ctx: Context) -> SchedulesTold:
    chosen = [_known(request.name, ctx)] if request.name else list(ctx.schedules.values())
    return SchedulesTold(
        schedules=tuple(standing(schedule, ctx) for schedule in chosen),
        bot_runs=ctx.jobs is not None and ctx.jobs.bot_runs(),
        now=ctx.now(),
    )


def _last(deployment: str, runs: Sequence[ScheduledRun]) -> ScheduledRun | None:
    """Return the newest run for a deployment that has ended or is under way."""
    return next((run for run in runs if run.deployment == deployment), None)


def _pause(schedule: Schedule, request: Request, ctx: Context) -> SchedulePaused:
    rules, now = ctx.rules.pausing, ctx.now()
    if not schedule.on:
        raise Refused(f"{schedule.name} is off in the settings.", hint="There is nothing to pause.")
    length = request.length or rules.usual
    if length > rules.most:
        raise Refused(
            f"A schedule is paused for {_days(rules.most)} at most.",
            hint=f"Pause it for {_days(rules.most)} and again later, or switch it off in the "
            f"settings (on = false).",
        )
    note = _note(schedule, "paused", ctx, until=now + length, why=request.reason)
    audited.entry(
        ctx,
        "schedule.paused",
        about=schedule.name,
        why=request.reason,
        facts={"until": f"{now + length:%Y-%m-%dT%H:%M:%SZ}"},
    )
    schedule_notes.write(ctx.vault, note)
    following = due.upcoming(schedule.calendar, now + length, 1)
    return SchedulePaused(schedule.name, now + length, request.reason, following)


def _resume(schedule: Schedule, ctx: Context) -> ScheduleResumed:
    now = ctx.now()
    pause = timetable.paused(schedule_notes.read(ctx.vault, schedule.name), now)
    if pause is None:
        raise Refused(
            f"{schedule.name} is not paused.", hint="`lifeboat schedule` says how each stands."
        )
    audited.entry(ctx, "schedule.resumed", about=schedule.name)
    schedule_notes.write(ctx.vault, _note(schedule, "resumed", ctx))
    return ScheduleResumed(schedule.name, due.upcoming(schedule.calendar, now, NEXT))


def _run(schedule: Schedule, ctx: Context) -> Result:
    """Have the bot do it, or do it here where no bot is asked."""
    if ctx.begin is not None:
        return ScheduleBegan(schedule.name, tuple(ctx.begin(schedule)))
    results: list[Result] = []
    failed: list[LifeboatError] = []
    for name, asked in schedule.requests.items():
        try:
            results.append(_here(schedule, asked, ctx))
        except LifeboatError as error:
            failed.append(error)
            told = (error.what, error.safe, error.hint, type(error).__name__, error.exit_code)
            if len(schedule.requests) > 1:
                ctx.tell(JobFailed(f"{name}: {told[0]}", *told[1:]))
            continue
        ctx.tell(results[-1])
    if failed:
        raise failed[0]
    return ScheduleRun(schedule.name, max(result.exit_code for result in results))


def _here(schedule: Schedule, asked: object, ctx: Context) -> Result:
    from commands import VERBS  # noqa: PLC0415 - this verb stands in that table.

    verb = VERBS[schedule.verb]
    assert verb.aim is not None  # noqa: S101 - only long verbs are scheduled.
    aim = verb.aim(asked, ctx)
    if aim.question is not None:
        raise Refused("Other people have to be asked about this.", hint="Ask for it in Slack.")
    return verb.run(aim.request, ctx)


def _known(name: str, ctx: Context) -> Schedule:
    if name in ctx.schedules:
        return ctx.schedules[name]
    near = difflib.get_close_matches(name, list(ctx.schedules), n=1)
    names = ", ".join(ctx.schedules)
    there_are = f"There are: {names}." if names else "The settings name none: [schedules.<name>]."
    raise Refused(
        f"There is no schedule called {name!r}.",
        hint=f"Did you mean {near[0]!r}?" if near else there_are,
    )


def _note(schedule: Schedule, what: schedule_notes.What, ctx: Context, **told: object) -> Note:
    who = {"by": ctx.caller.id, "by_name": ctx.caller.name}
    return Note(schedule=schedule.name, what=what, at=ctx.now(), **who, **told)  # type: ignore[arg-type]


def _pause_words(words: Sequence[str]) -> Request:
    """Read `name [for 3 days] [reason …]`; the reason may be the rest of the sentence."""
    name, *rest = list(words) or [""]
    if not name or name.startswith("-"):
        raise Refused("Which schedule? `schedule pause` needs its name.", hint=PAUSE_HINT)
    length: timedelta | None = None
    said: list[str] = []
    while rest:
        found = None if length else _length(rest)
        if found is not None:
            length, rest = found
            continue
        said.append(rest.pop(0))
    if said[:1] in (["for"], ["--for"]) or any(word.startswith("--for=") for word in said):
        raise Refused("A pause always ends, and this is no length of time.", hint=PAUSE_HINT)
    if said[:1] in (["reason"], ["--reason"]):
        said.pop(0)
    reason = " ".join(" ".join(said).removeprefix("--reason=").split())
    if len(reason) > REASON_MAX or not reason.isprintable():
        raise Refused(f"A reason is up to {REASON_MAX} printable characters.", hint=PAUSE_HINT)
    return Request("pause", name, length, reason)


def _length(words: Sequence[str]) -> tuple[timedelta, list[str]] | None:
    """Return the length that these words begin with, `for 3 days`, and the words after it."""
    first = words[0].partition("=")
    if first[0] not in ("for", "--for"):
        return None
    after = [*([first[2]] if first[1] else []), *words[1:]]
    for count in (1, 2):
        match = LENGTH.fullmatch(" ".join(after[:count]))
        if match is not None and len(after) >= count and int(match[1]):
            length = timedelta(**{UNITS[match[2][0].lower()]: int(match[1])})
            return length, list(after[count:])
    return None


def _days(length: timedelta) -> str:
    days = length / timedelta(days=1)
    return f"{days:g} day" + ("" if days == 1 else "s")


VERB = Verb(
    name="schedule",
    about="Say what the bot does by itself and when; pause, resume or run one of these.",
    parse=parse,
    run=run,
    role="viewer",
    arguments=ARGUMENTS,
    options=OPTIONS,
    examples=(
        "schedule",
        "schedule pause daily --for 3d --reason 'moving to a new plan'",
        "schedule resume daily",
        "schedule run daily",
    ),
)
