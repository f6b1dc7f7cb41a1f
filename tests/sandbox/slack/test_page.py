"""The page's socket: whom it lets in, what each person sees, and what they can do there."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import aiohttp
import pytest
from slack_sdk import WebClient

from sandbox.slack_people import (
    AYU,
    BACKUPS,
    BUDI,
    CITRA,
    DEWI,
    EKO,
    FARAH,
    GITA,
    PRIVATE,
    RANDOM,
    RIZAL,
    SHARED,
)
from sandbox.slack_world import SlackWorld
from tests.sandbox.slack.bots import PATIENCE_SECONDS, Bare, Json, asks, button, http, modal


class Page:
    """A browser page, as far as the server can tell."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._ws = ws
        self.seen: list[Json] = []

    async def send(self, do: str, **more: Any) -> None:
        await self._ws.send_json({"do": do, **more})

    async def until(self, wanted: Callable[[Json], Any]) -> Json:
        """The next frame that is wanted; the others are kept in `seen`."""
        while True:
            frame = await self._ws.receive_json(timeout=PATIENCE_SECONDS + 4)
            self.seen.append(frame)
            if wanted(frame):
                return dict(frame)

    async def frame(self, it: str) -> Json:
        return await self.until(lambda frame: frame["it"] == it)

    async def quiet(self) -> list[Json]:
        """What came besides calls until a moment after now."""
        await self.send("open", channel=SHARED)
        await self.send("be", person=CITRA)
        await self.until(lambda frame: frame["it"] == "world" and frame["me"] == CITRA)
        return [frame for frame in self.seen if frame["it"] != "call"]


def visit(slack: SlackWorld, *visits: Callable[[Page], Coroutine[Any, Any, Any]]) -> Any:
    """Runs each visit on a page of its own, one after another, and gives what the last gave."""

    async def all_() -> Any:
        found = None
        async with aiohttp.ClientSession(headers={"Origin": slack.url}) as session:
            for one in visits:
                async with session.ws_connect(f"{slack.url}/page/socket") as ws:
                    found = await one(Page(ws))
        return found

    return asyncio.run(all_())


@pytest.fixture(scope="module")
def worlds(world: SlackWorld) -> Iterator[dict[str, Json]]:
    """The `world` of each person."""

    async def each(page: Page) -> dict[str, Json]:
        told = {RIZAL: await page.frame("world")}
        for person in (CITRA, DEWI, EKO, FARAH, GITA, AYU):
            await page.send("be", person=person)
            told[person] = await page.frame("world")
        return told

    yield visit(world, each)


def names(world: Json) -> list[str]:
    return [one["name"] for one in world["channels"] if not one["direct"]]


def test_the_world_begins_with_the_operator(worlds: dict[str, Json]) -> None:
    world = worlds[RIZAL]

    assert world["me"] == RIZAL
    assert world["people"][0]["id"] == RIZAL
    assert {one["kind"] for one in world["people"]} == {
        *("member", "guest", "single_channel_guest", "deactivated", "outsider", "bot"),
    }
    assert all(0 <= one["color"] <= 9 and one["initials"] for one in world["people"])
    assert world["bot"] == {"connected": 0}
    assert world["channels"][0]["suggest"] == "/backup now production"
    assert world["commands"][0]["words"][0]["word"] == "now"
    assert {one["kind"] for one in world["troubles"]} >= {"twice", "late_ack", "slow_network"}


def test_each_sees_their_own_channels(worlds: dict[str, Json]) -> None:
    assert names(worlds[RIZAL]) == [
        *("backups", "general", "random-without-the-bot", "shared-with-partner"),
    ]
    assert names(worlds[EKO]) == ["backups"]
    assert names(worlds[FARAH]) == ["shared-with-partner"]
    assert "approvers-only" in names(worlds[AYU])
    assert worlds[GITA]["channels"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {},
    ],
    ids=["other origin", "no origin to speak of", "rebound name", "nothing"],
)
def test_only_its_own_page_gets_the_socket(slack: SlackWorld, headers: dict[str, str]) -> None:
    async def knock() -> int:
        async with aiohttp.ClientSession() as session:
            try:
                async with session.ws_connect(f"{slack.url}/page/socket", headers=headers):
                    return 101
            except aiohttp.WSServerHandshakeError as refusal:
                return refusal.status

    assert asyncio.run(knock()) == 403


