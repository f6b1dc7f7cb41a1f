"""Reading takes the same memory whatever the size, and less work than the standard library."""

import subprocess
import sys
from pathlib import Path

import pytest

from storage.archive.ids import encode
from tests import convex_zip

if not Path("/proc/self/status").exists():
    pytest.skip("the peak of a process is in /proc on Linux only", allow_module_level=True)

ROOT = Path(__file__).parents[3]
READ = r"""
import re, sys
from pathlib import Path
from storage.archive.inspect import inspect
def chunks():
    with open(sys.argv[1], "rb") as file:
        while chunk := file.read(1 << 18):
            yield chunk
inspection = inspect(chunks())
print(inspection.contents.documents, len(inspection.findings))
# Not getrusage: its peak counts the process that started this one, too.
print(int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def big_rows(count):
    tail = b'","body":"' + b"Nota Pencairan Dana, " * 45 + b'","n":5}'
    for n in range(count):
        id_ = encode(10001, n.to_bytes(16, "big")).encode()
        yield b'{"_creationTime":1762000000000.25,"_id":"' + id_ + tail


def read(path):
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], cwd=ROOT, check=True, capture_output=True
    )
    documents, findings, mib = done.stdout.split()
    print(f"{path.name}: {int(mib)} MiB")
    return int(documents), int(findings), int(mib)


@pytest.mark.slow
def test_two_hundred_megabytes_take_less_than_eighty(tmp_path):
    path = tmp_path / "big.zip"
    convex_zip.write(path, {"npd": big_rows(200_000)})
    documents, findings, mib = read(path)

    assert (documents, findings) == (200_000, 0)
    assert mib < 80


@pytest.mark.slow
def test_a_big_table_in_no_order_takes_no_more(tmp_path):
    path = tmp_path / "unsorted.zip"
    rows = list(convex_zip.rows(10001, 100_000))
    convex_zip.write(path, {"npd": iter([*rows[1:], rows[0]])})
    documents, findings, mib = read(path)

    assert (documents, findings) == (100_000, 0)
    assert mib < 80


@pytest.mark.slow
def test_a_hundred_thousand_stored_files_take_no_more(tmp_path):
    path = tmp_path / "files.zip"
    files = [convex_zip.stored_file(n, b"x") for n in range(100_000)]
    convex_zip.write(path, storage=files)
    documents, findings, mib = read(path)

    assert (documents, findings) == (0, 0)
    assert mib < 80


NO_ROOM = (
    "import resource\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    "from storage.errors import SpoolError\n"
    "try:\n"
    + "".join(f"    {line}\n" for line in READ.strip().splitlines())
    + "except SpoolError as error:\n"
    "    print(error.hint)\n"
)


@pytest.mark.slow
def test_no_room_for_temporary_files_is_said(tmp_path):
    path = tmp_path / "unsorted.zip"
    rows = list(convex_zip.rows(10001, 60_000))
    convex_zip.write(path, {"npd": iter([*rows[1:], rows[0]])})
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, str(path)], cwd=ROOT, check=True, capture_output=True
    )

    assert b"set TMPDIR" in done.stdout
