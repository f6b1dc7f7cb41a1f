"""The daily message over real sockets: it comes once, whatever happens, with its picture."""

from __future__ import annotations

import io
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from commands import due
from sandbox.slack_people import AYU, BACKUPS, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.slack.house import Card, House, wait_for
from tests.slack.mortal import Mortal

pytestmark = pytest.mark.slow
NEVER = "0 3 29 feb *"
WELL = "All is well: 1 of 2 deployments backed up"
MOMENTS = [
    ("picture sent", "effect"),
    ("picture shared", "begin"),
    ("picture shared", "effect"),
]


@pytest.fixture(scope="module")
def lived(
    own_environment: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, Mortal]]:
    """A house with a backup, whose bot can die, and with a schedule for each of its summaries."""
    folder = tmp_path_factory.mktemp("summary")
    changes = {
        "schedules.daily": {"verb": "backup", "cron": NEVER, "channel": BACKUPS},
        "schedules.daily-summary": {"verb": "summary", "cron": NEVER, "channel": BACKUPS},
    }
    with (
        World(folder / "convex", step_seconds=0.0) as world,
        SlackWorld(folder / "slack", rates=False) as slack,
    ):
        house = House(folder / "house", world, slack, changes=changes)
        house.backup("production")
        mortal = Mortal(house)
        mortal.start()
        try:
            yield house, mortal
        finally:
            mortal.stop()
    assert "Traceback" not in house.log_text(), house.log_text()
    assert house.secrets_seen() == []


@pytest.fixture
def house(lived: tuple[House, Mortal]) -> House:
    return lived[0]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "EVERY_SECONDS_MIN", 1)


def pictures(house: House, card: Card) -> list[dict[str, Any]]:
    """The files in a message's thread."""
    thread = house.slack.thread(BACKUPS, card.ts)
    return [file for told in thread[1:] for file in told.get("files", ())]


def undrawn(house: House) -> list[str]:
    """The summaries of a vault that can be read to whose thread nothing was added yet."""
    told = [each for each in house.roots() if not each["text"].startswith("The vault can't")]
    return [each["ts"] for each in told if len(house.slack.thread(BACKUPS, each["ts"])) < 2]


def pictured(house: House, card: Card) -> Image.Image:
    """Wait for the one picture of a message, and decode it."""
    (file,) = wait_for(lambda: pictures(house, card), 60, house.log_text)
    with urllib.request.urlopen(file["url_private"], timeout=20) as answer:
        return Image.open(io.BytesIO(answer.read()))


def test_a_viewer_asks_for_a_summary_and_the_channel_gets_it_with_its_picture(house: House):
    card = house.job(AYU, "summary")
    first = card.text.splitlines()[0]
    image = pictured(house, card)

    assert first.startswith(WELL)
    assert "*Vaults*" in card.text
    assert image.format == "PNG"
    assert image.size == (1200, 690)
    assert len(image.convert("RGBA").getcolors(1 << 20) or ()) > 50  # Not blank.


def test_what_the_picture_shows_stands_in_the_message(house: House):
    card = house.job(AYU, "summary weekly")

    assert "• production: 1 backup;" in card.text
    assert "The last week" in card.text


def test_a_schedule_of_summaries_is_one_job_for_all_deployments(house: House):
    before = {told["ts"] for told in house.roots()}
    answer = house.ask(RIZAL, "schedule run daily-summary")
    (told,) = wait_for(lambda: [m for m in house.roots() if m["ts"] not in before])
    card = Card(house, BACKUPS, told["ts"])

    assert "sched:daily-summary:all:" in answer.text
    assert card.text.startswith(WELL)
    assert pictured(house, card).format == "PNG"
    assert "edited" not in card.message  # Said once.


def test_without_its_picture_the_message_stands_and_says_why(house: House):
    house.slack.trouble("error", method="files.getUploadURLExternal", error="missing_scope")
    card = house.job(AYU, "summary")

    assert card.told("The picture could not be shown", "files:write")
    assert pictures(house, card) == []
    assert card.text.startswith(WELL)


@pytest.mark.parametrize(("what", "point"), MOMENTS)
def test_a_bot_that_dies_over_the_picture_says_nothing_twice(
    lived: tuple[House, Mortal], what: str, point: str
):
    house, mortal = lived
    wait_for(lambda: not undrawn(house))  # Or it would die over somebody else's.
    before = {told["ts"] for told in house.roots()}
    mortal.dies(what, 1, point)
    card = house.job(AYU, "summary")
    code = mortal.ended()
    mortal.start()
    pictured(house, card)
    house.idle()

    assert code == -signal.SIGKILL
    assert [told["ts"] for told in house.roots() if told["ts"] not in before] == [card.ts]
    assert len(pictures(house, card)) == 1


def test_the_message_comes_when_the_vault_is_lost(house: House):
    vault, away = house.folder / "vault", house.folder / "vault-away"
    vault.rename(away)
    vault.write_text("no folder any more")
    try:
        card = house.job(AYU, "summary")
        typed = house.terminal("summary")
    finally:
        vault.unlink()
        away.rename(vault)

    assert card.text.startswith("The vault can't be read")
    assert typed.stdout.startswith("The vault can't be read")
    assert typed.returncode == 1


def test_the_words_of_the_demo_are_unknown_outside_of_it(house: House):
    exports = house.exports()

    assert "There is no `/backup demo`" in house.ask(RIZAL, "demo alert").text
    assert house.exports() == exports


def test_a_terminal_writes_the_picture_into_a_file(house: House, tmp_path: Path):
    file = tmp_path / "month.png"
    told = house.terminal("summary", "monthly", "--picture", str(file))
    lost = house.terminal("summary", "--picture", str(tmp_path / "no" / "x.png"))

    assert told.returncode == 0
    assert told.stdout.startswith(WELL)
    assert Image.open(io.BytesIO(file.read_bytes())).size == (1200, 690)
    assert lost.returncode == 1
    assert "can't be written" in lost.stderr
