"""Writing the audit log: a chain of create-only entries, which no two writers can fork."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, timedelta

import pytest

from storage import audit as auditing
from storage.audit import Audit
from storage.audit_entry import name_of, number_of
from storage.errors import AlreadyThere, VaultError, VaultUnreachable
from storage.vaults.local import LocalFolder
from tests.fakes import AT
from tests.storage.audit_logs import (
    Meddling,
    Ticking,
    happened,
    log,
    overwrite,
    path_of,
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


def test_an_entry_is_an_object_of_its_own(audit, folder):
    audit.write(happened())

    assert [stored.name for stored in LocalFolder(folder).list()] == ["audit/0000000001.json"]


def test_the_first_entry_has_nothing_before_it(audit):
    assert audit.write(happened()).before == "0" * 64


def test_each_entry_holds_the_hash_of_the_bytes_before_it(audit, folder):
    audit.write(happened())
    second = audit.write(happened())

    assert second.before == hashlib.sha256(texts(folder)[0]).hexdigest()


def test_an_entry_is_one_line_of_json_with_its_keys_in_order_and_its_own_hash_last(audit, folder):
    audit.write(happened(facts={"z": 1, "a": None}))
    (text,) = texts(folder)
    *keys, last = json.loads(text)

    assert text.endswith(b"}\n")
    assert text.count(b"\n") == 1
    assert keys == sorted(keys)
    assert last == "sha256"
    assert json.loads(text)[last] == hashlib.sha256(text[:-78]).hexdigest()


def test_an_entry_is_read_as_it_was_written(audit):
    told = happened(
        "restore.ended",
        team="T0",
        about="production-2026-11-24-0200",
        deployment="staging",
        why="npd kehilangan baris — ülkü 🙂",
        fingerprint="f" * 64,
        outcome="restored",
        facts={"rows": 12, "seconds": 1.5, "safe": True, "none": None, "job": "j1"},
    )
    written = audit.write(told, once="j1 ended")

    assert list(audit.entries()) == [written]
    assert (written.number, written.at.tzinfo, written.once) == (1, UTC, "j1 ended")


def test_two_logs_of_one_vault_go_on_with_the_same_chain(folder):
    one, two = log(folder), log(folder)
    for audit in (one, two, two, one):
        audit.write(happened())

    assert numbers(one.entries()) == [4, 3, 2, 1]
    assert two.verify().findings == ()


def test_whoever_comes_second_reads_again_and_takes_the_next_number(folder):
    other, faster = log(folder), [True]

    def overtake(_name):
        if faster.pop():
            faster.append(False)
            other.write(happened("other"))

    audit = Audit(Meddling(LocalFolder(folder), overtake), Ticking(), pause=lambda _s: None)
    mine = audit.write(happened("mine"))

    assert [(entry.number, entry.what) for entry in audit.entries()] == [(2, "mine"), (1, "other")]
    assert mine.number == 2
    assert audit.verify().findings == ()


def test_whoever_is_overtaken_again_and_again_is_told_so(folder):
    other, paused = log(folder), []
    vault = Meddling(LocalFolder(folder), lambda _name: other.write(happened("other")))
    audit = Audit(vault, Ticking(), pause=paused.append)

    with pytest.raises(VaultError, match="others were faster"):
        audit.write(happened("mine"))
    assert len(paused) == auditing.TRIES
    assert max(paused) <= auditing.PAUSE_SECONDS_MAX


def test_a_vault_that_took_the_entry_and_lost_the_answer_holds_it_once(folder):
    class Deaf(LocalFolder):
        def put(self, name, chunks):
            super().put(name, chunks)
            raise AlreadyThere("It is there.")  # As the second try of a lost answer is told.

    mine = Audit(Deaf(folder), Ticking()).write(happened())

    assert list(log(folder).entries()) == [mine]


def test_a_vault_that_can_not_take_it_is_an_error(folder):
    def away(_name):
        raise VaultUnreachable("The disk is gone.")

    audit = Audit(Meddling(LocalFolder(folder), away), Ticking())

    with pytest.raises(VaultUnreachable, match="gone"):
        audit.write(happened())


def test_a_vault_that_is_not_there_is_an_error(tmp_path):
    audit = log(tmp_path / "no disk" / "vault")

    with pytest.raises(VaultError):
        audit.write(happened())


@pytest.mark.parametrize("text", [b"", b"torn", b"{}\n"])
def test_a_broken_entry_keeps_nobody_from_writing_the_next(folder, text):
    audit = log(folder, 2)
    overwrite(path_of(folder, 2), text)

    third = audit.write(happened(), once="k")

    assert third.number == 3
    assert third.before == hashlib.sha256(text).hexdigest()


def test_a_number_that_nobody_counted_to_stops_the_log_in_words(audit, folder):
    audit.write(happened())
    path_of(folder, 9_999_999_999).write_bytes(b"")

    with pytest.raises(VaultError, match="can't go on"):
        audit.write(happened())


def test_other_names_are_no_entries(audit, folder):
    audit.write(happened())
    for name in ("2.json", "0000000000.json", "0000000002.txt", "00000000002.json", "notes"):
        (folder / "audit" / name).write_bytes(b"")

    assert audit.write(happened()).number == 2
    assert numbers(audit.entries()) == [2, 1]


def test_a_name_and_its_number_belong_together():
    assert number_of(name_of(12)) == 12
    assert number_of("audit/００００００００１２.json") is None
    assert number_of("backups/0000000012.json") is None


def test_a_write_that_is_repeated_finds_what_it_wrote(audit):
    first = audit.write(happened(), once="job ended")
    again = audit.write(happened(), once="job ended")

    assert again == first
    assert numbers(audit.entries()) == [1]


def test_another_machine_finds_it_too_behind_other_entries(folder):
    first = log(folder).write(happened(), once="job ended")
    log(folder, 20)

    assert log(folder).write(happened(), once="job ended") == first


def test_another_key_is_another_entry(audit):
    for once in ("job asked", "job ended", "", ""):
        audit.write(happened(), once=once)

    assert [entry.once for entry in audit.entries()] == ["", "", "job ended", "job asked"]


def test_a_repeated_write_is_found_when_another_process_was_faster(folder):
    other, overtaken = log(folder), []

    def overtake(_name):
        if not overtaken:
            overtaken.append(other.write(happened(), once="job ended"))

    audit = Audit(Meddling(LocalFolder(folder), overtake), Ticking(), pause=lambda _s: None)

    assert audit.write(happened(), once="job ended") == overtaken[0]
    assert numbers(other.entries()) == [1]


def test_it_is_not_looked_for_long_before_the_job_began(folder, monkeypatch):
    monkeypatch.setattr(auditing, "OLDER_MAX", 3)
    log(folder, 30)
    vault, clock = Meddling(LocalFolder(folder), lambda _name: None), Ticking()
    clock.at = AT + timedelta(days=1)
    Audit(vault, clock).write(happened(), once="job ended", since=clock.at)

    assert vault.opened == [name_of(30), name_of(29), name_of(28), name_of(30)]


def test_it_is_looked_for_so_far_back_and_no_further(folder, monkeypatch):
    monkeypatch.setattr(auditing, "LOOK_BACK", 5)
    audit = log(folder)
    audit.write(happened(), once="job ended")
    log(folder, 5)

    assert audit.write(happened(), once="job ended").number == 7
