"""What happened to a schedule: in the order it was written, whatever clocks said."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from storage import schedule_notes, shelf
from storage.errors import ManifestError
from storage.schedule_notes import Note, Notes, is_note, known, read, write
from storage.vaults.local import LocalFolder
from tests.fakes import AT


@pytest.fixture
def vault(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "vault")


def note(what: schedule_notes.What, name: str = "daily", **told: object) -> Note:
    return Note(schedule=name, what=what, **{"at": AT, **told})  # type: ignore[arg-type]


def test_a_schedule_that_nothing_was_noted_of_has_no_notes(vault: LocalFolder):
    assert read(vault, "daily") == Notes()
    assert known(vault) == []


def test_the_newest_of_each_counts_by_number_and_not_by_clock(vault: LocalFolder):
    for each in (
        note("set", fingerprint="one"),
        note("paused", until=AT, at=AT + timedelta(days=900)),
        note("set", fingerprint="two", at=AT - timedelta(days=9)),
        note("resumed", by_name="Ayu"),
    ):
        write(vault, each)
    found = read(vault, "daily")

    assert found.set is not None
    assert found.set.fingerprint == "two"
    assert found.pause is not None
    assert (found.pause.what, found.pause.by_name) == ("resumed", "Ayu")


def test_a_reminder_is_of_the_pause_before_it(vault: LocalFolder):
    write(vault, note("paused", until=AT))
    write(vault, note("reminded"))
    reminded = read(vault, "daily").reminded
    write(vault, note("paused", until=AT))

    assert reminded is not None
    assert read(vault, "daily").reminded is None


def test_a_schedule_whose_name_begins_alike_is_another_one(vault: LocalFolder):
    write(vault, note("set", "daily-2"))

    assert read(vault, "daily") == Notes()
    assert known(vault) == ["daily-2"]


def test_writers_at_the_same_time_lose_nothing(vault: LocalFolder):
    threads = [
        threading.Thread(target=write, args=(vault, note("reminded", by=str(number))))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(list(vault.list("schedules/daily/"))) == 8


def test_a_note_that_cant_be_read_says_where_it_lies(vault: LocalFolder):
    vault.put("schedules/daily/000001-paused.json", [b"{"])

    with pytest.raises(ManifestError, match=r"schedules/daily/000001-paused\.json"):
        read(vault, "daily")


def test_a_note_belongs_in_the_vault_and_a_stranger_beside_it_does_not(vault: LocalFolder):
    write(vault, note("set"))
    vault.put("schedules/daily/notes.txt", [b"x"])

    left = list(shelf.leftovers(vault, AT, timedelta()))
    assert [each.name for each in left] == ["schedules/daily/notes.txt"]
    assert not is_note("schedules/daily/notes.txt")
