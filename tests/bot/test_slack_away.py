"""What an error of Slack's comes to: refused, or away for a while; and nobody is let in before."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import URLError

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.courier import Courier
from bot.doors import SlackRefused, away
from bot.messages.model import Message
from bot.slack_away import TOLD_AFTER, Line
from commands.roles import NotAllowed, Person, Roles, role_of
from storage.secret import Secret
from tests.slack.house import wait_for

AT = datetime(2026, 11, 25, 2, 14, tzinfo=UTC)


def answered(error: str, **more: Any) -> SlackApiError:
    return SlackApiError("no", {"ok": False, "error": error, **more})


@pytest.mark.parametrize(
    "code",
    ["invalid_auth", "token_revoked", "account_inactive", "not_allowed_token_type", "no_such_code"],
)
def test_a_token_that_slack_does_not_take_is_refused(code: str):
    found = away(answered(code))

    assert isinstance(found, SlackRefused)
    assert code in found.what


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (URLError(socket.gaierror(-2, "unknown")), "its name is not known"),
        (URLError(ConnectionRefusedError()), "nothing listens there"),
        (TimeoutError(), "no answer in time"),
        (answered("ratelimited"), "ratelimited"),
        (answered("internal_error"), "internal_error"),
        (SlackApiError("no JSON", {"status": 503, "body": "<html>"}), "HTTP 503"),
        (KeyError("error"), "the connection failed"),
    ],
)
def test_everything_else_passes(error: Exception, reason: str):
    found = away(error)

    assert not isinstance(found, SlackRefused)
    assert reason in found.what


class Clock:
    at = AT

    def __call__(self) -> datetime:
        return self.at


class Slack(WebClient):
    """One that says what it is told to."""

    error: Exception | None = None

    def auth_test(self, **_: Any) -> Any:
        if self.error is not None:
            raise self.error
        return {"team_id": "T1", "team": "Team", "user": "lifeboat"}


def test_no_workspace_is_the_bots_own_before_slack_has_said_which():
    slack = Slack()
    slack.error = URLError(ConnectionRefusedError())
    line = Line(slack, Secret(""), Clock())
    there = line.ask()
    with pytest.raises(NotAllowed, match="not said yet"):
        line.team()
    slack.error = None
    line.ask()

    assert not there
    assert line.team() == "T1"


def test_a_person_without_a_workspace_is_nobodys_even_where_none_is_known():
    with pytest.raises(NotAllowed):
        role_of(Person("U1", "Rizal", team=""), "", Roles(operators=frozenset({"U1"})))


def test_an_absence_is_told_after_a_while_and_a_refusal_at_once():
    slack, clock = Slack(), Clock()
    slack.error = URLError(ConnectionRefusedError())
    line = Line(slack, Secret(""), clock)
    line.ask()
    young = list(line.troubles())
    clock.at = AT + TOLD_AFTER
    (old,) = line.troubles()
    slack.error = answered("token_revoked")
    line.answers()
    (refused,) = line.troubles()

    assert young == []
    assert (old.kind, old.severity, old.since) == ("slack away", "warning", AT)
    assert (refused.kind, refused.severity) == ("slack refused", "severe")
    assert "token_revoked" in refused.what
    assert line.said().startswith("Slack is away since 2026-11-25 02:14 UTC: Slack refuses")


def test_what_waits_is_let_go_once_when_slack_is_back():
    told: list[str] = []
    clock = Clock()
    line = Line(Slack(), Secret(""), clock)
    line.returned = lambda: told.append("back")
    list(line.troubles())
    clock.at = AT + timedelta(hours=1)
    line.up = lambda: True
    over = [*line.troubles(), *line.troubles()]

    assert over == []
    assert told == ["back"]
    assert line.said() == ""


def test_whoever_asks_after_the_socket_is_back_hears_of_no_absence():
    told: list[str] = []
    slack = Slack()
    slack.error = URLError(ConnectionRefusedError())
    line = Line(slack, Secret(""), Clock())
    line.returned = lambda: told.append("back")
    line.answers()
    while_away = line.said()
    line.up = lambda: True

    assert while_away.startswith("Slack is away since")
    assert (line.said(), line.said()) == ("", "")
    assert (line.absence, told) == (None, ["back"])


class Posting(WebClient):
    """One that can't be reached until it is."""

    there = False

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def chat_postMessage(self, **_: Any) -> Any:
        self.asked.append(time.monotonic())
        if not self.there:
            raise URLError(ConnectionRefusedError())
        return {"ts": "1.0"}


def test_the_courier_does_not_sit_out_its_pause_when_slack_is_back():
    slack = Posting()
    courier = Courier(slack, call_seconds=0.01)
    posted = threading.Event()
    courier.post_later("C1", lambda: Message("late"), lambda _ts: posted.set())
    wait_for(lambda: slack.asked)
    time.sleep(0.2)  # Two seconds of pause have begun.
    slack.there = True
    began = time.monotonic()
    courier.hurry()
    arrived = posted.wait(5)
    took = time.monotonic() - began
    courier.close()

    assert arrived
    assert took < 1
