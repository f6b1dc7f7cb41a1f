"""The catalog: an index that is right, and that anybody may delete at any time."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from storage import holds, shelf
from storage.catalog import Catalog
from storage.errors import Refused, SpoolError
from storage.holds import Hold
from storage.manifest import (
    ArchiveFacts,
    Contents,
    FileFacts,
    SnapshotFacts,
    StorageFacts,
    to_json,
)
from storage.vaults.local import LocalFolder
from tests.fakes import AT, keep, make_check, make_finding, make_manifest

ROOT = Path(__file__).parents[2]
DAY = timedelta(days=1)
ID = "production-2026-11-24-0200"


@pytest.fixture
def vault(tmp_path):
    return LocalFolder(tmp_path / "vault")


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path / "data" / "catalog.db")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "catalog.db"


@pytest.fixture
def filled(vault, catalog):
    """A catalog of five backups over three days."""
    for day in (0, 1, 2):
        keep(vault, make_manifest(taken_at=AT + day * DAY, kind="daily"))
    keep(vault, make_manifest(deployment="staging", taken_at=AT + DAY))
    keep(vault, make_manifest(deployment="staging", taken_at=AT + 3 * DAY, kind="safety"))
    catalog.refresh(vault)
    return catalog


def ids(entries) -> list[str]:
    return [entry.id for entry in entries]


def test_an_empty_vault_makes_an_empty_catalog(vault, catalog):
    refreshed = catalog.refresh(vault)

    assert (refreshed.added, refreshed.removed, refreshed.unreadable) == (0, 0, ())
    assert catalog.backups() == []


def test_an_entry_tells_what_the_manifest_says(vault, catalog):
    keep(vault, make_manifest(label="before the migration"))
    catalog.refresh(vault)

    (entry,) = catalog.backups()
    told = msgspec.structs.asdict(entry)
    assert len(told.pop("manifest_sha256")) == 64
    assert [copy.vault for copy in told.pop("copies")] == ["local"]
    assert told == {
        "id": ID,
        "deployment": "production",
        "taken_at": AT,
        "kind": "manual",
        "label": "before the migration",
        "bytes": 3,
        "documents": 2,
        "tables": 1,
        "files": 0,
        "verified_at": AT,
        "verified_by": "rizal",
        "verified_findings": 0,
        "asked_by": "rizal",
        "vault": "local",
        "verified_damage": 0,
        "whole": True,
        "held": "",
        "sealed_for": (),
    }


def test_a_second_refresh_reads_no_manifest_again(vault, catalog, monkeypatch):
    keep(vault, make_manifest())
    first = catalog.refresh(vault)
    monkeypatch.setattr(vault, "open", None)

    assert (first.added, catalog.refresh(vault).added) == (1, 0)


def test_a_backup_that_is_gone_is_forgotten(vault, filled):
    vault.delete(shelf.manifest_name("production", ID))

    assert filled.refresh(vault).removed == 1
    assert ID not in ids(filled.backups())


def test_an_archive_without_manifest_is_no_backup(vault, catalog):
    vault.put(shelf.archive_name("production", ID), [b"x"])
    catalog.refresh(vault)

    assert catalog.backups() == []


def test_a_manifest_that_can_not_be_read_is_named_and_the_rest_is_listed(vault, filled):
    name = shelf.manifest_name("production", "production-2026-01-01-0000")
    vault.put(name, [b"torn"])
    refreshed = filled.refresh(vault)

    assert [(who, bool(why)) for who, why in refreshed.unreadable] == [(name, True)]
    assert len(filled.backups()) == 5


def test_a_manifest_that_was_damaged_later_is_no_longer_listed(vault, filled):
    file = vault._folder / shelf.manifest_name("production", ID)
    file.chmod(0o600)
    file.write_bytes(b"torn")
    refreshed = filled.refresh(vault)

    assert len(refreshed.unreadable) == 1
    assert ID not in ids(filled.backups())


@pytest.mark.parametrize("ns", [10**30, -(10**30), 2**63 - 1, -1, 0])
def test_a_snapshot_of_any_time_breaks_nothing(vault, filled, ns):
    snapshot = SnapshotFacts(
        timestamp_ns=ns, export_id="x", bytes=1, sha256="4" * 64, with_files=True
    )
    odd = make_manifest(id="production-odd", snapshot=snapshot)
    vault.put(odd.archive.name, [b"zip"])
    vault.put(shelf.manifest_name("production", odd.id), [to_json(odd)])
    refreshed = filled.refresh(vault)

    assert len(filled.backups()) + len(refreshed.unreadable) == 6


def test_a_backup_from_the_future_is_listed_first(vault, filled):
    ahead = keep(vault, make_manifest(taken_at=datetime(2099, 1, 1, tzinfo=UTC)))
    filled.refresh(vault)

    assert filled.backups()[0].id == filled.find("latest:production").id == ahead.id


def test_backups_are_listed_newest_first(filled):
    assert ids(filled.backups()) == [
        "staging-2026-11-27-0200",
        "production-2026-11-26-0200",
        "staging-2026-11-25-0200",
        "production-2026-11-25-0200",
        ID,
    ] or ids(filled.backups())[2:4] == ["production-2026-11-25-0200", "staging-2026-11-25-0200"]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"deployment": "production"}, 3),
        ({"deployment": "none"}, 0),
        ({"kind": "daily"}, 3),
        ({"kind": "safety"}, 1),
        ({"since": AT + 2 * DAY}, 2),
        ({"since": AT + 30 * DAY}, 0),
        ({"limit": 2}, 2),
        ({"limit": 0}, 0),
        ({"include_safety": False}, 4),
        ({"deployment": "staging", "kind": "manual", "since": AT, "limit": 5}, 1),
    ],
)
def test_a_list_can_be_narrowed(filled, wanted, count):
    assert len(filled.backups(**wanted)) == count


def test_backups_of_one_minute_are_listed_in_their_order(vault, catalog):
    for number in range(1, 12):
        keep(vault, make_manifest(id=ID if number == 1 else f"{ID}-{number}"))
    catalog.refresh(vault)

    assert ids(catalog.backups())[:2] == [f"{ID}-11", f"{ID}-10"]
    assert ids(catalog.backups())[-1] == ID


@pytest.mark.parametrize(
    ("ref", "found"),
    [
        (ID, ID),
        ("production-2026-11-25", "production-2026-11-25-0200"),
        ("latest", "production-2026-11-26-0200"),
        ("latest:production", "production-2026-11-26-0200"),
        ("latest:staging", "staging-2026-11-25-0200"),  # Its safety backup is newer.
        ("staging-2026-11-27", "staging-2026-11-27-0200"),
    ],
)
def test_a_backup_is_found_by_what_people_type(filled, ref, found):
    assert filled.find(ref, "production").id == found


def test_a_whole_id_wins_over_longer_ones(vault, filled):
    keep(vault, make_manifest(id=f"{ID}-2"))
    filled.refresh(vault)

    assert filled.find(ID).id == ID


@pytest.mark.parametrize(
    ("ref", "told"),
    [
        ("production-2026-11", "production-2026-11-25-0200, "),
        ("production-2026-11", "3 backups"),
        ("prodution-2026-11-24-0200", f"Did you mean {ID}"),
        ("latest", "latest:production or latest:staging"),
        ("latest:none", "There are backups of: production, staging"),
        ("zzz", "lifeboat list"),
        ("", "no backup called ''"),
        ("' OR 1=1 --", "no backup called"),
        ("%", "no backup called"),
    ],
)
def test_what_can_not_be_found_is_refused_with_the_near_ones(filled, ref, told):
    with pytest.raises(Refused) as refused:
        filled.find(ref)

    assert told in str(refused.value)


@pytest.mark.parametrize("ref", ["latest", "latest:production", "x"])
def test_an_empty_catalog_says_how_to_take_a_backup(vault, catalog, ref):
    catalog.refresh(vault)

    with pytest.raises(Refused, match="lifeboat now"):
        catalog.find(ref, "production")


def test_latest_needs_no_deployment_where_there_is_one(vault, catalog):
    keep(vault, make_manifest())
    catalog.refresh(vault)

    assert catalog.find("latest").id == ID


def test_previous_backups_come_newest_first(filled):
    earlier = filled.previous("production", before=AT + 2 * DAY, limit=5)

    assert ids(earlier) == ["production-2026-11-25-0200", ID]
    assert ids(filled.previous("production", before=AT + 2 * DAY, limit=1)) == ids(earlier[:1])


def test_a_backup_is_not_previous_to_itself(filled):
    (manifest,) = filled.previous("production", before=AT + DAY, limit=5)

    assert filled.previous("production", before=manifest.snapshot.taken_at, limit=5) == []


def test_chosen_tables_and_safety_backups_are_never_compared_with(vault, catalog):
    keep(vault, make_manifest(taken_at=AT, chosen=("npd",)))
    keep(vault, make_manifest(taken_at=AT + DAY, kind="safety"))
    catalog.refresh(vault)

    assert catalog.previous("production", before=AT + 9 * DAY, limit=5) == []


def test_previous_manifests_hold_tables_and_counts_but_no_list_of_files(vault, catalog):
    file = FileFacts(id="kg2", sha256="5" * 64, bytes=7)
    storage = StorageFacts(count=1, bytes=7, sha256="6" * 64, files=(file,))
    manifest = keep(
        vault,
        make_manifest(
            contents=Contents(tables=make_manifest().contents.tables, storage=(storage,))
        ),
    )
    catalog.refresh(vault)

    (known,) = catalog.previous("production", before=AT + DAY, limit=1)
    assert known.contents.tables == manifest.contents.tables
    assert (known.contents.files, known.contents.storage[0].files) == (1, ())
    assert known.archive == ArchiveFacts(name=manifest.archive.name, bytes=3, sha256="4" * 64)


def check(vault, **facts) -> None:
    shelf.write_check(vault, "production", ID, make_check(**facts))


def test_the_newest_check_is_told(vault, filled):
    check(vault, at=AT + 2 * DAY, by="sari", findings=(make_finding(), make_finding()))
    check(vault, at=AT + DAY, by="budi")
    filled.refresh(vault)

    entry = filled.find(ID)
    assert (entry.verified_at, entry.verified_by, entry.verified_findings) == (
        AT + 2 * DAY,
        "sari",
        2,
    )


def test_a_clean_look_at_the_hash_leaves_findings_standing(vault, filled):
    check(vault, at=AT + DAY, findings=(make_finding(),))
    check(vault, at=AT + 2 * DAY, depth="manifest")
    filled.refresh(vault)

    entry = filled.find(ID)
    assert (entry.verified_at, entry.verified_findings) == (AT + 2 * DAY, 1)


def test_a_clean_full_check_clears_earlier_findings(vault, filled):
    check(vault, at=AT + DAY, depth="manifest", findings=(make_finding(),))
    check(vault, at=AT + 2 * DAY)
    filled.refresh(vault)

    assert filled.find(ID).verified_findings == 0


def test_a_check_that_is_gone_is_forgotten(vault, filled):
    check(vault, at=AT + DAY, findings=(make_finding(),))
    filled.refresh(vault)
    for stored in vault.list(f"backups/production/{ID}/checks/"):
        vault.delete(stored.name)
    filled.refresh(vault)

    assert filled.find(ID).verified_findings == 0


def test_deleting_the_catalog_is_safe_at_any_time(filled, path):
    before = filled.backups()
    path.unlink()

    assert filled.backups() == before


@pytest.mark.parametrize("junk", [b"junk" * 5000, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_catalog_is_set_aside_and_rebuilt(filled, path, junk):
    before = filled.backups()
    path.write_bytes(junk)

    assert filled.backups() == before
    (aside,) = path.parent.glob("*.set-aside-*")
    assert aside.read_bytes() == junk


def test_a_catalog_damaged_in_the_middle_is_set_aside_and_rebuilt(filled, path):
    before = filled.backups()
    bytes_ = bytearray(path.read_bytes())
    bytes_[4096:] = os.urandom(len(bytes_) - 4096)
    path.write_bytes(bytes_)

    assert filled.backups() == before


@pytest.mark.parametrize("version", [0, 99])
def test_a_database_of_another_program_or_version_is_set_aside(vault, catalog, path, version):
    path.parent.mkdir()
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE backups (mine)")
        foreign.execute(f"PRAGMA user_version = {version}")
    foreign.close()
    keep(vault, make_manifest())
    catalog.refresh(vault)

    assert ids(catalog.backups()) == [ID]
    assert len(list(path.parent.glob("*.set-aside-*"))) == 1


def test_a_catalog_that_can_not_be_made_is_said(tmp_path, vault):
    (tmp_path / "data").write_text("")

    with pytest.raises(SpoolError, match="only an index"):
        Catalog(tmp_path / "data" / "catalog.db").refresh(vault)


def test_another_vaults_backups_are_not_told(filled, path, tmp_path):
    other = Catalog(path)
    other.refresh(LocalFolder(tmp_path / "other", name="other"))

    assert other.backups() == []


def test_many_threads_may_refresh_at_once(vault, catalog):
    for number in range(20):
        keep(vault, make_manifest(taken_at=AT + number * DAY))
    errors: list[Exception] = []

    def look() -> None:
        try:
            catalog.refresh(vault)
            assert len(catalog.backups()) == 20
        except Exception as error:  # noqa: BLE001 - whatever it is, the test has to see it.
            errors.append(error)

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []


def test_processes_may_refresh_and_delete_the_catalog_at_once(vault, path):
    for number in range(10):
        keep(vault, make_manifest(taken_at=AT + number * DAY))
    code = """
