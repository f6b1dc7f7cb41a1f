"""How Slack reaches the bot: Socket Mode, or requests to an address that it listens on.

A door only opens, closes, says whether it is up, and tells how long each ack took. What comes
through it is heard in `bot/slack.py`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackClientError

from bot.courier import SlackAway
from bot.settings_slack import SlackSettings, Tokens
from storage.errors import LifeboatError

log = logging.getLogger("lifeboat")
PING_SECONDS = 5
BODY_BYTES_MAX = 8 << 20  # A message of Slack's longest, escaped twice, stays well below.
CLOSE_SECONDS_MAX = 5.0


class Door(Protocol):
    """How Slack reaches the bot: a socket that it opens, or an address that it listens on."""

    def open(self) -> None: ...

    def close(self) -> None: ...

    def up(self) -> bool:
        """Whether Slack can reach the bot through it right now."""
        ...


class Socket:
    """The socket that the bot opens; closing it is waited for only for a while."""

    def __init__(self, app: App, tokens: Tokens, acked: Callable[[float], None]) -> None:
        self._handler = _Timed(app, tokens.app.reveal(), ping_interval=PING_SECONDS)
        self._handler.acked = acked

    def open(self) -> None:
        try:
            self._handler.connect()  # type: ignore[no-untyped-call]
        except (SlackClientError, OSError) as error:
            raise away(error) from error

    def close(self) -> None:
        """Close the socket; its client was seen to hang here, so nobody waits for it for long."""
        closing = threading.Thread(target=self._handler.close, name="closing", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS_MAX)

    def up(self) -> bool:
        socket = self._handler.client
        return bool(socket.is_connected())


class Listening:
    """Slack's requests behind a WSGI server that is made for that, on the stated address."""

    def __init__(self, app: App, facts: SlackSettings, acked: Callable[[float], None]) -> None:
        from slack_bolt.adapter.wsgi import SlackRequestHandler  # noqa: PLC0415 - "http" only.
        from waitress import create_server  # noqa: PLC0415

        handler: Any = SlackRequestHandler(app, path="/slack/events")
        host, port = facts.host, facts.port
        try:
            self._server = create_server(
                _tolerant(handler, acked),
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
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.close()

    def up(self) -> bool:
        return self._thread.is_alive()


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


def away(error: BaseException) -> SlackAway:
    code = getattr(error, "response", {}).get("error") if hasattr(error, "response") else None
    return SlackAway(
        f"Slack can't be reached or refuses the tokens ({code or type(error).__name__}).",
        safe="Nothing was begun; jobs that were open wait for the next start.",
        hint="Check the tokens (docs/slack-setup.md) and the network, then start the bot again.",
    )
