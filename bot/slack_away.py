"""Whether Slack takes this bot, who the bot is there, and what goes on while Slack is away.

A bot begins without Slack: engine, schedules and the other roads need nothing of it. The door is
opened as soon as Slack is there. Who the bot is, is known only from then on, and until then
nobody is let in. You will not find here how Slack reaches the bot (`bot/doors.py`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.web import SlackResponse

from bot.courier import SlackAway
from bot.doors import Door, SlackRefused, away
from bot.people import CannotTell
from bot.words import duration
from commands.trouble import Kind, Trouble
from storage.secret import Secret

log = logging.getLogger("lifeboat")
LOOK_SECONDS_MAX = 10  # Somebody waits for the bot to be up, and Slack may hang.
AGAIN_SECONDS = 2.0  # Before the second try; it doubles each time.
AGAIN_SECONDS_MAX = 60.0  # As often as Slack lets anybody ask for a socket.
REFUSED_SECONDS_MAX = 600.0  # Somebody has to mend something first.
HUNG_SECONDS = 20.0
END_SECONDS = 5.0
KINDS: tuple[Kind, ...] = ("slack away", "slack refused")
TOLD_AFTER = timedelta(minutes=5)  # A shorter absence is nobody's trouble.


@dataclass(frozen=True)
class Me:
    """Who the bot is, as Slack told it."""

    team: str
    team_name: str
    user: str


@dataclass(frozen=True)
class Absence:
    """Since when Slack is away, and why; `why` "" where only the socket is known to be down."""

    since: datetime
    why: str = ""
    refused: bool = False


class Line:
    """What one bot knows of Slack.

    `up` says whether its door is open and Slack comes through; `returned` is called when Slack is
    back, so that what waits for it goes at once.
    """

    def __init__(self, web: WebClient, app_token: Secret, now: Callable[[], datetime]) -> None:
        self._web, self._app_token, self._now = web, app_token, now
        self.me: Me | None = None
        self.absence: Absence | None = None
        self.up: Callable[[], bool] = lambda: False
        self.returned: Callable[[], None] = lambda: None

    def team(self) -> str:
        """Return the bot's own workspace; CannotTell until Slack has said which it is."""
        if self.me is None:
            raise CannotTell(
                "Slack has not said yet which workspace this bot belongs to.",
                hint="Try again in a moment, or use `lifeboat` in a terminal.",
            )
        return self.me.team

    def ask(self) -> bool:
        """Ask Slack who the bot is and for a socket; SlackRefused when it takes a token not.

        False when Slack is away.
        """
        try:
            told = self._web.auth_test()
            if self._app_token.reveal():
                self._web.apps_connections_open(app_token=self._app_token.reveal())
        except (SlackClientError, OSError) as error:
            self.lost(found := away(error))
            if isinstance(found, SlackRefused):
                raise found from error
            return False
        self.me = Me(str(told["team_id"]), str(told.get("team")), str(told.get("user")))
        return True

    def answers(self) -> bool:
        """Whether Slack would give out a socket, or answers at all where there is none."""
        try:
            return self.ask()
        except SlackRefused:
            return False

    def lost(self, error: SlackAway) -> None:
        """Note that Slack is away, or refuses the bot: since when is what was noted first."""
        refused = isinstance(error, SlackRefused)
        since = self.absence.since if self.absence is not None else self._now()
        self.absence = Absence(since, error.what.rstrip("."), refused)

    def back(self) -> timedelta:
        """Note that Slack is there; return how long it was away."""
        absence, self.absence = self.absence, None
        if absence is None:
            return timedelta(0)
        self.returned()
        return self._now() - absence.since

    def said(self) -> str:
        """Return since when Slack is away and why, "" while it is there.

        A socket that has come back by itself is noted here: nobody has to wait for the next look.
        """
        if self.up():
            self.back()
        absence = self.absence
        if absence is None or not absence.why:
            return ""
        return f"Slack is away since {absence.since:%Y-%m-%d %H:%M} UTC: {absence.why}."

    def troubles(self) -> Iterable[Trouble]:
        """Name what stands between this bot and Slack; for whoever looks for troubles."""
        up = self.up()
        if up:
            self.back()
        elif self.absence is None:
            self.absence = Absence(self._now())
        absence = self.absence
        if absence is None:
            return
        if absence.refused:
            yield _refused(absence)
        elif self._now() - absence.since >= TOLD_AFTER:
            yield _away(absence)