import sys
from pathlib import Path
from storage.catalog import Catalog
from storage.vaults.local import LocalFolder
catalog = Catalog(Path(sys.argv[1]))
for number in range(20):
    catalog.refresh(LocalFolder(Path(sys.argv[2])))
    if number % 5 == int(sys.argv[3]):
        Path(sys.argv[1]).unlink(missing_ok=True)
    assert len(catalog.backups()) == 10
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path), str(vault._folder), str(me)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
        )
        for me in range(3)
    ]

    assert [process.communicate()[1] for process in processes] == [b"", b"", b""]


def test_a_hold_in_one_vault_is_of_every_copy(vault, catalog, tmp_path):
    other = LocalFolder(tmp_path / "other", name="other")
    for each in (vault, other):
        keep(each, make_manifest())
    word = Hold(act="hold", at=AT, by="U1", by_name="Ayu", door="slack", why="the audit")
    holds.write(other, "production", ID, word)
    for each in (vault, other):
        catalog.refresh(each)

    (here,), (there,) = (catalog.in_vault(name) for name in (vault.name, "other"))
    assert here.held == there.held == "the audit (Ayu, 2026-11-24)"
    assert (here.vault, there.vault) == (vault.name, "other")


def test_a_hold_in_a_vault_that_is_lost_by_now_still_counts(vault, catalog, tmp_path):
    other = LocalFolder(tmp_path / "other", name="other")
    for each in (vault, other):
        keep(each, make_manifest())
    word = Hold(act="hold", at=AT, by="U1", by_name="Ayu", door="slack", why="the audit")
    holds.write(other, "production", ID, word)
    for each in (vault, other):
        catalog.refresh(each)
    catalog.leave_out(other)

    (here,) = catalog.in_vault(vault.name)
    assert here.held == "the audit (Ayu, 2026-11-24)"
    assert catalog.holds() == {("production", ID): "the audit (Ayu, 2026-11-24)"}
    assert catalog.backups()[0].held == here.held