def test_no_other_page_turns_the_knobs(slack: SlackWorld) -> None:
    wish = json.dumps({"person": AYU, "do": "say", "channel": BACKUPS, "text": "approved"})
    evil = {"Origin": "http://evil.example", "Content-Type": "text/plain"}

    assert http.post(f"{slack.url}/_sandbox/do", content=wish, headers=evil).status_code == 403
    rebound = {"Host": "evil.example"}
    assert http.get(f"{slack.url}/_sandbox/log", headers=rebound).status_code == 403
    assert slack.messages(BACKUPS) == []


def test_the_pages_files_come_with_their_policy(slack: SlackWorld) -> None:
    answer = http.get(f"{slack.url}/")

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert http.get(f"{slack.url}/page/%2e%2e/slack.py").status_code == 404


def test_a_permalink_opens_the_page_there(slack: SlackWorld) -> None:
    answer = http.get(f"{slack.url}/archives/{BACKUPS}/p1700000000000001")

    assert answer.headers["Location"] == f"/#{BACKUPS}/1700000000.000001"


def test_messages_come_when_a_channel_is_opened_and_as_they_happen(
    slack: SlackWorld, web: WebClient
) -> None:
    old = web.chat_postMessage(channel=BACKUPS, text="old", blocks=button("go"))["ts"]

    async def look(page: Page) -> list[Json]:
        await page.send("open", channel=BACKUPS)
        frames = [await page.frame("message")]
        await page.send("say", channel=BACKUPS, thread_ts=old, text="new")
        return [*frames, await page.frame("message"), await page.frame("message")]

    first, reply, parent = (frame["message"] for frame in visit(slack, look))

    assert (first["text"], first["username"], first["bot_id"]) == ("old", "Lifeboat", "B0LIFEBOAT")
    assert first["blocks"][0]["block_id"] == "buttons"
    assert (reply["text"], reply["thread_ts"], reply["user"]) == ("new", old, RIZAL)
    assert (parent["ts"], parent["reply_count"], parent["thread_ts"]) == (old, 1, None)


def test_nobody_sees_what_is_for_others(slack: SlackWorld, web: WebClient) -> None:
    async def look(page: Page) -> list[Json]:
        await page.send("be", person=EKO)
        await page.frame("view")
        await page.send("open", channel=PRIVATE)
        for work in (
            lambda: web.chat_postEphemeral(channel=BACKUPS, user=BUDI, text="secret"),
            lambda: web.chat_postMessage(channel="general", text="not for guests"),
            lambda: slack.say(AYU, PRIVATE, "between us"),
        ):
            await asyncio.to_thread(work)
        return await page.quiet()

    frames = visit(slack, look)

    assert [frame for frame in frames if frame["it"] == "message"] == []


def test_a_deleted_message_is_gone(slack: SlackWorld, web: WebClient) -> None:
    ts = web.chat_postMessage(channel=BACKUPS, text="a")["ts"]

    async def look(page: Page) -> Json:
        await page.frame("view")
        await asyncio.to_thread(web.chat_delete, channel=BACKUPS, ts=ts)
        return await page.frame("gone")

    assert visit(slack, look) == {"it": "gone", "channel": BACKUPS, "ts": ts}


def test_a_click_without_a_bot_is_a_notice(slack: SlackWorld, web: WebClient) -> None:
    ts = web.chat_postMessage(channel=BACKUPS, text="a", blocks=button("go"))["ts"]

    async def press(page: Page) -> Json:
        action = {"type": "button", "value": "forged"}
        where = {"channel": BACKUPS, "ts": ts, "block_id": "buttons", "action_id": "go"}
        await page.send("act", **where, action=action, values={})
        return await page.frame("notice")

    notice = visit(slack, press)
    (entry,) = slack.log("envelope")

    assert (notice["kind"], notice["channel"]) == ("error", BACKUPS)
    assert "dispatch_failed" in notice["text"]
    assert entry["request"]["payload"]["actions"][0]["value"] == "1"


