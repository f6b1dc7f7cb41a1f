"""A warm process is a process of its own in every respect, but for the imports."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import nest

ENV = {"PATH": os.environ["PATH"], "LIFEBOAT_SETTINGS": "none.toml"}


def test_it_has_its_words_its_output_and_its_exit_code():
    cold = subprocess.run(
        [sys.executable, "-m", "bot.cli", "list"],
        cwd=nest.ROOT,
        env=ENV,
        capture_output=True,
        text=True,
        check=False,
    )
    warm = nest.run("bot.cli", ["list"], ENV, 60)

    assert (warm.returncode, warm.stdout, warm.stderr) == (2, cold.stdout, cold.stderr)
    assert nest.run("bot.cli", ["version"], ENV, 60).returncode == 0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux which files are open")
def test_it_has_its_own_environment_and_no_file_of_another_process():
    with Path(os.devnull).open() as held:
        told = nest.run("tests.nested", [str(held.fileno())], {"ONLY": "this"}, 60)

    assert told.stdout.splitlines() == ["{'ONLY': 'this'}", "[0, 1, 2]", "False"]
    assert told.stderr == ""


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_a_signal_ends_it_alone_and_its_end_is_told(tmp_path: Path, signum: int):
    first, second = (nest.start("tests.nested", ["sleep"], ENV, tmp_path / "log") for _ in range(2))
    running = (first.poll(), second.poll())
    first.send_signal(signum)

    assert running == (None, None)
    assert first.wait(10) == -signum
    assert second.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(0.1)
    second.kill()
    assert second.wait(10) == -signal.SIGKILL
    assert second.poll() == -signal.SIGKILL
