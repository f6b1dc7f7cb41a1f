"""How quickly, and in how little memory, a seed becomes a deployment on disk."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox import seed
from sandbox.convex_fill import opened

_FILL = """
import json, sys, time
from pathlib import Path
from sandbox import seed
from sandbox.convex_fill import opened

began = time.monotonic()
data = opened(Path(sys.argv[1]), seed.plan("large"))
# Not ru_maxrss: a child begins with its parent's.
peak, = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
told = {
    "seconds": time.monotonic() - began,
    "documents": sum(data.count("", table) for table in data.tables("")),
    "mebibytes": int(peak) / 1024,
}
data.close()
print(json.dumps(told))
"""


def test_a_medium_deployment_is_filled_in_seconds(tmp_path: Path) -> None:
    began = time.monotonic()
    data = opened(tmp_path / "data", seed.plan("medium"))
    took = time.monotonic() - began
    counts = {table: data.count("", table) for table in data.tables("")}
    data.close()

    assert took < 10
    assert counts["auditLogs"] == 30_000


@pytest.mark.slow
@pytest.mark.skipif("LIFEBOAT_LARGE" not in os.environ, reason="a minute: set LIFEBOAT_LARGE")
def test_a_million_documents_are_filled_in_bounded_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FILL, tmp_path / "data"],
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )
    told = json.loads(done.stdout)

    assert told["documents"] > 990_000
    assert told["seconds"] < 90
    assert told["mebibytes"] < 120
