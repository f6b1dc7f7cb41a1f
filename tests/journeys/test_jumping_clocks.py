"""A clock that jumps: ids stay unique, nothing young is swept, and a wrong one is told."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from bot.terminal.layout import Reader
from bot.terminal.show import plain
from storage.errors import NotThere
from tests.journeys import house as of
from tests.journeys.house import Clock

NOON = datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC)
JUMPS = [{"hours": -3}, {"hours": 3}, {"days": 400}, {"days": -4000}, {"minutes": -1}]


def jumps_at(step, by, clock):
    """Return a listener that lets the clock jump when this step begins."""

    def tell(event):
        if type(event).__name__ == "StepBegan" and event.step == step:
            clock.jump(**by)

    return tell


def test_a_clock_that_was_put_back_gives_no_id_twice(house):
    ids = []
    for at in (NOON, NOON, NOON - timedelta(minutes=1), NOON, NOON - timedelta(days=1), NOON):
        ids.append(house.do("now", clock=Clock(at)).manifest.id)

    assert len(set(ids)) == len(ids) == 6
    assert [id_ for id_ in ids if id_.endswith("1200-4")]
    assert house.torn() == []


def test_the_list_is_in_the_order_of_the_snapshots_whatever_our_clock_said(house):
    """What the data shows is told by Convex's clock."""
    ids = [house.do("now", clock=Clock(NOON + timedelta(days=off))).manifest.id for off in (5, 0)]
    listed = [entry.id for entry in house.do("list").entries]

    assert listed == ids[::-1]
    assert house.do("show", "latest").manifest.id == ids[-1]


@pytest.mark.parametrize("by", JUMPS, ids=str)
@pytest.mark.parametrize("step", ["export", "store", "manifest"])
def test_a_jump_during_a_backup_spoils_nothing(house, step, by):
    clock = Clock()
    result = house.do("now", clock=clock, tell=jumps_at(step, by, clock))

    assert list(house.manifests()) == [result.manifest.id]
    assert house.torn() == []
    assert house.do("verify", result.manifest.id).findings == ()


@pytest.mark.parametrize("by", JUMPS, ids=str)
@pytest.mark.parametrize("step", ["plan", "store", "stage", "restore"])
def test_a_jump_during_a_restore_spoils_nothing(house, step, by):
    held = of.rows(house.production)
    house.backup()
    clock = Clock()
    result = house.do("restore", "latest", "--yes", clock=clock, tell=jumps_at(step, by, clock))

    assert result.exit_code == 0
    assert of.rows(house.staging) == held
    assert all(steps[-1] == "ended" for steps in house.jobs().values())


def leftover(house):
    """Leave an archive without a manifest, as a killed backup does."""
    path = house.vault / "backups/production/production-2020-01-01-0000/archive.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK")
    return path


@pytest.mark.parametrize(
    ("off", "swept"),
    [
        ({"hours": 23}, False),
        ({"hours": 25}, True),
        ({"hours": 0}, False),
        ({"hours": -25}, False),
        ({"days": -4000}, False),
    ],
    ids=str,
)
def test_only_what_is_older_than_the_grace_period_is_swept(house, off, swept):
    path = leftover(house)
    clock = Clock()
    clock.jump(**off)
    with house.inside(clock=clock) as here:
        here.do("now")

        assert ("Swept backups/production/production-2020-01-01-0000" in here.said) is swept
    assert path.exists() is not swept


def test_a_file_from_the_future_is_young(house):
    path = leftover(house)
    at = datetime(2090, 1, 1, tzinfo=UTC).timestamp()
    os.utime(path, (at, at))
    house.do("now")
    line = {line.name: line for line in house.do("doctor").lines}["leftovers"]

    assert path.exists()
    assert "production-2020-01-01-0000" in line.what


@pytest.mark.parametrize("step", ["read back", "manifest"])
def test_a_sweep_with_a_wrong_clock_takes_no_archive_without_a_word(house, step):
    """Another backup, whose clock is a year ahead, sweeps ours before it has its manifest."""
    wrong = Clock()
    wrong.jump(days=365)
    seen = []

    def tell(event):
        if type(event).__name__ == "StepBegan" and event.step == step and not seen:
            seen.append(house.do("now", clock=wrong).manifest.id)

    with pytest.raises(NotThere):
        house.do("now", tell=tell)

    assert list(house.manifests()) == seen
    assert house.torn() == []
    assert all(seen[0] in name for name in house.files())


def test_whole_backups_are_never_swept_however_old(house):
    id_ = house.backup()
    house.grow_old(24 * 4000)
    clock = Clock()
    clock.jump(days=4000)
    house.do("now", clock=clock)

    assert id_ in house.manifests()
    assert house.torn() == []


@pytest.mark.parametrize(("seconds", "warned"), [(0, False), (3600, True), (-3600, True)])
def test_clocks_that_differ_are_told_and_the_backup_goes_on(house, seconds, warned):
    if seconds:
        house.production.trouble(kind="clock_skew", seconds=seconds)
    with house.inside() as here:
        result = here.do("now")

        assert ("clock and production's differ by" in here.said) is warned
    assert result.exit_code == 0


def test_doctor_tells_clocks_that_differ(house):
    house.production.trouble(kind="clock_skew", seconds=3600)
    line = {line.name: line for line in house.do("doctor").lines}["production clock"]

    assert (line.state, line.hint[:9]) == ("WARN", "Set this ")
    assert "differ by 3" in line.what


def test_a_list_since_is_counted_from_our_clock(house):
    house.backup()
    with house.inside(clock=Clock()) as here:
        here.ctx.now.jump(days=-2)

        assert len(here.do("list", "--since", "1h").entries) == 1


def test_a_moment_that_is_still_to_come_is_listed_as_ahead(house):
    house.backup()
    clock = Clock()
    clock.jump(days=-3, hours=-1)

    assert "3 d ahead" in plain(house.do("list", clock=clock), Reader())


def test_verifications_by_a_clock_that_was_put_back_are_all_kept(house):
    id_ = house.backup()
    clock = Clock()
    for hours in (0, -5, 3):
        clock.jump(hours=hours)
        house.do("verify", id_, clock=clock)

    assert len(house.do("show", id_).checks) == 3
