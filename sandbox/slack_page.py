"""The browser page's side: its files, and the socket on which a person's doings and sights go.

A page can press Approve, so nobody else's page may reach the socket or the knobs: both look at
Host and Origin.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from sandbox.slack_acting import Impossible
from sandbox.slack_doing import do
from sandbox.slack_people import (
    RIZAL,
    TEAM,
    TEAM_NAME,
    Json,
    kind,
)
from sandbox.slack_wire import read_json
from sandbox.slack_workspace import Workspace

_log = logging.getLogger(__name__)
_FOLDER = Path(__file__).parent / "page"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws:; style-src 'self'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_CALLS_SHOWN, _MESSAGES_SHOWN = 300, 200
# What a bot, its SDK and its bearer secrets reach; everything else is for our own page only.
_OPEN = ("/api/", "/link/", "/upload/", "/commands/", "/actions/")


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuses other hosts' names (DNS rebinding) and other origins' pages."""
    if not request.path.startswith(_OPEN) and not _ours(request):
        return web.Response(status=403, text="This is only for its own page.")
    return await handler(request)


def _ours(request: web.Request) -> bool:
    place = request.transport.get_extra_info("sockname") if request.transport else None
    port = place[1] if place else 0
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    if host not in (f"127.0.0.1:{port}", f"localhost:{port}"):
        return False
    if request.path == "/page/socket":
        return origin == f"http://{host}"
    return origin in (None, f"http://{host}")


def attach(app: web.Application, workspace: Workspace) -> None:
    """Adds the page, its files and its socket."""

    async def index(request: web.Request) -> web.StreamResponse:
        return _file("index.html")

    async def part(request: web.Request) -> web.StreamResponse:
        return _file(request.match_info["file"])

    async def archive(request: web.Request) -> web.StreamResponse:
        channel, ts = request.match_info["channel"], request.match_info["ts"]
        raise web.HTTPFound(f"/#{channel}/{ts[:-6]}.{ts[-6:]}")

    async def connect(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(heartbeat=30)
        await ws.prepare(request)
        await _Page(workspace, ws).run()
        return ws

    app.router.add_get("/", index)
    app.router.add_get("/page/socket", connect)
    app.router.add_get("/page/{file:.+}", part)
    app.router.add_get(r"/archives/{channel:\w+}/p{ts:\d{7,}}", archive)


def _file(name: str) -> web.StreamResponse:
    path = (_FOLDER / name).resolve()
    if not path.is_relative_to(_FOLDER) or not path.is_file():
        return web.Response(status=404, headers=_HEADERS)
    return web.FileResponse(path, headers=_HEADERS)


class _Page:
    """One open page; a `Watcher` of whatever its person may see."""

    def __init__(self, workspace: Workspace, ws: web.WebSocketResponse) -> None:
        self._workspace, self._ws = workspace, ws
        self.person = RIZAL
        self._frames: asyncio.Queue[Json] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    def show(self, frame: Json) -> None:
        self._frames.put_nowait(frame)

    async def run(self) -> None:
        self._workspace.audience.watchers.add(self)
        self._become(RIZAL)
        for entry in self._workspace.calls.last(_CALLS_SHOWN):
            self.show({"it": "call", **entry})
        writer = asyncio.ensure_future(self._write())
        try:
            async for message in self._ws:
                told = read_json(message.data.encode()) if message.type is WSMsgType.TEXT else None
                if isinstance(told, dict):
                    self._hear(told)
        finally:
            self._workspace.audience.watchers.discard(self)
            writer.cancel()

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                frame = await self._frames.get()
                await self._ws.send_str(msgspec.json.encode(frame).decode())

    def _hear(self, frame: Json) -> None:
        match frame.get("do"):
            case "be":
                if self._workspace.person(str(frame.get("person"))):
                    self._become(str(frame["person"]))
            case "open":
                self._open(str(frame.get("channel")))
            case _:
                task = asyncio.ensure_future(self._do(self.person, frame))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _do(self, person: str, frame: Json) -> None:
        """Some doings wait for the bot; others go on meanwhile."""
        try:
            await do(self._workspace, person, frame)
        except Impossible as reason:
            self._workspace.audience.notice(person, str(reason), str(frame.get("channel") or ""))
        except Exception:  # noqa: BLE001 - the page must hear that its wish went wrong.
            _log.exception("a page's %s broke off", frame.get("do"))
            self._workspace.audience.notice(person, "The stand-in itself failed; see its log.")

    def refresh(self) -> None:
        self._become(self.person)

    def _become(self, person: str) -> None:
        self.person = person
        self.show(world(self._workspace, person))
        self.show(self._workspace.modals.frame(person))

    def _open(self, channel: str) -> None:
        where = self._workspace.channels.get(channel)
        if where is None or not self._workspace.channels.has(where, self.person):
            return
        newest = self._workspace.data.newest(channel, self.person, _MESSAGES_SHOWN)
        for message in newest:
            self.show(self._workspace.messages.frame(channel, message))


def world(workspace: Workspace, person: str) -> Json:
    """What a page knows from the start, as this person."""
    people = workspace.data.all("person")
    told: dict[str, Any] = {
        "it": "world",
        "me": person,
        "team": {"id": TEAM, "name": TEAM_NAME},
        "people": [_one(row, place) for place, row in enumerate(_ordered(people))],
        "channels": [_channel(row) for row in workspace.channels.of(person)],
        "commands": workspace.commands,
        "troubles": workspace.troubles.listed(),
        "bot": {"connected": workspace.sockets.count()},
    }
    return told


_KINDS = ("member", "guest", "single_channel_guest", "outsider", "deactivated", "bot")


def _ordered(people: list[Json]) -> list[Json]:
    """The operator first, then by how much somebody may do here."""
    return sorted(people, key=lambda row: (row["id"] != RIZAL, _KINDS.index(kind(row))))


def _one(row: Json, place: int) -> Json:
    words = str(row["real_name"]).split()
    return {
        "id": row["id"],
        "name": row["name"],
        "real_name": row["real_name"],
        "title": row["profile"].get("title", ""),
        "kind": kind(row),
        "initials": "".join(word[0] for word in words[:2]).upper(),
        "color": place % 10,
    }


def _channel(row: Json) -> Json:
    direct = bool(row.get("is_im"))
    return {
        "id": row["id"],
        "name": "Lifeboat" if direct else row["name"],
        "topic": "Just you and the bot" if direct else row["topic"]["value"],
        "shared": bool(row.get("is_ext_shared")),
        "private": bool(row.get("is_private")),
        "direct": direct,
        "suggest": row["_suggest"],
    }
