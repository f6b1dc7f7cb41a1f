"""The clock that wakes the bot: real threads, short times."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot import schedule
from bot.schedule import Clock
from commands.due import Every
from tests.slack.house import wait_for


class Ears:
    def __init__(self) -> None:
        self.rung: list[tuple[str, datetime]] = []
        self.looked = 0
        self.off = timedelta()

    def ring(self, name: str) -> None:
        self.rung.append((name, datetime.now(UTC)))
        if name == "loud":
            raise ValueError("Nobody may stop the clock.")

    def look(self) -> None:
        self.looked += 1

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ears]:
    monkeypatch.setattr(schedule, "LOOK_SECONDS", 1)
    yield Ears()


def test_it_rings_at_each_due_time_and_looks_after_everything(ears: Ears):
    clock = Clock({"look": Every(1), "loud": Every(1)}, ears.ring, ears.look, ears.now)
    clock.start()
    wait_for(lambda: len(ears.rung) >= 6 and ears.looked >= 3)
    alive = clock.check()
    clock.stop()
    count = len(ears.rung)
    time.sleep(1.2)

    assert alive
    assert {name for name, _ in ears.rung} == {"look", "loud"}  # A name like one of its own.
    assert all(at.microsecond < 500_000 for _, at in ears.rung[:2])
    assert len(ears.rung) == count
    assert not clock.check()


def test_a_clock_that_was_years_ahead_rings_again_at_once_when_it_is_put_right(ears: Ears):
    clock = Clock({"daily": Every(2)}, ears.ring, ears.look, ears.now)
    clock.start()
    for job in clock._scheduler.get_jobs():
        job.modify(next_run_time=datetime.now(UTC) + timedelta(days=900))
    time.sleep(1.5)
    before = len(ears.rung)
    clock.check()
    wait_for(lambda: len(ears.rung) > before)
    clock.stop()


def test_a_clock_whose_looks_hang_is_not_alive(ears: Ears, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schedule, "DEAD_SECONDS", 0)
    clock = Clock({}, ears.ring, ears.look, ears.now)
    clock.start()

    assert not clock.check()
    clock.stop()
