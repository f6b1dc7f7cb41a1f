"""Thousands of schedules of backups, copies, prunes and bad days; each is replayed by its seed.

LIFEBOAT_SCHEDULES says how many, LIFEBOAT_SEED the first one's seed; docs/vaults.md says more.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.simulation.planted import BUGS
from tests.simulation.schedule import Pairs, Played, play
from tests.storage.vaults.faulty import EVERY, HONEST

SCHEDULES, SEED = "LIFEBOAT_SCHEDULES", "LIFEBOAT_SEED"
HERE = "tests/simulation/test_simulation.py"
FIRST = int(os.environ.get(SEED, "1"))
ASKED = int(os.environ.get(SCHEDULES, "1" if SEED in os.environ else "0"))
HONEST_ONES, LYING_ONES = ASKED or 1_800, ASKED or 200
PARTS = 4  # For as many workers.
ENOUGH = 400  # So many schedules in a row meet every fault there is.
CAUGHT_WITHIN = 400
LOG = logging.getLogger(__name__)


def told(played: Played, test: str) -> str:
    """Return what broke, on which way, and how to see it again."""
    return "\n".join(
        [
            f"A promise was broken in the schedule of seed {played.seed}: {played.broken}",
            *played.lines,
            f"To see it again: {SEED}={played.seed} .venv/bin/pytest -n 0 {HERE} -k {test}",
        ]
    )


def play_all(seeds: Sequence[int], folder: Path, pairs: Pairs, test: str) -> None:
    """Play the schedules of these seeds; the first broken promise is the failure."""
    done: Counter[str] = Counter()
    faults: Counter[tuple[str, str]] = Counter()
    looked = 0
    for seed in seeds:
        played = play(seed, folder / str(seed), pairs=pairs)

        assert not played.broken, told(played, test)
        done, faults, looked = done + played.done, faults + played.faults, looked + played.looked
    LOG.info("%d schedules, %d times a backup was looked at", len(seeds), looked)
    for counted in (done, faults):
        LOG.info("%s", dict(sorted(counted.items(), key=str)))
    if len(seeds) >= ENOUGH:
        assert not set(pairs) - set(faults), "a fault that was never met"
        assert faults["disk", "killed within"], "no process was killed within a call"
    assert looked or not seeds, "nothing was ever looked at"


@pytest.mark.parametrize("part", range(PARTS))
def test_no_schedule_of_bad_days_breaks_a_promise(part: int, tmp_path: Path):
    seeds = range(FIRST, FIRST + HONEST_ONES)[part::PARTS]

    play_all(seeds, tmp_path, HONEST, "bad_days")


def test_vaults_that_lie_lose_no_backup(tmp_path: Path):
    """Answers cut short, doubled, out of order, and given before anything is durable."""
    play_all(range(FIRST, FIRST + LYING_ONES), tmp_path, EVERY, "that_lie")


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name: str, tmp_path: Path):
    for seed in range(1, CAUGHT_WITHIN + 1):
        if broken := play(seed, tmp_path / str(seed), bug=BUGS[name]).broken:
            LOG.info("caught at schedule %d: %s", seed, broken)
            return

    pytest.fail(f"{name} went unseen for {CAUGHT_WITHIN} schedules")


def test_a_seed_plays_the_same_schedule_each_time(tmp_path: Path):
    for seed in (3, 4, 5):
        first, again = (play(seed, tmp_path / f"{seed}-{n}") for n in (1, 2))

        assert (first.lines, first.faults) == (again.lines, again.faults)
