"""Run commands one after another, interleaved, and take medians of what the kernel counted."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LAUNCH = Path(__file__).with_name("launch.py")
# An installed program's modules are compiled once, not at every start.
_INHERITED = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Cost:
    """What one command took: seconds of CPU, seconds of wall time, peak RSS in MiB."""

    cpu: float
    wall: float
    rss_mib: float


def once(command: Sequence[str], environ: Mapping[str, str]) -> Cost:
    """Run a command to its end; what it says on the error stream is shown only if it fails."""
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCH), *command],
        cwd=ROOT,
        env={**_INHERITED, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    code, cpu, wall, kib = ran.stdout.split()
    if code != "0":
        raise SystemExit(f"{ran.stderr}{command} ended with {code}")
    return Cost(float(cpu), float(wall), int(kib) / 1024)


def interleaved(
    commands: Mapping[str, Sequence[str]], rounds: int, environ: Mapping[str, str]
) -> dict[str, Cost]:
    """Return the median cost of each command over so many rounds of all of them.

    One round before them warms the disk's cache and Python's own, and is not counted.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for counted in range(-1, rounds):
        for name, command in commands.items():
            cost = once(command, environ)
            if counted >= 0:
                costs[name].append(cost)
    return {
        name: Cost(
            statistics.median(cost.cpu for cost in each),
            statistics.median(cost.wall for cost in each),
            max(cost.rss_mib for cost in each),
        )
        for name, each in costs.items()
    }
