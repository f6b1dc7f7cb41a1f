"""A copy from one vault into another: right or not there, whatever fails and whenever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from storage import carrying, copying, schedule_notes, shelf
from storage.audit import Audit, Happened
from storage.errors import (
    AlreadyThere,
    ArchiveError,
    ManifestError,
    NotThere,
    SourceLost,
    VaultError,
    VaultUnreachable,
)
from storage.manifest import SEALED_FORMAT, ArchiveFacts, SealedFacts
from storage.schedule_notes import Note
from storage.vaults.vault import Stored
from tests.fakes import AT, keep, make_check, make_finding, make_manifest

ID = "production-2026-11-24-0200"
BODY = bytes(range(256)) * 64
PROOF = make_check(depth="manifest", at=datetime(2026, 11, 25, tzinfo=UTC))


class Memory:
    """A vault in memory that can be told to fail at its n-th call, before or after its effect.

    `gives` are other bytes than were put, for a disk that rots.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: dict[str, bytes] = {}
        self.gives: dict[str, bytes] = {}
        self.calls = 0
        self.fails_at: tuple[int, str] | None = None

    def _call(self, effect: Any = lambda: None) -> Any:
        self.calls += 1
        at, when = self.fails_at or (0, "")
        if self.calls == at and when == "before":
            raise VaultUnreachable(f"{self.name} is gone")
        try:
            return effect()
        finally:
            if self.calls == at and when == "after":
                raise VaultUnreachable(f"{self.name} is gone")

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        if name in self.objects:  # As a folder does: what is taken is said before anything is read.
            self._call()
            raise AlreadyThere(name)
        body = b"".join(chunks)

        def effect() -> Stored:
            if name in self.objects:
                raise AlreadyThere(name)
            self.objects[name] = body
            return self._stored(name)

        return self._call(effect)

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        self._call(lambda: self._stored(name))
        body = self.gives.get(name, self.objects[name])[start:]
        return self._chunks(body)

    def _chunks(self, body: bytes) -> Iterator[bytes]:
        for at in range(0, len(body), 4096):
            self._call()
            yield body[at : at + 4096]

    def list(self, prefix: str = "") -> Iterator[Stored]:
        self._call()
        return iter([self._stored(n) for n in sorted(self.objects) if n.startswith(prefix)])

    def stat(self, name: str) -> Stored:
        return self._call(lambda: self._stored(name))

    def delete(self, name: str) -> None:
        self._call(lambda: self.objects.pop(name, None))

    def heal(self) -> None:
        self.fails_at, self.calls, self.gives = None, 0, {}

    def _stored(self, name: str) -> Stored:
        if name not in self.objects:
            raise NotThere(f"{self.name} holds no {name}")
        return Stored(name, len(self.objects[name]), datetime(2026, 1, 1, tzinfo=UTC))


def backup(vault: Memory, **changes: Any):
    archive = ArchiveFacts(
        name=shelf.archive_name("production", ID),
        bytes=len(BODY),
        sha256=hashlib.sha256(BODY).hexdigest(),
    )
    manifest = keep(vault, make_manifest(archive=archive, **changes), BODY)
    shelf.write_check(vault, "production", ID, make_check(at=AT))
    vault.heal()
    return manifest


@pytest.fixture
def source():
    return Memory("one")


@pytest.fixture
def to():
    return Memory("two")


def whole(source: Memory, to: Memory) -> None:
    """Make a copy from beginning to end, as the verb does."""
    way = copying.road(source, to, "production", ID, lambda chunks, _step, _total: iter(chunks))
    if copying.there(way) == "whole":
        copying.beside(way)
        return
    if not copying.store(way):
        copying.prove(way)
    copying.beside(way)
    copying.label(way, PROOF)


def is_whole(to: Memory) -> bool:
    return shelf.manifest_name("production", ID) in to.objects


