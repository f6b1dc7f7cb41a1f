"""A bot that is killed at any moment of any job: the next one ends the job, once and truthfully."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from sandbox.slack_people import RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.sandbox import wire
from tests.slack.house import Card, House
from tests.slack.mortal import Mortal

pytestmark = pytest.mark.slow
POINTS = ("begin", "effect", "kept")
TAKING = (
    *("kept preflight", "kept describe", "kept export", "kept archive"),
    *("step download", "step choose tables", "step store", "step read back", "step manifest"),
)
RESTORING = (
    ("kept preflight", 1),
    ("kept name", 1),
    ("kept plan", 1),
    # The safety backup's own.
    ("kept preflight", 2),
    ("kept describe", 1),
    ("kept export", 1),
    ("kept archive", 1),
    ("step manifest", 1),
    ("kept stage", 1),
    ("step verify the archive", 1),
    ("step build", 1),
    ("step stage", 1),
    ("step compare", 1),
    ("step confirm", 1),
    ("step restore", 1),
    ("step count", 1),
)
REPORTS = {
    "now": "SHA-256",
    "verify": "Looked at",
    "restore": "Safety backup",
    "copy": "Copy in second",
    "sync": "second",
}
NOT_PICKED_UP = (("end", "kept"), ("end", "effect"))  # There was nothing left to do.


@pytest.fixture(scope="module")
def deathbed(
    own_environment: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, Mortal]]:
    """A house whose bot dies in every test, and is up again after it."""
    folder = tmp_path_factory.mktemp("deathbed")
    with (
        World(folder / "convex", step_seconds=0.0) as world,
        SlackWorld(folder / "slack", rates=False) as slack,
    ):
        house = House(folder / "house", world, slack, sealed=True)
        mortal = Mortal(house)
        mortal.start()
        try:
            yield house, mortal
        finally:
            mortal.stop()


@pytest.fixture
def house(deathbed: tuple[House, Mortal]) -> House:
    return deathbed[0]


@pytest.fixture
def mortal(deathbed: tuple[House, Mortal]) -> Iterator[Mortal]:
    house, mortal = deathbed
    began = len(house.log_text())
    yield mortal

    assert "Traceback" not in house.log_text()[began:], house.log_text()[began:]


@pytest.fixture(scope="module")
def archived(deathbed: tuple[House, Mortal]) -> str:
    """A backup of production."""
    return deathbed[0].backup("production", "label", "to go back to")


def died_and_went_on(
    house: House, mortal: Mortal, words: str, moment: tuple[str, int, str]
) -> Card:
    """Have a job killed at the moment and taken up again; its message, once it has ended."""
    what, nth, point = moment
    mortal.dies(what, nth, point)
    card = house.job(RIZAL, words)
    code = mortal.ended()
    mortal.start()
    card.ended()

    assert code == -signal.SIGKILL
    assert len(house.cards_of(card.job_id)) == 1
    if (what, point) not in NOT_PICKED_UP:
        assert "picked up again after a restart" in card.text
        assert card.told("Picked up again after a restart")
    assert card.told(REPORTS[words.split(maxsplit=1)[0]])
    return card


def only_new(house: House, before: set[str]) -> str:
    """The one backup that came to exist, which is listed and sound."""
    (id_,) = set(house.manifests()) - before
    assert id_ in {entry.id for entry in house.do("list").entries}
    assert house.do("verify", id_).findings == ()
    return id_


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("what", [*TAKING, "end"])
def test_a_killed_backup_becomes_one_backup(house: House, mortal: Mortal, what: str, point: str):
    before = set(house.manifests())
    label = f"{what} {point}"
    card = died_and_went_on(
        house, mortal, f"now production tables npd,sp2d label “{label}”", (what, 1, point)
    )

    assert card.state == "Done"
    id_ = only_new(house, before)
    assert id_ in card.text
    assert house.manifests()[id_]["label"] == label


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("what", ["kept verify", "kept record", "end"])
def test_a_killed_verification_ends_with_what_it_found(
    house: House, mortal: Mortal, archived: str, what: str, point: str
):
    before = set(house.manifests())
    card = died_and_went_on(house, mortal, f"verify {archived}", (what, 1, point))

    assert card.state == "Done"
    assert f"Sound: `{archived}`" in card.text
    assert set(house.manifests()) == before


def begun_imports(house: House) -> int:
    return sum(entry["began"] for entry in house.staging.events("import_confirmed"))


def dangling(house: House) -> list[str]:
    rows = wire.ask(house.staging, "_system/cli/queryImport:list")
    states = [row["state"]["state"] for row in rows]
    return [state for state in states if state not in ("completed", "failed")]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(("what", "nth"), [*RESTORING, ("end", 1)])
def test_a_killed_restore_imports_once_and_holds_what_was_promised(
    house: House, mortal: Mortal, archived: str, what: str, nth: int, point: str
):
    house.staging.mutate("npd", "insert", 3)  # So that there is something to put back.
    before, begun = set(house.manifests()), begun_imports(house)
    card = died_and_went_on(house, mortal, f"restore {archived} to staging yes", (what, nth, point))

    assert card.state == "Done"
    assert "holds what was promised" in card.text
    assert begun_imports(house) == begun + 1
    assert dangling(house) == []
    assert house.staging.counts() == house.production.counts()
    safety = only_new(house, before)
    assert house.manifests()[safety]["kind"] == "safety"
    assert safety in card.text


def test_every_moment_of_a_job_is_one_that_the_list_above_knows(
    house: House, mortal: Mortal, archived: str
):
    """What a job keeps is remembered in the engine; a new name there has to be killed here too."""
    for words in (
        "now production tables npd",
        f"verify {archived}",
        f"restore {archived} to staging yes",
    ):
        house.job(RIZAL, words).ended()
    known = {what.partition(" ")[2] for what, _ in RESTORING if what.startswith("kept")}
    known |= {what.partition(" ")[2] for what in TAKING} | {"verify", "record", "born"}
    names = engine_steps(house)

    assert names - known == set()
    assert {"export", "archive", "stage", "verify"} <= names


def engine_steps(house: House) -> set[str]:
    """The names of all steps that the engine has remembered."""
    import sqlite3

    with sqlite3.connect(f"file:{house.folder / 'data' / 'engine.sqlite'}?mode=ro", uri=True) as db:
        rows = db.execute("select distinct function_name from operation_outputs").fetchall()
    return {str(name) for (name,) in rows}
