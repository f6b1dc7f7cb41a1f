"""Two and three vaults, by the command: copies, their proofs, what falls back and what is told."""

import hashlib
import json
import shutil

import pytest

from tests.journeys.house import House


@pytest.fixture
def two(house):
    house.write(**{"vaults.second": {"kind": "folder", "folder": "second"}})
    return house


@pytest.fixture
def three(two):
    two.write(
        **{
            "vaults.second": {"kind": "folder", "folder": "second"},
            "vaults.attic": {"kind": "folder", "folder": "attic", "offsite": True},
        }
    )
    return two


def kept(house: House, vault: str) -> dict[str, str]:
    """The SHA-256 of each archive and manifest in a vault's folder."""
    folder = house.folder / vault
    found = [p for p in folder.glob("backups/**/*") if p.name in ("archive.zip", "manifest.json")]
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(found)
    }


def copies(house: House, *words: str) -> list[dict]:
    return house.run("list", *words, "--json").last["entries"]


def shut(house: House, vault: str):
    """Make a vault's folder one that can't be used, as an unmounted disk's."""
    (house.folder / vault).rename(house.folder / f"{vault}-away")
    (house.folder / vault).write_text("not a folder")


def mend(house: House, vault: str):
    (house.folder / vault).unlink()
    (house.folder / f"{vault}-away").rename(house.folder / vault)


def test_a_backup_is_copied_byte_for_byte_and_proven_in_each_vault(three):
    ended = three.run("now", "--json")

    assert ended.code == 0
    assert [(c["vault"], c["state"]) for c in ended.last["copies"]] == [
        ("second", "copied"),
        ("attic", "copied"),
    ]
    assert kept(three, "vault") == kept(three, "second") == kept(three, "attic")
    assert len(kept(three, "vault")) == 2
    (entry,) = copies(three)
    assert [copy["vault"] for copy in entry["copies"]] == ["local", "second", "attic"]
    times = [copy["verified_at"] for copy in entry["copies"]]
    assert times == sorted(set(times))


def test_a_copy_that_fails_is_told_and_the_backup_stands(two):
    two.run("now")
    shut(two, "second")
    ended = two.run("now", "--json")

    assert ended.code == 1
    assert ended.last["event"] == "BackupFinished"
    assert [(c["vault"], c["state"]) for c in ended.last["copies"]] == [("second", "failed")]
    warned = " ".join(e["text"] for e in ended.events if e["event"] == "Warned")
    id_ = ended.last["manifest"]["id"]
    assert "The copy to 'second' failed" in warned
    assert "stands in 'local'" in warned
    assert f"lifeboat copy {id_} --to second" in warned
    mend(two, "second")
    copied = two.run("copy", id_, "--to", "second", "--json")
    assert (copied.code, copied.last["copies"][0]["state"]) == (0, "copied")
    assert kept(two, "vault") == kept(two, "second")


def test_list_show_and_status_count_a_backup_once_and_say_where_it_is(three):
    id_ = three.run("now", "--json").last["manifest"]["id"]
    for path in (three.folder / "attic").glob("backups/*/*"):
        shutil.rmtree(path)
    listed, shown, status = (three.run(*words) for words in (["list"], ["show", id_], ["status"]))

    assert listed.out.count(id_) == 1
    assert "local proven just now; second proven just now; no copy in attic" in listed.out
    assert "attic: no copy; lifeboat copy" in shown.out
    assert "second: proven just now" in shown.out
    assert "3-[2]-[1]-[1]-0" in status.out
    assert "copies: local proven just now; second proven just now" in status.out
    assert "Fill it: lifeboat sync attic." in status.out


def test_a_lost_first_vault_is_told_once_and_the_second_is_read(two):
    two.run("now")
    shut(two, "vault")
    listed = two.run("list")
    verified = two.run("verify", "latest", "--json")

    assert listed.code == 1
    assert listed.err.count("The vault 'local' can't be used") == 1
    assert "second proven" in listed.out
    assert verified.code == 0
    assert verified.last["vault"] == "second"
    assert verified.last["recorded"] is True
    assert len(list((two.folder / "second").glob("backups/*/*/checks/*.json"))) == 2


def test_a_backup_with_the_first_vault_lost_fails_and_says_what_to_do(two):
    two.run("now")
    shut(two, "vault")
    ended = two.run("now", "--json")

    assert ended.code == 1
    assert "put another vault first in the settings" in ended.failure


