"""Two replicas on one PostgreSQL: one is at work, the other follows, and nothing is done twice."""

from __future__ import annotations

import json
import signal
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot import turn
from bot.engine_database import EngineDatabase
from bot.jobs import looking
from commands import due
from sandbox.slack_people import BACKUPS, GENERAL, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from storage.secret import Secret
from tests.approvals.house import ApprovalHouse
from tests.postgres import PASSWORD, Postgres, ends, postgres
from tests.slack.house import Card, House, free_port, wait_for

pytestmark = pytest.mark.slow
Worlds = tuple[World, SlackWorld]


@dataclass
class Pair:
    """Two machines with the same settings, each with a data folder of its own."""

    one: House
    two: House
    database: str
    health: tuple[int, int]

    def up(self) -> Pair:
        """The first is at work, the second stands by."""
        self.one.bot.start()
        self.two.bot.launch()
        wait_for(lambda: "Standing by" in self.two.log_text(), 60, self.two.log_text)
        return self

    def followed(self, seconds: float = 60) -> House:
        """Wait until the second is at work."""
        wait_for(lambda: "Lifeboat is up" in self.two.log_text(), seconds, self.two.log_text)
        return self.two

    def told(self, which: int, path: str = "/healthz") -> str:
        url = f"http://127.0.0.1:{self.health[which]}{path}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()


@pytest.fixture
def pair(
    worlds: Worlds, tmp_path: Path, database_server: Postgres
) -> Iterator[Callable[..., Pair]]:
    """Make the two; nothing breaks in a log, and the database's password stands in none."""
    made: list[Pair] = []
    (tmp_path / "vault").mkdir()

    def build(url: str = "", kind: type[House] = House, **changes: dict[str, Any]) -> Pair:
        database = url or database_server.database()
        health = (free_port(), free_port())
        houses = []
        for name, port in zip(("one", "two"), health, strict=True):
            tables: dict[str, dict[str, Any]] = {
                "jobs": {"database_file": "database.key"},
                "health": {"on": True, "port": port},
            }
            for table, keys in changes.items():
                tables[table] = tables.get(table, {}) | keys
            (tmp_path / name).mkdir()
            (tmp_path / name / "vault").symlink_to(tmp_path / "vault")
            house = kind(tmp_path / name, *worlds, changes=tables)
            (house.folder / "database.key").write_text(database)
            (house.folder / "database.key").chmod(0o600)
            houses.append(house)
        made.append(Pair(houses[0], houses[1], database, health))
        return made[-1]

    yield build
    for each in made:
        for house in (each.one, each.two):
            house.bot.stop()
            house.slack.heal()
            for name in house.world:
                house.world[name].heal()
            assert "Traceback" not in house.log_text(), house.log_text()
            assert PASSWORD not in house.log_text()
            assert house.secrets_seen() == []


def test_one_is_at_work_and_the_other_is_well_and_does_nothing(pair: Callable[..., Pair]):
    both = pair().up()
    card = both.one.job(RIZAL, "now production tables npd")
    ended = card.ended()
    health = [json.loads(both.told(which))["status"] for which in (0, 1)]
    metrics = [both.told(which, "/metrics") for which in (0, 1)]
    who = turn.at_work(Secret(both.database))

    assert ended == "Done"
    assert health == ["ok", "standing by"]
    assert "lifeboat_at_work 1.0" in metrics[0]
    assert "lifeboat_at_work 0.0" in metrics[1]
    assert f"Standing by: {who} is at work" in both.two.log_text()
    assert "Lifeboat is up" not in both.two.log_text()


def test_a_stopped_one_is_followed_within_seconds_and_stopping_the_other_is_no_failure(
    pair: Callable[..., Pair],
):
    both = pair().up()
    left = both.one.bot.signal(signal.SIGTERM)
    began = time.monotonic()
    both.followed()
    took = time.monotonic() - began
    both.one.bot.launch()
    wait_for(lambda: "Standing by" in both.one.bot.said, 60, both.one.log_text)
    stopped = both.one.bot.signal(signal.SIGTERM)

    assert (left, stopped) == (0, 0)
    assert took < 15
    assert "Stopped." in both.one.bot.said


def test_one_that_slack_would_not_take_says_so_while_it_stands_by(pair: Callable[..., Pair]):
    both = pair()
    both.one.bot.start()
    both.two.bot.launch(SLACK_BOT_TOKEN="xoxb-wrong")
    wait_for(lambda: "could not take over" in both.two.log_text(), 60, both.two.log_text)
    with pytest.raises(urllib.error.HTTPError) as ill:
        both.told(1)
    told = json.loads(ill.value.read())

    assert ill.value.code == 503
    assert told["status"] == "standing by"
    assert "Slack refuses the tokens" in told["reasons"][0]
    assert "xoxb-wrong" not in both.two.log_text()


def test_a_job_of_a_killed_one_is_gone_on_with_under_its_own_message(pair: Callable[..., Pair]):
    both = pair().up()
    both.one.production.trouble(kind="export_stuck")
    card = both.one.job(RIZAL, "now production tables npd")
    card.until("Convex is making the snapshot")
    both.one.bot.kill()
    both.one.production.heal()
    both.followed()
    ended = Card(both.two, card.channel, card.ts).ended()
    cards = both.two.cards_of(card.job_id)

    assert ended == "Done"
    assert len(cards) == 1
    assert sum(each["job"] == card.job_id for each in _jobs(both)) == 1


