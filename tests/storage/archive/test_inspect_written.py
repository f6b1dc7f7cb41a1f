"""What Lifeboat itself writes, and what zlib inflates where isal is missing, is read as sound."""

import io
import zlib

import pytest

from storage.archive import unpack
from storage.archive.choose import choose
from storage.archive.inspect import inspect
from storage.archive.merge import merge
from tests import convex_zip


@pytest.fixture
def snapshot(tmp_path):
    path = tmp_path / "snapshot.zip"
    tables = {"users": convex_zip.rows(10001, 50), "npd": convex_zip.rows(10002, 9)}
    tables["waitlist/inner/people"] = convex_zip.rows(10001, 4)
    convex_zip.write(path, tables, storage=[convex_zip.stored_file(1), convex_zip.stored_file(2)])
    return path


def test_chosen_tables_are_a_sound_archive(snapshot, tmp_path):
    keep = {"users", "waitlist/inner/people", "_storage"}
    with (tmp_path / "chosen.zip").open("w+b") as out:
        choose(snapshot, out, keep)
    found = inspect([(tmp_path / "chosen.zip").read_bytes()])

    assert found.findings == ()
    assert {t.name: t.documents for t in found.contents.tables} == {"users": 50, "people": 4}


def test_chosen_tables_keep_their_hashes(snapshot, tmp_path):
    with (tmp_path / "chosen.zip").open("w+b") as out:
        choose(snapshot, out, {"npd"})
    (chosen,) = inspect([(tmp_path / "chosen.zip").read_bytes()]).contents.tables

    assert chosen in inspect([snapshot.read_bytes()]).contents.tables


def test_a_merge_is_a_sound_archive(snapshot, tmp_path):
    more = tmp_path / "more.zip"
    convex_zip.write(more, {"users": convex_zip.rows(10001, 60)})
    with (tmp_path / "merged.zip").open("w+b") as out:
        merge(snapshot, more, out)
    found = inspect([(tmp_path / "merged.zip").read_bytes()])

    assert found.findings == ()
    assert [(t.name, t.documents) for t in found.contents.tables] == [("users", 60)]


def test_zlib_reads_what_isal_reads(snapshot, monkeypatch):
    data = snapshot.read_bytes()
    quick = inspect([data])
    monkeypatch.setattr(unpack, "_INFLATE", zlib.decompressobj)

    assert inspect([data]) == quick


def test_zlib_reads_entries_of_many_blocks(monkeypatch):
    out = io.BytesIO()
    convex_zip.write(out, {"users": convex_zip.rows(10001, 9000, body="x" * 400)})
    monkeypatch.setattr(unpack, "_INFLATE", zlib.decompressobj)

    assert inspect([out.getvalue()]).contents.documents == 9000
