"""Real people's journeys: a browser, the page of the stand-in Slack, and the real bot behind it.

A module's tests share a house; before each test the channel is empty and both deployments are at
their first day, while the vault keeps its backups. After each, no browser may have complained.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from sandbox.slack_people import APPROVERS
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.browser.browser import NoBrowser, executable, missing, started
from tests.browser.seat import OPERATOR, Seat, seated
from tests.slack.house import House

SEATS = pytest.StashKey[list[Seat]]()
SETTINGS = {"approvals": {"approvers": [APPROVERS]}}
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium; without one the tests are skipped, but in CI they fail.

    A module's own: while it is held, an event loop counts as running in this process, and the
    tests of other modules that start one of their own could not.
    """
    try:
        path = executable()
    except NoBrowser as reason:
        missing(reason)
    with started(path) as made:
        yield made


@pytest.fixture(scope="module")
def whole_house(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with (
        World(folder / "convex", step_seconds=0.02) as world,
        SlackWorld(folder / "slack") as slack,
    ):
        house = House(folder / "lifeboat", world, slack, SETTINGS, sealed=True)
        try:
            house.bot.start()
            yield house
        finally:
            house.bot.stop()


@pytest.fixture
def house(whole_house: House) -> Iterator[House]:
    whole_house.slack.reset()
    for name in whole_house.world:
        whole_house.world[name].reset()
    yield whole_house
    for name in whole_house.world:
        whole_house.world[name].heal()


Sit = Callable[..., Seat]


@pytest.fixture
def sit(house: House, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Sit]:
    """Takes a seat at the page, as somebody; each has a browser window of their own."""
    contexts, seats = [], []
    request.node.stash[SEATS] = seats

    def take(person: str = OPERATOR, **settings: Any) -> Seat:
        context, seat = seated(browser, house.slack.url, **settings)
        contexts.append(context)
        seats.append(seat)
        if person != OPERATOR:
            seat.become(person)
        return seat

    yield take
    for context in contexts:
        context.close()

    assert [complaint for seat in seats for complaint in seat.complaints] == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Of a journey that failed there is a picture, and the words of the page, in its report."""
    report = yield
    if report.failed and call.when == "call":
        for number, seat in enumerate(item.stash.get(SEATS, [])):
            with contextlib.suppress(Exception):
                folder = Path(item.funcargs["house"].folder)
                path = folder.parent / f"{item.name}-{number}.png"
                seat.page.screenshot(path=path)
                told = seat.page.locator("body").aria_snapshot()
                report.sections.append((f"page {number}, picture {path}", told))
    return report
