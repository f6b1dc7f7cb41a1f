"""However big the deployment is, a command stays small; the deployment here has 55,000 rows."""

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
        yield House(folder / "house", world, sealed=True)


# Not ru_maxrss: a child begins with its parent's, and a test process may be big.
MEASURED = """
import sys
from pathlib import Path
from bot.cli import main
code = main(sys.argv[2:])
peak, = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
Path(sys.argv[1]).write_text(f"{code} {peak}")
"""


def peak(house, *words):
    """Run the command and return its exit code and the most memory it held, in MiB."""
    told = house.folder / "peak"
    subprocess.run(
        [sys.executable, "-c", MEASURED, told, "--settings", house.settings, "--json", *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    code, kibibytes = told.read_text().split()
    return int(code), int(kibibytes) / 1024


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
    assert sum(path.stat().st_size for path in house.vault.rglob("archive.zip*")) > 10_000_000
