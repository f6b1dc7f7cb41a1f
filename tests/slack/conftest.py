"""One bot between two stand-ins for all tests of a process; each test leaves the peace unbroken.

A test that makes Slack lose or delay what the bot says asks for `rough_house`; everybody else's
envelopes must all have been answered in time.
"""

from collections.abc import Iterator

import pytest

from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.slack.house import PROXIES, House


@pytest.fixture(scope="session")
def town(own_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The bot that the tests of this process share, with what they left behind."""
    folder = tmp_path_factory.mktemp("town")
    with (
        World(folder / "convex", step_seconds=0.02) as world,
        SlackWorld(folder / "slack", rates=False) as slack,
    ):
        made = House(folder / "house", world, slack)
        made.bot.start()
        try:
            yield made
        finally:
            made.bot.stop()


@pytest.fixture(scope="module")
def worlds(
    own_environment: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, SlackWorld]]:
    """Stand-ins for bots that come and go, one pair for a module."""
    folder = tmp_path_factory.mktemp("worlds")
    with (
        World(folder / "convex", step_seconds=0.02) as world,
        SlackWorld(folder / "slack", rates=False) as slack,
    ):
        yield world, slack


@pytest.fixture(scope="session", autouse=True)
def own_environment() -> Iterator[None]:
    """The SDK would send even 127.0.0.1 through a proxy; a real token would stop the stand-in."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (*PROXIES, "SLACK_BOT_TOKEN"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def rough_house(town: House) -> Iterator[House]:
    """The house, for a test that breaks the line between Slack and the bot."""
    began = len(town.log_text())
    yield town
    town.slack.heal()
    for name in town.world:
        town.world[name].heal()

    assert town.bot.runs, town.log_text()[began:]
    assert "Traceback" not in town.log_text()[began:], town.log_text()[began:]
    assert town.secrets_seen() == []


@pytest.fixture
def house(rough_house: House) -> Iterator[House]:
    """The house; every envelope of the test was answered in time."""
    since = rough_house.mark()
    yield rough_house

    assert rough_house.unacked(since) == []


@pytest.fixture(scope="session")
def backup(town: House) -> str:
    """A backup of production that nobody changes."""
    return town.backup("production", "label", "of all tables")
