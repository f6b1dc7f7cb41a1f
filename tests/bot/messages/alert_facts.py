"""Facts of alerts for every view of them, believable ones and the longest plausible ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.messages import alerts
from bot.messages.alerts import Around
from bot.messages.model import Message
from commands.alert_events import (
    AlertsTold,
    AlertTaken,
    AlertTested,
    RoadStanding,
    RoadTold,
)
from commands.alert_state import Alert
from commands.trouble import Trouble
from tests.bot.terminal_events import AT

MINUTE = timedelta(minutes=1)
LATER = AT + 134 * MINUTE
CALLED = Around(called=("S012ABCDEF", "U024BE7LH"))
LONG = "a sentence that goes on and on about <!channel> and *stars*, " * 80


def trouble(**changes: Any) -> Trouble:
    """Return a backup of production that failed for a wrong key."""
    facts: dict[str, Any] = {
        "kind": "job failed",
        "about": "backup of production",
        "severity": "severe",
        "what": "The backup of production failed (job now-production-4k2f9c): the deployment does "
        "not know this key.",
        "safe": "Nothing was touched; every earlier backup is as it was.",
        "hint": "Make a new deploy key in the Convex dashboard, then run `lifeboat doctor`.",
        "since": AT,
        "deployment": "production",
        "retry": "now production --kind daily",
    }
    return Trouble(**{**facts, **changes})


def alert(**changes: Any) -> Alert:
    """Return its alert, a minute old."""
    facts: dict[str, Any] = {
        "id": "a-4k2f9c",
        "trouble": trouble(),
        "raised_at": AT,
        "told_at": AT,
        "told_times": 1,
        "worst": "severe",
        "changed_at": AT,
    }
    return Alert(**{**facts, **changes})


TAKEN = alert(acknowledged_by="Rizal", acknowledged_at=AT + MINUTE)
SILENT = alert(snoozed_by="Ayu", snoozed_until=AT + timedelta(hours=4))
OVER = alert(ended_at=LATER)
FLAPS = alert(
    returns=3,
    returned=tuple(AT + number * MINUTE for number in (10, 20, 30)),
    away=4 * MINUTE,
)
GONE = replace(FLAPS, gone_since=AT + 40 * MINUTE)
THRICE = alert(trouble=trouble(times=3))
HELD = alert(
    trouble=trouble(kind="vault filling", about="local", severity="warning", deployment=""),
    worst="warning",
)
WORST = alert(
    trouble=trouble(what=LONG, safe=LONG, hint=LONG, about=LONG, times=12_345),
    acknowledged_by=LONG,
    acknowledged_at=AT,
)
ROADS = (
    RoadStanding("slack", "channel C012ABCDEF", "warning", AT, "alert"),
    RoadStanding("webhook", "the webhook", "severe", None, "", 2, "The server answered 502."),
    RoadStanding("smtp", "ops@example.com by smtp.example.com", "severe", AT, "test"),
)
TESTED = (
    RoadTold("slack", "channel C012ABCDEF", True, "Sent to channel C012ABCDEF.", seconds=0.4),
    RoadTold(
        "webhook",
        "the webhook",
        False,
        "The webhook's server answered 404.",
        "Check the address in [webhook].",
        0.2,
    ),
)
REPLIES = {
    "again": THRICE,
    "reminder": alert(),
    "worse": alert(),
    "back": alert(),
    "cause": alert(
        trouble=trouble(kind="key refused", what="The deployment does not know this key.")
    ),
    "left": alert(),
    "returned": FLAPS,
    "unsteady": replace(FLAPS, returns=12),
    "recovered": OVER,
    "acknowledged": TAKEN,
    "snoozed": SILENT,
}
VIEWS: dict[str, Callable[[], Message]] = {
    "alert-raised": lambda: alerts.root(alert(), CALLED),
    "alert-raised-late": lambda: alerts.root(
        alert(), replace(CALLED, note=f"{alerts.late(AT, LATER, reached=False)} · {alerts.TWICE}")
    ),
    "alert-held": lambda: alerts.root(HELD, Around(note=alerts.held(AT))),
    "alert-three-times": lambda: alerts.root(THRICE, CALLED),
    "alert-acknowledged": lambda: alerts.root(TAKEN, Around()),
    "alert-snoozed": lambda: alerts.root(SILENT, CALLED),
    "alert-unsteady": lambda: alerts.root(FLAPS, CALLED),
    "alert-gone": lambda: alerts.root(GONE, CALLED),
    "alert-over-at-last": lambda: alerts.root(replace(GONE, ended_at=LATER), Around()),
    "alert-over": lambda: alerts.root(OVER, Around()),
    "alert-longest": lambda: alerts.root(WORST, CALLED),
    **{
        f"alert-thread-{what}": lambda what=what, each=each: alerts.reply(  # type: ignore[misc]
            what, each, CALLED if what == "worse" else Around(), LATER
        )
        for what, each in REPLIES.items()
    },
    "alert-test": lambda: alerts.test("Rizal"),
    "alerts": lambda: alerts.answer(AlertsTold((alert(), TAKEN, SILENT), ROADS, LATER)),
    "alerts-none": lambda: alerts.answer(AlertsTold((), (), LATER)),
    "alerts-longest": lambda: alerts.answer(AlertsTold((WORST,) * 60, ROADS, LATER)),
    "alert-is-acknowledged": lambda: alerts.answer(AlertTaken(TAKEN, snoozed=False)),
    "alert-is-unwritten": lambda: alerts.answer(
        AlertTaken(SILENT, snoozed=True, unwritten="The vault has not answered for 5 s.")
    ),
    "alert-is-snoozed": lambda: alerts.answer(AlertTaken(SILENT, snoozed=True)),
    "alert-tested": lambda: alerts.answer(AlertTested(TESTED)),
    "alert-no-road": lambda: alerts.answer(AlertTested(())),
}
