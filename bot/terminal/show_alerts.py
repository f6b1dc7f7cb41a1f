"""Alerts in a terminal: what stands open, what was taken on, how each road proved itself."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from bot.terminal.layout import BAD, DOUBTFUL, GAP, GOOD, LOUD, QUIET, Reader, blank, line
from bot.words import ROADS, UNWRITTEN, age, counted, duration, moment, times
from commands.alert_events import AlertsTold, AlertTaken, AlertTested, RoadStanding
from commands.alert_state import Alert
from commands.alerts import hours
from commands.unsteady import BACK_WITHIN


def told(event: AlertsTold, reader: Reader) -> Iterator[Text]:
    """Yield a few lines for each open alert, then a line for each road."""
    if not event.alerts:
        yield line(("No alert is open.", GOOD))
    for alert in event.alerts:
        yield from _open(alert, event, reader)
        yield blank()
    if event.alerts:
        free = next((each.id for each in event.alerts if each.acknowledged_at is None), "")
        if free:
            yield line(("Take it on: ", QUIET), f"lifeboat alert ack {free}")
        silent = free or event.alerts[0].id
        yield line(("Be silent:  ", QUIET), f"lifeboat alert snooze {silent} 4h")
    if not event.roads:
        yield line(("Nobody is told of alerts: ", BAD), "write channel into [alerts].")
    for road in event.roads:
        yield _road(road, event)


def taken(event: AlertTaken, reader: Reader) -> Iterator[Text]:
    """Yield what became of an alert."""
    alert = event.alert
    if event.snoozed and alert.snoozed_until is not None:
        until = moment(alert.snoozed_until, reader.zone)
        yield line(("Snoozed: ", DOUBTFUL), f"{alert.id} is silent until {until}.")
    else:
        yield line(("Taken on: ", GOOD), f"{alert.id}; it calls nobody any more.")
    if event.unwritten:
        yield line(GAP, (UNWRITTEN, DOUBTFUL), " ", event.unwritten)


def tested(event: AlertTested) -> Iterator[Text]:
    """Yield road by road what happened."""
    if not event.roads:
        yield line(("There is no road: ", BAD), "write channel into [alerts].")
    for road in event.roads:
        state = ("arrived", GOOD) if road.arrived else ("FAILED", BAD)
        name = ROADS.get(road.name, road.name)
        yield line((f"{name}: ", LOUD), state, f" in {duration(road.seconds)}. {road.what}")
        if road.hint:
            yield line(GAP, road.hint)


def _open(alert: Alert, event: AlertsTold, reader: Reader) -> Iterator[Text]:
    trouble = alert.trouble
    style = BAD if trouble.severity == "severe" else DOUBTFUL
    in_a_row = f", {trouble.times:,} times in a row" if trouble.times > 1 else ""
    head = f"{trouble.severity}: {trouble.kind}{in_a_row}"
    about = trouble.deployment or trouble.about
    yield line((head, style), f" — {about}, {age(trouble.since, event.now)}, {alert.id}")
    yield line(GAP, trouble.what)
    yield line(GAP, ("Safe: ", QUIET), trouble.safe)
    yield line(GAP, ("Next: ", QUIET), trouble.hint)
    if alert.returns:
        back = f"{times(alert.returns)}, last {age(alert.returned[-1], event.now)}"
        yield line(GAP, f"It came back {back}.")
    if alert.gone_since is not None:
        quiet, gone = hours(BACK_WITHIN), age(alert.gone_since, event.now)
        yield line(GAP, f"Last gone {gone}; it is over when it was quiet for {quiet}.")
    if alert.acknowledged_at is not None:
        yield line(GAP, f"{alert.acknowledged_by} has taken it on.")
    if alert.snoozed_until is not None:
        until = moment(alert.snoozed_until, reader.zone)
        yield line(GAP, f"{alert.snoozed_by} snoozed it until {until}.")


def _road(road: RoadStanding, event: AlertsTold) -> Text:
    name = ROADS.get(road.name, road.name)
    least = "" if road.least == "warning" else ", severe ones only"
    proven = f"last proven {age(road.proven_at, event.now)}" if road.proven_at else "never proven"
    waits = f"; {counted(road.waiting, 'message')} waiting: {road.failed}" if road.waiting else ""
    return line((f"{name}: ", LOUD), f"{proven}{least}{waits}")
