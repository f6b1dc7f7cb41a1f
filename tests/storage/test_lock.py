"""A lock of this machine: held by one process, let go by a dying one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage import lock
from storage.errors import Refused, SpoolError

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from storage import lock
with lock.held(Path(sys.argv[1]), what="a restore into staging"):
    sys.stdout.write("held"); sys.stdout.flush()
    time.sleep(60)
"""


def test_whether_a_lock_is_held_can_be_asked_without_taking_it(tmp_path):
    path = tmp_path / "bot.lock"
    before = lock.is_held(path)
    with lock.held(path, what="a bot"):
        during = lock.is_held(path)

    assert (before, during, lock.is_held(path)) == (False, True, False)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "locks" / "restore-staging.lock"


@pytest.fixture
def other(path):
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        process.stdout.read(4)
        yield process
        process.kill()


def test_another_process_is_refused_and_told_who_holds_it(path, other):
    with pytest.raises(Refused) as refused, lock.held(path, what="a restore into staging"):
        pass

    assert f"process {other.pid} on " in refused.value.what
    assert "a restore into staging" in refused.value.what
    assert refused.value.hint


def test_a_killed_process_lets_go(path, other):
    other.send_signal(signal.SIGKILL)
    other.wait()

    with lock.held(path, what="a restore"):
        assert f"process {os.getpid()} " in path.read_text()


def test_the_same_process_can_not_hold_it_twice(path):
    with lock.held(path, what="one"), pytest.raises(Refused), lock.held(path, what="two"):
        pass


def test_it_is_free_after_the_block(path):
    with pytest.raises(ValueError), lock.held(path, what="one"):
        raise ValueError

    with lock.held(path, what="two"):
        pass


def test_locks_of_other_names_are_free(path):
    with lock.held(path, what="one"), lock.held(path.with_name("other.lock"), what="two"):
        pass


def test_a_folder_that_can_not_be_made_is_said(tmp_path):
    (tmp_path / "locks").write_text("")

    with pytest.raises(SpoolError), lock.held(tmp_path / "locks" / "a.lock", what="x"):
        pass