class Calls(WebClient):
    """A Web API client that does not ask a Slack that hangs again so soon.

    Each call may take its whole time; a clock with several schedules would not come round.
    """

    _hung_until = float("-inf")

    def api_call(self, api_method: str, **named: Any) -> SlackResponse:
        """Ask Slack; URLError at once where it did not answer a moment ago."""
        if time.monotonic() < self._hung_until:
            raise URLError("Slack hangs, and is not asked again so soon")
        try:
            return super().api_call(api_method, **named)
        except OSError as error:
            if isinstance(getattr(error, "reason", error), TimeoutError):
                self._hung_until = time.monotonic() + HUNG_SECONDS
            raise

    def hurry(self) -> None:
        """Slack is back: ask it at once."""
        self._hung_until = float("-inf")


class Opening:
    """Opens the door as soon as Slack is there, and says so; it gives up only when stopped."""

    def __init__(self, line: Line, door: Door) -> None:
        self._line, self._door = line, door
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep_trying, name="opening", daemon=True)
        self.done = False  # Whether the door was ever opened.

    def begin(self) -> None:
        """Open the door now, or else as soon as that can be; SlackRefused when it never can."""
        if self._line.absence is None and self._try():
            return
        absence = self._line.absence
        if absence is not None and absence.refused:
            raise SlackRefused.because(absence.why)
        log.warning("%s Schedules, backups and other alerts go on.", self._line.said())
        self._door.turn_away()
        self._thread.start()

    def stop(self) -> None:
        """Try no more."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(END_SECONDS)

    def _keep_trying(self) -> None:
        tries, said = 0, ""
        while not self._ending.wait(self._pause(tries)):
            tries += 1
            if self._try():
                return
            absence = self._line.absence
            if absence is not None and absence.why != said:
                said = absence.why
                log.log(logging.ERROR if absence.refused else logging.WARNING, "%s", said)

    def _pause(self, tries: int) -> float:
        absence = self._line.absence
        refused = absence is not None and absence.refused
        most = REFUSED_SECONDS_MAX if refused else AGAIN_SECONDS_MAX
        return float(min(AGAIN_SECONDS * 2 ** min(tries, 20), most))

    def _try(self) -> bool:
        """Whether the door could be opened; what kept it shut is noted."""
        try:
            if self._line.me is None and not self._line.ask():
                return False
            if self._ending.is_set():
                return False
            self._door.open()
        except SlackAway as error:
            self._line.lost(error)
            return False
        except Exception as error:
            log.error("the door to Slack broke", exc_info=error)
            self._line.lost(SlackAway(f"The door broke ({type(error).__name__})."))
            return False
        self.done = True
        lasted = self._line.back()
        if lasted:
            log.info("Slack is there after %s", duration(lasted.total_seconds()))
        return True


def _refused(absence: Absence) -> Trouble:
    return Trouble(
        kind="slack refused",
        about="Slack",
        severity="severe",
        what=f"{absence.why}: nobody can ask for anything there, and nothing is told there.",
        safe="Schedules and backups go on, and alerts go by every other road.",
        hint="Check the tokens and the app (docs/slack-setup.md), then start the bot again.",
        since=absence.since,
    )


def _away(absence: Absence) -> Trouble:
    return Trouble(
        kind="slack away",
        about="Slack",
        severity="warning",
        what=f"{absence.why or 'The socket to Slack is down'}.",
        safe="Schedules and backups go on; what could not be told is told when it is back.",
        hint="Look at the network and at https://slack-status.com; nothing has to be restarted.",
        since=absence.since,
    )
