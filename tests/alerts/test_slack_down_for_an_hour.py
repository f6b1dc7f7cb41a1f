"""Slack is down for an hour of the bot's clock, over real sockets: nothing is lost or doubled."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.engine_place import EngineFile
from bot.jobs import looking
from commands.timetable import ScheduledRun
from sandbox.slack_people import RIZAL
from tests.alerts.lonely import ALERTS, LonelyHouse, backing_up, lonely
from tests.slack.conftest import own_environment  # noqa: F401 - used by name.
from tests.slack.house import wait_for

pytestmark = pytest.mark.slow
PACE = timedelta(minutes=15)
STEP_MINUTES = 5
STEPS = 60 // STEP_MINUTES
AT_ONCE_SECONDS = 30.0  # With a look every half second, on a busy machine; 60 s are promised.


@pytest.fixture
def house(own_environment: None, tmp_path: Path) -> Iterator[LonelyHouse]:  # noqa: F811
    with lonely(tmp_path, {"steady": backing_up("production", every="15m")}) as house:
        house.backup("production")
        yield house


def runs(house: LonelyHouse) -> list[ScheduledRun]:
    with looking(EngineFile(house.folder / "data" / "engine.sqlite", house.folder)) as rows:
        return sorted(rows.runs("steady", ["production"]), key=lambda run: run.due or run.asked_at)


def boundaries(began: datetime, ended: datetime) -> list[datetime]:
    """Every due time after the one and up to the other."""
    seconds = PACE.total_seconds()
    first, last = int(began.timestamp() // seconds) + 1, int(ended.timestamp() // seconds)
    return [datetime.fromtimestamp(each * seconds, UTC) for each in range(first, last + 1)]


def due_after(house: LonelyHouse, began: datetime) -> list[ScheduledRun]:
    return [run for run in runs(house) if run.due is not None and run.due > began]


def step(house: LonelyHouse) -> None:
    """Go on by some minutes; what is due by then has been done."""
    house.go_on(STEP_MINUTES)

    def done() -> bool:
        there = runs(house)
        newest = max((run.due for run in there if run.due is not None), default=None)
        late = newest is None or house.now() - newest >= PACE
        return not late and all(run.state not in ("queued", "running") for run in there)

    if runs(house):
        wait_for(done, 60, house.log_text)
    time.sleep(2)  # Several looks.


def told_at_once(house: LonelyHouse, kind: str, count: int) -> float:
    """Wait until both roads have told so much of a kind; how long that took."""
    began = time.monotonic()
    wait_for(
        lambda: len(house.posted(kind)) == len(house.mailed(kind)) == count,
        AT_ONCE_SECONDS,
        lambda: f"{house.hook.posted} {house.log_text()}",
    )
    return time.monotonic() - began


def an_hour(house: LonelyHouse) -> tuple[datetime, datetime]:
    """Let an hour go by, with a trouble that stays and one that comes and goes; from when to when.

    What the other roads tell of them arrives at once.
    """
    began, steps = house.now(), 0
    house.staging.trouble(kind="status", status=401, match="/api/check_admin_key", times=-1)
    house.production.trouble(kind="drop_before", times=-1)
    while not house.posted("job failed"):
        step(house)
        steps += 1
        assert steps < STEPS, house.log_text()
    house.production.heal()
    told_at_once(house, "key refused", 1)
    while len(house.posted("job failed")) < 2:
        step(house)
        steps += 1
        assert steps < STEPS, house.log_text()
    told_at_once(house, "job failed", 2)
    for _ in range(STEPS - steps):
        step(house)
    return began, house.now()


@pytest.mark.parametrize("running", [True, False], ids=["it runs", "it is started meanwhile"])
def test_slack_down_for_an_hour_loses_nothing_and_tells_nothing_twice(
    house: LonelyHouse, running: bool
):
    if running:
        house.bot.start()
        house.open()
    house.slack_goes()
    if not running:
        house.bot.start()
    wait_for(lambda: not house.health()[1]["socket_up"], 20, house.log_text)
    time.sleep(2)  # Several looks.
    began, ended = an_hour(house)
    wait_for(lambda: len(due_after(house, began)) >= len(boundaries(began, ended)), 30)
    meanwhile = due_after(house, began)
    by_the_other_roads = [house.posted("key refused"), house.posted("job failed")]
    house.slack_comes()
    house.open()
    wait_for(lambda: len(house.alerts()) >= 3, 60, house.log_text)
    wait_for(lambda: all(house.cards_of(run.job_id) for run in meanwhile), 60, house.log_text)
    time.sleep(3)  # For what may come twice.

    # Every due time of the hour ran once.
    assert ended - began >= timedelta(hours=1)
    assert [run.due for run in meanwhile] == boundaries(began, ended)
    assert len(meanwhile) >= 4
    assert set(Counter(house.jobs_ended()).values()) == {1}
    assert Counter(run.state for run in runs(house))["failed"] == 1

    # Each of them has one message that shows its end, and says that it is late.
    cards = [card for run in meanwhile for card in house.cards_of(run.job_id)]
    assert len(cards) == len(meanwhile)
    assert Counter(card.ended() for card in cards) == {"Done": len(cards) - 1, "Failed": 1}
    assert all("Posted late: Slack was not to be reached" in card.text for card in cards)

    # What is wrong is told once, late, to whom it concerns.
    assert by_the_other_roads == [["raised"], ["raised", "recovered"]]
    told = {kind: _alert(house, kind) for kind in ("key refused", "job failed", "slack away")}
    assert len(house.alerts()) == 3
    refused = told["key refused"]
    assert "Late: raised" in refused
    assert "Slack was not to be reached until" in refused
    assert f"<@{RIZAL}>" in refused

    # What came and went is told as over, and calls nobody.
    lasted = re.search(r"Over after (\d+) min", told["job failed"])
    assert lasted is not None, told["job failed"]
    assert 10 <= int(lasted[1]) <= 20
    assert f"<@{RIZAL}>" not in told["job failed"]
    assert re.search(r"Over after 1 h|Over after (59|60) min", told["slack away"]), told
    assert f"<@{RIZAL}>" not in told["slack away"]
    assert house.posted("slack away") == []


def _alert(house: LonelyHouse, kind: str) -> str:
    """The one alert of a kind, with its thread."""
    (card,) = [each for each in house.alerts() if f": {kind}" in each.text.partition("\n")[0]]
    return "\n".join(str(each["text"]) for each in house.slack.thread(ALERTS, card.ts))
