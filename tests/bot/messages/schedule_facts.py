"""Facts of schedules for every view of them, believable ones and the longest plausible ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.messages import scheduled
from bot.messages.model import Message
from commands import due
from commands.schedule_events import (
    ScheduleBegan,
    SchedulePaused,
    ScheduleResumed,
    ScheduleStanding,
    SchedulesTold,
)
from commands.timetable import Schedule, ScheduledRun
from storage.schedule_notes import Note
from tests.bot.terminal_events import AT, NOW

DUE = AT.replace(hour=19, minute=0, second=0)
DAY = timedelta(days=1)
JAKARTA = ZoneInfo("Asia/Jakarta")


def run(**changes: Any) -> ScheduledRun:
    """Return a backup that a schedule began last night and that went well."""
    facts: dict[str, Any] = {
        "job_id": "sched:daily:production:2026-11-23T19:00:00Z",
        "deployment": "production",
        "due": DUE - DAY,
        "asked_at": DUE - DAY,
        "state": "done",
    }
    return ScheduledRun(**{**facts, **changes})


def pause(**changes: Any) -> Note:
    facts: dict[str, Any] = {
        "schedule": "daily",
        "what": "paused",
        "at": AT - DAY,
        "by": "U024BE7LH",
        "by_name": "Rizal",
        "why": "moving to a new plan",
        "until": AT + 2 * DAY,
    }
    return Note(**{**facts, **changes})


def standing(**changes: Any) -> ScheduleStanding:
    """Return a daily backup of production in Jakarta."""
    facts: dict[str, Any] = {
        "name": "daily",
        "verb": "now",
        "deployments": ("production",),
        "words": "0 2 * * * (Asia/Jakarta)",
        "typed": ("production --kind daily",),
        "on": True,
        "next": (DUE, DUE + DAY, DUE + 2 * DAY),
        "pause": None,
        "last": (run(),),
    }
    return ScheduleStanding(**{**facts, **changes})


def told(**changes: Any) -> SchedulesTold:
    """Return a schedule of each kind."""
    schedules = (
        standing(),
        standing(name="weekly", last=(run(state="failed"),), pause=pause(why="")),
        standing(
            name="checks",
            verb="verify",
            words="every 6h",
            deployments=("production", "staging"),
            last=(run(state="look"), None),
            odd=(
                "2027-03-14 02:30 does not exist in America/New_York: clocks are put forward that "
                "night. It runs once, at 03:30.",
            ),
        ),
        standing(name="resting", on=False, next=(), last=(run(state="ended"),)),
    )
    return SchedulesTold(**{"schedules": schedules, "bot_runs": True, "now": NOW, **changes})


def schedule(**changes: Any) -> Schedule:
    made = Schedule("daily", "now", due.cron("0 2 * * *", JAKARTA), "", {"production": None}, {})
    return replace(made, **changes)


def views(hostile: str) -> dict[str, Callable[[], Message]]:
    """Return every view; `hostile` are the worst words that a person could give as a reason."""
    worst = standing(
        name="d" * 40,
        deployments=tuple(f"{'d' * 36}{i:04}" for i in range(100)),
        typed=(hostile,) * 100,
        last=(run(),) * 100,
        pause=pause(why=hostile * 9, by_name=hostile),
        odd=(hostile * 9,) * 3,
    )
    resumed = pause(what="resumed", until=None)
    return {
        "schedules": lambda: scheduled.answer(told()),
        "schedules-none": lambda: scheduled.answer(told(schedules=())),
        "schedules-no-bot": lambda: scheduled.answer(told(bot_runs=False)),
        "schedules-longest": lambda: scheduled.answer(told(schedules=(worst,) * 300)),
        "schedule-paused": lambda: scheduled.answer(
            SchedulePaused("daily", AT + 3 * DAY, "moving", (AT + 4 * DAY,))
        ),
        "schedule-resumed": lambda: scheduled.answer(ScheduleResumed("daily", (DUE, DUE + DAY))),
        "schedule-begun": lambda: scheduled.answer(
            ScheduleBegan("daily", ("sched:daily:production:4k2f9c",))
        ),
        "schedule-is-paused": lambda: scheduled.is_paused(schedule(), pause(), AT),
        "schedule-is-paused-longest": lambda: scheduled.is_paused(
            schedule(name="d" * 40), pause(why=hostile * 9, by_name=hostile), AT
        ),
        "schedule-pause-over": lambda: scheduled.runs_again(schedule(), pause(), AT + 3 * DAY),
        "schedule-resumed-by": lambda: scheduled.runs_again(schedule(), resumed, AT),
    }
