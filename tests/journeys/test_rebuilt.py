"""A new machine with the settings and what is left of the vaults: everything there can be used.

Each trouble of a vault has its sentence where people look: in list, verify and doctor.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta

import msgspec
import pytest

from tests.journeys.house import House, rows
from tests.journeys.test_several_vaults import kept, mend, shut

SECOND = {"kind": "folder", "folder": "second"}
LOCAL = {"kind": "folder", "folder": "vault"}


@pytest.fixture
def two(house: House) -> House:
    """Two vaults with one backup of production in each, and a second in which both logs are."""
    house.write(**{"vaults.second": SECOND})
    house.run("now")
    house.run("sync", "second")
    return house


def kept_log(house: House, vault: str) -> dict[str, str]:
    return {path.name: path.read_text() for path in (house.folder / vault).glob("audit/*")}


def forget(house: House) -> None:
    """Burn the machine down: nothing of the data folder is left."""
    shutil.rmtree(house.data)


def swap(house: House) -> None:
    """Put the second vault first in the settings."""
    text = house.settings.read_text()
    here = text.index("[vaults.local]")
    there = text.index("[", here + 1)
    house.settings.write_text(text[:here] + text[there:] + "\n" + text[here:there])


def restored(house: House, *words: str) -> None:
    """Restore the newest backup to staging; staging holds exactly what production does."""
    ended = house.run("restore", "latest:production", "--to", "staging", "--yes", "--json", *words)
    last = ended.last

    assert ended.code == 0, last
    assert {c["promised"] - c["after"] for c in last["counted"]} == {0}
    assert rows(house.staging).keys() >= rows(house.production).keys()


def lines(house: House) -> dict:
    return {line.name: line for line in house.do("doctor").lines}


def test_settings_and_one_vault_are_enough_to_list_verify_and_restore(house):
    id_ = house.run("now", "--json").last["manifest"]["id"]
    forget(house)

    assert [e["id"] for e in house.run("list", "--json").last["entries"]] == [id_]
    assert house.run("verify", id_).code == 0
    restored(house)


def test_so_they_are_when_the_first_vault_is_lost_and_the_second_is_alive(two):
    before = kept(two, "second")
    forget(two)
    shutil.rmtree(two.vault)
    listed = two.run("list", "--json")

    assert "`lifeboat sync local` fills it" in listed.events[0]["text"]
    assert len(listed.last["entries"]) == 1
    assert two.run("verify", "latest", "--json").last["vault"] == "second"
    restored(two)
    assert kept(two, "second").items() >= before.items()
    assert two.run("sync", "local", "--json").code == 0
    assert kept(two, "vault").items() >= before.items()
    assert two.run("audit", "verify").code == 0


def test_a_first_vault_that_is_filled_first_goes_on_with_its_log(two):
    forget(two)
    shutil.rmtree(two.vault)

    assert two.run("sync", "local").code == 0
    restored(two)
    assert two.run("audit", "verify").code == 0
    assert two.run("sync").code == 0


def test_a_first_vault_out_of_reach_keeps_a_restore_from_beginning_and_says_the_way(two):
    forget(two)
    shut(two, "vault")
    before = rows(two.staging)
    ended = two.run("restore", "latest:production", "--to", "staging", "--yes", "--json")

    assert ended.code == 1
    assert "another vault first in the settings" in ended.failure
    assert rows(two.staging) == before
    swap(two)
    assert two.run("verify", "latest:production").code == 0
    restored(two)
    assert two.run("audit", "verify").code == 0
    mend(two, "vault")
    assert two.run("sync", "local").code == 0


def test_a_read_only_vault_has_its_sentence(two):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    for path in (two.folder / "second", *(two.folder / "second").rglob("*")):
        if path.is_dir():
            path.chmod(0o500)
    found = lines(two)["vault second"]
    verified = two.run("verify", "latest", "--vault", "second", "--json")
    ended = two.run("now", "--json")
    for path in (two.folder / "second", *(two.folder / "second").rglob("*")):
        if path.is_dir():
            path.chmod(0o700)

    assert found.state == "FAIL"
    assert (verified.code, verified.last["recorded"]) == (0, False)
    assert (ended.code, ended.last["copies"][0]["state"]) == (1, "failed")


def test_a_vault_out_of_reach_has_its_sentence(two):
    shut(two, "second")
    listed, found = two.run("list"), lines(two)
    verified = two.run("verify", "latest", "--vault", "second", "--json")

    assert listed.code == 1
    assert "The vault 'second' can't be used" in listed.err
    assert "no copy in second" in listed.out
    assert found["vault second"].state == "FAIL"
    assert "can't be used" in found["backups second"].what
    assert found["vault local"].state == found["backups local"].state == "OK"
    assert found["copies second"].hint == "Fill it: lifeboat sync second"
    assert verified.code == 2
    assert "can't be looked at" in verified.failure


def test_a_half_deleted_copy_has_its_sentence_and_is_made_whole_by_a_copy(two):
    (archive,) = (two.folder / "second").glob("backups/*/*/archive.zip")
    archive.unlink()
    listed, found = two.run("list"), lines(two)
    verified = two.run("verify", "latest", "--vault", "second", "--json")

    assert "half of it was deleted" in listed.out
    assert "ITS ARCHIVE IS GONE" in listed.out
    assert found["copies second"].state == "WARN"
    assert "second is not" in found["leftovers second"].what or found["leftovers second"].state
    assert verified.code == 1
    assert "is not" in verified.last["findings"][0]["what"]
    assert two.run("copy", "latest", "--to", "second").code == 0
    assert kept(two, "vault") == kept(two, "second")
    assert two.run("verify", "latest", "--vault", "second").code == 0


@pytest.mark.parametrize("text", ["torn", '{"format": 99}'])
def test_a_manifest_that_can_not_be_read_leaves_the_other_copy_to_be_used(two, text):
    (path,) = two.vault.glob("backups/*/*/manifest.json")
    path.chmod(0o600)
    path.write_text(text)
    listed = two.run("list", "--json")
    (entry,) = listed.last["entries"]

    assert listed.code == 1
    assert listed.last["unreadable"][0][0].startswith("local: backups/")
    assert [copy["vault"] for copy in entry["copies"]] == ["second"]
    assert two.run("verify", "latest", "--json").last["vault"] == "second"
    assert lines(two)["backups local"].state in ("OK", "FAIL")
    assert "backups local" in two.run("doctor").out
    restored(two)


def test_foreign_files_in_any_vault_are_named(two):
    (two.folder / "second" / "holiday.jpg").write_bytes(b"mine")

    assert "holiday.jpg" in lines(two)["leftovers second"].what
    assert lines(two)["leftovers local"].state == "OK"


def test_a_vault_whose_clock_is_off_has_its_sentence(two):
    with two.inside() as here:
        second = here.ctx.vaults["second"]
        put = second.put

        def yesterday(name, chunks):
            stored = put(name, chunks)
            return msgspec.structs.replace(stored, modified=stored.modified - timedelta(days=1))

        second.put = yesterday
        found = {line.name: line for line in here.do("doctor").lines}

    assert found["vault clock second"].state == "WARN"
    assert "differ by 86400 s" in found["vault clock second"].what
    assert "vault clock local" not in found


def test_a_log_that_was_lost_is_said_and_goes_on_from_its_copy_by_itself(two):
    before = kept_log(two, "vault")
    shutil.rmtree(two.vault / "audit")
    found = lines(two)["audit log second"]
    two.run("verify", "latest")

    assert found.state == "WARN"
    assert found.hint == "Fill it: lifeboat sync local"
    assert kept_log(two, "vault").items() > before.items()
    assert two.run("audit", "verify").code == 0


def test_a_log_that_was_begun_anew_is_told_and_left_alone(two):
    shutil.rmtree(two.vault / "audit")
    text = two.settings.read_text()
    two.settings.write_text(text[: text.index("[vaults.second]")])  # As nobody should.
    two.run("verify", "latest")
    two.settings.write_text(text)
    before = sorted(p.read_text() for p in (two.folder / "second").glob("audit/*"))
    ended = two.run("sync", "local", "--json")

    assert ended.code == 1
    assert "two different ones" in json.dumps(ended.last["vaults"])
    assert sorted(p.read_text() for p in (two.folder / "second").glob("audit/*")) == before


def test_a_folder_of_backups_copied_by_hand_is_a_vault(house):
    id_ = house.run("now", "--json").last["manifest"]["id"]
    shutil.copytree(house.vault, house.folder / "second")
    house.write(**{"vaults.second": SECOND})

    (entry,) = house.run("list", "--json").last["entries"]
    assert [copy["vault"] for copy in entry["copies"]] == ["local", "second"]
    assert house.run("verify", id_, "--vault", "second").code == 0
    assert house.run("sync").code == 0
