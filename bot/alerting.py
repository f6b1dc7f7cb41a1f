"""Looks for troubles every few seconds, and sends what has to be told, each road by itself.

Looking and each road have a thread of their own: a look that hangs stops no send, and a road that
hangs or fails stops no other. What can't be sent stays in the outbox and is tried again, later and
later. You will not find here what a trouble is (`bot/lookout.py`) nor when it is told
(`commands/alerts.py`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

from bot.alerts_kept import KeptAlerts
from bot.roads.road import Road, RoadFailed
from commands.trouble import Seen
from storage.errors import LifeboatError
from storage.outbox import Outbox, Taken

log = logging.getLogger(__name__)
IDLE_SECONDS = 1.0  # Between two looks into the outbox; terminals put things there as well.
AGAIN_SECONDS = 2.0  # Before the second try; it doubles each time.
AGAIN_SECONDS_MAX = 60.0
REFUSED_SECONDS_MAX = 600.0  # Where somebody has to mend something first.
END_SECONDS = 5.0
HANGS_SECONDS = 120.0


class Alerting:
    """The alerts of a running bot."""

    def __init__(
        self,
        kept: KeptAlerts,
        roads: Mapping[str, Road],
        look: Callable[[], Seen],
        look_seconds: float,
    ) -> None:
        self._kept, self._roads, self._look = kept, roads, look
        self._look_seconds = look_seconds
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []
        self._said = ""
        self.looked_at = time.monotonic()  # When a look last ended.

    @property
    def _outbox(self) -> Outbox:
        return self._kept.outbox

    def start(self) -> None:
        """Begin to look and to send; what a killed bot left is sent first."""
        try:
            self._outbox.wake(self._kept.now())
        except LifeboatError as error:
            log.error("%s %s", error.what, error.hint)
        self._begin("look for troubles", self._looking)
        for name, road in self._roads.items():
            self._begin(f"alerts by {name}", self._sending, name, road)

    def still(self) -> None:
        """Begin no look any more, and believe none: the bot is being stopped, part by part."""
        self._ending.set()

    def stop(self) -> None:
        """Look and send no more; what is under way may end for a moment, the rest is kept."""
        self._ending.set()
        until = time.monotonic() + END_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def unlooked_seconds(self) -> float:
        """How long ago a look last ended: one that hangs is not seen by anybody else."""
        return time.monotonic() - self.looked_at

    def _begin(self, name: str, doing: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=doing, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _looking(self) -> None:
        while not self._ending.is_set():
            began = time.monotonic()
            self._look_once()
            self.looked_at = time.monotonic()
            if self.looked_at - began > HANGS_SECONDS:
                log.warning("a look for troubles took %.0f s", self.looked_at - began)
            self._ending.wait(max(0.5, self._look_seconds - (self.looked_at - began)))

    def _look_once(self) -> None:
        try:
            seen = self._look()
            if self._ending.is_set():
                return
            self._kept.looked(seen)
            if self._outbox.in_memory:
                self._complain("the outbox can't be written: alerts are kept in memory alone")
            else:
                self._said = ""
        except LifeboatError as error:
            self._complain(f"troubles can't be looked for now: {error.what}")
        except Exception as error:
            log.error("a look for troubles broke", exc_info=error)

    def _complain(self, sentence: str) -> None:
        """Say it once, not at every look."""
        if sentence != self._said:
            self._said = sentence
            log.error("%s", sentence)

    def _sending(self, name: str, road: Road) -> None:
        while not self._ending.is_set():
            try:
                taken = self._outbox.take(name, self._kept.now())
                if taken is not None:
                    self._send(name, road, taken)
                    continue
            except LifeboatError as error:
                log.warning("alerts by %s have to wait: %s", name, error.what)
            except Exception as error:
                log.error("alerts by %s stumbled", name, exc_info=error)
            self._ending.wait(IDLE_SECONDS)

    def _send(self, name: str, road: Road, taken: Taken) -> None:
        try:
            road.deliver(taken, self._kept.now)
        except RoadFailed as failed:
            wait = pause(taken.sending.tries, passing=failed.passing)
            due = self._kept.now() + timedelta(seconds=wait)
            why = " ".join(part for part in (failed.what, failed.hint) if part)
            log.warning("an alert did not go by %s: %s Again in %.0f s.", name, failed.what, wait)
            self._outbox.failed(taken, why, due, doubt=failed.doubt)
        except LifeboatError:
            raise
        except Exception as error:
            number = type(error).__name__
            log.error("an alert broke on its way by %s", name, exc_info=error)
            due = self._kept.now() + timedelta(seconds=pause(taken.sending.tries, passing=False))
            self._outbox.failed(taken, f"Lifeboat's own mistake ({number}).", due, doubt=True)
        else:
            self._outbox.prove(name, self._kept.now(), "alert")


def pause(tries: int, *, passing: bool) -> float:
    """Return how long to wait after so many failed tries."""
    most = AGAIN_SECONDS_MAX if passing else REFUSED_SECONDS_MAX
    return float(min(AGAIN_SECONDS * 2 ** min(tries, 20), most))
