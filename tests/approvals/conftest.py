"""One pair of stand-ins for a module, and a house with a rehearsed backup.

`house` is the module's: its bot runs, and it is asked of one question after another. Before each
test production is as on its first day with five rows lost, and Slack is empty.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.approvals.held import Held, paused
from tests.approvals.house import ApprovalHouse
from tests.approvals.mortal import Mortal
from tests.slack.house import wait_for

LOST = 5


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world"), seed="small", step_seconds=0.0) as made:
        yield made


@pytest.fixture(scope="module")
def slack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackWorld]:
    with SlackWorld(tmp_path_factory.mktemp("slack"), rates=False) as made:
        yield made


@pytest.fixture(scope="module")
def template(
    tmp_path_factory: pytest.TempPathFactory, world: World, slack: SlackWorld
) -> ApprovalHouse:
    """A house whose backup of production was restored to staging; no bot has run in it."""
    made = ApprovalHouse(tmp_path_factory.mktemp("house") / "team", world, slack, sealed=True)
    made.rehearse()
    return made


@pytest.fixture(scope="module")
def promised(template: ApprovalHouse) -> dict:
    """What production holds after a restore of the rehearsed backup."""
    return template.production.counts()


@pytest.fixture(scope="module")
def open_house(template: ApprovalHouse) -> Iterator[ApprovalHouse]:
    template.bot.start()
    yield template
    template.bot.stop()


@pytest.fixture
def house(open_house: ApprovalHouse, promised: dict) -> Iterator[ApprovalHouse]:
    if not open_house.bot.runs:  # It died in an earlier test: that test's failure alone.
        open_house.bot.start()
    fresh(open_house)
    yield open_house
    open_house.production.heal()
    open_house.slack.heal()
    open_house.idle()

    assert not paused(open_house.production)


@pytest.fixture
def held(house: ApprovalHouse) -> Held:
    return Held(house.production)


@pytest.fixture(scope="module")
def deathbed(template: ApprovalHouse) -> Iterator[tuple[ApprovalHouse, Mortal]]:
    """A house whose bot dies in every test, and is up again after it."""
    mortal = Mortal(template)
    mortal.start()
    try:
        yield template, mortal
    finally:
        mortal.stop()


@pytest.fixture
def mortal(deathbed: tuple[ApprovalHouse, Mortal], promised: dict) -> Iterator[Mortal]:
    house, made = deathbed
    fresh(house)
    began = len(house.log_text())
    yield made
    made.lives()

    assert "Traceback" not in house.log_text()[began:], house.log_text()[began:][-4000:]


def fresh(house: ApprovalHouse) -> None:
    """Bring production back to its first day, with rows lost since, and empty Slack."""
    house.production.reset()
    house.production.mutate("npd", "delete", LOST)
    house.slack.reset()
    wait_for(lambda: house.slack.state()["connected"] > 0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module's tests in one process, for they share a house; the long matrix has two."""
    here, cells = Path(__file__).parent, 0
    for item in items:
        if here not in item.path.parents:
            continue
        group = item.path.stem
        if group == "test_killed":
            cells += 1
            group = f"{group} {cells % 2}"
        item.add_marker(pytest.mark.xdist_group(group))
