"""`alert`: what stands open, who has taken it on, silence for a while, and a test of every road.

You will not find here when an alert is told (`alerts.py`) nor how it is sent.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from commands import audited, roles
from commands.alert_events import AlertsTold, AlertTaken, AlertTested
from commands.alert_state import Alert
from commands.events import Result
from commands.schedule import LENGTH, UNITS
from commands.trouble import RANK
from commands.verb import Alerts, Argument, Context, Verb
from commands.words import closest, read
from storage.errors import Refused

Act = Literal["list", "test", "ack", "snooze"]
ACTS: Mapping[str, Act] = {
    "list": "list",
    "test": "test",
    "ack": "ack",
    "acknowledge": "ack",
    "snooze": "snooze",
}
HINT = "Type `lifeboat alert`, and then the id: alert ack a-4k2f9c, alert snooze a-4k2f9c 4h."

ARGUMENTS = (
    Argument("act", "test, ack or snooze; left out: what stands open is listed"),
    Argument("id", "the alert that is acknowledged or snoozed, or the start of its id"),
    Argument("length", "how long it is silent, such as 1h, 4h or 1d"),
)


@dataclass(frozen=True)
class Request:
    act: Act = "list"
    id: str = ""
    length: timedelta | None = None


def parse(words: Sequence[str]) -> Request:
    """Read `alert`, `alert test`, `alert ack id`, `alert snooze id 4h`; `for 4 hours` works too."""
    kept = [word for number, word in enumerate(words) if number < 2 or word not in ("for", "--for")]
    if len(kept) == 4 and LENGTH.fullmatch(f"{kept[2]} {kept[3]}"):
        kept[2:] = [f"{kept[2]} {kept[3]}"]
    typed = read("alert", kept, ARGUMENTS, ())
    act = ACTS.get(typed["act"] or "list")
    if act is None:
        raise Refused(f"`alert` can't {typed['act']!r}.{closest(typed['act'], ACTS)}", hint=HINT)
    if act in ("list", "test"):
        if typed["id"] is not None:
            raise Refused(f"`alert {act}` takes no more words.", hint=HINT)
        return Request(act)
    if typed["id"] is None:
        raise Refused(f"Which alert? `alert {act}` needs its id.", hint=HINT)
    if act == "ack":
        if typed["length"] is not None:
            raise Refused("Only a snooze has a length.", hint=HINT)
        return Request(act, typed["id"])
    return Request(act, typed["id"], _length(typed["length"]))


def run(request: Request, ctx: Context) -> Result:
    """Tell what stands open, or do something about it; everything but looking is for operators."""
    alerts = ctx.alerts
    if alerts is None:
        raise Refused("There are no alerts here.", hint="`lifeboat doctor` looks at the settings.")
    if request.act == "list":
        opened = sorted(alerts.open(), key=lambda a: (-RANK[a.trouble.severity], a.raised_at, a.id))
        return AlertsTold(tuple(opened), tuple(alerts.roads()), ctx.now())
    roles.check(replace(VERB, name=f"alert {request.act}", role="operator"), ctx.caller)
    if request.act == "test":
        return AlertTested(tuple(alerts.test(ctx.caller.name)))
    alert = find(request.id, alerts)
    if request.act == "ack":
        taken = alerts.acknowledge(alert.id, ctx.caller.name)
        return AlertTaken(taken, False, _written(taken, "alert.acknowledged", ctx))
    assert request.length is not None  # noqa: S101 - parse has seen to it.
    silent = alerts.snooze(alert.id, request.length, ctx.caller.name)
    return AlertTaken(silent, True, _written(silent, "alert.snoozed", ctx))


def _written(alert: Alert, what: str, ctx: Context) -> str:
    """Write down who did it; it counts all the same when that can't be done: return why then."""
    trouble, facts = alert.trouble, {"trouble": alert.trouble.key.replace("/", ": ", 1)}
    if what == "alert.snoozed" and alert.snoozed_until is not None:
        facts["until"] = f"{alert.snoozed_until:%Y-%m-%dT%H:%M:%SZ}"
    return audited.in_time(
        ctx, what, about=alert.id, deployment=trouble.deployment, facts=dict(facts)
    )


def find(named: str, alerts: Alerts) -> Alert:
    """Return the open alert of an id, or of the start of one; Refused when none or several fit."""
    opened = alerts.open()
    fits = [each for each in opened if each.id == named] or [
        each for each in opened if named and each.id.startswith(named)
    ]
    if len(fits) == 1:
        return fits[0]
    ids = [each.id for each in opened]
    if fits:
        several = ", ".join(each.id for each in fits)
        raise Refused(f"{named!r} is the start of several: {several}.", hint="Type more of it.")
    over = next((each for each in alerts.over() if each.id == named), None)
    if over is not None:
        raise Refused(
            f"{named} is over since {over.ended_at:%Y-%m-%d %H:%M} UTC.",
            hint="`lifeboat alert` lists what is open.",
        )
    near = difflib.get_close_matches(named, ids, n=1)
    there_are = f"Open: {', '.join(ids)}." if ids else "Nothing is open."
    raise Refused(
        f"There is no open alert called {named!r}.",
        hint=f"Did you mean {near[0]!r}?" if near else there_are,
    )


def _length(typed: str | None) -> timedelta:
    match = LENGTH.fullmatch(typed or "")
    if match is None or not int(match[1]):
        what = "How long is it to be silent?" if typed is None else f"{typed!r} is no length."
        raise Refused(what, hint="For example: alert snooze a-4k2f9c 4h.")
    return timedelta(**{UNITS[match[2][0].lower()]: int(match[1])})


VERB = Verb(
    name="alert",
    about="Say what is wrong and who has taken it on; acknowledge, snooze, test every road.",
    parse=parse,
    run=run,
    role="viewer",
    arguments=ARGUMENTS,
    examples=("alert", "alert ack a-4k2f9c", "alert snooze a-4k2f9c 4h", "alert test"),
)
