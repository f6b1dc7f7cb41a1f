"""Alerts: the message of each trouble, what is added to its thread, and answers about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from slack_sdk.models.blocks import (
    ButtonElement,
    Option,
    PlainTextObject,
    StaticSelectElement,
)

from bot.messages.model import ActionId, Message
from bot.messages.parts import Part, Pressed, Said, button, header, listed, message, small
from bot.messages.text import ago, at, bold, code, said, told
from bot.messages.typed import command
from bot.words import ROADS, UNWRITTEN, counted, duration, times
from commands.alert_events import AlertsTold, AlertTaken, AlertTested, RoadStanding, RoadTold
from commands.alert_state import Alert, What
from commands.alerts import hours
from commands.trouble import Severity
from commands.unsteady import BACK_WITHIN

SNOOZES = (timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
GRAVE: Mapping[Severity, str] = {"severe": "Severe", "warning": "Warning"}
QUIET = f"was quiet for {hours(BACK_WITHIN)}, for it comes and goes"
GROUP = re.compile(r"S[A-Z0-9]{5,20}")
CHANNEL = re.compile(r"channel ([CG][A-Z0-9]{5,20})")


@dataclass(frozen=True)
class Around:
    """What the message of an alert says besides its trouble.

    `called` are the ids that are mentioned, `note` is a sentence about when it came, in mrkdwn.
    """

    called: Sequence[str] = ()
    note: str = ""
    snooze_max: timedelta = timedelta(days=1)


def root(alert: Alert, around: Around) -> Message:
    """Return the one message of an alert, as it stands."""
    return message(_root(alert, around))


def reply(what: What, alert: Alert, around: Around, now: datetime) -> Message:
    """Return what is added to an alert's thread when something happens."""
    sentence = _REPLIES[what](alert, now)
    calls = _calls(around.called)
    return message([Said(" ".join(filter(None, [sentence, calls]))), small(around.note)])


def late(made: datetime, now: datetime, *, reached: bool) -> str:
    """Return that something came late, and why: a road was down, or no bot was there to send it."""
    because = "no bot was there to send it" if reached else "Slack was not to be reached"
    return f"Late: raised {_moment(made)}, {because} until {_moment(now)}"


def held(made: datetime) -> str:
    """Return that something was held back in quiet hours."""
    return f"Held back in quiet hours: raised {_moment(made)}"


TWICE = "This may stand twice: the bot was stopped, or cut off, while it was sent"


def test(by: str) -> Message:
    """Return the test alert, which can't be taken for a real one."""
    return message(
        [
            Said("*Test alert: nothing is wrong.*"),
            Said(f"{said(by)} asked for it, to prove that alerts arrive here."),
        ]
    )


def answer(result: AlertsTold | AlertTaken | AlertTested) -> Message:
    """Return what whoever asked is told."""
    match result:
        case AlertsTold():
            return message(_told(result))
        case AlertTaken():
            return message(_taken(result))
        case AlertTested():
            return message(_tested(result))


def head(alert: Alert) -> str:
    """Return what is wrong in a few words: `Severe: job failed, 3 times in a row`."""
    trouble = alert.trouble
    times = f", {trouble.times:,} times in a row" if trouble.times > 1 else ""
    return f"{GRAVE[trouble.severity]}: {trouble.kind}{times}"


def _root(alert: Alert, around: Around) -> Iterator[Part]:
    trouble = alert.trouble
    about = said(trouble.deployment or trouble.about)
    if alert.ended_at is not None:
        lasted = duration(alert.lasted(alert.ended_at).total_seconds())
        yield Said(f"*Over after {lasted}: {', '.join(alert.kinds)}* — {about}")
        yield Said(f"It was: {told(trouble.what)}")
    else:
        yield Said(f"*{head(alert)}* — {about}")
        yield Said(told(trouble.what))
        yield Said("\n".join(_lines(alert)))
        yield Said(_calls(around.called))
    yield small(*_standing(alert), f"alert {code(alert.id)}")
    yield small(around.note)
    if alert.ended_at is None:
        yield Pressed(list(_buttons(alert, around)))


