"""Two commands at once: both whole, or one refused in words; never one that spoils the other."""

import json
from dataclasses import replace

import pytest

from storage.errors import Refused
from tests.journeys import house as of
from tests.journeys.house import House
from tests.sandbox import wire

SLOW_IMPORT = {"kind": "import_slow", "seconds": 0.2}


@pytest.mark.slow
def test_two_backups_at_once_are_both_whole_under_ids_of_their_own(house):
    running = [house.start("now", "--json") for _ in range(2)]
    ended = [each.end() for each in running]
    ids = {each.last["manifest"]["id"] for each in ended}

    assert [each.code for each in ended] == [0, 0]
    assert len(ids) == 2
    assert set(house.manifests()) == ids
    assert house.torn() == house.scratch() == []


def test_a_backup_waits_for_an_export_that_is_under_way(house):
    house.production.trouble(kind="export_slow", seconds=0.5)
    running = house.start("now", "--json")
    running.until("export")
    wire.until(lambda: house.production.events("export_requested"))
    with house.inside() as here:
        result = here.do("now")

        assert "Waiting for another export of this deployment to end." in here.said
    assert running.end().code == 0
    assert result.manifest.snapshot.export_id == wire.latest(house.production)["_id"]
    assert len(house.manifests()) == 2


def test_an_id_that_another_backup_took_in_between_is_given_up(house):
    """Both found the same id free; the archive that is there first keeps it."""
    others = []

    def tell(event):
        if getattr(event, "step", "") == "store" and not others:
            others.append(None)
            clock = here.ctx.now()
            others[0] = house.do("now", clock=lambda: clock).manifest.id

    with house.inside(tell=tell) as here:
        fixed = here.ctx.now()
        here.ctx = replace(here.ctx, now=lambda: fixed)
        listed = type(here.ctx.vault).list
        here.ctx.vault.list = lambda prefix="": [
            stored
            for stored in listed(here.ctx.vault, prefix)
            if not others or others[0] is None or others[0] not in stored.name
        ]
        result = here.do("now")

    assert result.manifest.id == f"{others[0]}-2"
    assert set(house.manifests()) == {others[0], result.manifest.id}
    assert house.torn() == []


def test_a_second_restore_into_the_same_target_is_refused_in_words(house):
    house.backup()
    house.staging.trouble(**SLOW_IMPORT)
    running = house.start("restore", "latest", "--yes", "--json")
    running.until("restore")
    ended = house.run("restore", "latest:production", "--yes")

    assert ended.code == 2
    assert f"a restore into staging under way (process {running.pid} on " in ended.err
    assert "Wait until it has ended" in ended.err
    assert running.end().code == 0
    assert of.confirmed(house.staging) == 1


def test_a_restore_of_another_data_folder_is_left_alone_while_it_runs(house, tmp_path):
    """Its lock is not ours to see, as in two checkouts on one CI machine; its process is."""
    house.backup()
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other", house.world)
    other.write(**{"vaults.local": {"folder": str(house.vault)}})
    house.staging.trouble(**SLOW_IMPORT)
    running = house.start("restore", "latest", "--yes", "--json")
    running.until("stage")
    with other.inside() as here, pytest.raises(Refused) as caught:
        here.do("restore", "latest:production", "--yes")

    assert f"process {running.pid}" in str(caught.value)
    assert "--take-over" in str(caught.value)
    assert running.end().code == 0
    assert of.confirmed(house.staging) == 1
    assert other.do("restore", "latest:production", "--yes").exit_code == 0


def test_restores_into_different_targets_go_on_side_by_side(house):
    house.write(production={"protected": False})
    house.backup()
    house.staging.trouble(**SLOW_IMPORT)
    running = house.start("restore", "latest", "--yes", "--json")
    running.until("restore")
    result = house.do("restore", "latest:production", "--to", "production", "--yes")

    assert result.exit_code == 0
    assert running.end().code == 0


def test_a_backup_can_be_taken_of_a_target_while_it_is_restored(house):
    house.backup()
    house.staging.trouble(**SLOW_IMPORT)
    running = house.start("restore", "latest", "--yes", "--json")
    running.until("restore")
    id_ = house.backup("staging")

    assert running.end().code == 0
    assert house.do("verify", id_).findings == ()


def test_lists_and_checks_run_beside_a_backup(house):
    kept = house.backup()
    house.production.trouble(kind="slow_body", seconds=0.3, chunk=20_000)
    running = house.start("now", "--json")
    running.until("download")

    assert house.do("verify", kept).findings == ()
    assert [entry.id for entry in house.do("list").entries] == [kept]
    assert running.end().code == 0


def test_a_verify_of_a_backup_that_is_deleted_meanwhile_is_a_finding(house):
    id_ = house.backup()

    def tell(event):
        if getattr(event, "step", "") == "verify":
            house.archive(id_).unlink(missing_ok=True)

    with house.inside(tell=tell) as here:
        result = here.do("verify", id_)

    assert result.exit_code == 1
    assert "archive.zip is not" in result.findings[0].what


@pytest.mark.slow
def test_many_lists_at_once_share_one_catalog(house):
    id_ = house.backup()
    (house.data / "catalog.db").unlink()
    running = [house.start("list", "--json") for _ in range(4)]
    ended = [each.end() for each in running]

    assert [each.code for each in ended] == [0] * 4
    assert all(id_ in json.dumps(each.last) for each in ended)
