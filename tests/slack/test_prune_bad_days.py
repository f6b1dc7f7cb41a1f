"""A prune whose bot is killed in the middle, and a release that needs two people."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack_people import AYU, BACKUPS, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.slack.house import House, wait_for
from tests.slack.test_prune_in_slack import REMOVE, stock

pytestmark = pytest.mark.slow
RULES = {"release_needs_second_person": True, "release_within_hours": 24, "grace_days": 0}


@pytest.fixture(scope="module")
def lonely(own_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house of its own, whose holds are released by two people."""
    folder = tmp_path_factory.mktemp("lonely")
    with (
        World(folder / "convex", step_seconds=0.02) as world,
        SlackWorld(folder / "slack", rates=False) as slack,
    ):
        made = House(folder / "house", world, slack, {"retention": RULES})
        made.bot.start()
        yield made
        made.bot.stop()

        assert "Traceback" not in made.log_text(), made.log_text()
        assert made.secrets_seen() == []


def test_a_prune_whose_bot_is_killed_is_ended_by_the_next_one(lonely: House):
    keep, going = stock(lonely, *range(1, 8)), stock(lonely, *range(40, 140))
    answer = lonely.ask(RIZAL, "prune production")
    card = lonely.carded(BACKUPS, lambda: lonely.press(RIZAL, answer, REMOVE))
    wait_for(lambda: len(keep) + len(going) - len(lonely.manifests()) > 5)
    lonely.bot.kill()
    left = len(lonely.manifests())
    lonely.bot.start()

    assert card.ended() == "Done"
    assert 7 < left < 107
    assert set(lonely.manifests()) == set(keep)
    assert "100 backups removed" in card.text
    entries = [json.loads(p.read_text()) for p in (Path(lonely.folder) / "vault/audit").iterdir()]
    told = [entry["about"] for entry in entries if entry["what"] == "prune.removed"]
    assert set(told) == set(going)
    assert len(told) <= len(going) + 1  # The one it was killed at is announced twice at most.


def test_a_release_needs_a_second_operator(lonely: House):
    (id_, *_) = stock(lonely, 3)
    lonely.ask(RIZAL, f'hold {id_} reason "the tax audit"')
    first = lonely.ask(RIZAL, f'release {id_} reason "the audit is over"')
    again = lonely.ask(RIZAL, f'release {id_} reason "really"')
    still = lonely.ask(RIZAL, f"show {id_}")
    second = lonely.ask(AYU, f'release {id_} reason "I agree"')
    after = lonely.ask(RIZAL, f"show {id_}")

    assert "*Not released yet:*" in first.text
    assert f"/backup release {id_} reason …" in first.text
    assert "*Not released yet:*" in again.text
    assert "the tax audit" in still.text
    assert "its release waits for a second operator: really (Rizal" in still.text
    assert "*Released:*" in second.text
    assert "the tax audit" not in after.text


def test_a_terminal_is_told_where_to_release(lonely: House):
    (id_, *_) = stock(lonely, 4)
    lonely.ask(RIZAL, f'hold {id_} reason "the tax audit"')
    told = lonely.terminal("release", id_, "--reason", "it is over")

    assert told.returncode == 2
    assert "a terminal can't vouch for anybody" in told.stderr
