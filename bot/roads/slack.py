"""Alerts in Slack: one message for each, edited as it goes; what happens is added to its thread."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import RemoteDisconnected
from typing import cast
from urllib.error import URLError

from bot.courier import Courier, SlackAway
from bot.messages import alerts as views
from bot.messages.alerts import Around
from bot.roads.road import RoadFailed, is_late, was_held
from commands.alert_rules import AlertRules
from commands.alert_state import Alert, What
from commands.alerts import called
from commands.roles import NotAllowed
from storage import typed
from storage.errors import Refused
from storage.outbox import Outbox, Sending, Taken


@dataclass(frozen=True)
class SlackRoad:
    """The alert channel; `check` refuses one that people of other companies read."""

    courier: Courier
    channel: str
    rules: AlertRules
    outbox: Outbox
    check: Callable[[str], None] = lambda _channel: None

    @property
    def where(self) -> str:
        return f"channel {self.channel}"

    def deliver(self, taken: Taken, now: Callable[[], datetime]) -> None:
        """Post the alert, or add to its thread and bring its message up to date."""
        alert = typed.decode(taken.alert.facts, Alert)
        note = came(taken.sending, now())
        try:
            if taken.place:
                self._add(taken, alert, note, now)
            else:
                self._may_post()
                message = views.root(alert, self._around("raised", alert, note))
                ts = self.courier.post(self.channel, message)
                self.outbox.put(taken, f"{self.channel} {ts}", note, now())
        except SlackAway as away:
            raise RoadFailed(away.what, hint=away.hint, doubt=in_doubt(away)) from away
        except Refused as refused:
            raise RoadFailed(refused.what, hint=refused.hint, passing=False) from refused

    def test(self, by: str) -> None:
        """Post a test alert."""
        try:
            self._may_post()
            self.courier.post(self.channel, views.test(by))
        except (SlackAway, Refused) as error:
            raise RoadFailed(error.what, hint=error.hint) from error

    def _add(self, taken: Taken, alert: Alert, note: str, now: Callable[[], datetime]) -> None:
        channel, _, ts = taken.place.partition(" ")
        what = cast(What, taken.sending.what)
        if what not in ("raised", "changed") and not taken.sending.said:
            then = typed.decode(taken.sending.facts, Alert)
            reply = views.reply(what, then, self._around(what, then, note), taken.sending.made_at)
            self.courier.reply(channel, ts, reply)
            self.outbox.said(taken)
        message = views.root(alert, self._around("raised", alert, taken.note))
        self.courier.edit(channel, ts, message)
        self.outbox.done(taken, now())

    def _may_post(self) -> None:
        with suppress(NotAllowed):  # Where Slack can't be asked the settings are believed.
            self.check(self.channel)

    def _around(self, what: What, alert: Alert, note: str) -> Around:
        return Around(called(alert, what, self.rules), note, self.rules.snooze_max)


def came(sending: Sending, now: datetime) -> str:
    """Return what has to be said of when something comes: late, held back, perhaps twice."""
    notes = []
    if is_late(sending, now):
        notes.append(views.late(sending.made_at, now, reached=not sending.failed))
    elif was_held(sending):
        notes.append(views.held(sending.made_at))
    if sending.doubt:
        notes.append(views.TWICE)
    return " · ".join(notes)


def in_doubt(away: SlackAway) -> bool:
    """Whether Slack may have taken it: it was asked, and no answer came."""
    cause = away.__cause__
    if isinstance(cause, URLError):
        cause = cause.reason if isinstance(cause.reason, BaseException) else cause
    return isinstance(cause, TimeoutError | RemoteDisconnected | ConnectionResetError)
