"""Merging takes the same memory whatever the tables' size, in order or not."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from storage.archive.zipwrite import ZipWriter

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's"),
]

ROWS = 150_000
MEGABYTES_MAX = 64
MERGE = """
import sys
from pathlib import Path
from storage.archive.merge import merge
with open(sys.argv[3], "wb") as out:
    table, = merge(Path(sys.argv[1]), Path(sys.argv[2]), out).tables
peak, = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(table.kept, table.added, int(peak) // 1024)
"""


def big(path: Path, step: int, order: random.Random | None = None) -> Path:
    """Write a table of 75 MB in rows of half a kilobyte whose ids are `step` apart."""
    numbers = list(range(0, ROWS * step, step))
    if order:
        order.shuffle(numbers)
    body = b"the same words in every row, " * 14
    with path.open("wb") as out:
        writer = ZipWriter(out)
        writer.write("_tables/documents.jsonl", b'{"name":"t","id":10001}\n')
        with writer.deflate("t/documents.jsonl", 1 << 30) as entry:
            for number in numbers:
                entry.write(b'{"_creationTime":1.5,"_id":"j57%029d","b":"%s"}\n' % (number, body))
            assert entry.size > 60e6
        writer.write("t/generated_schema.jsonl", b'"uniform"\n')
        writer.close()
    return path


@pytest.mark.parametrize("order", [None, random.Random(1)], ids=["sorted", "unsorted"])
def test_a_merge_of_big_tables_stays_small(tmp_path: Path, order: random.Random | None) -> None:
    target, archive = big(tmp_path / "t.zip", 2), big(tmp_path / "a.zip", 3, order)

    ran = subprocess.run(
        [sys.executable, "-c", MERGE, target, archive, tmp_path / "out.zip"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    kept, added, megabytes = map(int, ran.stdout.split())
    assert (kept, added) == (ROWS, ROWS - ROWS // 3)
    assert megabytes < MEGABYTES_MAX
