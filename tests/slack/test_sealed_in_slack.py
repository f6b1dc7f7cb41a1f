"""Sealed archives from Slack: a bot that holds only public keys, and one that has the identity."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.slack_people import RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.slack.house import House


@pytest.fixture(scope="module")
def sealing(
    own_environment: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, str]]:
    """A bot without the identity that its archives are sealed for, and a backup it took."""
    folder = tmp_path_factory.mktemp("sealing")
    with (
        World(folder / "convex", step_seconds=0.02) as world,
        SlackWorld(folder / "slack", rates=False) as slack,
    ):
        made = House(folder / "house", world, slack, sealed=True)
        made.write(encryption={"identity_file": None})
        made.bot.start()
        try:
            card = made.job(RIZAL, "now production")
            assert card.ended() == "Done"
            yield made, card.buttons["backup.show"]
        finally:
            made.bot.stop()


def test_a_backup_is_taken_with_public_keys_alone_and_says_that_it_is_sealed(sealing):
    house, id_ = sealing
    (recipient,) = house.encryption["recipients"]

    assert house.manifests()[id_]["archive"]["name"].endswith("/archive.zip.age")
    shown = house.ask(RIZAL, f"show {id_}").text
    assert recipient in shown
    assert "sealed" in house.ask(RIZAL, "list production").text


def test_a_verification_says_that_no_row_was_read(sealing):
    house, id_ = sealing
    card = house.job(RIZAL, f"verify {id_}")

    assert card.ended() == "Done, but look at it"
    assert "no row was read" in card.told("identity_file")


def test_a_restore_is_refused_before_a_job_begins(sealing):
    house, id_ = sealing
    before = house.changed()
    told = house.ask(RIZAL, f"restore {id_} to staging yes").text

    assert "sealed for age1" in told
    assert "identity_file" in told
    assert "Nothing was touched" in told
    assert house.changed() == before


def test_a_restore_of_production_is_refused_before_anybody_is_asked(sealing):
    house, id_ = sealing
    told = house.ask(RIZAL, f'restore {id_} to production reason "rows are gone"').text

    assert "sealed for age1" in told


def test_the_recovery_kit_is_shown_to_the_asker_alone(sealing):
    house, id_ = sealing
    told = str(house.ask(RIZAL, "recovery-kit").message["blocks"])

    assert id_ in told
    assert "npx convex import" in told
    assert "AGE-SECRET" not in told
    refused = house.ask(RIZAL, "recovery-kit out kit.txt").text
    assert "nothing is written" in refused


def test_keys_are_never_made_through_slack(sealing):
    house, _ = sealing
    told = house.ask(RIZAL, "keys new").text

    assert "for a terminal" in told
    assert "never passes through Slack" in told
    assert not (house.folder / "keys").exists()


def test_doctor_says_what_this_bot_can_do(sealing):
    house, _ = sealing
    told = house.ask(RIZAL, "doctor").text

    assert "New archives are sealed for age1" in told
    assert "can't be restored or verified row by row" in told


def test_the_same_backup_is_restored_once_the_identity_is_there(sealing):
    """A new start reads the settings anew; the file itself is read whenever it is needed."""
    house, id_ = sealing
    house.bot.signal()
    house.write()
    house.bot.start()
    card = house.job(RIZAL, f"restore {id_} to staging yes")

    assert card.ended() == "Done"
    assert house.staging.counts()["tables"] == house.production.counts()["tables"]