def test_what_can_not_be_done_is_said(slack: SlackWorld) -> None:
    async def wish(page: Page) -> list[str]:
        await page.send("say", channel=PRIVATE, thread_ts=None, text="hello")
        told = [(await page.frame("notice"))["text"]]
        await page.send("fly")
        return [*told, (await page.frame("notice"))["text"]]

    told = visit(slack, wish)

    assert told[0] == "Rizal Hakim is not in that channel."
    assert "Nobody can do 'fly'" in told[1]


def test_the_bots_sockets_are_counted(slack: SlackWorld) -> None:
    async def look(page: Page) -> list[int]:
        await page.frame("view")
        bare = Bare(slack)
        await asyncio.to_thread(bare.__enter__)
        up = await page.frame("bot")
        await asyncio.to_thread(bare.__exit__)
        return [up["connected"], (await page.frame("bot"))["connected"]]

    assert visit(slack, look) == [1, 0]


def test_a_modal_is_shown_filled_in_and_closed(slack: SlackWorld, web: WebClient) -> None:
    async def fill(page: Page, bare: Bare) -> list[Json]:
        await page.send("say", channel=BACKUPS, thread_ts=None, text="/backup restore")
        frame = await asyncio.to_thread(lambda: [bare.frame(), bare.frame()][1])
        trigger = frame["payload"]["trigger_id"]
        await asyncio.to_thread(
            web.views_open, trigger_id=trigger, view=modal(asks("target"), notify_on_close=True)
        )
        seen = [await page.until(lambda one: one["it"] == "view" and one["view"])]
        view = seen[0]["view"]["id"]
        await page.send("submit", view=view, values={"target": {"target": {"value": None}}})
        seen.append(await page.frame("view"))
        filled = {"type": "plain_text_input", "value": "staging"}
        await page.send("submit", view=view, values={"target": {"target": filled}})
        return [*seen, await page.frame("view"), await page.frame("view")]

    with Bare(slack, answer=True) as bare:
        shown, missing, busy, gone = visit(slack, lambda page: fill(page, bare))

    assert (shown["view"]["depth"], shown["errors"]) == (1, None)
    assert missing["errors"] == {"target": "Please complete this required field."}
    assert busy["busy"]
    assert gone["view"] is None


def test_calls_are_shown_as_they_happen_and_hold_no_secret(
    slack: SlackWorld, web: WebClient
) -> None:
    web.auth_test()
    with Bare(slack, answer=True):
        slack.command(RIZAL, BACKUPS, "/backup now")

    async def look(page: Page) -> list[Json]:
        await page.until(lambda frame: frame["it"] == "call" and frame["way"] == "ack")
        await page.send("trouble", kind="drop_next", on=True)
        on = await page.frame("troubles")
        await page.send("trouble", kind="drop_next", on=False)
        off = await page.frame("troubles")
        return [*page.seen, on, off]

    seen = visit(slack, look)
    calls = [frame for frame in seen if frame["it"] == "call"]
    switched = [
        one["on"] for frame in seen[-2:] for one in frame["troubles"] if one["kind"] == "drop_next"
    ]

    assert next(call["name"] for call in calls if call["way"] == "api") == "auth.test"
    assert all(isinstance(call["n"], int) and "ms" in call for call in calls)
    told = json.dumps(calls)
    assert slack.bot_token not in told
    assert slack.app_token not in told
    assert "/commands/T0LIFEBOAT/" not in told
    assert "ticket=" not in told
    assert switched == [True, False]


def test_an_invitation_changes_the_world(slack: SlackWorld) -> None:
    async def invite(page: Page) -> Json:
        await page.frame("view")
        await page.send("say", channel=RANDOM, thread_ts=None, text="/invite @lifeboat")
        return await page.frame("world")

    assert visit(slack, invite)["me"] == RIZAL
