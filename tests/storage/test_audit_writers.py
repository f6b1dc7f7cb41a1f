"""Several processes write to one audit log, and some are killed: the chain stays whole."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.vaults.local import LocalFolder
from tests.storage.audit_logs import environ, happened, log

ROOT = Path(__file__).parents[2]
EACH = 200
WRITE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from storage.audit import Audit, Happened
from storage.vaults.local import LocalFolder

folder, name, count, same = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:]
audit = Audit(LocalFolder(folder), lambda: datetime.now(UTC))
for number in range(count):
    told = Happened(what="x", by=name, by_name=name, door="terminal", facts={"number": number})
    audit.write(told, once=f"{same[0]} {number}" if same else "")
    sys.stdout.write(".")
    sys.stdout.flush()
"""


def start(folder: Path, name: str, count: int, *same: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, str(folder), name, str(count), *same],
        cwd=ROOT,
        env=environ(ROOT),
        stdout=subprocess.PIPE,
    )


def parts(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.part")]


@pytest.mark.slow
def test_two_processes_at_once_make_one_chain_of_all_they_wrote(tmp_path):
    folder = tmp_path / "vault"
    writers = [start(folder, name, EACH) for name in ("one", "two")]
    codes = [writer.wait() for writer in writers]
    for writer in writers:
        writer.stdout.close()
    entries = list(log(folder).entries())
    walked = log(folder).verify()

    assert codes == [0, 0]
    assert walked.findings == ()
    assert walked.looked_at.entries == len(entries) == 2 * EACH
    for name in ("one", "two"):
        told = [entry.facts["number"] for entry in entries if entry.by == name]
        assert told == list(range(EACH - 1, -1, -1))


@pytest.mark.slow
def test_two_processes_that_do_the_same_job_write_each_entry_once(tmp_path):
    folder, count = tmp_path / "vault", 40
    writers = [start(folder, name, count, "job") for name in ("one", "two")]
    for writer in writers:
        writer.wait()
        writer.stdout.close()
    entries = list(log(folder).entries())

    assert sorted(entry.once for entry in entries) == sorted(f"job {n}" for n in range(count))
    assert log(folder).verify().findings == ()


@pytest.mark.slow
@pytest.mark.parametrize("written", [1, 2, 5, 9, 14, 20, 27, 35])
def test_a_writer_that_is_killed_leaves_a_whole_chain(tmp_path, written):
    folder = tmp_path / "vault"
    with start(folder, "one", 10_000) as writer:
        writer.stdout.read(written)
        time.sleep(written % 4 / 1000)  # Somewhere within the next one.
        writer.send_signal(signal.SIGKILL)
    audit = log(folder)
    left = audit.verify()

    assert left.findings == ()
    assert left.looked_at.entries >= written
    assert audit.write(happened()).number == left.looked_at.entries + 1
    assert audit.verify().findings == ()
    assert len(parts(folder)) <= 1


def test_a_half_written_entry_is_no_entry(tmp_path):
    folder = tmp_path / "vault"
    audit = log(folder, 2)
    (folder / "audit" / ".lifeboat-1-0a1b.part").write_bytes(b'{"half":')

    assert audit.write(happened()).number == 3
    assert audit.verify().findings == ()
    assert [stored.name for stored in LocalFolder(folder).leftovers()] == [
        "audit/.lifeboat-1-0a1b.part"
    ]