def test_a_restore_that_was_asked_for_before_is_approved_after_and_done_once(
    pair: Callable[..., Pair],
):
    both = pair(kind=ApprovalHouse)
    one, two = both.one, both.two
    assert isinstance(one, ApprovalHouse)
    assert isinstance(two, ApprovalHouse)
    one.rehearse()
    promised = one.production.counts()
    one.production.mutate("npd", "delete", 5)
    both.up()
    question = one.ask_to_restore()
    one.bot.kill()
    both.followed()
    question.house = two
    question.line.house = two
    two.restored(question)
    imports = len(two.production.requests("/api/perform_import"))

    assert imports == 1
    assert two.production.counts() == promised
    assert [each for each in question.votes if "vote.yes" in each]
    assert two.log_whole()


def test_each_due_time_is_done_once_while_one_after_the_other_is_killed(
    pair: Callable[..., Pair], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(due, "EVERY_SECONDS_MIN", 1)
    schedule = {"verb": "verify", "deployments": ["production"], "every": "4s", "channel": BACKUPS}
    both = pair(**{"schedules.checks": schedule})
    both.one.backup("production")
    both.up()
    houses = [both.one, both.two]
    for _ in range(3):
        time.sleep(6)
        at_work, waiting = houses
        at_work.bot.kill()
        wait_for(lambda each=waiting: "Lifeboat is up" in each.bot.said, 60, waiting.log_text)
        at_work.bot.launch()
        wait_for(lambda each=at_work: "Standing by" in each.bot.said, 60, at_work.log_text)
        houses.reverse()
    time.sleep(6)
    runs = [run.job_id for run in _runs(both, "checks")]
    messages = Counter(
        card
        for run in runs
        for card in [run] * len(both.one.cards_of(run))
        if both.one.cards_of(run)
    )

    assert len(runs) >= 5
    assert len(set(runs)) == len(runs)
    assert set(messages.values()) <= {1}


def test_an_alert_of_a_killed_one_is_ended_by_the_other_under_the_same_message(
    pair: Callable[..., Pair],
):
    both = pair(alerts={"channel": GENERAL, "look_seconds": 1}).up()
    both.one.production.trouble(kind="export_fails")
    both.one.job(RIZAL, "now production tables npd").ended()
    wait_for(lambda: both.one.roots(GENERAL), 60, both.one.log_text)
    (alert,) = both.one.roots(GENERAL)
    both.one.bot.kill()
    second = both.followed()
    second.production.heal()
    second.job(RIZAL, "now production tables npd").ended()
    wait_for(lambda: "Over" in second.roots(GENERAL)[0]["text"], 60, second.log_text)

    assert [each["ts"] for each in second.roots(GENERAL)] == [alert["ts"]]


def test_one_whose_turn_was_taken_from_it_ends_and_says_why(pair: Callable[..., Pair]):
    both = pair().up()
    ends(both.database)
    code = both.one.bot.ended(30)
    both.followed(90)

    assert code == 70
    assert "another bot may be at work by now" in both.one.log_text()


def test_a_terminal_of_a_third_machine_sees_and_cancels_jobs(
    pair: Callable[..., Pair], tmp_path: Path
):
    both = pair().up()
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "vault").symlink_to(tmp_path / "vault")
    third = House(tmp_path / "third", both.one.world, both.one.slack, changes=both.one.changes)
    (third.folder / "database.key").write_text(both.database)
    (third.folder / "database.key").chmod(0o600)
    both.one.production.trouble(kind="export_stuck")
    card = both.one.job(RIZAL, "now production tables npd")
    card.until("Convex is making the snapshot")
    status = third.terminal("status")
    cancelled = third.terminal("cancel", card.job_id)
    ended = card.ended()
    doctor = third.terminal("doctor")

    assert card.job_id in status.stdout
    assert cancelled.returncode == 0, cancelled.stdout + cancelled.stderr
    assert ended == "Cancelled"
    assert "bots' database" in doctor.stdout
    assert "is at work" in doctor.stdout


def test_without_its_database_a_bot_does_not_start_and_a_terminal_still_tells_of_backups(
    worlds: Worlds, pair: Callable[..., Pair]
):
    gone = f"postgresql://lifeboat:{PASSWORD}@127.0.0.1:{free_port()}/lifeboat"
    both = pair(gone)
    both.one.backup("production")
    code = both.one.bot.launch().ended(60)
    status, doctor, alerts = (both.one.terminal(word) for word in ("status", "doctor", "alert"))

    assert code == 1
    assert "The bots' database can't be used now: nothing listens" in both.one.bot.said
    assert "The bots' database can't be used now" in status.stdout
    assert "production" in status.stdout
    assert "Troubles: none." not in status.stdout
    assert "Traceback" not in status.stderr
    assert "FAIL" in doctor.stdout
    assert doctor.returncode == 2
    assert alerts.returncode != 0
    assert PASSWORD not in "".join(each.stdout + each.stderr for each in (status, doctor, alerts))


def test_a_server_that_is_begun_anew_costs_a_new_start_and_nothing_else(
    pair: Callable[..., Pair],
):
    with postgres() as server:
        both = pair(server.database())
        both.one.bot.start()
        both.one.production.trouble(kind="export_stuck")
        card = both.one.job(RIZAL, "now production tables npd")
        card.until("Convex is making the snapshot")
        server.stop()
        code = both.one.bot.ended(30)
        both.one.production.heal()
        server.start()
        both.one.bot.start()
        ended = card.ended()
        both.one.bot.stop()

    assert code == 70
    assert ended == "Done"


def _jobs(both: Pair) -> list[dict[str, Any]]:
    place = EngineDatabase(lambda: Secret(both.database))
    with looking(place) as rows:
        return [{"job": each.id} for each in rows.ended(None)]


def _runs(both: Pair, schedule: str) -> list[Any]:
    with looking(EngineDatabase(lambda: Secret(both.database))) as rows:
        return list(rows.runs(schedule, ["production"]))
