"""Doctor looks at everything, names what is missing, and never hides one look behind another."""

import os

import pytest

from tests.journeys import house as of

SEALED = True


def looked(house, *words):
    """Return doctor's lines by name."""
    return {line.name: line for line in house.do("doctor", *words).lines}


def test_all_is_well_ends_with_0(house):
    house.backup()
    ended = house.process("doctor")

    assert ended.code == 0
    assert ended.err == ""
    assert ended.out.splitlines()[-1].endswith(" OK, 0 WARN, 0 FAIL")
    assert "1 whole backup in local." in ended.out


def test_doctor_leaves_nothing_and_changes_nothing(house):
    house.backup()
    files = house.files()
    house.run("doctor")

    assert house.files() == files
    assert of.changes(house.production) == ["/api/export/request/zip"]
    assert of.changes(house.staging) == []


def test_each_look_is_a_line_with_its_state(house):
    lines = looked(house)

    assert {line.state for line in lines.values()} == {"OK"}
    assert {
        "settings",
        "production reachable",
        "production key",
        "production may back up",
        "production clock",
        "staging may be restored",
        "vault",
        "backups",
        "leftovers",
        "restores",
        "spool",
    } <= lines.keys()


def test_one_deployment_can_be_looked_at_alone(house):
    lines = looked(house, "staging")

    assert "staging key" in lines
    assert "production key" not in lines


def test_a_deployment_that_is_not_in_the_settings_ends_with_2(house):
    ended = house.run("doctor", "prodution")

    assert ended.code == 2
    assert "Did you mean 'production'?" in ended.err


def test_a_deployment_that_nobody_reaches_is_a_fail_and_the_rest_is_looked_at(house):
    house.write(staging={"url": "http://127.0.0.1:9"})
    with house.inside(**of.HASTY) as here:
        result = here.do("doctor")
    states = {line.name: line.state for line in result.lines}

    assert result.exit_code == 2
    assert states["staging reachable"] == "FAIL"
    assert states["production reachable"] == states["vault"] == states["spool"] == "OK"


def test_a_key_that_opens_nothing_is_a_fail_of_the_key(house):
    house.give_key("staging", house.staging.key[:-8] + "AAAAAAA=")
    line = looked(house)["staging key"]

    assert line.state == "FAIL"
    assert "deploy key" in line.hint


def test_a_key_of_another_deployment_is_a_fail_by_both_names(house):
    house.give_key("staging", house.production.key)
    line = looked(house)["staging key"]

    assert line.state == "FAIL"
    assert "happy-animal-123" in line.what
    assert "calm-otter-456" in line.what


def test_a_key_that_may_not_back_up_is_a_fail_of_that(house):
    house.give_key("production", house.production.read_only_key)
    lines = looked(house)

    assert lines["production key"].state == "OK"
    assert lines["production may back up"].state == "FAIL"
    assert "deployment:backups:create" in lines["production may back up"].what


def test_a_key_that_may_not_restore_is_a_warning_where_restores_may_go(house):
    for name in ("production", "staging"):
        house.give_key(name, house.world[name].no_import_key)
    lines = looked(house)

    assert lines["staging may be restored"].state == "WARN"
    assert "deployment:backups:import" in lines["staging may be restored"].what
    assert "production may be restored" not in lines


def test_settings_that_cant_be_used_are_listed_with_every_mistake(house):
    house.write(production={"url": "happy-animal-123"}, staging={"key_file": "nowhere.key"})
    ended = house.run("doctor")

    assert ended.code == 2
    assert "deployments.production.url" in ended.out
    assert "deployments.staging" in ended.out
    assert ended.out.count("FAIL  ") >= 2


def test_a_key_file_that_others_may_read_is_a_warning(house):
    (house.folder / "production.key").chmod(0o644)
    ended = house.run("doctor")

    assert ended.code == 1
    assert "production" in next(line for line in ended.out.splitlines() if "WARN" in line)


def test_a_vault_that_is_not_there_is_a_fail_and_nothing_is_made(house):
    house.write(**{"vaults.local": {"folder": "unmounted/vault"}})
    lines = looked(house)

    assert lines["vault"].state == "FAIL"
    assert "mounted" in lines["vault"].hint
    assert not (house.folder / "unmounted").exists()


def test_a_vault_that_gives_back_other_bytes_is_a_fail(house):
    with house.inside() as here:
        here.ctx.vault.open = lambda name: iter([b"other bytes"])
        lines = {line.name: line for line in here.do("doctor").lines}

    assert lines["vault"].state == "FAIL"
    assert "other bytes" in lines["vault"].what


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_vault_that_cant_be_written_is_a_fail(house):
    house.backup()
    house.vault.chmod(0o500)
    line = looked(house)["vault"]
    house.vault.chmod(0o700)

    assert line.state == "FAIL"


def test_leftovers_are_named_with_when_they_go(house):
    id_ = house.backup()
    stray = house.vault / "backups/production/production-2020-01-01-0000/archive.zip"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"PK")
    (house.vault / "notes.txt").write_text("mine")
    line = looked(house)["leftovers"]

    assert line.state == "WARN"
    assert "production-2020-01-01-0000/archive.zip" in line.what
    assert "notes.txt" in line.what
    assert id_ not in line.what
    assert "24 h" in line.hint


def test_a_manifest_whose_archive_is_gone_is_named_and_never_swept(house):
    id_ = house.backup()
    house.archive(id_).unlink()
    line = looked(house)["leftovers"]
    house.grow_old()
    house.do("now")

    assert f"{id_}/manifest.json" in line.what
    assert id_ in house.manifests()


def test_a_manifest_that_cant_be_read_is_a_fail(house):
    id_ = house.backup()
    path = house.archive(id_).with_name("manifest.json")
    path.chmod(0o644)
    path.write_bytes(b"{")
    ended = house.run("doctor")

    assert ended.code == 2
    assert f"{id_}/manifest.json" in ended.out


def test_a_spool_with_little_room_is_told_by_its_numbers(house):
    with house.inside() as here:
        here.ctx.spool.free_bytes = lambda: 1_000
        line = {line.name: line for line in here.do("doctor").lines}["spool"]

    assert line.state == "FAIL"
    assert "0.00 GB free" in line.what
    assert "data_folder" in line.hint


def test_doctor_as_json_is_one_result_with_every_line(house):
    ended = house.run("doctor", "--json")

    assert [event["event"] for event in ended.events] == ["DoctorLooked"]
    assert {line["state"] for line in ended.last["lines"]} == {"OK"}
    assert ended.last["exit_code"] == ended.code == 0
