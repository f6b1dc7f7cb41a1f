"""Alerts over real sockets: raised by their real cause, counted, taken on, over; once each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack_people import BACKUPS, CITRA, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from storage.outbox import Outbox
from tests.alerts import post_office
from tests.alerts.asleep import sleep_over
from tests.alerts.post_office import Hook
from tests.approvals.house import LivelyBot
from tests.slack.house import PROXIES, Card, House, wait_for

pytestmark = pytest.mark.slow
ALERTS = "C0GENERAL1"
TOLD_SECONDS_MAX = 60  # What is promised of every alert.


class HurriedBot(LivelyBot):
    module = "tests.alerts.hurried"


@pytest.fixture(scope="module")
def hooked() -> Iterator[Hook]:
    with post_office.hook() as hook:
        yield hook


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, hooked: Hook) -> Iterator[House]:
    """A bot that looks for troubles twice a second, with a webhook; all tests share it."""
    folder = tmp_path_factory.mktemp("alerts")
    with pytest.MonkeyPatch.context() as patch:
        for name in (*PROXIES, "SLACK_BOT_TOKEN"):
            patch.delenv(name, raising=False)
        with (
            World(folder / "convex", step_seconds=0.0) as world,
            SlackWorld(folder / "slack", rates=False) as slack,
        ):
            house = House(
                folder / "house",
                world,
                slack,
                changes={
                    "alerts": {"channel": ALERTS, "look_seconds": 0.5},
                    "alerts.mention": {"severe": [RIZAL]},
                    "webhook": {"url_env": "ALERT_HOOK"},
                    "patience": {"tries": 1, "outage_seconds_max": 1},
                },
            )
            environ: Mapping[str, str] = {
                "ALERT_HOOK": hooked.url,
                "LIFEBOAT_TEST_MOMENT": str(house.folder / "moment"),
            }
            patch.setenv("ALERT_HOOK", hooked.url)
            house.bot = HurriedBot(house)
            house.bot.environ = environ  # type: ignore[attr-defined]
            house.bot.start()
            try:
                yield house
            finally:
                house.bot.stop()


@pytest.fixture
def house(town: House) -> Iterator[House]:
    """The house without any trouble, before and after."""
    yield town
    town.slack.heal()
    for name in town.world:
        town.world[name].heal()
    backs_up(town)
    wait_for(
        lambda: "No alert is open" in town.ask(RIZAL, "alert").text, TOLD_SECONDS_MAX, town.log_text
    )
    outbox = Outbox(town.folder / "data" / "outbox.db")
    wait_for(lambda: not outbox.waiting(), TOLD_SECONDS_MAX, town.log_text)  # By every road.

    assert "Traceback" not in town.log_text(), town.log_text()
    assert town.secrets_seen() == []
    assert "T0K3N" not in town.log_text()


def backs_up(house: House) -> str:
    return house.job(RIZAL, "now production").ended()


def fails(house: House) -> str:
    """Take a backup while Convex cuts every line; how it ended."""
    house.production.trouble(kind="drop_before", times=-1)
    try:
        return house.job(RIZAL, "now production").ended()
    finally:
        house.production.heal()


def alerts(house: House) -> list[Card]:
    found = [told for told in house.roots(ALERTS) if "lert `a-" in told["text"]]
    return [Card(house, ALERTS, told["ts"]) for told in found]


def new(house: House, before: int, seconds: float = TOLD_SECONDS_MAX) -> Card:
    """Wait for an alert after so many."""
    wait_for(lambda: len(alerts(house)) > before, seconds, house.log_text)
    return alerts(house)[before]


def thread(house: House, card: Card) -> list[str]:
    return [str(each["text"]) for each in house.slack.thread(ALERTS, card.ts)[1:]]


def test_a_failed_backup_is_one_alert_with_a_count_and_an_end(house: House, hooked: Hook):
    before, posted = len(alerts(house)), len(hooked.posted)
    assert fails(house) == "Failed"
    ended = time.monotonic()
    card = new(house, before)
    took = time.monotonic() - ended
    assert took < 10, f"{took:.1f} s to the alert"  # With a look every 0.5 s; 60 s are allowed.
    assert "*Severe: job failed* — production" in card.text
    assert f"<@{RIZAL}>" in card.text
    assert set(card.elements) == {"alert.retry", "alert.ack", "alert.snooze"}
    fails(house)
    card.until("2 times in a row")
    wait_for(lambda: any("Once more: 2 times" in each for each in thread(house, card)))
    # Retry: the words are the server's, whoever presses needs the role.
    refused = house.pressed(CITRA, card, "alert.retry")
    assert "for operators" in refused.text
    again = house.carded(
        BACKUPS, lambda: house.slack.command(RIZAL, BACKUPS, "/backup now staging")
    )
    assert again.ended() == "Done"  # Another deployment's success is not this one's.
    assert "Over" not in card.text
    outcome = house.press(RIZAL, card, "alert.retry")
    assert outcome["outcome"] == "acked"
    card.until("Over after")
    wait_for(lambda: any("It is over" in each for each in thread(house, card)))

    assert len(alerts(house)) == before + 1
    assert not set(card.elements) & {"alert.retry", "alert.ack"}
    wait_for(lambda: len(hooked.posted) == posted + 2)
    assert [each["event"] for each in hooked.posted[posted:]] == ["raised", "recovered"]
    old = house.pressed(RIZAL, card, "alert.ack", stale=True)
    assert "is over since" in old.text


def test_people_take_it_on_and_silence_it_by_button_and_by_words(house: House):
    before = len(alerts(house))
    fails(house)
    card = new(house, before)
    alert_id = card.elements["alert.ack"]["value"]
    assert "for operators" in house.pressed(CITRA, card, "alert.ack").text
    assert "You have taken" in house.pressed(RIZAL, card, "alert.ack").text
    card.until("has taken it on")
    option = f"{alert_id} 60m"
    assert "is silent until" in house.pressed(RIZAL, card, "alert.snooze", option).text
    card.until("snoozed it until")
    fails(house)
    time.sleep(1.5)
    assert not any("Once more" in each for each in thread(house, card))
    assert "1 day at most" in house.ask(RIZAL, f"alert snooze {alert_id} 3d").text
    assert "no open alert" in house.ask(RIZAL, "alert ack a-zzzzzz").text
    assert "has acknowledged it already" in house.ask(RIZAL, f"alert ack {alert_id}").text
    listed = house.ask(CITRA, "alert").text
    assert alert_id in listed
    assert "for operators" in house.ask(CITRA, f"alert ack {alert_id}").text
    told = house.terminal("alert", "snooze", alert_id, "for", "2", "hours")
    assert told.returncode == 0, told.stderr
    assert "is silent until" in told.stdout
    audited = house.ask(CITRA, f"audit about {alert_id}").text
    assert audited.count("alert.snoozed") == 2
    assert "alert.acknowledged" in audited
    assert "Rizal" in audited
    assert ", terminal" in house.terminal("audit", "--about", alert_id).stdout
    sleep_over(house, alert_id)
    wait_for(lambda: any("It was snoozed, and still" in each for each in thread(house, card)))

    assert "2 times in a row" in card.text
    assert len(alerts(house)) == before + 1


def test_slack_being_down_delays_an_alert_and_loses_none(house: House, hooked: Hook):
    before, posted = len(alerts(house)), len(hooked.posted)
    fails(house)
    card = new(house, before)
    backs_up(house)
    card.until("Over after")
    house.production.trouble(kind="drop_before", times=-1)
    house.slack.trouble("error", method="chat.postMessage", status=503, times=-1)
    house.type(RIZAL, "now production")
    told = hooked.posted
    wait_for(  # At once all the same.
        lambda: len(told) == posted + 3,
        TOLD_SECONDS_MAX,
        lambda: f"{[each['event'] for each in told[posted:]]} {house.log_text()}",
    )
    time.sleep(5)
    assert len(alerts(house)) == before + 1
    house.slack.heal()
    late = new(house, before + 1)
    text = late.until("Late: raised")

    assert "Slack was not to be reached until" in text
    assert "stand twice" not in text
    time.sleep(1)
    assert len(alerts(house)) == before + 2


@pytest.mark.parametrize(("moment", "messages"), [("before", 1), ("after", 2)])
def test_a_kill_around_a_send_loses_nothing_and_marks_the_second(
    house: House, moment: str, messages: int
):
    before = len(alerts(house))
    (house.folder / "moment").write_text(moment)
    house.production.trouble(kind="drop_before", times=-1)
    house.type(RIZAL, "now production")
    assert house.bot.ended() == -9
    house.production.heal()
    house.bot.start()
    wait_for(lambda: len(alerts(house)) == before + messages, TOLD_SECONDS_MAX, house.log_text)
    time.sleep(1)
    told = [each.text for each in alerts(house)[before:]]

    assert len(told) == messages
    assert ["stand twice" in each for each in told] == [False] * (messages - 1) + [True]


@pytest.fixture
def forgetful(house: House) -> Iterator[House]:
    """A bot to which what is back within ten seconds is the same."""
    time.sleep(10)  # What an earlier test left is another one's.
    lives_with(house, LIFEBOAT_TEST_BACK="10")
    yield house
    lives_with(house, LIFEBOAT_TEST_BACK="0")


def test_what_comes_and_goes_stays_one_message_and_its_end_is_held_back(
    forgetful: House, hooked: Hook
):
    house, before, posted = forgetful, len(alerts(forgetful)), len(hooked.posted)
    fails(house)
    card = new(house, before)
    for times in ("once", "2 times", "3 times"):
        backs_up(house)
        card.until("Over after")
        fails(house)
        card.until(f"came back {times}")
        wait_for(lambda: any("It is back after" in each for each in thread(house, card)))
    backs_up(house)
    time.sleep(5)  # Half of the time that it has to be quiet for.
    held = card.text
    card.until("Over after")
    told = thread(house, card)
    wait_for(lambda: len(hooked.posted) == posted + 8)

    assert "Over" not in held
    assert len(alerts(house)) == before + 1
    assert sum("It is back after" in each and f"<@{RIZAL}>" in each for each in told) == 3
    assert [each["event"] for each in hooked.posted[posted:]] == [
        "raised",
        *["recovered", "returned"] * 3,
        "recovered",
    ]


def lives_with(house: House, **environ: str) -> None:
    """Let the bot live on with other surroundings."""
    house.bot.stop()
    house.bot.environ = {**house.bot.environ, **environ}  # type: ignore[attr-defined]
    house.bot.start()


def test_a_test_proves_every_road_from_slack_and_from_a_terminal(house: House, hooked: Hook):
    before, posted = len(house.roots(ALERTS)), len(hooked.posted)
    in_slack = house.ask(RIZAL, "alert test").text
    at_terminal = house.terminal("alert", "test")
    hooked.answers.append(404)
    failing = house.terminal("alert", "test")
    listed = house.ask(RIZAL, "alert").text

    assert "Test alert: 2 of 2 roads proven" in in_slack
    assert at_terminal.returncode == 0, at_terminal.stdout
    assert at_terminal.stdout.count("arrived") == 2
    assert failing.returncode == 1
    assert "answered 404" in failing.stdout
    assert "T0K3N" not in failing.stdout + failing.stderr
    assert [each["event"] for each in hooked.posted[posted:]] == ["test", "test"]
    tests = [told for told in house.roots(ALERTS)[before:] if "Test alert" in told["text"]]
    assert len(tests) == 3
    assert listed.count("last proven") == 2
    assert "for operators" in house.ask(CITRA, "alert test").text


def test_a_deleted_outbox_raises_anew_what_stands(house: House):
    before = len(alerts(house))
    fails(house)
    new(house, before)
    house.bot.stop()
    Path(house.folder / "data" / "outbox.db").unlink()
    house.bot.start()
    second: Any = new(house, before + 1)

    assert "job failed" in second.text
