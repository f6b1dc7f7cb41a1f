"""Whether the bot lives: its socket to Slack, its clock, the round of its main thread.

A bot that looks alive and does nothing is the worst that can happen at two in the morning. What is
ill is said (`/healthz`); what a new start would mend, and only that, ends the process with a last
word, so that whoever supervises it starts it again. That Slack itself is away is no reason to
end: no start mends that, and backups go on without it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot import systemd

log = logging.getLogger("lifeboat")
LAST_WORD_SECONDS = 1.0
EXIT_CODE = 70  # Of its own, so that a log of exits tells it from a crash and from a stop.
LOOK_SECONDS = 2.0
SOCKET_ILL_SECONDS = 15.0  # Slack has the socket changed now and then; that takes a moment.
SOCKET_DEAD_SECONDS = 120.0
PROBE_SECONDS = 60.0  # As often as Slack lets anybody ask for a socket.
PROBES_MIN = 3  # So often in a row Slack must have answered while the socket stayed down.
CLOCK_DEAD_SECONDS = 120.0
LOOP_ILL_SECONDS = 120.0
LOOK_ILL_SECONDS = 120.0  # More than twice the longest time between two looks for troubles.
LOOP_DEAD_SECONDS = 900.0  # It reads the vault, which may be slow without anybody being dead.


@dataclass
class Pulse:
    """What was seen of the signs of life, and since when one of them is missing.

    `slack_answers` asks Slack for a socket; it is called while there is none, now and then.
    `unlooked_seconds` is how long ago a look for troubles last ended. `slack_away` says since when
    Slack is away, "" while it is there.
    """

    socket_up: Callable[[], bool]
    clock_runs: Callable[[], bool]
    slack_answers: Callable[[], bool]
    monotonic: Callable[[], float] = time.monotonic
    unlooked_seconds: Callable[[], float] = lambda: 0.0
    slack_away: Callable[[], str] = lambda: ""
    _down_since: float | None = None
    _stopped_since: float | None = None
    _probed_at: float | None = None
    _answers: int = 0
    _round_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._round_at = self.monotonic()

    def went_round(self) -> None:
        """Note that the main thread has gone its round."""
        self._round_at = self.monotonic()

    def look(self) -> str:
        """Look at every sign once; return the last word when the bot should end, or ""."""
        now = self.monotonic()
        self._down_since = None if self.socket_up() else (self._down_since or now)
        self._stopped_since = None if self.clock_runs() else (self._stopped_since or now)
        if self._down_since is None:
            self._answers, self._probed_at = 0, None
        elif now - self._down_since >= SOCKET_DEAD_SECONDS:
            self._probe(now)
        return self._last_word(now)

    def reasons(self) -> list[str]:
        """Return what is ill right now, a sentence each; nothing when all is well."""
        now, found = self.monotonic(), []
        down = 0.0 if self._down_since is None else now - self._down_since
        if down >= SOCKET_ILL_SECONDS:
            found.append(f"The socket to Slack has been down for {down:.0f} s.")
        if away := self.slack_away():
            found.append(away)
        if self._stopped_since is not None:
            found.append("The clock does not run: schedules come late or not at all.")
        unlooked = self.unlooked_seconds()
        if unlooked >= LOOK_ILL_SECONDS:
            found.append(
                f"Nobody has looked for troubles for {unlooked:.0f} s: "
                f"alerts come late or not at all."
            )
        if now - self._round_at >= LOOP_ILL_SECONDS:
            found.append(
                f"The main thread has not gone its round for {now - self._round_at:.0f} s."
            )
        return found

    def _probe(self, now: float) -> None:
        if self._probed_at is None or now - self._probed_at >= PROBE_SECONDS:
            self._probed_at = now
            self._answers = self._answers + 1 if self.slack_answers() else 0

    def _last_word(self, now: float) -> str:
        if self._down_since is not None and self._answers >= PROBES_MIN:
            return (
                f"the socket to Slack has been down for {now - self._down_since:.0f} s though "
                f"Slack answers, so its client is dead"
            )
        stopped = 0.0 if self._stopped_since is None else now - self._stopped_since
        if stopped >= CLOCK_DEAD_SECONDS:
            return "the clock has stopped, so no schedule would run any more"
        if now - self._round_at >= LOOP_DEAD_SECONDS:
            return f"its main thread has stood still for {now - self._round_at:.0f} s"
        return ""


class Watchdog:
    """Looks at the pulse from a thread of its own, and ends the process when there is none."""

    def __init__(self, pulse: Pulse, end: Callable[[str], None] | None = None) -> None:
        self._pulse, self._end = pulse, end or end_with
        self._told = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._told.set()

    def _watch(self) -> None:
        while not self._told.wait(LOOK_SECONDS):
            try:
                word = self._pulse.look()
            except Exception as error:
                log.error("the watchdog could not look", exc_info=error)
                continue
            if word and not self._told.is_set():
                self._end(word)
            systemd.tell("WATCHDOG=1")


def end_with(word: str) -> None:
    """End the process at once with a last word; the next start goes on with what it left.

    A log that nobody reads any more may block for ever; the end does not wait for it.
    """
    threading.Thread(target=_end_all_the_same, name="end", daemon=True).start()
    log.critical(
        "The bot ends itself: %s. Jobs that were open go on at the next start. If nothing "
        "starts it again, type: lifeboat run",
        word,
    )
    systemd.tell(f"STATUS=ended itself: {word}")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(EXIT_CODE)


def _end_all_the_same() -> None:
    time.sleep(LAST_WORD_SECONDS)
    os._exit(EXIT_CODE)
