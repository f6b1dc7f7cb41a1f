"""Standing troubles in Slack: each raised once by its real cause, and over once, by one real bot.

The bot backs production up every few seconds, so its schedule, its vault, its key and its tables
are all in use while one after the other breaks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from sandbox.slack_people import BACKUPS, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.approvals.house import LivelyBot
from tests.slack.house import PROXIES, Card, House, wait_for

pytestmark = pytest.mark.slow
ALERTS = "C0GENERAL1"
EVERY, TARGET, ENOUGH = 2, 7, 6
RAISED_SECONDS_MAX = 30.0  # With two looks a second; 60 s are allowed with a look every 20.
SETTINGS = {
    "alerts": {"channel": ALERTS, "look_seconds": 0.5},
    "lookout": {"learn_min": 3, "learn_from": 5, "probe_minutes": 0.05, "paused_minutes": 0},
    "deployments.production": {"target_hours": TARGET / 3600},
    "schedules.often": {"verb": "backup", "every": f"{EVERY}s", "channel": BACKUPS},
    "patience": {"tries": 1, "outage_seconds_max": 1},
    "jobs": {"stop_seconds": 1},
}


class RestlessBot(LivelyBot):
    module = "tests.alerts.restless"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("lookout")
    with pytest.MonkeyPatch.context() as patch:
        for name in (*PROXIES, "SLACK_BOT_TOKEN"):
            patch.delenv(name, raising=False)
        with (
            World(folder / "convex", step_seconds=0.0) as world,
            SlackWorld(folder / "slack", rates=False) as slack,
        ):
            made = House(folder / "house", world, slack, changes=SETTINGS)
            made.bot = RestlessBot(made)
            made.bot.environ = {"LIFEBOAT_TEST_STOP": str(made.folder / "stop")}  # type: ignore[attr-defined]
            made.bot.start()
            try:
                yield made
            finally:
                made.bot.stop()


def alerts(house: House, kind: str) -> list[Card]:
    """Every alert of a kind there ever was, oldest first."""
    found = [Card(house, ALERTS, told["ts"]) for told in house.roots(ALERTS)]
    return [card for card in found if f": {kind}" in card.text.partition("\n")[0]]


def raised(house: House, kind: str, before: int = 0) -> Card:
    """Wait for the alert of a kind after so many; the time it took is bounded."""
    began = time.monotonic()
    wait_for(
        lambda: len(alerts(house, kind)) > before,
        RAISED_SECONDS_MAX,
        lambda: f"{[m['text'] for m in house.roots(ALERTS)]} {house.log_text()[-300:]}",
    )
    print(f"{kind}: {time.monotonic() - began:.1f} s")
    return alerts(house, kind)[before]


def over(house: House, card: Card, kind: str, count: int = 1) -> None:
    """Wait until it is over; it was one alert all the time, and people were told its end once."""
    card.until("Over after", seconds=RAISED_SECONDS_MAX)
    wait_for(lambda: _ends(house, card) == 1)

    assert len(alerts(house, kind)) == count
    assert _ends(house, card) == 1


def _ends(house: House, card: Card) -> int:
    return sum("It is over" in str(each["text"]) for each in house.slack.thread(ALERTS, card.ts))


def backups(house: House) -> int:
    return sum(name.startswith("production") for name in house.manifests())


def settled(house: House) -> None:
    """Wait until enough is backed up to learn from, and nothing is wrong."""
    wait_for(lambda: backups(house) >= ENOUGH, 60, lambda: str(backups(house)))
    wait_for(
        lambda: "No alert is open" in house.ask(RIZAL, "alert").text,
        60,
        lambda: str([m["text"] for m in house.roots(ALERTS)]),
    )


def test_each_trouble_is_told_once_by_its_cause_and_is_over_once(house: House):
    settled(house)

    # A key that is refused.
    house.production.trouble(kind="status", status=401, match="/api/check_admin_key", times=-1)
    card = raised(house, "key refused")
    assert "*Severe: key refused* — production" in card.text
    house.production.heal()
    over(house, card, "key refused")

    # A table that shrank; it is how things are now after some more backups.
    before = house.production.counts()["tables"]["npd"]
    house.production.mutate("npd", "delete", before - 5)
    card = raised(house, "anomaly")
    assert f"npd: 5 documents, {before:,} in the last 5 backups." in card.text
    over(house, card, "anomaly")

    settled(house)

    # A vault that is gone.
    vault = house.folder / "vault"
    vault.rename(house.folder / "away")
    vault.write_text("no folder")
    card = raised(house, "vault unreachable")
    assert "*Severe: vault unreachable* — local" in card.text
    vault.unlink()
    (house.folder / "away").rename(vault)
    over(house, card, "vault unreachable")
    settled(house)

    # A scheduler that stopped: the clock itself, and what comes of it.
    stop = house.folder / "stop"
    overdue = len(alerts(house, "backup overdue"))
    stop.touch()
    clock = raised(house, "clock dead")
    late = raised(house, "backup overdue", overdue)
    assert "Nothing is begun by itself right now" in late.text
    stop.unlink()
    house.bot.signal()
    house.write(lookout={"room_for_backups": 1_000_000_000})
    house.bot.start()
    over(house, clock, "clock dead")
    over(house, late, "backup overdue", overdue + 1)

    # A disk that fills, and has room again.
    card = raised(house, "vault filling")
    house.bot.signal()
    house.write(lookout={"room_for_backups": 3})
    house.bot.start()
    over(house, card, "vault filling")

    assert "Traceback" not in house.log_text(), house.log_text()
    assert house.secrets_seen() == []
