"""Run commands one after another, interleaved, and take medians of what the kernel counted."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What one command took: seconds of CPU, seconds of wall time, peak RSS in MB."""

    cpu: float
    wall: float
    rss_mb: float


def once(command: Sequence[str], environ: Mapping[str, str]) -> Cost:
    """Run a command to its end; CPU covers its children too, RSS is the biggest process's."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def interleaved(
    commands: Mapping[str, Sequence[str]], rounds: int, environ: Mapping[str, str]
) -> dict[str, Cost]:
    """Return the median cost of each command over so many rounds of all of them."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            costs[name].append(once(command, environ))
    return {
        name: Cost(
            statistics.median(cost.cpu for cost in each),
            statistics.median(cost.wall for cost in each),
            max(cost.rss_mb for cost in each),
        )
        for name, each in costs.items()
    }