class ByKind(Memory):
    """A vault that keeps objects otherwise by kind of backup."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.kinds: dict[str, str] = {}

    def put_as(self, kind: str, name: str, chunks: Iterable[bytes]) -> Stored:
        self.kinds[name.rpartition("/")[2]] = kind
        return self.put(name, chunks)


def test_a_copy_is_kept_by_kind_where_the_vault_keeps_kinds_apart(source):
    to = ByKind("two")
    backup(source, kind="monthly")
    whole(source, to)

    assert to.kinds == {"archive.zip": "monthly", "manifest.json": "monthly"}


def test_a_sealed_archive_is_copied_as_it_lies_there_under_its_own_name(source, to):
    name = shelf.archive_name("production", ID, sealed=True)
    inside = SealedFacts(zip_bytes=3, zip_sha256="0" * 64, recipients=("age1someone",))
    archive = ArchiveFacts(
        name=name, bytes=len(BODY), sha256=hashlib.sha256(BODY).hexdigest(), sealed=inside
    )
    keep(source, make_manifest(archive=archive, format=SEALED_FORMAT), BODY)
    whole(source, to)

    assert to.objects[name] == BODY
    assert shelf.read_manifest(to, "production", ID).archive == archive


def test_the_note_of_a_removal_is_never_copied(source, to):
    """Beside a manifest it says that a removal was stopped, in that vault and no other."""
    backup(source)
    source.put(shelf.removed_name("production", ID), [b"{}"])
    whole(source, to)
    for name in carrying.beside(source, to):
        copying.small(source, to, name)

    assert is_whole(to)
    assert shelf.removed_name("production", ID) not in to.objects


def test_what_is_known_of_schedules_is_carried_along(source, to):
    note = Note(schedule="daily", what="paused", at=AT, by="U1", by_name="Ayu", why="the move")
    schedule_notes.write(source, note)
    for name in carrying.records(source, to):
        copying.small(source, to, name)

    assert schedule_notes.read(to, "daily").pause == note
    assert carrying.records(source, to) == []


def test_a_copy_has_the_same_bytes_and_a_proof_of_its_own(source, to):
    backup(source)
    whole(source, to)

    for name in (shelf.archive_name("production", ID), shelf.manifest_name("production", ID)):
        assert to.objects[name] == source.objects[name]
    assert [check.vault for check in shelf.read_checks(to, "production", ID)] == ["one", ""]


def test_the_manifest_is_the_last_thing_written(source, to):
    backup(source)
    whole(source, to)

    assert next(iter(to.objects)) == shelf.archive_name("production", ID)
    assert list(to.objects)[-1] == shelf.manifest_name("production", ID)


def test_keys_of_a_newer_lifeboat_are_copied_as_they_are(source, to):
    backup(source)
    name = shelf.manifest_name("production", ID)
    source.objects[name] = source.objects[name].replace(b"{", b'{\n  "from_the_future": 1,', 1)
    whole(source, to)

    assert to.objects[name] == source.objects[name]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("which", ["source", "to"])
def test_whatever_call_fails_no_copy_is_there_that_is_not_right_and_the_next_try_makes_it(
    which, when
):
    failed = 0
    for at in count(1):
        source, to = Memory("one"), Memory("two")
        backup(source)
        {"source": source, "to": to}[which].fails_at = (at, when)
        try:
            whole(source, to)
        except VaultError as error:
            failed += 1
            assert isinstance(error, SourceLost) == (which == "source")
        else:
            break
        if is_whole(to):  # The last write came through, though what followed it failed.
            assert to.objects[shelf.archive_name("production", ID)] == BODY
        for each in (source, to):
            each.heal()
        whole(source, to)
        assert is_whole(to)
        assert to.objects[shelf.archive_name("production", ID)] == BODY
        assert source.objects.keys() <= to.objects.keys()

    assert failed > 8


def test_a_source_with_other_bytes_than_its_manifest_says_is_not_copied(source, to):
    backup(source)
    source.gives[shelf.archive_name("production", ID)] = BODY[:-1] + b"?"

    with pytest.raises(ArchiveError, match="not what its manifest says"):
        whole(source, to)
    assert to.objects == {}


@pytest.mark.parametrize("name", [shelf.ARCHIVE, shelf.MANIFEST])
def test_a_source_that_is_half_deleted_is_not_copied(source, to, name):
    backup(source)
    del source.objects[shelf.folder_name("production", ID) + name]

    with pytest.raises((ArchiveError, ManifestError)):
        whole(source, to)
    assert to.objects == {}


def test_a_vault_that_gives_back_other_bytes_keeps_no_copy(source, to):
    backup(source)
    to.gives[shelf.archive_name("production", ID)] = BODY[:-1] + b"?"

    with pytest.raises(VaultError, match="other bytes"):
        whole(source, to)
    assert to.objects == {}


def test_an_archive_that_lies_there_is_used_after_it_was_read(source, to):
    backup(source)
    to.objects[shelf.archive_name("production", ID)] = BODY
    way = copying.road(source, to, "production", ID, lambda chunks, _step, _total: iter(chunks))

    assert copying.store(way) is True


def test_other_bytes_that_lie_there_without_a_manifest_are_replaced(source, to):
    backup(source)
    to.objects[shelf.archive_name("production", ID)] = b"half"
    whole(source, to)

    assert to.objects[shelf.archive_name("production", ID)] == BODY


def test_a_damaged_copy_stays_as_it_is_while_the_source_is_damaged_too(source, to):
    backup(source)
    whole(source, to)
    name = shelf.archive_name("production", ID)
    to.objects[name] = b"short"
    source.gives[name] = b"worse"

    with pytest.raises(ArchiveError):
        whole(source, to)
    assert to.objects[name] == b"short"
    source.heal()
    whole(source, to)
    assert to.objects[name] == BODY


def test_a_copy_of_another_backup_is_never_overwritten(source, to):
    backup(source)
    backup(to, label="another")
    before = dict(to.objects)

    with pytest.raises(ManifestError, match="not copies of one backup"):
        whole(source, to)
    assert to.objects == before


def test_what_lies_beside_a_copy_is_brought_up_to_date(source, to):
    backup(source)
    whole(source, to)
    shelf.write_check(source, "production", ID, make_check(findings=(make_finding(),)))
    source.objects[shelf.folder_name("production", ID) + "hold.json"] = b"{}"
    named = carrying.beside(source, to)
    whole(source, to)

    assert len(named) == 2
    assert carrying.beside(source, to) == []
    assert len(shelf.read_checks(to, "production", ID)) == 3


# The audit log.


def written(vault: Memory, entries: int) -> Audit:
    audit = Audit(vault, lambda: AT)
    for number in range(entries):
        audit.write(Happened(what=f"it.happened {number}", by="U1", by_name="Rizal", door="slack"))
    return audit


def carried(source: Memory, to: Memory) -> int:
    numbers = carrying.entries(source, to)
    return sum(carrying.carry_entry(source, to, number) for number in numbers)


def test_a_carried_log_is_whole_and_goes_on_where_it_was(source, to):
    written(source, 4)

    assert carried(source, to) == 4
    assert written(to, 1).verify().findings == ()
    assert carrying.entries(source, to) == []
    assert carried(to, source) == 1


def test_a_log_that_was_carried_in_part_is_carried_on(source, to):
    written(source, 4)
    to.objects.update(list(source.objects.items())[:2])

    assert carried(source, to) == 2
    assert Audit(to, lambda: AT).verify().findings == ()


def test_a_log_that_was_carried_in_part_and_written_to_is_still_one_log(source, to):
    """A killed carrying leaves gaps below, never a newest entry that is not the newest."""
    written(source, 4)
    carrying.carry_entry(source, to, carrying.entries(source, to)[0])
    written(to, 1)

    assert carried(source, to) == 3
    walked = Audit(to, lambda: AT).verify()
    assert (walked.looked_at.entries, walked.findings) == (5, ())


def test_a_lost_log_goes_on_from_its_copy_instead_of_beginning_anew(source, to):
    written(source, 3)
    carried(source, to)
    source.objects.clear()
    audit = Audit(source, lambda: AT, copies=[Memory("empty"), to])
    entry = audit.write(Happened(what="it.went on", by="U1", by_name="Rizal", door="slack"))

    assert entry.number == 4
    assert audit.verify().findings == ()


def test_a_lost_log_begins_anew_only_when_no_vault_that_answers_has_a_copy(source, to):
    to.fails_at = (1, "before")
    audit = Audit(source, lambda: AT, copies=[to])

    assert audit.write(Happened(what="x", by="U1", by_name="R", door="slack")).number == 1


@pytest.mark.parametrize("mine", [1, 3])
def test_logs_that_went_different_ways_are_told_and_left_alone(source, to, mine):
    written(source, 2)
    written(to, mine)
    before = dict(to.objects)

    with pytest.raises(ManifestError, match="two different ones"):
        carried(source, to)
    assert to.objects == before
