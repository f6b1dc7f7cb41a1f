"""Over HTTP: signed requests of Slack's behind waitress; everything else is turned away."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.slack_people import (
    APP,
    ARCHIVED,
    BACKUPS,
    DEWI,
    FARAH,
    GITA,
    OTHER_BOT_USER,
    PARTNER_TEAM,
    RIZAL,
    SLACKBOT,
    TEAM,
)
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.slack.house import ACK_SECONDS_MAX, House, free_port, wait_for

FORM = "application/x-www-form-urlencoded"
PATH = "/slack/events"


class Letterbox:
    """Takes what the bot answers by a response_url; for people who can't act in the stand-in."""

    def __init__(self) -> None:
        letters: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                letters.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.letters = letters
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/answer"

    def next(self, after: int) -> str:
        wait_for(lambda: len(self.letters) > after)
        return str(self.letters[after]["text"])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Posted:
    """What a server answered."""

    def __init__(self, status: int, body: bytes, seconds: float) -> None:
        self.status, self.body, self.seconds = status, body, seconds


class Line:
    """A way to the bot's own address, with the signing secret in hand or without."""

    def __init__(self, house: House, port: int) -> None:
        self.house, self.port = house, port
        self.letterbox = Letterbox()

    def post(
        self,
        body: bytes,
        *,
        secret: str | None = None,
        age: float = 0,
        path: str = PATH,
        method: str = "POST",
        content_type: str = FORM,
        headers: dict[str, str] | None = None,
    ) -> Posted:
        at = str(int(time.time() - age))
        key = (secret or self.house.slack.signing_secret).encode()
        mac = hmac.new(key, f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
        told = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": f"v0={mac}",
        } | (headers or {})
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        began = time.monotonic()
        try:
            connection.request(method, path, body, told)
            answer = connection.getresponse()
            return Posted(answer.status, answer.read(), time.monotonic() - began)
        finally:
            connection.close()

    def command(self, user: str, text: str, channel: str = BACKUPS, **more: str) -> bytes:
        form = {
            "command": "/backup",
            "text": text,
            "user_id": user,
            "team_id": TEAM,
            "channel_id": channel,
            "channel_name": "backups",
            "api_app_id": APP,
            "trigger_id": f"{time.time()}.1.x",
            "response_url": self.letterbox.url,
            "is_enterprise_install": "false",
        }
        return urlencode(form | more).encode()

    def said_to(self, body: bytes) -> str:
        """Send it as Slack would, and return the private answer to whoever asked."""
        before = len(self.letterbox.letters)
        answer = self.post(body)
        assert answer.status == 200, answer.body
        return self.letterbox.next(before)


