"""Names, labels and leftovers of backups in a vault."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import shelf
from storage.errors import AlreadyThere, ManifestError, NotThere
from storage.vaults.local import LocalFolder
from storage.vaults.vault import legal
from tests.fakes import AT, keep, make_check, make_finding, make_manifest

NOW = datetime.now(UTC)
GRACE = timedelta(hours=24)
LATER = NOW + timedelta(days=3)
ID = "production-2026-11-24-0200"
ARCHIVE = f"backups/production/{ID}/archive.zip"


@pytest.fixture
def vault(tmp_path):
    return LocalFolder(tmp_path / "vault")


def age(vault, name: str, days: float) -> None:
    """Make an object look written that many days ago; negative is in the future."""
    moment = (NOW - timedelta(days=days)).timestamp()
    os.utime(vault._folder / name, (moment, moment))


def left(vault, now=LATER) -> list[tuple[str, str]]:
    return [(item.name, item.kind) for item in shelf.leftovers(vault, now, GRACE)]


def swept(vault, now=LATER) -> list[str]:
    return [item.name for item in shelf.sweep(vault, now, GRACE)]


def test_an_id_is_the_deployment_and_the_minute(vault):
    assert shelf.backup_id(vault, "production", AT, set()) == ID


def test_an_id_is_in_utc(vault):
    jakarta = AT.astimezone(timezone(timedelta(hours=7)))

    assert shelf.backup_id(vault, "production", jakarta, set()) == ID


def test_a_second_id_of_a_minute_has_a_suffix(vault):
    keep(vault, make_manifest())

    assert shelf.backup_id(vault, "production", AT, set()) == f"{ID}-2"
    assert shelf.backup_id(vault, "production", AT, {f"{ID}-2"}) == f"{ID}-3"


def test_an_id_whose_folder_holds_leftovers_is_taken(vault):
    vault.put(ARCHIVE, [b"killed half-way"])

    assert shelf.backup_id(vault, "production", AT, set()) == f"{ID}-2"


def test_the_id_of_another_deployment_is_free(vault):
    keep(vault, make_manifest())

    assert shelf.backup_id(vault, "staging", AT, set()) == "staging-2026-11-24-0200"


def _four_digits(moment: datetime) -> bool:
    return moment.year >= 1000


@given(
    moments=st.lists(st.datetimes(timezones=st.just(UTC)).filter(_four_digits), min_size=2),
)
def test_check_names_sort_by_time(moments):
    moments = sorted(set(moments))
    names = [shelf.check_name("production", ID, moment) for moment in moments]

    assert names == sorted(names)
    assert all(legal(name) for name in names)


def test_a_manifest_is_read_as_it_was_written(vault):
    manifest = keep(vault, make_manifest(label="sebelum migrasi"))

    assert shelf.read_manifest(vault, "production", ID) == manifest


def test_a_manifest_is_written_once(vault):
    manifest = keep(vault, make_manifest())

    with pytest.raises(AlreadyThere):
        shelf.write_manifest(vault, manifest)


def test_no_manifest_is_written_without_its_archive(vault):
    with pytest.raises(NotThere):
        shelf.write_manifest(vault, make_manifest())
    assert list(vault.list()) == []


def test_a_manifest_that_is_not_there_is_said(vault):
    with pytest.raises(NotThere):
        shelf.read_manifest(vault, "production", ID)


@pytest.mark.parametrize("text", [b"", b"{", b"{}", b'{"format": 1}', b'"x"', b"\xff" * 100])
def test_a_manifest_that_is_not_one_is_said(vault, text):
    vault.put(shelf.manifest_name("production", ID), [text])

    with pytest.raises(ManifestError, match="manifest"):
        shelf.read_manifest(vault, "production", ID)


def test_a_manifest_that_somebody_copied_elsewhere_is_said(vault):
    vault.put(shelf.manifest_name("staging", ID), [msgspec.json.encode(make_manifest())])

    with pytest.raises(ManifestError, match="of production"):
        shelf.read_manifest(vault, "staging", ID)


def test_a_manifest_larger_than_any_is_not_read_whole(vault, monkeypatch):
    monkeypatch.setattr(shelf, "MANIFEST_BYTES_MAX", 1000)
    vault.put(shelf.manifest_name("production", ID), [b" " * 2000])

    with pytest.raises(ManifestError, match="larger"):
        shelf.read_manifest(vault, "production", ID)


def test_checks_are_read_oldest_first(vault):
    keep(vault, make_manifest())
    checks = [make_check(at=AT + timedelta(days=n), findings=(make_finding(),)) for n in (1, 2)]
    for check in reversed(checks):
        shelf.write_check(vault, "production", ID, check)

    assert shelf.read_checks(vault, "production", ID) == checks


def test_two_checks_of_one_moment_are_both_kept(vault):
    for _ in range(2):
        shelf.write_check(vault, "production", ID, make_check())

    assert len(shelf.read_checks(vault, "production", ID)) == 2


def test_a_check_that_can_not_be_read_is_said(vault):
    vault.put(shelf.check_name("production", ID, AT), [b"{}"])

    with pytest.raises(ManifestError, match="check"):
        shelf.read_checks(vault, "production", ID)


def test_whole_backups_and_job_records_are_no_leftovers(vault):
    keep(vault, make_manifest())
    shelf.write_check(vault, "production", ID, make_check())
    vault.put("jobs/restore.staging.1-a/00-asked.json", [b"{}"])

    assert left(vault) == []
    assert swept(vault) == []


def test_every_kind_of_leftover_is_named(vault):
    vault.put(ARCHIVE, [b"x"])
    vault.put(shelf.check_name("staging", "a", AT), [b"x"])
    vault.put(shelf.manifest_name("staging", "b"), [b"x"])
    vault.put("doctor/1-a", [b"x"])
    vault.put("notes.txt", [b"x"])
    vault.put("backups/staging/b/more/deep/notes.txt", [b"x"])
    (vault._folder / ".lifeboat-1-a.part").write_bytes(b"x")
    (vault._folder / "My file").write_bytes(b"x")

    assert [kind for _, kind in left(vault)] == [
        "archive without manifest",
        "check without manifest",
        "manifest without archive",
        "foreign file",
        "doctor's probe",
        "foreign file",
        "unfinished part",
        "foreign file",
    ]


def test_entries_of_the_audit_log_belong_there_and_other_files_among_them_do_not(vault):
    vault.put("audit/0000000001.json", [b"{}"])
    strange = ["audit/1.json", "audit/0000000000.json", "audit/0000000001.json.bak", "audit/a/b"]
    for name in strange:
        vault.put(name, [b""])

    assert left(vault) == [(name, "foreign file") for name in sorted(strange)]
    assert swept(vault) == []


def test_a_sweep_takes_what_killed_jobs_left_and_nothing_else(vault):
    keep(vault, make_manifest(deployment="staging"))
    vault.put(ARCHIVE, [b"x"])
    vault.put("doctor/1-a", [b"x"])
    vault.put("notes.txt", [b"x"])
    vault.put(shelf.manifest_name("staging", "b"), [b"x"])
    (vault._folder / ".lifeboat-1-a.part").write_bytes(b"x")

    assert swept(vault) == [ARCHIVE, "doctor/1-a", ".lifeboat-1-a.part"]
    assert [kind for _, kind in left(vault)] == ["manifest without archive", "foreign file"]


def test_nothing_young_is_swept(vault):
    vault.put(ARCHIVE, [b"x"])
    (vault._folder / ".lifeboat-1-a.part").write_bytes(b"x")

    assert swept(vault, now=NOW) == []
    assert [item.past_grace for item in shelf.leftovers(vault, NOW, GRACE)] == [False, False]


def test_an_archive_from_the_future_is_not_swept(vault):
    vault.put(ARCHIVE, [b"x"])
    age(vault, ARCHIVE, days=-400)

    assert swept(vault, now=NOW) == []


def test_an_archive_of_a_long_dead_job_is_swept(vault):
    vault.put(ARCHIVE, [b"x"])
    age(vault, ARCHIVE, days=2)

    assert swept(vault, now=NOW) == [ARCHIVE]


def test_a_folder_that_a_job_still_writes_to_is_not_swept(vault):
    vault.put(ARCHIVE, [b"x"])
    age(vault, ARCHIVE, days=2)
    shelf.write_check(vault, "production", ID, make_check())

    assert swept(vault, now=NOW) == []


class LateLabel(LocalFolder):
    """A vault into which a slow job writes its manifest while another one sweeps."""

    def leftovers(self):
        with suppress(AlreadyThere):
            self.put(shelf.manifest_name("production", ID), [b"{}"])
        yield from super().leftovers()


def test_an_archive_that_got_its_manifest_meanwhile_is_not_swept(tmp_path):
    vault = LateLabel(tmp_path / "vault")
    vault.put(ARCHIVE, [b"x"])

    assert swept(vault) == []
    assert vault.stat(ARCHIVE)


class TakenMeanwhile(LocalFolder):
    """A vault from which a sweep with a wrong clock takes the archive too early."""

    def put(self, name, chunks):
        self.delete(ARCHIVE)
        return super().put(name, chunks)


def test_a_manifest_whose_archive_was_taken_does_not_stay(tmp_path):
    LocalFolder(tmp_path / "vault").put(ARCHIVE, [b"zip"])

    with pytest.raises(NotThere):
        shelf.write_manifest(TakenMeanwhile(tmp_path / "vault"), make_manifest())
    assert list(LocalFolder(tmp_path / "vault").list()) == []


def test_a_sealed_archive_is_an_archive(vault):
    """With its manifest it is whole; without, it is what a killed job left."""
    name = shelf.archive_name("production", ID, sealed=True)
    vault.put(name, [b"age"])
    age(vault, name, days=2)

    assert name == f"{ARCHIVE}.age"
    assert left(vault) == [(name, "archive without manifest")]
    vault.put(shelf.manifest_name("production", ID), [b"{}"])
    assert left(vault) == swept(vault) == []
