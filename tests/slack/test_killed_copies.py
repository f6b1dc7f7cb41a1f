"""A bot that is killed at any moment of a copy or a sync: the next one makes the copy, once."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator

import pytest

from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.slack.house import House
from tests.slack.mortal import Mortal
from tests.slack.test_killed_jobs import POINTS, died_and_went_on

pytestmark = pytest.mark.slow
COPYING = (
    ("kept copy", 1),  # It is looked for.
    ("kept targets", 1),
    ("kept copy", 2),
    ("step copy to second", 1),
    ("step read the copy back", 1),
    ("step label the copy", 1),
    ("end", 1),
)


@pytest.fixture(scope="module")
def deathbed(
    own_environment: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, Mortal]]:
    """A house with two vaults, whose bot dies in every test, and is up again after it."""
    folder = tmp_path_factory.mktemp("deathbed")
    with (
        World(folder / "convex", step_seconds=0.0) as world,
        SlackWorld(folder / "slack", rates=False) as slack,
    ):
        second = {"vaults.second": {"kind": "folder", "folder": "second"}}
        house = House(folder / "house", world, slack, changes=second)
        mortal = Mortal(house)
        mortal.start()
        try:
            yield house, mortal
        finally:
            mortal.stop()


@pytest.fixture(scope="module")
def archived(deathbed: tuple[House, Mortal]) -> str:
    """A backup of production."""
    return deathbed[0].backup("production", "tables", "npd,users")


def kept(house: House, vault: str) -> dict[str, str]:
    """What a vault's folder holds of backups, but for the checks."""
    folder = house.folder / vault
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("backups/*/*/*")
        if path.is_file()
    }


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(("what", "nth"), COPYING)
def test_a_killed_copy_becomes_one_copy(
    deathbed: tuple[House, Mortal], archived: str, what: str, nth: int, point: str
):
    house, mortal = deathbed
    shutil.rmtree(house.folder / "second")
    card = died_and_went_on(house, mortal, f"copy {archived} to second", (what, nth, point))

    assert card.state == "Done"
    assert archived in card.text
    assert kept(house, "second") == kept(house, "vault")
    assert house.do("verify", archived, "--vault", "second").findings == ()
    assert "Traceback" not in house.log_text()


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("what", ["step copy to second", "step label the copy", "end"])
def test_a_killed_sync_fills_the_vault(
    deathbed: tuple[House, Mortal], archived: str, what: str, point: str
):
    house, mortal = deathbed
    shutil.rmtree(house.folder / "second")
    card = died_and_went_on(house, mortal, "sync second", (what, 1, point))

    assert card.state == "Done"
    assert kept(house, "second") == kept(house, "vault")
    assert house.do("verify", archived, "--vault", "second").findings == ()
    assert "Traceback" not in house.log_text()
