"""Socket Mode: tickets, the bot's sockets, what goes out on them and the answers that come back.

Which envelope goes when is `slack_delivery.py`'s. Slack never fragments or compresses, sends each
envelope to one socket, and repeats a PING's bytes in its PONG.
"""

import asyncio
import contextlib
import secrets
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from sandbox.slack_ids import envelope_id
from sandbox.slack_options import Options
from sandbox.slack_people import APP, Json
from sandbox.slack_wire import read_json

SOCKETS_MAX = 10
_TICKET_SECONDS = 30.0
_LIFE_SECONDS, _SHORT_LIFE_SECONDS, _WARNING_SECONDS = 18060, 360, 10.0
_HOST = "wss-stand-in-7"


@dataclass(eq=False)
class Link:
    """One open socket of the bot's."""

    ws: web.WebSocketResponse
    request: web.Request
    id: str = field(default_factory=envelope_id)
    ending: bool = False  # asked to go: gets no more envelopes

    def live(self) -> bool:
        return not (self.ending or self.ws.closed)

    async def send(self, frame: Json) -> bool:
        """Whether it could be sent."""
        try:
            await self.ws.send_str(msgspec.json.encode(frame).decode())
        except (ConnectionError, RuntimeError):
            return False
        return True


class Sockets:
    """The bot's sockets; `heard` gets what they say, `changed` their number."""

    def __init__(
        self, options: Options, heard: Callable[[Json], None], changed: Callable[[int], None]
    ) -> None:
        self._options, self._heard, self._changed = options, heard, changed
        self._tickets: dict[str, float] = {}
        self._links: list[Link] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, app: web.Application) -> None:
        app.router.add_get("/link/", self._connect)

    def ticket(self) -> str:
        """The query of a new socket's address: good once, for half a minute."""
        made = envelope_id()
        self._tickets[made] = time.monotonic() + _TICKET_SECONDS
        return f"ticket={made}&app_id={APP}"

    def count(self) -> int:
        return len(self._links)

    def pick(self) -> Link | None:
        """Any live socket; there is no pattern to rely on."""
        live = [link for link in self._links if link.live()]
        return secrets.choice(live) if live else None

    def refresh(self, warning_seconds: float) -> None:
        """Asks every socket to make way for a new one, as happens every few hours."""
        for link in tuple(self._links):
            self._spawn(self._retire(link, warning_seconds))

    def kill(self) -> None:
        """Breaks every socket off in the middle, with no goodbye."""
        for link in tuple(self._links):
            link.ending = True
            if (transport := link.request.transport) is not None:
                # A reset, not an orderly end, which the SDK's client would take long to notice.
                reset = struct.pack("ii", 1, 0)
                transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, reset)
                transport.abort()

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        for link in tuple(self._links):
            with contextlib.suppress(ConnectionError, RuntimeError):
                await link.ws.close()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        until = self._tickets.pop(request.query.get("ticket", ""), 0.0)
        if time.monotonic() > until:
            return web.Response(status=403, text="invalid_ticket")
        ws = web.WebSocketResponse(autoping=False, compress=False)
        await ws.prepare(request)
        link = Link(ws, request)
        if len(self._links) >= SOCKETS_MAX:
            await link.send(_disconnect("too_many_websockets"))
            await ws.close()
            return ws
        self._links.append(link)
        self._changed(len(self._links))
        life = _SHORT_LIFE_SECONDS if "debug_reconnects" in request.query else _LIFE_SECONDS
        timer = asyncio.ensure_future(self._live_out(link, life))
        try:
            await link.send(self._hello(life))
            await self._listen(link)
        finally:
            timer.cancel()
            self._links.remove(link)
            self._changed(len(self._links))
        return ws

    async def _listen(self, link: Link) -> None:
        async for message in link.ws:
            if message.type is WSMsgType.PING:
                with contextlib.suppress(ConnectionError, RuntimeError):
                    await link.ws.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                told = read_json(message.data.encode())
                self._heard(told if isinstance(told, dict) else {})

    async def _live_out(self, link: Link, life: float) -> None:
        await asyncio.sleep(self._options.scaled(life))
        await self._retire(link, _WARNING_SECONDS)

    async def _retire(self, link: Link, warning_seconds: float) -> None:
        await link.send(_disconnect("warning"))
        # Never hurried by `speed`: a client needs this time to move over, as it has on Slack.
        await asyncio.sleep(warning_seconds)
        if link.live():
            link.ending = True
            await link.send(_disconnect("refresh_requested"))
            with contextlib.suppress(ConnectionError, RuntimeError):
                await link.ws.close()

    def _hello(self, life: float) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._links),
            "connection_info": {"app_id": APP},
            "debug_info": {
                "host": _HOST,
                "started": time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime()),
                "build_number": 7,
                "approximate_connection_time": life,
            },
        }


def _disconnect(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}}
