"""A replica that stands by: alive, connected to nothing but the database, until its turn comes.

It does not listen to Slack, runs no schedule and sends nothing. `/healthz` says that it stands by,
and is ill only if Slack would not take it; `/metrics` says that it is not the one at work.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bot import systemd
from bot.engine_place import EnginePlace
from bot.health import Server
from bot.metrics import STANDS_BY
from bot.settings import Settings

log = logging.getLogger("lifeboat")
SIGN_SECONDS = 2.0
ASK_SECONDS = 600.0


class StandingBy:
    """Shows a replica that stands by to whoever watches it, from the first moment to the last."""

    def __init__(
        self, settings: Settings, say: Callable[[str], None], refused: Callable[[], str]
    ) -> None:
        self._settings, self._say, self._refused = settings, say, refused
        self._ill = self._away = ""  # Why it could not take over.
        self._server: Server | None = None
        self._begun = False
        self._over = threading.Event()

    def told(self, who: str, away: str) -> None:
        """Say who is at work, or why nobody can say; called again when that changes."""
        self._away = away
        if away:
            log.error("Standing by; %s", away)
        elif who:
            self._say(f"Standing by: {who} is at work, and this bot takes over when that one ends.")
        if self._begun:
            return
        self._begun = True
        facts, began = self._settings.health, datetime.now(UTC)
        systemd.tell("READY=1")
        systemd.tell(f"STATUS=standing by; {who} is at work")
        threading.Thread(target=self._alive, name="standing by", daemon=True).start()
        if facts.on:
            told = self._health(began)
            self._server = Server(told, lambda: STANDS_BY, facts.host, facts.port)
            self._server.start()

    def over(self) -> None:
        """Stand by no more: free the port for the bot at work."""
        self._over.set()
        if self._server is not None:
            self._server.close()

    def _alive(self) -> None:
        """Tell that it lives, and find out now and then whether it could take over."""
        ask_at = 0.0
        while not self._over.wait(SIGN_SECONDS):
            systemd.tell("WATCHDOG=1")
            if time.monotonic() >= ask_at:
                ask_at = time.monotonic() + ASK_SECONDS
                before, self._ill = self._ill, self._refused()
                if self._ill and self._ill != before:
                    log.error("This bot could not take over: %s", self._ill)

    def _health(self, began: datetime) -> Callable[[], tuple[bool, dict[str, object]]]:
        def told() -> tuple[bool, dict[str, object]]:
            ill = [each for each in (self._away, self._ill) if each]
            reasons = [f"This bot could not take over: {each}" for each in ill]
            seconds = round((datetime.now(UTC) - began).total_seconds(), 3)
            facts = {"status": "standing by", "reasons": reasons, "up_seconds": seconds}
            return not reasons, facts

        return told


def waited(
    settings: Settings,
    place: EnginePlace,
    stop: threading.Event,
    say: Callable[[str], None],
    refused: Callable[[], str],
) -> bool:
    """Wait for this bot's turn; False when it was told to stop first. LifeboatError.

    `refused` asks Slack and returns why it would not take this bot, "" where it would or is away.
    """
    shown = StandingBy(settings, say, refused)
    try:
        return place.wait(stop, shown.told)
    finally:
        shown.over()
