"""The spool: files that go by themselves, and a full disk in words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.errors import SpoolError
from storage.spool import Spool

ROOT = Path(__file__).parents[2]


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


def test_a_scratch_file_goes_with_its_block(spool, folder):
    with spool.file("snapshot") as path:
        path.write_bytes(b"x")

    assert list(folder.iterdir()) == []


def test_a_scratch_file_goes_after_an_error_as_well(spool, folder):
    with pytest.raises(ValueError), spool.file("snapshot"):
        raise ValueError

    assert list(folder.iterdir()) == []


def test_a_scratch_file_that_somebody_removed_is_fine(spool):
    with spool.file("snapshot") as path:
        path.unlink()


@pytest.mark.parametrize("label", ["", "../../x", "a b/c", "x" * 500])
def test_a_label_never_leads_out_of_the_folder(spool, folder, label):
    with spool.file(label) as path:
        assert path.parent == folder
        assert path.read_bytes() == b""


def test_scratch_files_of_one_label_are_different(spool):
    with spool.file("a") as one, spool.file("a") as two:
        assert one != two


def test_what_was_written_is_in_the_file(spool):
    with spool.file("a") as path:
        with spool.writer(path) as sink:
            sink.write(b"one")
            sink.file.write(b"two")
            sink.write(b"x" * 1_000_000)

        assert path.read_bytes() == b"onetwo" + b"x" * 1_000_000


def test_a_restart_forgets_what_was_written(spool):
    with spool.file("a") as path:
        with spool.writer(path) as sink:
            sink.write(b"x" * 1_000_000)
            sink.restart()
            sink.write(b"again")

        assert path.read_bytes() == b"again"


def test_a_second_writer_begins_anew(spool):
    with spool.file("a") as path:
        for text in (b"longer", b"short"):
            with spool.writer(path) as sink:
                sink.write(text)

        assert path.read_bytes() == b"short"


@pytest.mark.parametrize("error", [ValueError, ConnectionResetError])
def test_an_error_of_the_block_comes_through_unchanged(spool, error):
    with spool.file("a") as path, pytest.raises(error), spool.writer(path) as sink:
        sink.write(b"x")
        raise error


def test_a_writer_is_seekable_for_those_that_write_archives(spool):
    with spool.file("a") as path:
        with spool.writer(path) as sink:
            sink.file.write(b"0000")
            sink.file.seek(0)
            sink.file.write(b"1")

            assert sink.file.tell() == 1
        assert path.read_bytes() == b"1000"


def test_free_space_is_told_in_bytes(spool):
    assert spool.free_bytes() > 0


def test_a_folder_that_can_not_be_made_is_said(tmp_path):
    (tmp_path / "spool").write_text("")
    spool = Spool(tmp_path / "spool")

    for touch in (spool.free_bytes, spool.sweep, spool.file("a").__enter__):
        with pytest.raises(SpoolError, match="can't be written"):
            touch()


FULL = """
import resource, sys
from pathlib import Path
from storage.errors import SpoolError
from storage.spool import Spool
spool = Spool(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
try:
    with spool.file("a") as path, spool.writer(path) as sink:
        target = sink if sys.argv[2] == "sink" else sink.file
        for _ in range(int(sys.argv[3])):
            target.write(b"x" * 1000)
except SpoolError as error:
    sys.stdout.write(str(error))
    sys.exit(7)
"""


@pytest.mark.parametrize("door", ["sink", "file"])
@pytest.mark.parametrize("blocks", [501, 3000])  # The first only fails when the file is closed.
def test_a_full_disk_is_said_and_the_file_is_gone(folder, door, blocks):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FULL, str(folder), door, str(blocks)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (7, "")
    assert "file too large" in done.stdout
    assert list(folder.iterdir()) == []


HOLD = """
import sys, time
from pathlib import Path
from storage.spool import Spool
with Spool(Path(sys.argv[1])).file("snapshot"):
    sys.stdout.write("held"); sys.stdout.flush()
    time.sleep(60)
"""


def test_only_files_of_dead_processes_are_swept(spool, folder):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        process.stdout.read(4)
        alive = spool.sweep()
        process.send_signal(signal.SIGKILL)
    (left,) = folder.iterdir()

    assert alive == []
    assert spool.sweep() == [left.name]
    assert list(folder.iterdir()) == []


def test_our_own_files_are_not_swept(spool):
    with spool.file("a") as path:
        os.utime(path, (0, 0))  # However old a clock that jumped makes them.

        assert spool.sweep() == []
        assert path.exists()


def test_files_that_are_not_ours_are_not_swept(spool, folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("")
    (folder / "link.scratch").symlink_to(folder / "notes.txt")

    assert spool.sweep() == []
