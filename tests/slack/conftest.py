"""One house for the tests of a module: stand-ins, and the real bot in a process of its own."""

from collections.abc import Iterator

import pytest

from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.slack.house import House


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with (
        World(folder / "convex", step_seconds=0.01) as world,
        SlackWorld(folder / "slack", rates=False) as slack,
    ):
        made = House(folder / "team", world, slack)
        made.bot.start()
        try:
            yield made
        finally:
            made.bot.stop()
