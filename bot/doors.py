"""How Slack reaches the bot: Socket Mode, or requests to an address that it listens on.

A door only opens, closes, says whether it is up, and tells how long each ack took. What is behind
it is made when it is opened, because Bolt asks Slack who it is for. What comes through it is heard
in `bot/slack.py`.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol, Self
from urllib.error import URLError

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.error import BoltError
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.courier import SlackAway, code_of, passing
from bot.serving import Serving
from bot.settings_slack import SlackSettings, Tokens
from storage.errors import LifeboatError

log = logging.getLogger("lifeboat")
PING_SECONDS = 5
BODY_BYTES_MAX = 8 << 20  # A message of Slack's longest, escaped twice, stays well below.
CLOSE_SECONDS_MAX = 5.0
# Slack knows the bot not, or not any more: waiting does not help.
REFUSED = ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive")


REASONS: dict[type[BaseException], str] = {
    TimeoutError: "no answer in time",
    ConnectionRefusedError: "nothing listens there",
    socket.gaierror: "its name is not known",
    ssl.SSLError: "its certificate is not to be trusted",
    ConnectionError: "the connection was cut",
}


class SlackRefused(SlackAway):
    """Slack answers, and does not take this bot's tokens."""

    @classmethod
    def because(cls, what: str) -> Self:
        """Return it with what is safe, and what to do."""
        return cls(
            f"{what}.",
            safe="Nothing was begun; jobs that were open wait for the next start.",
            hint="Check the tokens (docs/slack-setup.md), then start the bot again.",
        )


class Door(Protocol):
    """How Slack reaches the bot: a socket that it opens, or an address that it listens on."""

    def open(self) -> None:
        """Let Slack in; SlackAway when that can't be yet, and it may be tried again."""
        ...

    def turn_away(self) -> None:
        """Say that nobody is there, to whoever knocks before it is opened."""
        ...

    def close(self) -> None: ...

    def up(self) -> bool:
        """Whether Slack can reach the bot through it right now."""
        ...


class Socket:
    """The socket that the bot opens; closing it is waited for only for a while."""

    def __init__(
        self, making: Callable[[], App], tokens: Tokens, acked: Callable[[float], None]
    ) -> None:
        self._making, self._token, self._acked = making, tokens.app.reveal(), acked
        self._handler: _Timed | None = None

    def open(self) -> None:
        if self._handler is None:
            self._handler = _Timed(_made(self._making), self._token, ping_interval=PING_SECONDS)
            self._handler.acked = self._acked
        try:
            self._handler.connect()  # type: ignore[no-untyped-call]
        except (SlackClientError, OSError, LookupError) as error:
            # An address for a socket is good once; what is no JSON lacks the key that is read.
            self._handler.client.wss_uri = None
            raise away(error) from error

    def turn_away(self) -> None:
        """There is nothing to knock at."""

    def close(self) -> None:
        """Close the socket; its client was seen to hang here, so nobody waits for it for long."""
        if self._handler is None:
            return
        closing = threading.Thread(target=self._handler.close, name="closing", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS_MAX)

    def up(self) -> bool:
        if self._handler is None:
            return False
        line = self._handler.client
        return bool(line.is_connected())


class Listening:
    """Slack's requests behind a WSGI server that is made for that, on the stated address."""

    def __init__(
        self, making: Callable[[], App], facts: SlackSettings, acked: Callable[[float], None]
    ) -> None:
        from waitress import create_server  # noqa: PLC0415 - "http" only.

        self._making, self._acked = making, acked
        self._answer: Any = _nobody
        self._opened = False
        host, port = facts.host, facts.port
        try:
            server = create_server(
                self._asked,
                host=host,
                port=port,
                threads=8,
                ident="lifeboat",
                max_request_body_size=BODY_BYTES_MAX,
                clear_untrusted_proxy_headers=True,
            )
        except OSError as error:
            raise LifeboatError(
                f"The bot can't listen on {host}:{port} ({error.strerror}).",
                safe="Nothing was begun.",
                hint="Stop what listens there, or set another listen in [slack].",
            ) from error
        self._serving = Serving(server, "http")

    def open(self) -> None:
        from slack_bolt.adapter.wsgi import SlackRequestHandler  # noqa: PLC0415

        handler = SlackRequestHandler(_made(self._making), path="/slack/events")
        self._answer, self._opened = _tolerant(handler, self._acked), True
        self.turn_away()

    def turn_away(self) -> None:
        """Answer at once: what hung here until Slack is back would be done long after it failed."""
        self._serving.start()

    def close(self) -> None:
        self._serving.close()

    def up(self) -> bool:
        return self._opened and self._serving.alive()

    def _asked(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        return self._answer(environ, start_response)


def _made(making: Callable[[], App]) -> App:
    """Return what is behind the door, for which Bolt asks Slack who the bot is."""
    try:
        return making()
    except (SlackClientError, BoltError, OSError) as error:
        raise away(error) from error


def _nobody(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return [b""]


def _tolerant(handler: Any, acked: Callable[[float], None]) -> Any:
    """Return the handler with 400 for what can't be read at all, which Bolt breaks on."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        began = time.monotonic()
        try:
            answered = handler(environ, start_response)
            acked(time.monotonic() - began)
            return answered
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            log.warning("a request that can't be read was turned away: %s", type(error).__name__)
            start_response("400 Bad Request", [("Content-Length", "0")])
            return [b""]

    return answer


class _Timed(SocketModeHandler):
    """Bolt's own, which tells how long each ack took."""

    acked: Callable[[float], None]

    def handle(self, client: Any, req: Any) -> None:
        began = time.monotonic()
        super().handle(client, req)
        self.acked(time.monotonic() - began)


def _reason(error: BaseException) -> str:
    for kind, words in REASONS.items():
        if isinstance(error, kind):
            return words
    return "the connection failed"


def away(error: BaseException) -> SlackAway:
    """Return what an error of Slack's comes to: SlackRefused, or SlackAway for all that passes."""
    if isinstance(error, SlackApiError):
        code = code_of(error)
        if code in REFUSED or not passing(error):
            return SlackRefused.because(f"Slack refuses the tokens ({code})")
        status = getattr(error.response, "status_code", error.response.get("status"))
        reason = code if status in (None, 200) else f"{code}, HTTP {status}"
    else:
        cause = error.reason if isinstance(error, URLError) else error
        reason = _reason(cause if isinstance(cause, BaseException) else error)
    return SlackAway(
        f"Slack can't be reached ({reason}).",
        safe="Schedules and backups go on without it.",
        hint="It is tried again and again; look at the network if that does not help.",
    )