def test_one_word_in_two_vaults_is_one_hold_and_one_release_ends_it(vault, catalog, tmp_path):
    other = LocalFolder(tmp_path / "other", name="other")
    word = Hold(act="hold", at=AT, by="U1", by_name="Ayu", door="slack", why="the audit")
    name = holds.name_of("production", ID, word)
    for each in (vault, other):
        keep(each, make_manifest())
        holds.write(each, "production", ID, word, name)
        catalog.refresh(each)
    (held,) = catalog.backups()
    release = Hold(
        act="release", at=AT, by="U1", by_name="Ayu", door="slack", why="over", ends=(name,)
    )
    holds.write(vault, "production", ID, release)
    catalog.refresh(vault)

    assert held.held == "the audit (Ayu, 2026-11-24)"
    assert catalog.backups()[0].held == ""
    assert catalog.holds() == {}


def test_whether_a_vault_was_ever_looked_at_is_known(vault, catalog, tmp_path):
    catalog.refresh(vault)

    assert catalog.knows(vault.name)
    assert not catalog.knows("other")


def test_a_catalog_of_before_holds_is_brought_up_to_date_and_read_anew(vault, tmp_path):
    """The first version knew no holds, and damage was one with every other finding."""
    path = tmp_path / "old.db"
    old = Catalog(path)
    damaged = make_check(findings=(make_finding(),))
    keep(vault, make_manifest(check=damaged))
    old.refresh(vault)
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE holds")
        for column in ("damage", "elsewhere"):
            db.execute(f"ALTER TABLE checks DROP COLUMN {column}")
        for name in ("holds_and_damage", "copies"):
            db.execute("DELETE FROM _sqlite_migrations WHERE name = ?", [name])
        db.execute("PRAGMA user_version = 1")
    db.close()
    word = Hold(act="hold", at=AT, by="U1", by_name="Ayu", door="slack", why="the audit")
    holds.write(vault, "production", ID, word)
    catalog = Catalog(path)
    catalog.refresh(vault)
    (entry,) = catalog.backups()

    assert entry.held == "the audit (Ayu, 2026-11-24)"
    assert entry.verified_damage == 1
    assert list(tmp_path.glob("*set-aside*")) == []


