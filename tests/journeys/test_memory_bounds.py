"""However big the deployment is, a command stays small; the deployment here has 55,000 rows."""

import os
import subprocess
import sys

import pytest

from sandbox.world import World
from tests.journeys.house import ROOT, House

MEBIBYTES_MAX = 120

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("medium")
    (folder / "house").mkdir()
    with World.spawn(folder / "world", seed="medium", step_seconds=0.0) as world:
        yield House(folder / "house", world)


def peak(house, *words):
    """Run the command and return its exit code and the most memory it held, in MiB."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "--settings", str(house.settings), "--json", *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    kibibytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return process.returncode, kibibytes / 1024


def test_backing_up_checking_and_merging_stay_small(house):
    used = {
        words: peak(house, *words)
        for words in (
            ("now",),
            ("verify", "latest"),
            ("now", "--tables", "npd,auditLogs"),
            ("restore", "latest:production", "--merge", "--yes"),
            ("restore", "latest:production", "--yes", "--replace"),
        )
    }

    assert {words: code for words, (code, _) in used.items()} == dict.fromkeys(used, 0)
    assert [
        f"{words}: {size:.0f} MiB" for words, (_, size) in used.items() if size > MEBIBYTES_MAX
    ] == []
    assert sum(path.stat().st_size for path in house.vault.rglob("archive.zip")) > 10_000_000
