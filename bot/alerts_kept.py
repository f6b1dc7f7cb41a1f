"""The alerts of a data folder: what a look makes of them, what people do, what they are told.

Joins the rule (`commands/alerts.py`) with the outbox; the bot and every terminal have the same
alerts. What is put here is sent by the bot (`bot/alerting.py`); only a test is sent at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from bot.roads.road import Road
from commands import alerts as rule
from commands import unsteady
from commands.alert_events import RoadStanding, RoadTold
from commands.alert_rules import AlertRules
from commands.alert_state import Alert, Change
from commands.trouble import Seen
from storage import typed
from storage.errors import LifeboatError, Refused
from storage.outbox import Kept, Outbox, Sending


@dataclass(frozen=True)
class KeptAlerts:
    """`commands.verb.Alerts` over an outbox; `roads` are made when somebody needs them."""

    outbox: Outbox
    rules: AlertRules
    now: Callable[[], datetime]
    making: Callable[[], Mapping[str, Road]]
    where: Mapping[str, str]

    def looked(self, seen: Seen) -> None:
        """Put what a look has found into the outbox: what is new, what goes on, what is over."""
        now = self.now()
        since = now - unsteady.BACK_WITHIN  # What ended before that does not come back.
        self._change(lambda known: rule.decide(known, seen, now, self.rules), since)

    def open(self) -> Sequence[Alert]:
        """Return what stands open, oldest first."""
        return [_alert(each) for each in self.outbox.alerts(open=True)]

    def over(self) -> Sequence[Alert]:
        """Return what is over and still remembered, oldest first."""
        return [_alert(each) for each in self.outbox.alerts(open=False)]

    def acknowledge(self, id: str, by: str) -> Alert:
        """Note that somebody has taken an alert on; Refused when it is over."""
        return self._one(id, lambda alert: rule.acknowledge(alert, by, self.now(), self.rules))

    def snooze(self, id: str, length: timedelta, by: str) -> Alert:
        """Make an alert silent for so long; Refused when it is over or that is too long."""
        return self._one(id, lambda alert: rule.snooze(alert, length, by, self.now(), self.rules))

    def test(self, by: str) -> Sequence[RoadTold]:
        """Send a test alert by every road at the same time, and return what happened on each."""
        roads = self.making()
        if not roads:
            return ()
        with ThreadPoolExecutor(len(roads)) as pool:
            return list(pool.map(lambda name: self._tested(name, roads[name], by), roads))

    def roads(self) -> Sequence[RoadStanding]:
        """Return the roads, what waits on each, and when it was last proven."""
        waiting, proofs = self.outbox.waiting(), self.outbox.proofs()
        found = []
        for name, least in self.rules.roads.items():
            mine = [each for each in waiting if each.road == name and each.after <= self.now()]
            at, by = proofs.get(name, (None, ""))
            failed = next((each.failed for each in reversed(mine) if each.failed), "")
            where = self.where.get(name, "")
            found.append(RoadStanding(name, where, least, at, by, len(mine), failed))
        return found

    def _tested(self, name: str, road: Road, by: str) -> RoadTold:
        began = time.monotonic()

        def took() -> float:
            return time.monotonic() - began

        try:
            road.test(by)
        except LifeboatError as error:
            return RoadTold(name, road.where, False, error.what, error.hint, took())
        told = f"Sent to {road.where}."
        try:
            self.outbox.prove(name, self.now(), "test")
        except LifeboatError as error:  # The road is good all the same.
            told = f"{told} That can't be noted: {error.what}"
        return RoadTold(name, road.where, True, told, seconds=took())

    def _one(self, id: str, doing: Callable[[Alert], Change]) -> Alert:
        done: list[Alert] = []

        def change(opened: Sequence[Alert]) -> Sequence[Change]:
            alert = next((each for each in opened if each.id == id), None)
            if alert is None:
                raise Refused(f"{id} is over.", hint="`lifeboat alert` lists what is open.")
            changed = doing(alert)
            done[:] = [changed.alert]
            return [changed]

        self._change(change)
        return done[0]

    def _change(
        self,
        doing: Callable[[Sequence[Alert]], Sequence[Change]],
        since: datetime | None = None,
    ) -> None:
        hurried: list[str] = []

        def write(opened: Sequence[Kept]) -> tuple[Sequence[Kept], Sequence[Sending]]:
            changes = doing([_alert(each) for each in opened])
            hurried[:] = [
                change.alert.id
                for change in changes
                if change.tells and change.alert.worst == "severe"
            ]
            return [_kept(each.alert) for each in changes], [
                send for each in changes for send in _sends(each, self.now())
            ]

        self.outbox.change(write, since)
        for id in hurried:
            self.outbox.hurry(id, self.now())


def _alert(kept: Kept) -> Alert:
    return typed.decode(kept.facts, Alert)


def _kept(alert: Alert) -> Kept:
    return Kept(
        alert.id,
        alert.trouble.key,
        alert.ended_at is None,
        alert.raised_at,
        msgspec.json.encode(alert),
    )


def _sends(change: Change, now: datetime) -> Sequence[Sending]:
    facts = msgspec.json.encode(change.alert)
    return [
        Sending(change.alert.id, road, tell.what, facts, now, tell.after)
        for tell in change.tells
        for road in tell.roads
    ]
