"""The bytes of the stand-in's ZIPs: what Convex's exporter does that other writers do not."""

import io
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.convex_zip import ConvexZip

ONES = 0xFFFFFFFF
BODIES = {"README.md": b"hello\n", "empty/documents.jsonl": b"", "ä/x.jsonl": b"\x00" * 300_000}


@pytest.fixture
def made() -> bytes:
    out = io.BytesIO()
    archive = ConvexZip(out)
    for name, body in BODIES.items():
        with archive.entry(name) as entry:
            for start in range(0, len(body), 7_000):
                entry.write(body[start : start + 7_000])
    archive.finish()
    return out.getvalue()


def forward(archive: bytes) -> Iterator[tuple[bytes, tuple[int, ...], bytes]]:
    """Every entry as a reader meets it that only reads on: name, local fields, descriptor."""
    at = 0
    while archive[at : at + 4] == b"PK\3\4":
        fields = struct.unpack_from("<HHHHHIIIHH", archive, at + 4)
        name_at = at + 30
        extra_at = name_at + fields[-2]
        inflate = zlib.decompressobj(-15)
        inflate.decompress(archive[extra_at + fields[-1] :])
        end = len(archive) - len(inflate.unused_data)
        yield archive[name_at:extra_at], fields, archive[end : end + 16]
        at = end + 16


def test_python_reads_every_entry(made: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == BODIES


def test_info_zip_finds_nothing_wrong(made: bytes, tmp_path: Path) -> None:
    unzip = shutil.which("unzip")
    if unzip is None:
        pytest.skip("Info-ZIP's unzip is not on this machine")
    (tmp_path / "a.zip").write_bytes(made)
    ran = subprocess.run([unzip, "-t", tmp_path / "a.zip"], capture_output=True, check=False)

    assert ran.returncode == 0, ran.stdout


def test_the_descriptor_has_ones_where_sizes_should_be(made: bytes) -> None:
    told = {name.decode(): descriptor for name, _, descriptor in forward(made)}

    assert told.keys() == BODIES.keys()
    for name, descriptor in told.items():
        assert descriptor == struct.pack(
            "<4sIII", b"PK\7\x08", zlib.crc32(BODIES[name]), ONES, ONES
        )


def test_local_headers_are_streamed_zip64_deflate_without_a_date(made: bytes) -> None:
    for _, (needed, flags, method, time, date, crc, packed, plain, _, extra), _ in forward(made):
        assert (needed, flags, method, extra) == (20, 0x0808, 8, 20)
        assert (time, date, crc) == (0, 0, 0)
        assert (packed, plain) == (ONES, ONES)


def test_the_central_directory_has_the_true_sizes_in_zip64(made: bytes) -> None:
    at = made.index(b"PK\1\2")
    made_by, needed = struct.unpack_from("<HH", made, at + 4)
    crc, packed, plain = struct.unpack_from("<III", made, at + 16)
    name_bytes, extra_bytes = struct.unpack_from("<HH", made, at + 28)
    kind, size, true_plain, _, offset = struct.unpack_from("<HHQQQ", made, at + 46 + name_bytes)

    assert (made_by, needed, extra_bytes) == (3 << 8 | 63, 20, 28)
    assert (crc, packed, plain) == (zlib.crc32(b"hello\n"), ONES, ONES)
    assert (kind, size, true_plain, offset) == (1, 24, 6, 0)


def test_the_zip64_end_is_always_there_and_the_old_end_counts_too(made: bytes) -> None:
    count = struct.unpack_from("<H", made, made.rindex(b"PK\5\6") + 10)[0]

    assert made.count(b"PK\6\6") == made.count(b"PK\6\7") == 1
    assert count == len(BODIES)


def test_a_date_of_zero_is_what_python_shows(made: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        shown = {entry.date_time for entry in opened.infolist()}

    assert shown == {(1980, 0, 0, 0, 0, 0)}