def _lines(alert: Alert) -> Iterator[str]:
    if alert.trouble.safe:
        yield f"*Safe:* {told(alert.trouble.safe)}"
    if alert.trouble.hint:
        yield f"*Next:* {told(alert.trouble.hint)}"


def _standing(alert: Alert) -> Iterator[str]:
    yield f"since {at(alert.trouble.since)}"
    if alert.returns:
        yield f"came back {times(alert.returns)}, last {at(alert.returned[-1])}"
    if alert.ended_at is not None:
        yield f"over {at(alert.gone_since or alert.ended_at)}"
        return
    if alert.gone_since is not None:
        yield f"not seen since {at(alert.gone_since)}: over when it {QUIET}"
    if alert.acknowledged_at is not None:
        yield f"{said(alert.acknowledged_by)} has taken it on"
    if alert.snoozed_until is not None:
        yield f"{said(alert.snoozed_by)} snoozed it until {at(alert.snoozed_until)}"


def _buttons(alert: Alert, around: Around) -> Iterator[ButtonElement | StaticSelectElement | None]:
    if alert.trouble.retry:
        yield button("Retry", ActionId.ALERT_RETRY, alert.id, style="primary")
    if alert.acknowledged_at is None:
        yield button("Acknowledge", ActionId.ALERT_ACK, alert.id)
    lengths = [each for each in SNOOZES if each <= around.snooze_max] or [around.snooze_max]
    yield StaticSelectElement(
        placeholder=PlainTextObject(text="Snooze…", emoji=False),
        action_id=ActionId.ALERT_SNOOZE.value,
        options=[
            Option(
                text=PlainTextObject(text=hours(each), emoji=False),
                value=f"{alert.id} {round(each.total_seconds() / 60)}m",
            )
            for each in lengths
        ],
    )


def _calls(ids: Sequence[str]) -> str:
    return " ".join(f"<!subteam^{id}>" if GROUP.fullmatch(id) else f"<@{id}>" for id in ids)


def _again(alert: Alert, _now: datetime) -> str:
    return f"*Once more: {alert.trouble.times:,} times in a row now.* {told(alert.trouble.what)}"


def _reminder(alert: Alert, now: datetime) -> str:
    stands = duration(alert.lasted(now).total_seconds())
    return f"*It still stands, after {stands}.* {told(alert.trouble.what)}"


def _worse(alert: Alert, _now: datetime) -> str:
    return f"*It is severe now.* {told(alert.trouble.what)} {told(alert.trouble.hint)}"


def _back(alert: Alert, _now: datetime) -> str:
    return f"*It was snoozed, and still stands.* {told(alert.trouble.what)}"


def _cause(alert: Alert, _now: datetime) -> str:
    return f"*What it comes from is known: {alert.trouble.kind}.* {told(alert.trouble.what)}"


def _left(alert: Alert, _now: datetime) -> str:
    return (
        f"*What it came from is over; {alert.trouble.kind} still stands.* "
        f"{told(alert.trouble.what)}"
    )


def _returned(alert: Alert, now: datetime) -> str:
    gone, often = duration(alert.away.total_seconds()), times(alert.returns)
    waits = f" It is over when it {QUIET}." if alert.unsteady(now) else ""
    return (
        f"*It is back after {gone}; it has come back {often} by now.*{waits} "
        f"{told(alert.trouble.what)}"
    )


def _unsteady(alert: Alert, _now: datetime) -> str:
    often = times(alert.returns)
    return f"*It comes and goes: it has come back {often} by now.* {told(alert.trouble.what)}"


def _recovered(alert: Alert, now: datetime) -> str:
    back = f", and it came back {times(alert.returns)} in it" if alert.returns else ""
    return f"*It is over.* It lasted {duration(alert.lasted(now).total_seconds())}{back}."