# Several vaults.


@pytest.fixture
def other(tmp_path):
    return LocalFolder(tmp_path / "other", name="other")


def proven(where, **changes):
    shelf.write_check(where, "production", ID, make_check(**{"depth": "manifest", **changes}))


def test_copies_of_a_backup_are_one_backup_with_each_ones_own_proof(vault, other, catalog):
    for each in (vault, other):
        keep(each, make_manifest())
    proven(other, at=AT + DAY, by="ayu")
    proven(other, at=AT + 2 * DAY, by="rizal", vault="local")
    for each in (vault, other):
        catalog.refresh(each)

    (entry,) = catalog.backups()
    assert [(copy.vault, copy.verified_at, copy.differs) for copy in entry.copies] == [
        ("local", AT, False),
        ("other", AT + DAY, False),
    ]
    assert (entry.vault, entry.verified_at) == ("local", AT)


def test_a_copy_without_findings_speaks_for_the_backup(vault, other, catalog):
    for each in (vault, other):
        keep(each, make_manifest())
    proven(vault, at=AT + DAY, findings=(make_finding(),))
    for each in (vault, other):
        catalog.refresh(each)

    (entry,) = catalog.backups()
    assert (entry.vault, entry.verified_findings) == ("other", 0)
    assert [copy.good for copy in entry.copies] == [False, True]