def test_a_damaged_copy_is_found_by_name_and_replaced_from_the_good_one(two):
    id_ = two.run("now", "--json").last["manifest"]["id"]
    (path,) = (two.folder / "second").glob("backups/*/*/archive.zip")
    good = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(good[:-9] + b"x" + good[-8:])
    found = two.run("verify", id_, "--vault", "second", "--json")
    other = two.run("verify", id_, "--vault", "local", "--json")

    assert (found.code, other.code) == (1, 0)
    (entry,) = copies(two)
    assert [copy["verified_findings"] > 0 for copy in entry["copies"]] == [False, True]
    assert entry["vault"] == "local"
    assert "0 errors" not in two.run("status").out.split("kept")[0]
    assert two.run("copy", id_, "--to", "second", "--json").last["copies"][0]["state"] == "copied"
    assert path.read_bytes() == good
    assert two.run("verify", id_, "--vault", "second").code == 0


def test_a_restore_reads_the_next_copy_when_the_first_is_damaged(two):
    two.run("now")
    (path,) = two.vault.glob("backups/*/*/archive.zip")
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:])
    ended = two.run("restore", "latest", "--to", "staging", "--yes", "--json")

    assert ended.code == 0, ended.last
    warned = " ".join(e["text"] for e in ended.events if e["event"] == "Warned")
    assert "'local'" in warned
    assert "'second'" in warned


def test_a_copy_with_another_manifest_is_told(two):
    id_ = two.run("now", "--json").last["manifest"]["id"]
    (path,) = (two.folder / "second").glob("backups/*/*/manifest.json")
    told = json.loads(path.read_text())
    path.chmod(0o600)
    path.write_text(json.dumps({**told, "label": "changed by hand"}))
    shown, copied = two.run("show", id_), two.run("copy", id_, "--to", "second", "--json")

    assert "second: proven just now, ANOTHER MANIFEST" in shown.out
    assert copied.code == 1
    assert "not copies of one backup" in copied.failure


def test_sync_fills_a_new_vault_and_says_first_what_it_would_do(two):
    ids = [two.run("now", "--json").last["manifest"]["id"] for _ in range(3)]
    two.write(
        **{
            "vaults.second": {"kind": "folder", "folder": "second"},
            "vaults.attic": {"kind": "folder", "folder": "attic"},
        }
    )
    would = two.run("sync", "attic", "--dry-run", "--json")

    assert would.last["vaults"][0]["copied"] == ids[::-1]
    assert kept(two, "attic") == {}
    done = two.run("sync", "attic", "--json")
    (row,) = done.last["vaults"]
    assert (done.code, row["copied"], row["there"]) == (0, ids[::-1], 0)
    assert row["entries"] == would.last["vaults"][0]["entries"] > 0
    assert kept(two, "attic") == kept(two, "vault")
    again = two.run("sync", "attic", "--json").last["vaults"][0]
    assert (again["copied"], again["there"], again["failed"]) == ([], 3, [])


def test_a_first_vault_that_was_lost_is_filled_again_and_its_log_goes_on(two):
    for _ in range(2):
        two.run("now")
    two.run("sync", "second")
    before = sorted(p.name for p in (two.folder / "second").glob("audit/*.json"))
    shutil.rmtree(two.vault)
    listed = two.run("list")
    done = two.run("sync", "local", "--json")

    assert "holds none of them now" in listed.err
    assert "lifeboat sync local" in listed.err
    assert done.code == 0
    assert kept(two, "vault") == kept(two, "second")
    assert sorted(p.name for p in two.vault.glob("audit/*.json"))[: len(before)] == before
    assert two.run("audit", "verify").code == 0
    assert two.run("now").code == 0


@pytest.mark.parametrize("words", [["copy", "latest"], ["sync"]])
def test_one_vault_alone_has_nowhere_to_copy_to(house, words):
    house.run("now")
    ended = house.run(*words, "--json")

    assert ended.code == 2
    assert "one vault only" in ended.failure


def test_a_vault_that_is_not_in_the_settings_is_refused_by_name(two):
    two.run("now")
    for words in (["copy", "latest", "--to", "secnd"], ["verify", "latest", "--vault", "secnd"]):
        ended = two.run(*words, "--json")

        assert ended.code == 2
        assert "Did you mean 'second'?" in ended.failure
