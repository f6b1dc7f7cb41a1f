"""A week and a month over real sockets: due once, told once, with the figures of their own time."""

from __future__ import annotations

import io
import re
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace as replaced
from PIL import Image

from sandbox.slack_people import BACKUPS
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from storage import schedule_notes
from storage.audit import Audit, Happened
from storage.manifest import to_json
from storage.vaults.local import LocalFolder
from tests.bot import terminal_events
from tests.slack.house import Card, House, wait_for

pytestmark = pytest.mark.slow
ZONE = ZoneInfo("Australia/Lord_Howe")  # Half an hour is what its clocks are put on and back.
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BYTES = 10_000_000
TITLES = {"weekly": "The last week", "monthly": "The last month"}


def earlier(period: str, due: datetime) -> datetime:
    """When the summary before was due, told without Lifeboat's own arithmetic."""
    day = due.astimezone(ZONE)
    if period == "weekly":
        return datetime.combine(day.date() - 7 * DAY, day.timetz(), ZONE).astimezone(UTC)
    month = day.date().replace(day=1) - DAY
    while month.day < day.day:
        month = month.replace(day=1) - DAY
    return datetime.combine(month.replace(day=day.day), day.timetz(), ZONE).astimezone(UTC)


class Past:
    """What a vault holds of the time before the bot: backups, and those that failed."""

    def __init__(self, house: House) -> None:
        self._vault, self._at = LocalFolder(house.folder / "vault"), datetime.now(UTC)
        self._audit = Audit(self._vault, lambda: self._at)

    def backup(self, at: datetime, documents: int) -> None:
        id_, whole = f"production-{at:%Y-%m-%d-%H%M}", terminal_events.manifest()
        table = replaced(whole.contents.tables[0], documents=documents)
        manifest = replaced(
            whole,
            id=id_,
            snapshot=replaced(whole.snapshot, timestamp_ns=int(at.timestamp()) * 10**9),
            contents=replaced(whole.contents, tables=(table,)),
            archive=replaced(whole.archive, bytes=BYTES),
            check=replaced(whole.check, at=at),
        )
        self._vault.put(f"backups/production/{id_}/archive.zip", [b"x"])
        self._vault.put(f"backups/production/{id_}/manifest.json", [to_json(manifest)])
        self._ended(at, "taken")

    def failure(self, at: datetime, why: str) -> None:
        self._ended(at, "failed", why)

    def _ended(self, at: datetime, outcome: str, why: str = "") -> None:
        self._at = at
        self._audit.write(
            Happened(
                what="backup.ended",
                by="U1",
                by_name="Rizal",
                door="slack",
                outcome=outcome,
                why=why,
                deployment="production",
            )
        )


@pytest.fixture(scope="module")
def due() -> datetime:
    """When both summaries are due: a few minutes ago."""
    now = datetime.now(UTC) - timedelta(minutes=3)
    return now.replace(second=0, microsecond=0)


@pytest.fixture(scope="module")
def house(
    own_environment: None, tmp_path_factory: pytest.TempPathFactory, due: datetime
) -> Iterator[House]:
    """A house with a past, whose bot was away when both summaries were due, and is back."""
    folder, there = tmp_path_factory.mktemp("due"), due.astimezone(ZONE)
    time_of_day = f"{there.minute} {there.hour}"
    every = {"verb": "summary", "zone": ZONE.key, "channel": BACKUPS}
    changes = {
        "schedules.week": {**every, "words": ["weekly"], "cron": f"{time_of_day} * * {there:%a}"},
        "schedules.month": {
            **every,
            "words": ["monthly"],
            "cron": f"{time_of_day} {there.day} * *",
        },
    }
    with (
        World(folder / "convex", step_seconds=0.0) as world,
        SlackWorld(folder / "slack", rates=False) as slack,
    ):
        house = House(folder / "house", world, slack, changes=changes)
        _lives(Past(house), due)
        house.bot.start()
        vault = LocalFolder(house.folder / "vault")
        names = ("month", "week")
        told = [wait_for(lambda name=name: schedule_notes.read(vault, name).set) for name in names]
        house.bot.stop()
        for note in told:
            schedule_notes.write(vault, replaced(note, at=due - 90 * DAY))
        house.bot.start()
        try:
            yield house
        finally:
            house.bot.stop()
    assert "Traceback" not in house.log_text(), house.log_text()


