"""Watches the audit log for what no job tells: a restore by one person alone, at a terminal.

It is told in the approvers' channel, and in the one where people last asked for something, as soon
as Slack and the vault allow, also when it happened while no bot ran, and once: that it was told is
an entry of the log itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.courier import Courier
from bot.jobs import Engine
from bot.messages import approval as views
from commands.break_glass import EVENT
from storage.audit import Audit, Entry, Happened
from storage.errors import LifeboatError, VaultError

log = logging.getLogger(__name__)
TOLD = f"{EVENT}.told"
EVERY_SECONDS = 60.0
LOOK_BACK = timedelta(days=30)


@dataclass
class Watch:
    """What one bot has seen of the log, and still has to tell; `channel` "" when none is named."""

    audit: Audit
    courier: Courier
    engine: Engine
    channel: str
    now: Callable[[], datetime]
    clock: Callable[[], float] = time.monotonic
    _looked: float = float("-inf")
    _seen: int = 0
    _untold: dict[int, Entry] = field(default_factory=dict)

    def look(self) -> None:
        """Read what is new, once a minute, and tell what has to be told; never raises."""
        if self.clock() - self._looked < EVERY_SECONDS:
            return
        self._looked = self.clock()
        try:
            self._read()
            for number in sorted(self._untold):
                self._tell(self._untold[number])
        except LifeboatError as error:
            log.warning("break-glass can't be looked for or told now: %s", error.what)

    def _read(self) -> None:
        told = set()
        new = list(self._newest_first())
        for entry in new:
            if entry.what == TOLD:
                told.add(entry.facts.get("entry"))
            elif entry.what == EVENT and entry.number not in told:
                log.warning(
                    "BREAK-GLASS: %s restores %s alone (entry %d of the audit log)",
                    ascii(entry.by_name),
                    entry.deployment,
                    entry.number,
                )
                self._untold[entry.number] = entry
        self._seen = max((entry.number for entry in new), default=self._seen)

    def _newest_first(self) -> Iterator[Entry]:
        since = self.now() - LOOK_BACK
        for entry in self.audit.entries(since, unreadable=lambda _name, _why: None):
            if entry.number <= self._seen:
                return
            yield entry

    def _tell(self, entry: Entry) -> None:
        """Post it where the approvers read, and where the newest job was asked for."""
        told = []
        channels = [each for each in (self.channel, self.engine.newest_channel()) if each]
        for channel in dict.fromkeys(channels):
            try:
                self.courier.post(channel, views.alone(entry))
                told.append(channel)
            except LifeboatError as error:
                log.warning("break-glass could not be told in %s: %s", channel, error.what)
        if told:
            del self._untold[entry.number]
            self._write_down(entry, told)

    def _write_down(self, entry: Entry, channels: list[str]) -> None:
        """Write into the log that it was told, so that no later bot tells it again."""
        happened = Happened(
            what=TOLD,
            by="lifeboat",
            by_name="Lifeboat",
            door="slack",
            about=entry.about,
            deployment=entry.deployment,
            facts={
                "entry": entry.number,
                "channel": ", ".join(channels),
                "job": entry.facts.get("job"),
            },
        )
        try:
            self.audit.write(happened, once=f"{TOLD} {entry.number}", since=entry.at - LOOK_BACK)
        except VaultError as error:
            log.warning("that break-glass was told could not be written down: %s", error.what)
