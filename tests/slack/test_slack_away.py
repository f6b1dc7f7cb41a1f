"""A bot that is started while Slack is away: it backs up, says so, and lets people in later."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commands import due
from sandbox.slack_people import AYU, BACKUPS, RIZAL
from tests.alerts.lonely import LonelyHouse, backing_up, lonely
from tests.slack.conftest import own_environment  # noqa: F401 - used by name.
from tests.slack.house import free_port, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schedules of seconds are allowed in this process, too."""
    monkeypatch.setattr(due, "EVERY_SECONDS_MIN", 1)


@pytest.fixture
def house(own_environment: None, tmp_path: Path) -> Iterator[LonelyHouse]:  # noqa: F811
    """One that backs production up every few seconds."""
    with lonely(tmp_path, {"often": backing_up("production", every="5s")}) as house:
        yield house


def closed(house: LonelyHouse) -> Callable[[], None]:
    house.slack_goes()
    return house.slack_comes


def hanging(house: LonelyHouse) -> Callable[[], None]:
    """Something takes the connection and never says a word."""
    port = int(house.slack.url.rpartition(":")[2].strip("/"))
    house.slack_goes()
    mute = socket.create_server(("127.0.0.1", port), backlog=50)

    def back() -> None:
        with closing(mute):
            pass
        house.slack_comes()

    return back


def ill(house: LonelyHouse) -> Callable[[], None]:
    for method in ("auth.test", "apps.connections.open", "chat.postMessage", "conversations.info"):
        house.slack.trouble("error", method=method, status=503, times=-1)
    return house.slack.heal


def limited(house: LonelyHouse) -> Callable[[], None]:
    house.slack.trouble("rate_limit", method="auth.test", retry_after=1, times=-1)
    house.slack.trouble("error", method="chat.postMessage", error="ratelimited", times=-1)
    return house.slack.heal


def socketless(house: LonelyHouse) -> Callable[[], None]:
    """Slack says who the bot is and gives out no socket."""
    house.slack.trouble("error", method="apps.connections.open", error="internal_error", times=-1)
    return house.slack.heal


@pytest.mark.parametrize("going", [closed, hanging, ill, limited, socketless])
def test_a_bot_that_finds_no_slack_backs_up_and_opens_when_it_is_back(
    house: LonelyHouse, going: Callable[[LonelyHouse], Callable[[], None]]
):
    back = going(house)
    house.bot.start()
    began = time.monotonic()
    wait_for(lambda: len(house.backups_of("production")) >= 2, 60, house.log_text)
    took = time.monotonic() - began
    status, told = house.health()
    back()
    house.open()
    card = wait_for(lambda: house.roots()[:1], 30, house.log_text)[0]

    assert "Lifeboat is up: without Slack" in house.bot.said
    assert took < 40
    assert status == 503
    assert any("Slack is away since" in each for each in told["reasons"]), told
    assert told["clock_runs"]
    assert "Slack is there after" in house.bot.said
    if going is not socketless:
        assert "Posted late: Slack was not to be reached" in card["text"]
    assert "*Status*" in house.ask(RIZAL, "status").text
    wait_for(lambda: house.health()[0] == 200, 20, lambda: str(house.health()))


def test_every_job_that_was_done_meanwhile_has_one_message_that_shows_its_end(house: LonelyHouse):
    back = closed(house)
    house.bot.start()
    wait_for(lambda: len(house.manifests()) >= 3, 60, house.log_text)
    done = sorted(house.jobs_ended())[:2]  # The third one may be killed.
    house.bot.kill()
    house.write()  # No schedules any more.
    house.bot.start()
    back()
    house.open()
    wait_for(lambda: all(house.cards_of(job_id) for job_id in done), 40, house.log_text)
    cards = [card for job_id in done for card in house.cards_of(job_id)]

    assert len(done) == 2
    assert len(cards) == len(done)
    assert [card.ended() for card in cards] == ["Done"] * len(done)
    assert [card.text for card in cards if "Posted late" not in card.text] == []


def test_nobody_is_let_in_before_the_bot_knows_its_own_workspace(house: LonelyHouse):
    """Over HTTP Slack may reach the bot while the bot can't reach Slack."""
    port = free_port()
    house.write(slack={"mode": "http", "listen": f"127.0.0.1:{port}"})
    back = closed(house)
    house.bot.start()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/slack/events", data=b"x=y")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    with closing(refused.value):
        status = refused.value.code
    back()
    wait_for(lambda: "Slack is there after" in house.bot.said, 20, house.log_text)
    with pytest.raises(urllib.error.HTTPError) as unsigned:
        urllib.request.urlopen(request, timeout=5)
    with closing(unsigned.value):
        now = unsigned.value.code

    assert (status, now) == (503, 401)


def test_tokens_that_are_refused_later_are_told_by_the_other_roads_and_backups_go_on(
    house: LonelyHouse,
):
    back = closed(house)
    house.bot.launch(SLACK_BOT_TOKEN="xoxb-revoked")
    wait_for(lambda: "Lifeboat is up: without Slack" in house.bot.said, 60, house.log_text)
    back()
    wait_for(lambda: house.posted("slack refused"), 20, house.log_text)
    wait_for(lambda: house.mailed("slack refused"), 20, house.log_text)
    before = len(house.backups_of("production"))
    wait_for(lambda: len(house.backups_of("production")) > before, 30, house.log_text)
    _, told = house.health()

    assert house.posted("slack refused") == ["raised"]
    assert "invalid_auth" in house.posted("slack refused", "what")[0]
    assert house.mailed("slack refused") == ["[Lifeboat] severe: slack refused — Slack"]
    assert any("Slack refuses the tokens (invalid_auth)" in each for each in told["reasons"])
    assert "xoxb-revoked" not in house.log_text()


def test_a_bot_that_waits_for_slack_ends_at_once_when_it_is_told_to(house: LonelyHouse):
    back = closed(house)
    house.bot.start()
    began = time.monotonic()
    code = house.bot.signal()
    took = time.monotonic() - began
    back()
    house.bot.start()
    house.open()

    assert code == 0
    assert took < 25
    assert "*Status*" in house.ask(AYU, "status", BACKUPS).text