def _lives(past: Past, due: datetime) -> None:
    week, month = (earlier(each, due) for each in ("weekly", "monthly"))
    past.backup(month - 2 * DAY, 100)
    past.failure(month - HOUR, "before the month")
    past.failure(month + HOUR, "early in the month")
    past.backup(month + DAY, 130)
    past.backup(week - DAY, 170)
    past.failure(week - HOUR, "before the week")
    past.failure(week + HOUR, "early in the week")
    past.backup(week + DAY, 190)
    past.backup(due - 2 * HOUR, 205)


def summaries(house: House, period: str) -> list[Card]:
    found = [told for told in house.roots() if TITLES[period] + "," in told["text"]]
    return [Card(house, BACKUPS, told["ts"]) for told in found]


def pictures(card: Card) -> list[str]:
    thread = card.house.slack.thread(BACKUPS, card.ts)
    return [file["url_private"] for told in thread[1:] for file in told.get("files", ())]


FIGURES = {
    "weekly": (
        "205 documents (±0, +35 documents since the week before)",
        "• 3 backups of production, 1 FAILED",
        "50.0 MB in 5 backups (+20.0 MB in the last week)",
    ),
    "monthly": (
        "205 documents (±0, +105 documents since the month before)",
        "• 7 backups of production, 3 FAILED",
        "50.0 MB in 5 backups (+40.0 MB in the last month)",
    ),
}
FAILED = {
    "weekly": ["early in the week"],
    "monthly": ["early in the week", "before the week", "early in the month"],
}


@pytest.mark.parametrize("period", ["weekly", "monthly"])
def test_it_tells_the_figures_of_its_own_time_and_shows_the_picture(
    house: House, due: datetime, period: str
):
    (card,) = wait_for(lambda: summaries(house, period), 30, house.log_text)
    (picture,) = wait_for(lambda: pictures(card), 60, house.log_text)
    with urllib.request.urlopen(picture, timeout=20) as answer:
        image = Image.open(io.BytesIO(answer.read()))
    text, lines = card.text, card.text.splitlines()
    since = int(earlier(period, due).timestamp())
    why = lines[lines.index("*What failed*") + 1 : lines.index("*Alerts*")]

    failed = "1 job failed" if period == "weekly" else "3 jobs failed"
    assert lines[0] == f"1 of 2 deployments backed up, newest 2 h old; {failed}"
    assert lines[1].startswith(f"{TITLES[period]}, <!date^{since}^")
    assert [figure for figure in FIGURES[period] if figure not in text] == []
    assert [each.rpartition(">: ")[2] for each in why] == FAILED[period]
    assert lines[2].startswith(f"Due {due:%Y-%m-%d %H:%M} UTC;")
    assert re.search(r"Only the newest is made up for; \d+ before it were missed", lines[2])
    assert (image.format, image.size) == ("PNG", (1200, 690))
    assert len(image.convert("RGBA").getcolors(1 << 20) or ()) > 50  # Not blank.


def test_each_comes_once_however_often_the_bot_begins(house: House):
    wait_for(lambda: summaries(house, "weekly") and summaries(house, "monthly"), 30)
    house.idle()
    house.bot.stop()
    house.bot.start()
    house.idle()
    wait_for(lambda: all(pictures(summaries(house, period)[0]) for period in TITLES), 60)
    time.sleep(2.5)  # The clock looks each second here.

    assert [len(summaries(house, period)) for period in TITLES] == [1, 1]
    assert [len(pictures(summaries(house, period)[0])) for period in TITLES] == [1, 1]
    assert len(house.roots()) == 2