@pytest.fixture(scope="module")
def line(own_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A bot that listens, with a Slack that calls it."""
    folder, port = tmp_path_factory.mktemp("http"), free_port()
    with (
        World(folder / "convex", step_seconds=0.02) as world,
        SlackWorld(
            folder / "slack", rates=False, request_url=f"http://127.0.0.1:{port}{PATH}"
        ) as slack,
    ):
        changes = {"slack": {"mode": "http", "listen": f"127.0.0.1:{port}"}}
        house = House(folder / "house", world, slack, changes)
        house.bot.start()
        made = Line(house, port)
        try:
            yield made
        finally:
            made.letterbox.close()
            house.bot.stop()


@pytest.fixture(autouse=True)
def in_peace(line: Line) -> Iterator[None]:
    began, since = len(line.house.log_text()), line.house.mark()
    yield

    assert line.house.bot.runs
    assert "Traceback" not in line.house.log_text()[began:], line.house.log_text()[began:]
    assert line.house.secrets_seen() == []
    assert line.house.unacked(since) == []


@pytest.fixture
def starts_nothing(line: Line) -> Iterator[None]:
    before = (line.house.job_messages(), line.house.changed())
    yield

    assert (line.house.job_messages(), line.house.changed()) == before


def test_everything_works_over_http_as_well(line: Line):
    house = line.house
    card = house.job(RIZAL, "now production label “over HTTP”")
    state = card.ended()
    looked = house.carded(BACKUPS, lambda: house.press(RIZAL, card, "backup.verify"))
    house.press(RIZAL, card, "backup.restore")
    form = wait_for(lambda: house.slack.view(RIZAL))
    restored = house.carded(BACKUPS, lambda: house.slack.submit(RIZAL, form, {"target": "staging"}))

    assert state == "Done"
    assert looked.ended() == "Done"
    assert restored.ended() == "Done"
    assert "“over HTTP”" in house.ask(RIZAL, "list").text


def test_slack_can_check_the_address(line: Line):
    assert line.house.slack.verify()


def test_the_bot_needs_no_app_level_token_here(line: Line):
    assert "by http://127.0.0.1" in line.house.log_text()
    assert line.house.slack.state()["connected"] == 0


@pytest.mark.parametrize(
    "how",
    [
        {"secret": "another secret"},
        {"age": 400},
        {"age": -400},
        {"headers": {"X-Slack-Signature": ""}},
        {"headers": {"X-Slack-Signature": "v0=0"}},
        {"headers": {"X-Slack-Request-Timestamp": "now"}},
        {"headers": {"X-Slack-Request-Timestamp": ""}},
    ],
    ids=["secret", "old", "ahead", "no signature", "short", "no time", "empty time"],
)
def test_what_slack_did_not_sign_just_now_is_turned_away(line: Line, starts_nothing, how):
    answer = line.post(line.command(RIZAL, "now production"), **how)

    assert answer.status == 401
    assert b"production" not in answer.body


def test_a_body_that_was_changed_on_its_way_is_turned_away(line: Line, starts_nothing):
    good = line.command(RIZAL, "list")
    at = str(int(time.time()))
    key = line.house.slack.signing_secret.encode()
    mac = hmac.new(key, f"v0:{at}:".encode() + good, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={mac}"}
    answer = line.post(good.replace(b"list", b"now"), headers=headers)

    assert answer.status == 401


def test_a_signed_request_that_is_sent_again_is_the_same_job(line: Line):
    body = line.command(RIZAL, "now production tables npd", trigger_id="7.7.again")
    before = line.house.job_messages()
    answers = [line.post(body).status for _ in range(3)]
    line.house.idle()

    assert answers == [200, 200, 200]
    assert line.house.job_messages() == before + 1


@pytest.mark.parametrize("path", ["/", "/slack", "/slack/events/x", "/healthz"])
def test_other_paths_are_nobodys(line: Line, starts_nothing, path: str):
    assert line.post(line.command(RIZAL, "now"), path=path).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_other_methods_start_nothing(line: Line, starts_nothing, method: str):
    assert line.post(line.command(RIZAL, "now"), method=method).status in (404, 405, 401)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM),
        (b"payload=%7Bnot+json", FORM),
        (b"payload=%5B1%2C2%5D", FORM),
        (b"\xff\xfe\x00", FORM),
        (b"{not json", "application/json"),
        (b"[]", "application/json"),
        (b'{"type":"event_callback","event":{}}', "application/json"),
    ],
)
def test_signed_nonsense_starts_nothing_and_is_over_soon(
    line: Line, starts_nothing, body: bytes, content_type: str
):
    answer = line.post(body, content_type=content_type)

    assert answer.seconds < ACK_SECONDS_MAX
    assert answer.status < 600


def test_a_big_body_is_refused_before_it_is_read(line: Line, starts_nothing):
    try:
        answer = line.post(b"x" * 50_000_000, secret="nobody's")
        refused = answer.status in (401, 413)
    except ConnectionError:
        refused = True  # The server said no, and the client was still sending.

    assert refused
    assert line.house.slack.verify()


def test_a_thousand_strangers_do_not_keep_slack_out(line: Line, starts_nothing):
    body = line.command(RIZAL, "now")
    statuses = {line.post(body, secret="nobody's").status for _ in range(300)}

    assert statuses == {401}
    assert "*Status*" in line.house.ask(RIZAL, "status").text


@pytest.mark.parametrize("slow", [5])
def test_connections_that_say_nothing_do_not_keep_slack_out(line: Line, slow: int):
    idle = [HTTPConnection("127.0.0.1", line.port, timeout=30) for _ in range(slow * 8)]
    for each in idle:
        each.connect()
        each.putrequest("POST", PATH)
        each.putheader("Content-Length", "1000")
        each.endheaders()
    try:
        assert "*Status*" in line.house.ask(RIZAL, "status").text
    finally:
        for each in idle:
            each.close()


# People who can't act in the stand-in, and in real life sometimes still can.


@pytest.mark.parametrize(
    ("user", "why"),
    [
        (GITA, "deactivated"),
        (OTHER_BOT_USER, "Bots can't ask"),
        (SLACKBOT, "Bots can't ask"),
        (DEWI, "Guests"),
        (FARAH, "another workspace"),
        ("U0NOBODY00", "Slack can't be asked who you are (user_not_found)"),
        ("<!channel>", "Slack can't be asked who you are"),
    ],
)
@pytest.mark.parametrize("text", ["now production", "list"])
def test_who_may_not_is_told_so_alone(line: Line, starts_nothing, user: str, why: str, text: str):
    assert why in line.said_to(line.command(user, text))


def test_a_team_in_the_payload_is_not_believed(line: Line, starts_nothing):
    body = line.command(FARAH, "list", team_id=TEAM, user_name="rizal", team_domain="treasury")

    assert "another workspace" in line.said_to(body)
    assert PARTNER_TEAM not in body.decode()


def test_an_archived_channel_gets_no_job(line: Line, starts_nothing):
    assert "not in this channel" in line.said_to(line.command(RIZAL, "now", ARCHIVED))


@pytest.mark.parametrize("channel", ["C0NOWHERE1", "", "<!channel>"])
def test_a_channel_that_is_none_gets_no_job(line: Line, starts_nothing, channel: str):
    told = line.said_to(line.command(RIZAL, "now", channel))

    assert told.startswith("*Not done.*")


def test_a_forged_press_of_a_deactivated_account_is_refused(line: Line, starts_nothing):
    action = {"type": "button", "action_id": "backup.verify", "block_id": "b", "action_ts": "1.1"}
    payload = {
        "type": "block_actions",
        "team": {"id": TEAM, "domain": "treasury"},
        "user": {"id": GITA, "team_id": TEAM, "name": "gita", "username": "gita"},
        "api_app_id": APP,
        "container": {"type": "message", "message_ts": "1.1", "channel_id": BACKUPS},
        "channel": {"id": BACKUPS, "name": "backups"},
        "actions": [action | {"value": "latest:production"}],
        "trigger_id": "1.1.1",
        "response_url": line.letterbox.url,
    }
    told = line.said_to(urlencode({"payload": json.dumps(payload)}).encode())

    assert "deactivated" in told
