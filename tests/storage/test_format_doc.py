"""docs/format.md names every field, object and step that the code writes."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import msgspec
import pytest

from storage import manifest, shelf
from storage.finding import Finding, LookedAt
from storage.holds import Hold
from storage.records import Record
from storage.removal import Removed
from storage.schedule_notes import Note, What
from tests.fakes import AT

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "format.md").read_text()
NAMED = {word for code in re.findall(r"`([^`\n]+)`", TEXT) for word in re.findall(r"\w+", code)}
STRUCTS = [
    *(
        thing
        for thing in vars(manifest).values()
        if isinstance(thing, type)
        and issubclass(thing, manifest.Facts)
        and thing is not manifest.Facts
    ),
    Finding,
    LookedAt,
    Record,
    Hold,
    Removed,
    Note,
]


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_field_is_documented(struct):
    fields = {field.encode_name for field in msgspec.structs.fields(struct)}

    assert fields - NAMED == set()


@pytest.mark.parametrize("words", [manifest.Kind, manifest.Door, manifest.Encoding, What])
def test_every_word_of_a_field_is_documented(words):
    for word in typing.get_args(words):
        assert f"`{word}`" in TEXT


def test_the_format_of_today_is_documented():
    assert f"now {manifest.FORMAT} |" in TEXT


def test_the_layout_is_the_one_that_is_written():
    id = "production-2026-11-24-0200"
    layout = TEXT.partition("## Layout")[2]

    for name in (
        shelf.archive_name("production", id),
        shelf.manifest_name("production", id),
        re.sub(r"[^/]+\.json", "<time>-<random>.json", shelf.check_name("production", id, AT)),
    ):
        shape = name.replace("/production/", "/<deployment>/").replace(id, "<backup id>")
        assert shape in layout


def test_every_step_of_a_restore_is_documented():
    source = "".join(
        (ROOT / "commands" / name).read_text() for name in ("restore_work.py", "restore_settle.py")
    )
    steps = set(re.findall(r"\.note\(\s*\"(\w+)\"", source))

    assert steps
    assert {step for step in steps if f"| `{step}` |" not in TEXT} == set()


def test_the_number_of_listed_files_is_the_codes():
    assert f"{manifest.FILES_LISTED_MAX:,} files" in TEXT
