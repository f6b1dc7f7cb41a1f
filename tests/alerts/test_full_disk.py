"""A vault whose disk is really full: one alert with its cause, over when there is room again."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.alerts.test_alert_journeys import ALERTS, TOLD_SECONDS_MAX, HurriedBot, alerts, backs_up
from tests.slack.house import PROXIES, House, wait_for

pytestmark = pytest.mark.slow
DISK_BYTES = 4_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own; for root only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk, and not everywhere")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def house(tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    for name in (*PROXIES, "SLACK_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with (
        World(tmp_path / "convex", step_seconds=0.0) as world,
        SlackWorld(tmp_path / "slack", rates=False) as slack,
    ):
        made = House(
            tmp_path / "house",
            world,
            slack,
            changes={
                "alerts": {"channel": ALERTS, "look_seconds": 0.5},
                "vaults.local": {"folder": str(disk / "vault")},
            },
        )
        made.bot = HurriedBot(made)
        made.bot.environ = {"LIFEBOAT_TEST_MOMENT": str(made.folder / "moment")}  # type: ignore[attr-defined]
        made.bot.start()
        try:
            yield made
        finally:
            made.bot.stop()


def test_a_disk_that_is_full_is_one_severe_alert_and_over_with_room_on_it(house: House, disk: Path):
    assert backs_up(house) == "Done"
    assert alerts(house) == []
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(b"\0" * 4096)
    failed = backs_up(house)
    wait_for(
        lambda: any("Severe: vault filling" in card.text for card in alerts(house)),
        TOLD_SECONDS_MAX,
        lambda: f"{[card.text for card in alerts(house)]} {house.log_text()[-2000:]}",
    )
    time.sleep(2)  # Some more looks: what hangs on it calls nobody.
    told = [card.text for card in alerts(house)]
    filler.unlink()
    again = backs_up(house)
    alerts(house)[0].until("Over after")

    assert failed == "Failed"
    assert len(told) == 1
    assert again == "Done"
    assert len(alerts(house)) == 1
    assert "Traceback" not in house.log_text()
