"""Reading the audit log: newest first, a few at a time, with nothing left out in silence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage import audit as auditing
from storage.audit import Audit
from storage.audit_entry import name_of
from storage.errors import ManifestError
from storage.vaults.local import LocalFolder
from tests.fakes import AT
from tests.storage.audit_logs import (
    Meddling,
    Ticking,
    happened,
    log,
    overwrite,
    path_of,
    rewrite,
    texts,
)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "vault"


@pytest.fixture
def audit(folder):
    return log(folder)


def numbers(entries) -> list[int]:
    return [entry.number for entry in entries]


def reading(folder, **told) -> tuple[list[int], list[tuple[str, str]]]:
    """Return the numbers that can be read, and what was told of the others."""
    unreadable: list[tuple[str, str]] = []
    found = log(folder).entries(**told, unreadable=lambda *told: unreadable.append(told))
    return numbers(found), unreadable


def test_entries_come_newest_first(folder):
    assert numbers(log(folder, 5).entries()) == [5, 4, 3, 2, 1]


def test_a_log_without_entries_has_none(audit):
    assert list(audit.entries()) == []


def test_of_many_entries_only_those_asked_for_are_read(folder):
    log(folder, 20)
    vault = Meddling(LocalFolder(folder), lambda _name: None)

    assert numbers(Audit(vault, Ticking()).entries(limit=3)) == [20, 19, 18]
    assert vault.opened == [name_of(20), name_of(19), name_of(18)]


def test_more_entries_than_are_kept_in_memory_are_all_read(folder, monkeypatch):
    monkeypatch.setattr(auditing, "WINDOW", 4)

    assert numbers(log(folder, 13).entries()) == list(range(13, 0, -1))


def test_since_leaves_older_entries_out(folder):
    audit = log(folder, 6)

    assert numbers(audit.entries(since=AT + timedelta(minutes=5))) == [6, 5]


def test_one_wrong_clock_hides_nothing_behind_it(folder):
    audit = log(folder, 3)
    Audit(LocalFolder(folder), lambda: AT - timedelta(days=400)).write(happened())
    log(folder, 1)

    assert numbers(audit.entries(since=AT)) == [5, 3, 2, 1]


def test_a_long_row_of_old_entries_ends_the_look(folder, monkeypatch):
    monkeypatch.setattr(auditing, "OLDER_MAX", 3)
    log(folder, 10)
    vault = Meddling(LocalFolder(folder), lambda _name: None)

    assert list(Audit(vault, Ticking()).entries(since=AT + timedelta(days=1))) == []
    assert len(vault.opened) == 3


@pytest.mark.parametrize("word", ["backup-1", "staging", "restore.staging.1", "safety-1"])
def test_entries_are_found_by_backup_deployment_job_and_fact(audit, word):
    audit.write(happened(about="backup-12", deployment="staging-two"))
    audit.write(
        happened(
            about="backup-1",
            deployment="staging",
            facts={"job": "restore.staging.1", "safety_backup": "safety-1", "rows": 7},
        )
    )

    assert numbers(audit.entries(about=word)) == [2]
    assert list(audit.entries(about="7")) == []


def test_about_and_limit_count_what_fits(audit):
    for number in range(10):
        audit.write(happened(about="even" if number % 2 == 0 else "odd"))

    assert numbers(audit.entries(about="odd", limit=2)) == [10, 8]


@pytest.mark.parametrize("text", [b"", b"torn", b"{}\n", b"x" * 3_000_000])
def test_an_entry_that_can_not_be_read_is_told_and_the_others_come(folder, text):
    log(folder, 3)
    overwrite(path_of(folder, 2), text)
    found, unreadable = reading(folder)

    assert found == [3, 1]
    assert [name for name, _ in unreadable] == [name_of(2)]
    assert "its own hash does not fit" in unreadable[0][1]


def test_an_entry_that_can_not_be_read_is_an_error_where_nobody_listens(folder):
    audit = log(folder, 3)
    overwrite(path_of(folder, 2), b"torn")

    with pytest.raises(ManifestError, match="0000000002"):
        list(audit.entries())


def test_an_entry_under_another_name_is_told(folder):
    log(folder, 3)
    one, two, three = texts(folder)
    rewrite(folder, [two, one, three])
    found, unreadable = reading(folder)

    assert found == [3]
    assert "says of itself that it is number 2" in unreadable[1][1]


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ([3], "Entry 3 is missing."),
        ([2, 3], "Entries 2 to 3 are missing."),
        ([1], "Entry 1 is missing."),
        ([1, 2, 3], "Entries 1 to 3 are missing."),
    ],
)
@pytest.mark.parametrize("window", [1, 2, 100])
def test_a_gap_is_told(folder, monkeypatch, gone, told, window):
    monkeypatch.setattr(auditing, "WINDOW", window)
    log(folder, 5)
    for number in gone:
        path_of(folder, number).unlink()
    found, unreadable = reading(folder)

    assert found == [number for number in (5, 4, 3, 2, 1) if number not in gone]
    assert [why for _, why in unreadable] == [told]
