"""Entries of archives are found and read by the central directory, whoever wrote the archive."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.archive import inflate
from storage.archive.zipfolder import ZipFolder, opened
from storage.archive.zipwrite import ZipWriter
from storage.errors import ArchiveError
from tests.storage.archive.small_archives import contents, convex_bytes, convex_zip, plain_zip

ENTRIES = [
    ("README.md", b"# hi\n"),
    ("users/documents.jsonl", b'{"_id":"a"}\n' * 40),
    ("empty/documents.jsonl", b""),
    ("é/documents.jsonl", bytes(range(256)) * 9),
]


def read(folder: ZipFolder) -> list[tuple[str, bytes]]:
    return [(entry.name, b"".join(folder.read(entry))) for entry in folder.entries]


def test_convexs_own_layout_is_read(tmp_path: Path) -> None:
    with opened(convex_zip(tmp_path / "a.zip", ENTRIES)) as folder:
        assert read(folder) == ENTRIES


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_pythons_archives_are_read(tmp_path: Path, method: int) -> None:
    with opened(plain_zip(tmp_path / "a.zip", ENTRIES, method)) as folder:
        assert read(folder) == ENTRIES


@pytest.mark.skipif(not shutil.which("zip"), reason="Info-ZIP is not installed")
def test_info_zips_archives_are_read(tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "documents.jsonl").write_bytes(b"x" * 3000)
    subprocess.run(["zip", "-q", "-r", "a.zip", "users"], cwd=tmp_path, check=True)

    with opened(tmp_path / "a.zip") as folder:
        assert read(folder) == [("users/", b""), ("users/documents.jsonl", b"x" * 3000)]


def test_an_archive_with_a_comment_is_read(tmp_path: Path) -> None:
    path = plain_zip(tmp_path / "a.zip", ENTRIES)
    with zipfile.ZipFile(path, "a") as made:
        made.comment = b"PK\x05\x06 is no end record here"

    with opened(path) as folder:
        assert len(folder.entries) == len(ENTRIES)


def test_raw_bytes_are_the_compressed_ones(tmp_path: Path) -> None:
    with opened(plain_zip(tmp_path / "a.zip", ENTRIES, 0)) as folder:
        assert b"".join(folder.raw(folder.entries[1])) == ENTRIES[1][1]


def test_two_readers_of_one_archive_may_take_turns(tmp_path: Path) -> None:
    big = [("a", b"a" * 2_000_000), ("b", b"b" * 2_000_000)]
    with opened(plain_zip(tmp_path / "a.zip", big, 0)) as folder:
        one, two = (folder.read(entry) for entry in folder.entries)
        pairs = list(zip(one, two, strict=True))

    assert b"".join(a for a, _ in pairs) == big[0][1]
    assert b"".join(b for _, b in pairs) == big[1][1]


@given(st.data())
def test_a_cut_archive_is_never_opened(data: st.DataObject) -> None:
    whole = convex_bytes(ENTRIES)
    cut = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(ArchiveError):
        ZipFolder(io.BytesIO(whole[:cut]))


@given(st.binary(min_size=1, max_size=50))
def test_a_grown_archive_is_never_opened(more: bytes) -> None:
    with pytest.raises(ArchiveError):
        ZipFolder(io.BytesIO(convex_bytes(ENTRIES) + more))


@given(st.data())
def test_a_flipped_bit_never_changes_what_is_read(data: st.DataObject) -> None:
    whole = bytearray(convex_bytes(ENTRIES))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    try:
        found = read(ZipFolder(io.BytesIO(bytes(whole))))
    except ArchiveError:
        return

    assert found == ENTRIES


def hostile(name: str) -> bytes:
    return convex_bytes([(name, b"x")])


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a", "a/../b", "a\\b", "a\0b", "a//b", "./a", ""]
)
def test_names_that_lead_out_are_refused(name: str) -> None:
    with pytest.raises(ArchiveError, match="name"):
        ZipFolder(io.BytesIO(hostile(name)))


def test_an_entry_twice_is_refused() -> None:
    with pytest.raises(ArchiveError, match="twice"):
        ZipFolder(io.BytesIO(convex_bytes([("a", b"1"), ("a", b"2")])))


def changed(at_signature: bytes, offset: int, value: bytes) -> bytes:
    whole = bytearray(convex_bytes(ENTRIES))
    at = whole.index(at_signature) + offset
    whole[at : at + len(value)] = value
    return bytes(whole)


def test_an_encrypted_entry_is_refused() -> None:
    with pytest.raises(ArchiveError, match="encrypted"):
        ZipFolder(io.BytesIO(changed(b"PK\1\2", 8, struct.pack("<H", 0x0809))))


def test_an_unknown_compression_is_refused_by_number() -> None:
    with pytest.raises(ArchiveError, match="method 93"):
        ZipFolder(io.BytesIO(changed(b"PK\1\2", 10, struct.pack("<H", 93))))


def test_entries_that_lie_over_each_other_are_refused() -> None:
    overlapping = changed(b"PK\1\2", 46 + len("README.md") + 4 + 8, struct.pack("<Q", 4000))

    with pytest.raises(ArchiveError, match="runs into"):
        ZipFolder(io.BytesIO(overlapping))


def test_an_entry_of_more_bytes_than_told_stops_there() -> None:
    lying = changed(b"PK\1\2", 46 + len("README.md") + 4, struct.pack("<Q", 2))
    folder = ZipFolder(io.BytesIO(lying))

    with pytest.raises(ArchiveError, match="not the 2 it should have"):
        list(folder.read(folder.entries[0]))


def test_a_file_that_is_no_archive_says_so() -> None:
    with pytest.raises(ArchiveError, match="no end record"):
        ZipFolder(io.BytesIO(b'{"code":"InternalServerError"}'))


def test_zlib_reads_and_writes_where_isal_has_no_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "a.zip"
    monkeypatch.setattr(inflate, "_fast", None)
    with made.open("wb") as out:
        writer = ZipWriter(out)
        for name, data in ENTRIES:
            writer.write(name, data)
        writer.close()

    with opened(made) as folder:
        assert read(folder) == ENTRIES
    assert contents(made) == dict(ENTRIES)