def _acknowledged(alert: Alert, _now: datetime) -> str:
    return f"{said(alert.acknowledged_by)} has taken it on."


def _snoozed(alert: Alert, _now: datetime) -> str:
    until = at(alert.snoozed_until) if alert.snoozed_until else "now"
    return f"{said(alert.snoozed_by)} snoozed it until {until}; then it comes back if it stands."


_REPLIES = {
    "again": _again,
    "reminder": _reminder,
    "worse": _worse,
    "back": _back,
    "cause": _cause,
    "left": _left,
    "returned": _returned,
    "unsteady": _unsteady,
    "recovered": _recovered,
    "acknowledged": _acknowledged,
    "snoozed": _snoozed,
}


def _told(result: AlertsTold) -> Iterator[Part]:
    yield header(f"Alerts: {len(result.alerts):,} open" if result.alerts else "No alert is open")
    yield listed(lambda each: "\n".join(_open(each, result.now)), result.alerts, "alerts")
    if result.alerts:
        first = result.alerts[0].id
        free = next((each.id for each in result.alerts if each.acknowledged_at is None), "")
        yield small(
            f"Take one on: {code(command('alert', 'ack', free))}" if free else "",
            f"Be silent: {code(command('alert', 'snooze', first, '4h'))}",
        )
    if not result.roads:
        yield Said("*Nobody is told of alerts: the settings name no channel in [alerts].*")
    yield listed(lambda each: _road(each, result.now), result.roads, "roads")


def _open(alert: Alert, now: datetime) -> Iterator[str]:
    about = said(alert.trouble.deployment or alert.trouble.about)
    yield f"{bold(head(alert))} — {about} · {code(alert.id)} · {ago(alert.trouble.since, now)}"
    yield f"   {told(alert.trouble.what)}"
    taken = [each for each in _standing(alert)][1:]
    if taken:
        yield f"   {' · '.join(taken)}"


def _road(road: RoadStanding, now: datetime) -> str:
    proven = f"last proven {ago(road.proven_at, now)}" if road.proven_at else "never proven"
    least = "" if road.least == "warning" else ", severe ones only"
    waits = f", *{counted(road.waiting, 'message')} waiting*" if road.waiting else ""
    failed = f": {told(road.failed)}" if road.waiting and road.failed else ""
    return f"{ROADS.get(road.name, road.name)}{least}: {proven}{waits}{failed}"


def _taken(result: AlertTaken) -> Iterator[Part]:
    alert = result.alert
    if result.snoozed and alert.snoozed_until is not None:
        yield Said(f"{code(alert.id)} is silent until {at(alert.snoozed_until)}.")
    else:
        yield Said(f"You have taken {code(alert.id)} on; it calls nobody any more.")
    if result.unwritten:
        yield Said(f"{UNWRITTEN} {told(result.unwritten)}")


def _tested(result: AlertTested) -> Iterator[Part]:
    good = sum(road.arrived for road in result.roads)
    yield header(f"Test alert: {good} of {counted(len(result.roads), 'road')} proven")
    yield listed(_tried, result.roads, "roads")
    if not result.roads:
        yield Said("The settings name no road: write channel into [alerts].")


def _tried(road: RoadTold) -> str:
    state = "arrived" if road.arrived else "FAILED"
    hint = f" {told(road.hint)}" if road.hint else ""
    name = ROADS.get(road.name, road.name)
    what = f"Sent to {_place(road.where)}." if road.arrived else told(road.what)
    return f"*{name}: {state}* in {duration(road.seconds)}. {what}{hint}"


def _place(where: str) -> str:
    """Return where a road leads; a channel by the name that people know it by."""
    channel = CHANNEL.fullmatch(where)
    return f"<#{channel[1]}>" if channel else said(where)


def _moment(utc: datetime) -> str:
    return f"{at(utc)} ({utc.astimezone(UTC):%H:%M} UTC)"
