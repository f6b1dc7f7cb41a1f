"""A world that a module's tests share, and a house of its own for each test.

Both deployments are back at their first day before each test. After each, no key may be readable
anywhere: not in what was printed, nor in a file of the vault or the data folder.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.world import World
from tests.journeys.house import House


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world"), step_seconds=0.0) as made:
        yield made


@pytest.fixture
def house(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    """A module that says SEALED has its archives sealed; the others keep them plain."""
    for name in world:
        world[name].reset()
    made = House(tmp_path, world, sealed=getattr(request.module, "SEALED", False))
    yield made
    for name in world:
        world[name].heal()

    assert made.keys_seen() == []
