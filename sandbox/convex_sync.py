"""The part of Convex's sync protocol that the official CLI speaks: admin key in, live queries out.

One WebSocket holds a set of queries; the server pushes a Transition whenever an answer changes.
What a query answers is not decided here but by the `Answerer`. Mutations, actions and answers in
chunks are not here: no backup, restore or listing of data needs them.
"""

import base64
import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from sandbox.convex_queries import QueryFailed

LOOK_AGAIN_SECONDS = 0.05
PING_SECONDS = 15.0
# The answers that change while somebody waits for them. The others are answered once: the CLI
# closes the socket as soon as it has them.
_LIVE = ("_system/cli/exports:", "_system/cli/queryImport:", "_system/frontend/latestExport:")


class KeyRefused(Exception):
    """The key does not open this deployment; the text is what the caller is shown."""


class Answerer(Protocol):
    """What a deployment must offer to be asked over the socket."""

    async def identify(self, key: str) -> Any:
        """Whatever stands for the holder of this admin key; raises KeyRefused."""

    async def answer(self, identity: Any, path: str, args: Any, component: str) -> Any:
        """The query's value as `convex_encoded_json`; raises QueryFailed.

        The identity is None for somebody who gave no key.
        """


def attach(app: web.Application, answerer: Answerer) -> None:
    """Adds `/api/sync` and `/api/<client version>/sync` to the app."""
    sockets: set[web.WebSocketResponse] = set()

    async def sync(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=16 << 20)
        await socket.prepare(request)
        sockets.add(socket)
        try:
            await _Session(socket, answerer).serve()
        finally:
            sockets.discard(socket)
        return socket

    async def close_all(app: web.Application) -> None:
        for socket in list(sockets):
            await socket.close(code=1001, message=b"going away")

    app.router.add_get("/api/sync", sync)
    app.router.add_get("/api/{client_version}/sync", sync)
    app.on_shutdown.append(close_all)


@dataclass
class _Query:
    path: str
    args: Any
    component: str
    told: dict[str, Any] | None = None

    @property
    def live(self) -> bool:
        return self.path.startswith(_LIVE)


@dataclass
class _Version:
    """Where the client's view stands. Each Transition must start exactly where it is."""

    query_set: int = 0
    identity: int = 0
    ts: int = 0

    def json(self) -> dict[str, Any]:
        ts = base64.b64encode(self.ts.to_bytes(8, "little")).decode()
        return {"querySet": self.query_set, "identity": self.identity, "ts": ts}


@dataclass
class _Session:
    """One socket from Connect to close."""

    socket: web.WebSocketResponse
    answerer: Answerer
    who: Any = None
    version: _Version = field(default_factory=_Version)
    queries: dict[int, _Query] = field(default_factory=dict)

    async def serve(self) -> None:
        last_said = time.monotonic()
        # A client that has what it wanted closes at once, and what was on its way then falls
        # on a closed socket: that is its normal end.
        with contextlib.suppress(ConnectionResetError):
            while not self.socket.closed:
                wait = LOOK_AGAIN_SECONDS if self._anything_live() else PING_SECONDS
                with contextlib.suppress(TimeoutError):
                    message = await self.socket.receive(timeout=wait)
                    if message.type is not WSMsgType.TEXT:
                        break
                    await self._hear(message.data)
                    last_said = time.monotonic()
                    continue
                if await self._look_again():
                    last_said = time.monotonic()
                elif time.monotonic() - last_said >= PING_SECONDS:
                    await self._say({"type": "Ping"})
                    last_said = time.monotonic()
            await self.socket.close()

    def _anything_live(self) -> bool:
        return any(query.live for query in self.queries.values())

    async def _say(self, message: dict[str, Any]) -> None:
        await self.socket.send_str(json.dumps(message, ensure_ascii=False, separators=(",", ":")))

    async def _hear(self, text: str) -> None:
        try:
            message = json.loads(text)
            kind = message["type"]
            if kind == "Authenticate":
                await self._authenticate(message)
            elif kind == "ModifyQuerySet":
                await self._modify(message)
            elif kind in ("Mutation", "Action"):
                await self._refuse_function(message)
        except (ValueError, KeyError, TypeError) as damage:
            await self._say({"type": "FatalError", "error": f"Received Invalid JSON: {damage!r}"})
            await self.socket.close()

    async def _authenticate(self, message: dict[str, Any]) -> None:
        base = int(message["baseVersion"])
        try:
            key = message["value"] if message["tokenType"] == "Admin" else None
            self.who = None if key is None else await self.answerer.identify(key)
        except KeyRefused as refusal:
            error = {"type": "AuthError", "error": str(refusal), "baseVersion": base}
            await self._say({**error, "authUpdateAttempted": True})
            await self.socket.close()
            return
        for query in self.queries.values():
            query.told = None
        await self._transition(await self._answers(self.queries), identity=base + 1)

    async def _modify(self, message: dict[str, Any]) -> None:
        if int(message["baseVersion"]) != self.version.query_set:
            await self._say({"type": "FatalError", "error": "Query set version mismatch"})
            await self.socket.close()
            return
        removed: list[dict[str, Any]] = []
        added: dict[int, _Query] = {}
        for change in message["modifications"]:
            number = int(change["queryId"])
            if change["type"] == "Add":
                args = change.get("args") or [{}]
                component = change.get("componentPath") or ""
                added[number] = _Query(change["udfPath"], args[0], component)
            elif self.queries.pop(number, None):
                removed.append({"type": "QueryRemoved", "queryId": number})
        self.queries |= added
        answers = removed + await self._answers(added)
        await self._transition(answers, query_set=int(message["newVersion"]))

    async def _look_again(self) -> bool:
        """Pushes what has changed since it was told; says whether anything was."""
        live = {number: query for number, query in self.queries.items() if query.live}
        changed = await self._answers(live)
        if changed:
            await self._transition(changed)
        return bool(changed)

    async def _answers(self, queries: dict[int, _Query]) -> list[dict[str, Any]]:
        """The modifications for those of the queries whose answer is not what was last told."""
        found = []
        for number, query in queries.items():
            told: dict[str, Any] = {"queryId": number, "logLines": [], "journal": None}
            try:
                value = await self.answerer.answer(
                    self.who, query.path, query.args, query.component
                )
                told |= {"type": "QueryUpdated", "value": value}
            except QueryFailed as failure:
                told |= {"type": "QueryFailed", "errorMessage": str(failure)}
            if told != query.told:
                query.told = told
                found.append(told)
        return found

    async def _transition(
        self,
        modifications: list[dict[str, Any]],
        *,
        identity: int | None = None,
        query_set: int | None = None,
    ) -> None:
        start = self.version
        self.version = _Version(
            query_set=start.query_set if query_set is None else query_set,
            identity=start.identity if identity is None else identity,
            ts=max(start.ts + 1, time.time_ns()),
        )
        message: dict[str, Any] = {"type": "Transition", "startVersion": start.json()}
        message |= {"endVersion": self.version.json(), "modifications": modifications}
        await self._say(message)

    async def _refuse_function(self, message: dict[str, Any]) -> None:
        """There is no user code here, so every mutation and action is unknown."""
        path, kind = message["udfPath"], message["type"]
        answer = {"type": f"{kind}Response", "requestId": message["requestId"], "success": False}
        sentence = f"Could not find public function for '{path}'."
        await self._say({**answer, "result": sentence, "logLines": []})
