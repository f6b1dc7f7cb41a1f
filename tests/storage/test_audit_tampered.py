"""What was changed, moved, put in or taken out of the audit log is found, and where."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.audit_entry import name_of
from tests.storage.audit_logs import (
    log,
    overwrite,
    path_of,
    rewrite,
    sealed,
    texts,
)

COUNT = 8


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "vault"


@pytest.fixture(scope="module")
def template():
    """A whole log, to be copied."""
    with tempfile.TemporaryDirectory() as made:
        log(Path(made) / "vault", COUNT)
        yield Path(made) / "vault"


@contextmanager
def copied(template):
    with tempfile.TemporaryDirectory() as made:
        yield Path(shutil.copytree(template, Path(made) / "vault"))


def found(folder, **told) -> list[tuple[str, str, str]]:
    """Return check, place and severity of each finding."""
    walked = log(folder).verify(**told)
    return [(each.check, each.where, each.severity) for each in walked.findings]


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_changed_byte_is_found_in_its_entry(template, data):
    number = data.draw(st.integers(1, COUNT))
    text = bytearray(path_of(template, number).read_bytes())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    with copied(template) as folder:
        overwrite(path_of(folder, number), bytes(text))

        assert ("entry", name_of(number), "damage") in found(folder)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_cut_or_longer_entry_is_found(template, data):
    number = data.draw(st.integers(1, COUNT))
    text = path_of(template, number).read_bytes()
    cut = data.draw(st.integers(0, len(text) - 1))
    changed = data.draw(st.sampled_from([text[:cut], text + b"\n", text[:cut] + text[cut - 1 :]]))
    with copied(template) as folder:
        overwrite(path_of(folder, number), changed)

        assert bool(found(folder)) is (changed != text)


@given(numbers=st.sets(st.integers(1, COUNT), min_size=1, max_size=COUNT - 1))
@settings(max_examples=60, deadline=None)
def test_any_removed_entries_are_found_unless_only_the_newest_are_gone(template, numbers):
    cut_off = numbers == set(range(COUNT - len(numbers) + 1, COUNT + 1))
    with copied(template) as folder:
        for number in numbers:
            path_of(folder, number).unlink()

        assert bool(found(folder)) is not cut_off


@given(order=st.permutations(range(COUNT)))
@settings(max_examples=60, deadline=None)
def test_any_other_order_is_found(template, order):
    with copied(template) as folder:
        whole = texts(folder)
        rewrite(folder, [whole[place] for place in order])

        assert bool(found(folder)) is (list(order) != sorted(order))


@given(place=st.integers(0, COUNT - 1), copy=st.integers(0, COUNT - 1), forged=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_inserted_entry_is_found(template, place, copy, forged):
    with copied(template) as folder:
        whole = texts(folder)
        before = hashlib.sha256(whole[place - 1]).hexdigest() if place else "0" * 64
        inserted = sealed(whole[copy], number=place + 1, before=before) if forged else whole[copy]
        rewrite(folder, [*whole[:place], inserted, *whole[place:]])

        assert any(severity == "damage" for _, _, severity in found(folder))


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_forged_entry_but_the_newest_is_found_by_the_one_after_it(template, data):
    number = data.draw(st.integers(1, COUNT - 1))
    field = data.draw(st.sampled_from(["by", "by_name", "why", "outcome", "about", "at"]))
    with copied(template) as folder:
        text = path_of(folder, number).read_bytes()
        new = "2026-11-24T02:00:13Z" if field == "at" else "somebody else"
        overwrite(path_of(folder, number), sealed(text, **{field: new}))

        assert ("chain", name_of(number + 1), "damage") in found(folder)


def test_a_gap_is_said_with_its_numbers(folder):
    log(folder, 6)
    for number in (2, 3, 5):
        path_of(folder, number).unlink()
    walked = log(folder).verify()

    assert [finding.what for finding in walked.findings] == [
        "Entries 2 to 3 are missing.",
        "Entry 5 is missing.",
    ]


def test_a_break_is_said_with_both_numbers(folder):
    log(folder, 3)
    overwrite(path_of(folder, 2), sealed(path_of(folder, 2).read_bytes(), why="another reason"))
    (finding,) = log(folder).verify().findings

    assert "Entry 3 does not hold the hash of entry 2" in finding.what
    assert finding.where == name_of(3)


def test_an_unreadable_entry_is_still_held_against_the_one_after_it(folder):
    log(folder, 3)
    overwrite(path_of(folder, 2), b"torn")

    assert found(folder) == [("entry", name_of(2), "damage"), ("chain", name_of(3), "damage")]


def test_a_first_entry_with_something_before_it_is_found(folder):
    log(folder, 1)
    overwrite(path_of(folder, 1), sealed(path_of(folder, 1).read_bytes(), before="1" * 64))
    (finding,) = log(folder).verify().findings

    assert "there was one before it" in finding.what
