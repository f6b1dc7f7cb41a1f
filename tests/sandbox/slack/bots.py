"""Tiny bots with the real SDK and Bolt, and short ways to ask the stand-in as any client would."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

import aiohttp
import httpx
import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.builtin import SocketModeClient

from sandbox.slack_world import SlackWorld

# Short enough for tests, long enough for a busy machine.
PATIENCE_SECONDS = 1.0
SPEED = 600.0
Json = dict[str, Any]
# One client, because making one costs more than most requests here.
http = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), timeout=30)


def bolt(slack: SlackWorld, **settings: Any) -> App:
    """An App as a bot's own `main` makes it, with another base URL."""
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    return App(client=client, **settings)


@contextlib.contextmanager
def connected(slack: SlackWorld, app: App) -> Iterator[SocketModeHandler]:
    """The bot on its socket, once the stand-in has it."""
    handler = SocketModeHandler(app, slack.app_token, ping_interval=0.3)
    handler.connect()
    try:
        slack.wait_for(lambda: slack.state()["connected"])
        yield handler
    finally:
        hang_up(handler.client)


def hang_up(client: SocketModeClient) -> None:
    """Lets the SDK's client close in its own time.

    It reads on for seconds; and if its runner starts once more in the middle of `close`, as it may
    just after a lost connection, `close` waits for ever (slack_sdk 3.48).
    """
    client.auto_reconnect_enabled = client.default_auto_reconnect_enabled = False
    threading.Thread(target=client.close, daemon=True).start()


class Line:
    """The SDK's own socket client, whose hearing a test can put its own in place of."""

    def __init__(self, slack: SlackWorld) -> None:
        self.frames: list[Json] = []
        self.hear: Callable[[Json], None] = self.acknowledge
        web = WebClient(base_url=slack.api_url)
        self.client = SocketModeClient(slack.app_token, web_client=web, ping_interval=0.3)
        self.client.message_listeners.append(self._heard)
        self.client.connect()

    def _heard(self, _: Any, frame: Json, __: Any) -> None:
        self.frames.append(frame)
        if "envelope_id" in frame:
            self.hear(frame)

    def acknowledge(self, frame: Json, payload: Any = None) -> None:
        told = {"envelope_id": frame["envelope_id"]}
        told |= {} if payload is None else {"payload": payload}
        self.client.send_socket_mode_response(told)

    def forget(self) -> None:
        self.frames.clear()
        self.hear = self.acknowledge

    def hellos(self) -> int:
        return sum(frame["type"] == "hello" for frame in self.frames)

    def envelopes(self) -> list[Json]:
        return [frame for frame in self.frames if "envelope_id" in frame]


class Bare:
    """A bare WebSocket that hears and says only what a test wants; quick to open and to close."""

    def __init__(self, slack: SlackWorld, answer: bool = False, query: str = "") -> None:
        self.url = self.address(slack) + query
        self.frames: queue.Queue[Json] = queue.Queue()
        self.pongs: queue.Queue[bytes] = queue.Queue()
        self.ended = threading.Event()
        self._answer = answer
        self._loop = asyncio.new_event_loop()
        self._ws: aiohttp.ClientWebSocketResponse
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @staticmethod
    def address(slack: SlackWorld) -> str:
        """A new socket's address, ticket and all."""
        told = WebClient(base_url=slack.api_url).apps_connections_open(app_token=slack.app_token)
        return str(told["url"])

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._open.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        if not self.ended.is_set():
            asyncio.run_coroutine_threadsafe(self._ws.close(), self._loop).result(5)
        self._thread.join(5)

    def frame(self, seconds: float = 5) -> Json:
        return self.frames.get(timeout=seconds)

    def acknowledge(self, frame: Json, payload: Any = None) -> None:
        told = {"envelope_id": frame["envelope_id"]}
        told |= {} if payload is None else {"payload": payload}
        asyncio.run_coroutine_threadsafe(self._ws.send_json(told), self._loop).result(5)

    def ping(self, told: bytes) -> bytes:
        asyncio.run_coroutine_threadsafe(self._ws.ping(told), self._loop).result(5)
        return self.pongs.get(timeout=5)

    def _run(self) -> None:
        self._loop.run_until_complete(self._talk())
        self._loop.close()
        self.ended.set()

    async def _talk(self) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(self.url, autoping=False) as self._ws,
        ):
            self._open.set()
            async for message in self._ws:
                if message.type is aiohttp.WSMsgType.PONG:
                    self.pongs.put(message.data)
                    continue
                frame = message.json()
                self.frames.put(frame)
                if self._answer and "envelope_id" in frame:
                    await self._ws.send_json({"envelope_id": frame["envelope_id"]})


def refused(call: Callable[..., Any], **arguments: Any) -> Json:
    """The answer of a call that must be refused."""
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return dict(caught.value.response.data)


def button(action_id: str, value: str = "1", block_id: str = "buttons") -> list[Json]:
    """Blocks with one button."""
    text = {"type": "plain_text", "text": "Press"}
    element = {"type": "button", "action_id": action_id, "value": value, "text": text}
    return [{"type": "actions", "block_id": block_id, "elements": [element]}]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def modal(*blocks: Json, **more: Any) -> Json:
    """A modal's view."""
    told = {"type": "modal", "title": plain("Restore"), "blocks": list(blocks)}
    return told | {"submit": plain("Go"), "callback_id": "restore"} | more


def asks(action_id: str, kind: str = "plain_text_input", **more: Any) -> Json:
    """An input block whose block_id and action_id are the same word."""
    optional = more.pop("optional", False)
    element = {"type": kind, "action_id": action_id, **more}
    told = {"type": "input", "block_id": action_id, "label": plain(action_id), "element": element}
    return told | ({"optional": True} if optional else {})
