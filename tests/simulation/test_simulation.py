"""Thousands of schedules of backups, copies, prunes and bad days; each is replayed by its seed.

LIFEBOAT_SCHEDULES says how many, LIFEBOAT_SEED the first one's seed.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.planted import BUGS
from tests.simulation.schedule import Played, play

SCHEDULES, SEED = "LIFEBOAT_SCHEDULES", "LIFEBOAT_SEED"
HERE = "tests/simulation/test_simulation.py"
FIRST = int(os.environ.get(SEED, "1"))
IN_ALL = int(os.environ.get(SCHEDULES, "1" if SEED in os.environ else "1000"))
PARTS = 4  # For as many workers.
CAUGHT_WITHIN = 200


def told(played: Played) -> str:
    """Return what broke, on which way, and how to see it again."""
    return "\n".join(
        [
            f"A promise was broken in the schedule of seed {played.seed}: {played.broken}",
            *played.lines,
            f"To see it again: {SEED}={played.seed} pytest -n 0 {HERE}",
        ]
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_no_schedule_breaks_a_promise(part: int, tmp_path: Path):
    seeds = range(FIRST, FIRST + IN_ALL)[part::PARTS]
    done: Counter[str] = Counter()
    looked = 0
    for seed in seeds:
        played = play(seed, tmp_path / str(seed))

        assert not played.broken, told(played)
        done, looked = done + played.done, looked + played.looked
    assert looked or not seeds, "nothing was ever looked at"


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name: str, tmp_path: Path):
    for seed in range(1, CAUGHT_WITHIN + 1):
        if play(seed, tmp_path / str(seed), bug=BUGS[name]).broken:
            return

    pytest.fail(f"{name} went unseen for {CAUGHT_WITHIN} schedules")
