"""Two vaults, each with its own policy: what goes from one, what stays in the other, and holds."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from storage.vaults.local import LocalFolder
from tests.fakes import keep, make_manifest

WHY = "the tax audit of 2026"
DAY = timedelta(days=1)


@pytest.fixture
def two(house):
    """The first vault keeps manual backups 90 days, the second one a year."""
    house.changes = {
        "retention": {"floor": 1, "grace_days": 7},
        "vaults.second": {"kind": "folder", "folder": "second"},
        "retention.vaults.second": {"manual_days": 365},
    }
    house.write()
    return house


def stock(house, *ages, vaults=("local", "second"), kind="manual"):
    """Put a backup of each age in days into the vaults; their ids, in that order."""
    folders = {"local": house.vault, "second": house.folder / "second"}
    ids = []
    for age in ages:
        at = datetime.now(UTC).replace(microsecond=0) - age * DAY
        manifest = make_manifest(taken_at=at, kind=kind)
        for name in vaults:
            keep(LocalFolder(folders[name], name=name), manifest)
        ids.append(manifest.id)
    return ids


def labelled(house, vault):
    found = (house.folder / vault).glob("backups/*/*/manifest.json")
    return {path.parent.name for path in found}


def removed(house, vault):
    return {path.parent.name for path in (house.folder / vault).glob("backups/*/*/removed.json")}


def held(house, vault, id_):
    folder = house.folder / vault / "backups/production" / id_ / "holds"
    return {path.name for path in folder.glob("*.json")}


def shut(house, vault):
    (house.folder / vault).rename(house.folder / f"{vault}-away")
    (house.folder / vault).write_text("not a folder")


def mend(house, vault):
    (house.folder / vault).unlink()
    (house.folder / f"{vault}-away").rename(house.folder / vault)


def said(ended):
    return " ".join(event["text"] for event in ended.events if event["event"] == "Warned")


def test_each_vault_is_pruned_by_its_own_policy(two):
    new, middle, old = stock(two, 1, 100, 400)
    dry = two.run("prune", "--dry-run")
    ended = two.run("prune", "--yes", "--json")

    assert "In local: 1 backup stays, 2 backups would go" in dry.out
    assert "In second: 2 backups stay, 1 backup would go" in dry.out
    assert ended.code == 0, ended.out
    assert labelled(two, "vault") == {new}
    assert labelled(two, "second") == {new, middle}
    mine, other = ended.last, ended.last["more"][0]
    assert set(mine["removed"]) == {middle, old}
    assert (other["vault"], other["removed"]) == ("second", [old])


def test_one_vault_alone_can_be_pruned(two):
    new, old = stock(two, 1, 400)
    ended = two.run("prune", "--vault", "second", "--yes", "--json")

    assert ended.code == 0, ended.out
    assert labelled(two, "vault") == {new, old}
    assert labelled(two, "second") == {new}
    assert "no vault called" in two.run("prune", "--vault", "secnod", "--json").failure


def test_each_removal_says_in_the_log_which_vault_it_was_from(two):
    stock(two, 1, 400)
    two.run("prune", "--yes")
    found = [json.loads(path.read_text()) for path in sorted(two.vault.glob("audit/*.json"))]

    vaults = [each["facts"]["vault"] for each in found if each["what"] == "prune.removed"]
    assert vaults == ["local", "second"]
    assert two.run("audit", "verify").code == 0


def test_what_was_removed_is_not_brought_back_by_sync_or_copy(two):
    new, middle = stock(two, 1, 100)
    two.run("prune", "--yes")
    synced = two.run("sync", "--json")
    copied = two.run("copy", middle, "--to", "local", "--json")

    assert removed(two, "vault") == {middle}
    assert labelled(two, "second") == {new, middle}
    assert synced.code == 0, synced.out
    (mine, _) = synced.last["vaults"]
    assert (mine["copied"], mine["unkept"]) == ([], 1)
    assert "would not be kept" in copied.failure
    assert f"lifeboat hold {middle}" in copied.failure
    assert labelled(two, "vault") == {new}


def test_after_the_grace_period_sync_leaves_away_what_the_policy_would_let_go(two):
    _, middle = stock(two, 1, 100)
    two.write(retention={"floor": 1, "grace_days": 0})
    two.run("prune", "--yes")
    before = two.files()
    dry = two.run("sync", "--dry-run", "--json")
    synced = two.run("sync", "--json")

    assert not (two.vault / "backups/production" / middle).exists()
    assert [each["copied"] for each in dry.last["vaults"]] == [[], []]
    assert [each["unkept"] for each in synced.last["vaults"]] == [1, 0]
    assert [name for name in two.files() if name.startswith("backups/")] == [
        name for name in before if name.startswith("backups/")
    ]


def test_doctor_misses_no_copy_that_a_vault_would_not_keep(two):
    stock(two, 1, 100)
    two.write(retention={"floor": 1, "grace_days": 0})
    two.run("prune", "--yes")
    lines = two.run("doctor", "--json").last["lines"]

    (copies,) = [line for line in lines if line["name"] == "copies"]
    assert copies["state"] == "OK"


def test_a_new_backup_is_not_copied_to_where_it_would_go_at_once(two):
    """A backup of chosen tables counts for no floor, and the second vault keeps no manual ones."""
    two.write(**{"retention.vaults.second": {"manual_days": 0}})
    whole = two.run("now", "--json")
    part = two.run("now", "--tables", "users", "--json")

    assert [copy["state"] for copy in whole.last["copies"]] == ["copied"]
    assert [copy["state"] for copy in part.last["copies"]] == ["unkept"]
    assert part.code == 0
    assert "manual backups are kept 0 days" in part.last["copies"][0]["what"]
    assert labelled(two, "second") == {whole.last["manifest"]["id"]}


def test_a_hold_is_written_to_every_vault_under_one_name_and_keeps_every_copy(two):
    new, old = stock(two, 1, 500)
    ended = two.run("hold", old, "--reason", WHY)
    pruned = two.run("prune", "--yes", "--json")

    assert ended.code == pruned.code == 0, ended.err
    assert held(two, "vault", old) == held(two, "second", old) != set()
    assert labelled(two, "vault") == labelled(two, "second") == {new, old}


def test_a_hold_in_one_vault_only_keeps_every_copy(two):
    new, old = stock(two, 1, 500)
    two.run("hold", old, "--reason", WHY)
    for path in (two.vault / "backups/production" / old / "holds").glob("*"):
        path.unlink()
    two.run("prune", "--yes")

    assert labelled(two, "vault") == labelled(two, "second") == {new, old}


def test_a_release_ends_it_in_every_vault(two):
    new, old = stock(two, 1, 500)
    two.run("hold", old, "--reason", WHY)
    ended = two.run("release", old, "--reason", "the audit is over")
    two.run("prune", "--yes")

    assert ended.code == 0, ended.err
    assert labelled(two, "vault") == labelled(two, "second") == {new}


def test_a_hold_that_one_vault_could_not_take_is_told_and_comes_with_sync(two):
    _, old = stock(two, 1, 500)
    two.run("list")
    shut(two, "second")
    ended = two.run("hold", old, "--reason", WHY, "--json")
    mend(two, "second")
    two.run("sync", "second")
    two.run("prune", "--yes")

    assert ended.code == 0, ended.out
    assert "It could not be written into 'second'" in said(ended)
    assert "lifeboat sync second" in said(ended)
    assert held(two, "vault", old) == held(two, "second", old) != set()
    assert old in labelled(two, "vault") & labelled(two, "second")


def test_a_hold_brings_a_removed_copy_back_where_its_bytes_are(two):
    new, middle = stock(two, 1, 100)
    two.run("prune", "--yes")
    ended = two.run("hold", middle, "--reason", WHY, "--json")

    assert ended.code == 0, ended.out
    assert labelled(two, "vault") == labelled(two, "second") == {new, middle}
    assert removed(two, "vault") == set()


def test_the_bytes_of_a_removed_copy_stay_while_another_vault_holds_the_backup(two):
    new, middle = stock(two, 1, 100)
    two.run("prune", "--yes")
    two.run("hold", middle, "--reason", WHY)
    two.run("release", middle, "--reason", "by mistake")
    two.run("prune", "--yes")
    two.run("hold", middle, "--reason", WHY)
    for path in (two.vault / "backups/production" / middle / "holds").glob("*"):
        path.unlink()
    two.write(retention={"floor": 1, "grace_days": 0})
    two.run("prune", "--yes")

    assert labelled(two, "vault") == labelled(two, "second") == {new, middle}


def test_a_lost_vault_does_not_keep_the_others_from_being_pruned(two):
    new, _ = stock(two, 1, 400)
    two.run("list")
    shut(two, "second")
    ended = two.run("prune", "--yes", "--json")
    mend(two, "second")

    assert ended.code == 1
    assert labelled(two, "vault") == {new}
    assert [name for name, _ in ended.last["failed"]] == ["second"]
    assert "It is not pruned" in said(ended)
    assert len(labelled(two, "second")) == 2


def test_nothing_goes_while_a_vault_was_never_seen_whose_holds_nobody_knows(two):
    new, old = stock(two, 1, 400)
    shut(two, "second")
    ended = two.run("prune", "--dry-run", "--json")
    mend(two, "second")

    (decisions,) = [ended.last["plan"]["decisions"]]
    assert {each["backup"]["id"]: each["keep"] for each in decisions} == {new: True, old: True}
    assert "ever saw what second holds" in json.dumps(decisions)