def test_a_copy_with_another_manifest_is_marked(vault, other, catalog):
    keep(vault, make_manifest())
    keep(other, make_manifest(label="another one"))
    for each in (vault, other):
        catalog.refresh(each)

    (entry,) = catalog.backups()
    assert [copy.differs for copy in entry.copies] == [False, True]
    assert entry.label == ""


def test_a_copy_whose_archive_is_gone_is_named_and_does_not_speak(vault, other, catalog):
    for each in (vault, other):
        keep(each, make_manifest())
    vault.delete(shelf.archive_name("production", ID))
    told = [catalog.refresh(each).unreadable for each in (vault, other)]

    (entry,) = catalog.backups()
    assert [(copy.vault, copy.whole) for copy in entry.copies] == [
        ("local", False),
        ("other", True),
    ]
    assert entry.vault == "other"
    assert "half of it was deleted" in told[0][0][1]
    assert told[1] == ()


def test_a_vault_that_is_left_out_is_not_spoken_of_and_comes_back_in_its_place(
    vault, other, catalog
):
    for each in (vault, other):
        keep(each, make_manifest())
        catalog.refresh(each)
    catalog.leave_out(vault)
    without = catalog.backups()
    catalog.refresh(vault)

    assert [copy.vault for copy in without[0].copies] == ["other"]
    assert [copy.vault for copy in catalog.backups()[0].copies] == ["local", "other"]


def test_a_limit_counts_backups_and_not_copies(vault, other, catalog):
    for each in (vault, other):
        for day in range(3):
            keep(each, make_manifest(taken_at=AT + day * DAY))
        catalog.refresh(each)

    assert len(catalog.backups(limit=2)) == 2
    assert len(catalog.previous("production", AT + 9 * DAY, 2)) == 2
    assert len({m.id for m in catalog.previous("production", AT + 9 * DAY, 9)}) == 3


def test_a_vault_that_lost_all_its_backups_is_said_to_be_emptied(vault, filled):
    for stored in list(vault.list()):
        vault.delete(stored.name)

    assert filled.refresh(vault).emptied
    assert not filled.refresh(vault).emptied
