"""The sync protocol, spoken over real WebSockets as the official CLI speaks it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from sandbox.world import World

TABLES = "_system/cli/tables:default"
LATEST = "_system/cli/exports:getLatest"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("sync"), seed="small") as made:
        yield made


class Client:
    """Checks what the CLI checks: each Transition starts where the one before ended."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.at: dict[str, Any] = {"querySet": 0, "identity": 0, "ts": "AAAAAAAAAAA="}

    async def say(self, **message: Any) -> None:
        await self.socket.send_str(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(
            (await self.socket.receive(timeout=20)).data or '{"type":"closed"}'
        )
        if message["type"] == "Transition":
            assert message["startVersion"] == self.at
            assert stamp(message["endVersion"]) > stamp(self.at)
            self.at = message["endVersion"]
        return message

    async def authenticate(self, key: str) -> dict[str, Any]:
        await self.say(type="Connect", sessionId="s", connectionCount=0, lastCloseReason="Initial")
        base = self.at["identity"]
        await self.say(type="Authenticate", baseVersion=base, tokenType="Admin", value=key)
        return await self.hear()

    async def add(self, number: int, path: str, *args: Any, **more: Any) -> dict[str, Any]:
        added = {"type": "Add", "queryId": number, "udfPath": path, "args": list(args), **more}
        return await self.modify(added)

    async def modify(self, *changes: dict[str, Any]) -> dict[str, Any]:
        base = self.at["querySet"]
        await self.say(
            type="ModifyQuerySet", baseVersion=base, newVersion=base + 1, modifications=changes
        )
        return await self.hear()


def stamp(version: dict[str, Any]) -> int:
    return int.from_bytes(base64.b64decode(version["ts"]), "little")


@asynccontextmanager
async def connected(url: str, path: str = "/api/1.48.0/sync") -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session, session.ws_connect(url + path) as socket:
        yield Client(socket)


def talk(world: World, story: Callable[[Client], Awaitable[Any]], **more: Any) -> Any:
    async def told() -> Any:
        async with connected(world["production"].url, **more) as client:
            return await story(client)

    return asyncio.run(told())


def test_authentication_moves_the_identity_by_one(world: World) -> None:
    answer = talk(world, lambda client: client.authenticate(world["production"].key))

    assert answer["type"] == "Transition"
    assert answer["endVersion"]["identity"] == 1
    assert answer["modifications"] == []


@pytest.mark.parametrize("path", ["/api/sync", "/api/1.48.0/sync", "/api/1.0.0-alpha.3/sync"])
def test_the_socket_is_there_for_every_client_version(world: World, path: str) -> None:
    answer = talk(world, lambda client: client.authenticate(world["production"].key), path=path)

    assert answer["type"] == "Transition"


def test_a_query_that_is_added_is_answered(world: World) -> None:
    async def story(client: Client) -> dict[str, Any]:
        await client.authenticate(world["production"].key)
        return await client.add(0, TABLES, {"paginationOpts": {"cursor": None, "numItems": 9}})

    [told] = talk(world, story)["modifications"]

    assert (told["type"], told["queryId"], told["logLines"]) == ("QueryUpdated", 0, [])
    assert {"name": "npd"} in told["value"]["page"]


def test_a_query_is_asked_in_the_component_of_its_path(world: World) -> None:
    async def story(client: Client) -> dict[str, Any]:
        await client.authenticate(world["production"].key)
        page = {"paginationOpts": {"cursor": None, "numItems": 9}}
        return await client.add(0, TABLES, page, componentPath="waitlist/inner")

    [told] = talk(world, story)["modifications"]

    assert told["value"]["page"] == [{"name": "counters"}]


def test_without_a_key_system_queries_fail_as_if_they_were_not_there(world: World) -> None:
    [told] = talk(world, lambda client: client.add(0, TABLES, {}))["modifications"]

    assert told["type"] == "QueryFailed"
    assert told["errorMessage"] == f"Could not find public function for '{TABLES}'."


def test_a_wrong_key_is_refused_and_the_socket_closed(world: World) -> None:
    async def story(client: Client) -> list[dict[str, Any]]:
        refusal = await client.authenticate(world["staging"].key)
        after = await client.socket.receive(timeout=20)

        assert after.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        return [refusal]

    [refusal] = talk(world, story)

    assert refusal["type"] == "AuthError"
    assert (refusal["baseVersion"], refusal["authUpdateAttempted"]) == (0, True)


def test_a_query_that_is_removed_is_said_to_be(world: World) -> None:
    async def story(client: Client) -> dict[str, Any]:
        await client.authenticate(world["production"].key)
        await client.add(0, TABLES, {})
        return await client.modify({"type": "Remove", "queryId": 0})

    answer = talk(world, story)

    assert answer["modifications"] == [{"type": "QueryRemoved", "queryId": 0}]
    assert answer["endVersion"]["querySet"] == 2


def test_the_states_of_an_export_are_pushed_until_it_is_complete(world: World) -> None:
    here = world["production"]

    async def story(client: Client) -> list[str]:
        await client.authenticate(here.key)
        asked = {"headers": {"Authorization": f"Convex {here.key}"}}
        async with httpx.AsyncClient() as http:
            (await http.post(f"{here.url}/api/export/request/zip", **asked)).raise_for_status()
        message = await client.add(0, LATEST, {})
        states = []
        while not states or states[-1] != "completed":
            for told in message.get("modifications", []):
                states.append(told["value"]["state"])
            if states[-1] != "completed":
                message = await client.hear()
        return states

    states = talk(world, story)

    assert states[-1] == "completed"
    assert set(states) <= {"requested", "in_progress", "completed"}


def test_a_function_that_changes_something_is_unknown(world: World) -> None:
    async def story(client: Client) -> dict[str, Any]:
        await client.say(type="Mutation", requestId=3, udfPath="messages:send", args=[{}])
        return await client.hear()

    answer = talk(world, story)

    assert (answer["type"], answer["requestId"], answer["success"]) == (
        "MutationResponse",
        3,
        False,
    )


@pytest.mark.parametrize("text", ["{", "[]", '{"no":"type"}', '{"type":"Authenticate"}'])
def test_a_message_that_is_not_of_the_protocol_is_fatal(world: World, text: str) -> None:
    async def story(client: Client) -> dict[str, Any]:
        await client.socket.send_str(text)
        return await client.hear()

    assert talk(world, story)["type"] == "FatalError"


def test_a_query_set_that_skips_a_version_is_fatal(world: World) -> None:
    async def story(client: Client) -> dict[str, Any]:
        await client.say(type="ModifyQuerySet", baseVersion=7, newVersion=8, modifications=[])
        return await client.hear()

    assert talk(world, story)["type"] == "FatalError"


def test_an_open_socket_does_not_keep_the_deployment_from_stopping(tmp_path: Path) -> None:
    async def hold(url: str, held: asyncio.Event) -> aiohttp.WSMsgType:
        async with connected(url) as client:
            await client.say(type="Connect", sessionId="s")
            held.set()
            return (await client.socket.receive(timeout=20)).type

    async def story() -> aiohttp.WSMsgType:
        with ExitStack() as stack:
            world = stack.enter_context(World(tmp_path, deployments=("production",), seed="empty"))
            held = asyncio.Event()
            holding = asyncio.create_task(hold(world["production"].url, held))
            await held.wait()
            await asyncio.to_thread(stack.close)
            return await holding

    assert asyncio.run(story()) in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
