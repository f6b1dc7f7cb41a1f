"""Delivery by signed HTTP: what Bolt accepts, what a person is told when it does not."""

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import Ack, App, BoltRequest
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

from sandbox.slack_people import BACKUPS, RIZAL
from sandbox.slack_signed import signature
from sandbox.slack_world import SlackWorld
from tests.sandbox.slack.bots import Json, asks, button, modal

PATIENCE_SECONDS = 0.6


class Bot:
    """A Bolt app behind an HTTP server; `before` may answer in its place."""

    def __init__(self, secret: str) -> None:
        self.requests: list[dict[str, str]] = []
        self.status: int | None = None
        self.wait_seconds = 0.0
        self.app: App
        self._secret = secret
        bot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bot.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/slack/events"

    def join(self, slack: SlackWorld) -> None:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        self.app = App(client=client, signing_secret=self._secret)

        @self.app.command("/backup")
        def command(ack: Ack, command: Json, client: WebClient) -> None:
            if command["text"] == "restore":
                client.views_open(trigger_id=command["trigger_id"], view=modal(asks("target")))
                ack()
            else:
                ack(f"You said {command['text']}")

        @self.app.action("go")
        def go(ack: Ack) -> None:
            ack()

        @self.app.view("restore")
        def restore(ack: Ack) -> None:
            ack(response_action="errors", errors={"target": "No"})

        @self.app.event("app_mention")
        def mention(event: Json) -> None:
            pass

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        self.requests.append({name.lower(): value for name, value in request.headers.items()})
        time.sleep(self.wait_seconds)
        headers = {name: [value] for name, value in request.headers.items()}
        told = self.app.dispatch(BoltRequest(body=body, headers=headers))
        with contextlib.suppress(ConnectionError):
            request.send_response(self.status or told.status)
            for name, values in told.headers.items():
                request.send_header(name, values[0])
            request.end_headers()
            request.wfile.write(told.body.encode())


@contextlib.contextmanager
def pair(folder: Path, secret: str = "stand-in-signing-secret") -> Iterator[tuple[SlackWorld, Bot]]:
    bot = Bot(secret)
    thread = threading.Thread(target=bot.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        with SlackWorld(
            folder, request_url=bot.url, patience_seconds=PATIENCE_SECONDS, speed=600
        ) as slack:
            bot.join(slack)
            yield slack, bot
    finally:
        bot.server.shutdown()
        thread.join()
        bot.server.server_close()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SlackWorld, Bot]]:
    with pair(tmp_path_factory.mktemp("http")) as made:
        yield made


@pytest.fixture
def slack(both: tuple[SlackWorld, Bot]) -> SlackWorld:
    both[0].reset()
    return both[0]


@pytest.fixture
def bot(both: tuple[SlackWorld, Bot]) -> Iterator[Bot]:
    yield both[1]
    both[1].status, both[1].wait_seconds = None, 0.0
    both[1].requests.clear()


def test_a_signed_command_gets_its_answer(slack: SlackWorld, bot: Bot) -> None:
    told = slack.command(RIZAL, BACKUPS, "/backup hello")

    assert told["outcome"] == "acked"
    assert [one["text"] for one in slack.ephemerals(RIZAL, BACKUPS)] == ["You said hello"]
    assert bot.requests[0]["content-type"] == "application/x-www-form-urlencoded"


def test_a_click_and_a_submission_come_as_a_payload(slack: SlackWorld, bot: Bot) -> None:
    web = WebClient(token=slack.bot_token, base_url=slack.api_url)
    ts = web.chat_postMessage(channel=BACKUPS, text="a", blocks=button("go"))["ts"]
    clicked = slack.click(RIZAL, BACKUPS, ts, "go")
    slack.command(RIZAL, BACKUPS, "/backup restore")
    view = slack.wait_for(lambda: slack.view(RIZAL))
    submitted = slack.submit(RIZAL, view, {"target": "production"})

    assert clicked["outcome"] == "acked"
    assert submitted["errors"] == {"target": "No"}


def test_a_url_is_verified_by_its_challenge(slack: SlackWorld, bot: Bot) -> None:
    assert slack.verify()


def test_a_slow_bot_is_a_timeout(slack: SlackWorld, bot: Bot) -> None:
    bot.wait_seconds = PATIENCE_SECONDS + 0.3

    assert slack.command(RIZAL, BACKUPS, "/backup hello")["outcome"] == "operation_timeout"


def test_any_other_status_is_a_failed_dispatch(slack: SlackWorld, bot: Bot) -> None:
    bot.status = 500

    assert slack.command(RIZAL, BACKUPS, "/backup hello")["outcome"] == "dispatch_failed"
    assert slack.notices(RIZAL) == ["/backup failed with the error “dispatch_failed”"]


def test_an_event_that_fails_is_tried_three_times_more(slack: SlackWorld, bot: Bot) -> None:
    bot.status = 503
    slack.event({"type": "app_mention", "text": "hello"})
    slack.wait_for(lambda: len(bot.requests) == 4)

    assert [one.get("x-slack-retry-num") for one in bot.requests] == [None, "1", "2", "3"]
    assert bot.requests[1]["x-slack-retry-reason"] == "http_error"
    assert bot.requests[0]["content-type"] == "application/json"


def test_a_wrong_secret_is_refused_by_bolt(tmp_path: Path) -> None:
    with pair(tmp_path, secret="another") as (slack, _):
        told = slack.command(RIZAL, BACKUPS, "/backup hello")

    assert told["outcome"] == "dispatch_failed"


def test_nobody_at_the_url_is_a_failed_dispatch(tmp_path: Path) -> None:
    with SlackWorld(tmp_path, request_url="http://127.0.0.1:9/") as slack:
        told = slack.command(RIZAL, BACKUPS, "/backup hello")

    assert told["outcome"] == "dispatch_failed"


def test_the_signature_is_slacks_own() -> None:
    body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J"
    made = signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body)
    verifier = SignatureVerifier("8f742231b10e8888abcd99yyyzzz85a5")

    assert made == verifier.generate_signature(timestamp="1531420618", body=body)
