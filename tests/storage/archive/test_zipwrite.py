"""What Lifeboat writes is an ordinary ZIP for every reader, zip64 only where it has to be."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.archive.zipfolder import ZipFolder
from storage.archive.zipwrite import ZipWriter
from tests.storage.archive.small_archives import contents

NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=12)
    .filter(lambda name: name not in (".", ".."))
    .map(lambda name: f"{name}/documents.jsonl"),
    unique=True,
    max_size=6,
)


def written(entries: list[tuple[str, bytes]], **limits: int) -> bytes:
    out = io.BytesIO()
    writer = ZipWriter(out, **limits)
    for name, data in entries:
        writer.write(name, data)
    writer.close()
    return out.getvalue()


def read_by_python(data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as folder:
        assert folder.testzip() is None
        return [(name, folder.read(name)) for name in folder.namelist()]


@given(NAMES, st.data(), st.sampled_from([0, 1, 50, 0xFFFFFFFF]), st.sampled_from([0, 2, 0xFFFF]))
def test_python_reads_back_what_was_written(
    names: list[str], data: st.DataObject, full32: int, full16: int
) -> None:
    entries = [(name, data.draw(st.binary(max_size=300))) for name in names]

    made = written(entries, full32=full32, full16=full16)

    assert read_by_python(made) == entries
    folder = ZipFolder(io.BytesIO(made))
    assert [(e.name, b"".join(folder.read(e))) for e in folder.entries] == entries


@pytest.mark.skipif(not shutil.which("unzip"), reason="Info-ZIP is not installed")
@pytest.mark.parametrize("full32", [0, 60, 0xFFFFFFFF])
def test_info_zip_finds_no_error(tmp_path: Path, full32: int) -> None:
    made = tmp_path / "made.zip"
    made.write_bytes(
        written(
            [("README.md", b"hello\n"), ("a b/é.jsonl", b"x" * 5000), ("e", b"")], full32=full32
        )
    )

    ran = subprocess.run(["unzip", "-t", str(made)], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "No errors detected" in ran.stdout


def test_the_same_entries_give_the_same_bytes() -> None:
    entries = [("a", b"1" * 1000), ("b", b"2")]

    assert written(entries) == written(entries)


def test_small_archives_hold_no_zip64_at_all() -> None:
    made = written([("a", b"1"), ("b", b"2")])

    assert b"PK\x06\x06" not in made
    assert b"PK\x06\x07" not in made


def test_the_dates_are_readable_ones() -> None:
    with zipfile.ZipFile(io.BytesIO(written([("a", b"1")]))) as folder:
        date = folder.infolist()[0].date_time

    assert date == (1980, 1, 1, 0, 0, 0)


def test_an_entry_that_fails_half_way_leaves_no_trace() -> None:
    out = io.BytesIO()
    writer = ZipWriter(out)
    writer.write("first", b"1")
    with pytest.raises(KeyError), writer.deflate("second", 10) as entry:
        entry.write(b"x" * (3 << 20))
        raise KeyError
    writer.write("second", b"2")
    writer.close()

    assert read_by_python(out.getvalue()) == [("first", b"1"), ("second", b"2")]


def test_more_bytes_than_announced_are_refused_where_they_would_not_fit() -> None:
    writer = ZipWriter(io.BytesIO(), full32=5000)

    with pytest.raises(ValueError, match="announced"), writer.deflate("a", 10) as entry:
        entry.write(b"x" * 6000)


def test_a_name_is_written_once() -> None:
    writer = ZipWriter(io.BytesIO())
    writer.write("a", b"")

    with pytest.raises(ValueError, match="already"):
        writer.write("a", b"")


def test_more_entries_than_sixteen_bits_count() -> None:
    made = written([(f"_storage/{n}", b"") for n in range(65_536)])

    with zipfile.ZipFile(io.BytesIO(made)) as folder:
        assert len(folder.namelist()) == 65_536
    assert len(ZipFolder(io.BytesIO(made)).entries) == 65_536


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_is_the_files_own_error() -> None:
    with pytest.raises(OSError, match="No space left"), Path("/dev/full").open("wb", 0) as full:
        writer = ZipWriter(full)  # type: ignore[arg-type]
        writer.write("a", b"1")


@pytest.mark.slow
def test_an_entry_past_four_gibibytes_is_read_back(tmp_path: Path) -> None:
    made, block = tmp_path / "big.zip", bytes(8 << 20)
    size = len(block) * 513
    with made.open("wb") as out:
        writer = ZipWriter(out)
        with writer.deflate("big", size) as entry:
            for _ in range(513):
                entry.write(block)
        writer.write("after", b"small")
        writer.close()

    with zipfile.ZipFile(made) as folder:
        assert folder.getinfo("big").file_size == size > 1 << 32
        assert folder.read("after") == b"small"
    with made.open("rb") as file:
        folder = ZipFolder(file)
        assert sum(len(block) for block in folder.read(folder.entries[0])) == size


def test_offsets_past_the_short_fields_are_found(tmp_path: Path) -> None:
    made = tmp_path / "made.zip"
    made.write_bytes(written([(f"t{n}", bytes([n]) * 90) for n in range(20)], full32=100))

    assert contents(made) == {f"t{n}": bytes([n]) * 90 for n in range(20)}
