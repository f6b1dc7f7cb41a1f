"""The Web API takes calls in every way that Slack does, and asks for the right token and scopes."""

import json
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.slack_people import APP, BACKUPS, BOT, BOT_USER, RIZAL, TEAM
from sandbox.slack_world import SlackWorld
from tests.sandbox.slack.bots import Json, http, refused

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json; charset=utf-8"}


def call(slack: SlackWorld, method: str, token: str | None = None, **more: Any) -> Json:
    verb = more.pop("verb", "POST")
    headers = more.pop("headers", {})
    if token != "":
        headers = headers | {"Authorization": f"Bearer {token or slack.bot_token}"}
    answer = http.request(verb, f"{slack.api_url}{method}", headers=headers, **more)

    assert answer.status_code == 200
    return dict(answer.json())


@pytest.mark.parametrize(
    "way",
    [
        {"verb": "GET", "params": {"user": RIZAL}},
        {"params": {"user": RIZAL}},
        {"data": {"user": RIZAL}},
        {"json": {"user": RIZAL}},
        {"params": {"user": RIZAL}, "content": b"", "headers": JSON},
        {"data": {"user": RIZAL}, "files": {"unused": b"x"}},
    ],
    ids=["get", "query", "form", "json", "empty json", "multipart"],
)
def test_arguments_may_come_in_any_way(slack: SlackWorld, way: Json) -> None:
    assert call(slack, "users.info", **way)["user"]["id"] == RIZAL


def test_nested_json_may_be_text_in_a_form(slack: SlackWorld) -> None:
    blocks = json.dumps([{"type": "divider"}])
    told = {"channel": BACKUPS, "text": "hello", "blocks": blocks}
    answer = call(slack, "chat.postMessage", data=told)

    assert answer["message"]["blocks"][0]["type"] == "divider"


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"data": {"channel": BACKUPS, "blocks": "[{"}}, "invalid_blocks_format"),
        ({"json": {"channel": BACKUPS, "blocks": {}}}, "invalid_blocks_format"),
        ({"content": b"{", "headers": JSON}, "invalid_json"),
        ({"content": b"[]", "headers": JSON}, "json_not_object"),
        ({"content": b"<a/>", "headers": {"Content-Type": "text/xml"}}, "invalid_post_type"),
        ({"json": {"text": "where to?"}}, "invalid_arguments"),
    ],
)
def test_what_can_not_be_read_is_refused(slack: SlackWorld, told: Json, error: str) -> None:
    assert call(slack, "chat.postMessage", **told)["error"] == error


def test_the_sdk_learns_who_it_is(web: WebClient, slack: SlackWorld) -> None:
    told = web.auth_test()

    assert (told["user_id"], told["bot_id"], told["team_id"]) == (BOT_USER, BOT, TEAM)
    assert "chat:write" in told.headers["x-oauth-scopes"].split(",")


def test_the_app_token_knows_its_app(slack: SlackWorld) -> None:
    assert call(slack, "auth.test", slack.app_token)["app_id"] == APP


@pytest.mark.parametrize(
    ("method", "token", "error"),
    [
        ("users.info", "", "not_authed"),
        ("users.info", "xoxb-of-somebody-else", "invalid_auth"),
        ("users.info", "app", "not_allowed_token_type"),
        ("apps.connections.open", "bot", "not_allowed_token_type"),
        ("users.everything", "bot", "unknown_method"),
    ],
)
def test_the_token_must_fit(slack: SlackWorld, method: str, token: str, error: str) -> None:
    token = {"app": slack.app_token, "bot": slack.bot_token}.get(token, token)

    assert call(slack, method, token)["error"] == error


def test_the_app_token_counts_only_in_the_header(slack: SlackWorld) -> None:
    told = call(slack, "apps.connections.open", "", data={"token": slack.app_token})

    assert told == {"ok": False, "error": "not_authed"}


def test_a_missing_scope_is_named_beside_the_given_ones(web: WebClient) -> None:
    told = refused(web.conversations_history, channel=BACKUPS)

    assert (told["error"], told["needed"]) == ("missing_scope", "channels:history")
    assert told["provided"].split(",")[:2] == ["commands", "chat:write"]


def test_scopes_are_as_the_world_was_told(tmp_path: Path) -> None:
    with SlackWorld(tmp_path, scopes=("channels:history",)) as slack:
        web = WebClient(token=slack.bot_token, base_url=slack.api_url)
        history = web.conversations_history(channel=BACKUPS)
        told = refused(web.chat_postMessage, channel=BACKUPS, text="no")

    assert history["messages"] == []
    assert told["needed"] == "chat:write"


def test_the_log_shows_each_call_and_no_token(slack: SlackWorld, web: WebClient) -> None:
    web.chat_postMessage(channel=BACKUPS, text="hello")
    (entry,) = slack.log("api", "chat.postMessage")

    assert entry["request"] == {"channel": BACKUPS, "text": "hello"}
    assert entry["answer"]["ok"]
    assert slack.bot_token not in json.dumps(slack.log())
