"""kill -9 at each moment of a backup: no manifest without a whole archive, and nothing stays."""

import signal
from itertools import count

import pytest

from tests.journeys.house import BACKUP_STEPS, House

SEALED = True
# What holds a step of the command open until it is killed; the others are too quick to be held.
HOLDS = {
    "preflight": {"kind": "hang", "match": "/api/check_admin_key"},
    "describe": {"kind": "hang", "match": "/api/v1/deployment_info"},
    "export": {"kind": "export_stuck"},
    "download": {"kind": "slow_body", "seconds": 20, "chunk": 30_000},
}


def strays(house):
    """Return every file that is no part of a whole backup."""
    wholes = house.manifests()
    return [n for n in house.files() if n.endswith(".part") or n.split("/")[2] not in wholes]


def check_what_is_left(house):
    """Nothing is torn, what is listed is sound, and all else goes with the grace period."""
    house.production.heal()
    assert house.torn() == []
    for entry in house.do("list").entries:
        assert house.do("verify", entry.id).findings == ()
    wholes, left = set(house.manifests()), strays(house)
    line = {line.name: line for line in house.do("doctor").lines}["leftovers"]
    assert line.state == ("WARN" if left else "OK")
    assert all(name in line.what for name in left)
    house.do("now")

    assert strays(house) == left
    house.grow_old()
    house.do("now")
    assert strays(house) == []
    assert wholes < set(house.manifests())
    assert {line.name: line.state for line in house.do("doctor").lines}["leftovers"] == "OK"
    assert house.scratch() == house.torn() == []


@pytest.mark.slow
@pytest.mark.parametrize("step", BACKUP_STEPS)
def test_a_backup_killed_at_a_step_leaves_no_half_backup(house, step):
    kept = house.backup()
    if step in HOLDS:
        house.production.trouble(**HOLDS[step])
    running = house.start("now", "--json")
    running.until(step)
    running.kill()

    assert kept in house.manifests()
    check_what_is_left(house)


@pytest.mark.slow
@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_backup_killed_before_any_effect_leaves_no_half_backup(world, tmp_path, first):
    ended = []
    for moment in count(first, 3):
        folder = tmp_path / str(moment)
        folder.mkdir()
        house = House(folder, world, sealed=True)
        words = (str(moment), "now", "--tables", "npd,users", "--json")
        ended.append(house.start(*words, module="tests.journeys.killed").end().code)
        if ended[-1] == 0:
            break
        check_what_is_left(house)

    assert set(ended[:-1]) == {-signal.SIGKILL}
    assert len(ended) > 4


def test_a_scratch_file_of_a_killed_backup_goes_at_once_and_one_in_use_stays(house):
    house.production.trouble(kind="slow_body", seconds=20, chunk=30_000)
    killed = house.start("now", "--json")
    killed.until("download")
    (theirs, *_) = house.scratch()
    with house.inside() as here, here.ctx.spool.file("in-use") as in_use:
        killed.kill()
        house.production.heal()
        here.do("now")

        assert theirs not in house.scratch()
        assert in_use.exists()


def test_a_backup_under_way_is_never_swept_by_another_one(house):
    """Its archive is there and its manifest is not; it is younger than the grace period."""
    seen = []

    def tell(event):
        if getattr(event, "step", "") == "read back" and not seen:
            seen.append(house.files())
            house.do("now")

    with house.inside(tell=tell) as here:
        here.do("now")

    assert seen[0][0].endswith("/archive.zip.age")
    assert len(house.manifests()) == 2
    assert house.torn() == []
