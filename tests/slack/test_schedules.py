"""Schedules over real sockets: the bot does by itself what the settings say, once for each time."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.engine_place import EngineFile
from bot.jobs import looking
from commands import due, timetable
from sandbox.slack_people import AYU, BACKUPS, CITRA, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests import nest
from tests.slack.house import Card, House, wait_for
from tests.slack.mortal import Mortal

pytestmark = pytest.mark.slow
NEVER = "0 3 29 feb *"
Build = Callable[..., House]
OLD: set[str] = set()  # Messages of earlier tests.


@pytest.fixture
def build(worlds: tuple[World, SlackWorld], tmp_path: Path) -> Iterator[Build]:
    """Make a house with schedules in its settings; nothing breaks in its log."""
    made: list[House] = []

    def build(**schedules: dict[str, Any]) -> House:
        tables = {
            f"schedules.{name}": told | {"channel": BACKUPS} for name, told in schedules.items()
        }
        made.append(House(tmp_path / "house", *worlds, changes=tables))
        OLD.clear()
        OLD.update(told["ts"] for told in made[-1].roots())
        return made[-1]

    yield build
    for house in made:
        house.bot.stop()
        assert "Traceback" not in house.log_text(), house.log_text()
        assert house.secrets_seen() == []


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schedules of seconds are allowed in this process, too."""
    monkeypatch.setattr(due, "EVERY_SECONDS_MIN", 1)


def terminal(house: House, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `lifeboat …` in a process of its own, where schedules of seconds are allowed."""
    words = ("--settings", str(house.settings), *words)
    return nest.run("tests.slack.hasty", words, house.environ(), 60)


def news(house: House) -> list[dict[str, Any]]:
    return [told for told in house.roots() if told["ts"] not in OLD]


def cards(house: House, schedule: str) -> list[Card]:
    """The messages of a schedule's jobs, oldest first."""
    found = [told for told in news(house) if f"job `sched:{schedule}:" in told["text"]]
    return [Card(house, BACKUPS, told["ts"]) for told in found]


def runs(house: House, schedule: str) -> list[timetable.ScheduledRun]:
    with looking(EngineFile(house.folder / "data" / "engine.sqlite", house.folder)) as rows:
        return list(rows.runs(schedule, ["production", "staging"]))


def some_cards(house: House, schedule: str, how_many: int) -> list[Card]:
    return wait_for(
        lambda: found if len(found := cards(house, schedule)) >= how_many else [],
        60,
        lambda: house.log_text()[-3000:],
    )


def test_a_schedule_takes_its_backups_by_itself_and_says_who_asked(build: Build):
    house = build(often={"verb": "backup", "kind": "weekly", "every": "5s"})
    house.bot.start()
    first, second = some_cards(house, "often", 2)[:2]

    assert (first.ended(), second.ended()) == ("Done", "Done")
    assert first.job_id != second.job_id
    assert "Asked by schedule often" in first.text
    made = house.manifests().values()
    assert {(each["kind"], each["asked"]["by"], each["asked"]["door"]) for each in made} == {
        ("weekly", "schedule often", "schedule")
    }


def test_every_deployment_of_a_schedule_has_its_own_job(build: Build):
    house = build(both={"verb": "backup", "deployments": ["production", "staging"], "every": "10s"})
    house.bot.start()
    found = some_cards(house, "both", 2)[:2]

    assert [card.ended() for card in found] == ["Done", "Done"]
    assert {timetable.of_id(card.job_id)[1] for card in found} == {"production", "staging"}  # type: ignore[index]


def test_a_check_reads_the_newest_backup_there_is_then(build: Build):
    house = build(checks={"verb": "verify", "every": "5s"})
    house.bot.start()
    (first, *_) = some_cards(house, "checks", 1)

    assert first.ended() == "Failed"  # There is no backup yet, and it says so.
    backup = house.backup("production")
    seen = len(cards(house, "checks"))
    later = some_cards(house, "checks", seen + 2)[-1]
    assert later.ended() == "Done"
    assert f"Sound: `{backup}`" in later.text


def test_after_downtime_the_newest_missed_run_is_made_up_for_and_that_is_said(build: Build):
    house = build(often={"verb": "backup", "every": "4s"})
    house.bot.start()
    some_cards(house, "often", 1)[0].ended()
    house.bot.signal(signal.SIGTERM)
    before = {run.job_id for run in runs(house, "often")}
    time.sleep(14)
    house.bot.start()
    wait_for(lambda: {run.job_id for run in runs(house, "often")} - before, 30)
    oldest = min(
        (run for run in runs(house, "often") if run.job_id not in before),
        key=lambda run: run.asked_at,
    )
    (card,) = wait_for(lambda: house.cards_of(oldest.job_id), 30)

    assert card.ended() == "Done"
    assert "no bot ran then. Only the newest is made up for;" in card.text
    assert "before it were missed" in card.text


def test_a_bot_that_is_killed_again_and_again_makes_each_due_run_once(build: Build):
    house = build(often={"verb": "backup", "every": "2s"})
    for seconds in (2.3, 0.9, 3.1, 1.7):
        house.bot.start()
        time.sleep(seconds)
        house.bot.kill()
    house.bot.start()
    time.sleep(4)
    house.bot.signal(signal.SIGTERM)
    house.bot.start()
    ids = [run.job_id for run in runs(house, "often")]

    assert len(ids) == len(set(ids)) > 3
    audit = [
        entry.facts["job"]
        for entry in house.do("audit", "--limit", "500").entries
        if entry.what == "backup.ended"
    ]
    assert set(Counter(audit).values()) == {1}
    for id in audit:
        assert len(house.cards_of(str(id))) == 1


@pytest.fixture
def mortal(build: Build) -> Iterator[tuple[House, Mortal]]:
    house = build(often={"verb": "backup", "every": "3s"})
    bot = Mortal(house)
    yield house, bot
    bot.stop()


@pytest.mark.parametrize(
    "moment", [("submit", "begin"), ("submit", "effect"), ("kept settle", "effect")]
)
def test_a_bot_that_is_killed_around_a_firing_makes_that_run_once(
    mortal: tuple[House, Mortal], moment: tuple[str, str]
):
    house, bot = mortal
    bot.dies(moment[0], 1, moment[1])
    bot.start()
    code = bot.ended()
    before = [run.job_id for run in runs(house, "often")]
    bot.start()
    first = some_cards(house, "often", 2)[0]

    assert code == -signal.SIGKILL
    assert len(before) == (0 if moment[1] == "begin" else 1)
    assert first.ended() == "Done"
    wait_for(lambda: len(house.manifests()) >= 2, 30)
    ids = Counter(card.job_id for card in cards(house, "often"))
    assert set(ids.values()) == {1}


def test_while_a_run_waits_for_its_turn_no_second_one_is_queued(build: Build):
    house = build(often={"verb": "backup", "every": "2s"})
    house.bot.start()
    some_cards(house, "often", 3)
    waiting = [
        sum(run.state == "queued" for run in runs(house, "often"))
        for _ in range(40)
        if not time.sleep(0.1)
    ]

    assert max(waiting) <= 1


def test_schedules_are_told_with_their_next_times_and_how_they_went(build: Build):
    house = build(
        often={"verb": "backup", "every": "4s"},
        nightly={"verb": "backup", "cron": "30 2 * * *", "zone": "America/New_York"},
        resting={"verb": "verify", "cron": NEVER, "on": False},
    )
    house.bot.start()
    some_cards(house, "often", 1)[0].ended()
    told = house.ask(AYU, "schedule").text

    assert "*often* · Backup: production · `every 4s`" in told
    assert "Last: Done" in told
    assert told.count("UTC)") >= 6
    assert "2027-03-14 02:30 does not exist in America/New_York" in told
    assert "*resting* — OFF in the settings" in told
    assert "schedule nightly: 2027-03-14 02:30 does not exist" in house.log_text()
    only = house.ask(AYU, "schedule nightly").text
    assert "*often*" not in only


def test_a_pause_and_its_end_come_from_slack_and_are_told_to_the_channel(build: Build):
    house = build(often={"verb": "backup", "every": "3s"})
    house.bot.start()
    some_cards(house, "often", 1)[0].ended()
    told = house.ask(RIZAL, "schedule pause often for 2 days moving house").text
    paused = wait_for(lambda: said(house, "Paused: schedule often"), 20)
    seen = len(runs(house, "often"))
    time.sleep(7)

    assert "*often* is paused until" in told
    assert "until" in paused
    assert "moving house" in paused
    assert len(runs(house, "often")) == seen
    assert "*often* — PAUSED" in house.ask(AYU, "schedule").text
    assert "PAUSED" in terminal(house, "schedule").stdout

    again = house.ask(RIZAL, "schedule resume often").text
    assert "*often* runs again" in again
    wait_for(lambda: said(house, "Schedule often runs again:* resumed by"), 20)
    wait_for(lambda: len(runs(house, "often")) > seen, 20)
    entries = house.do("audit").entries
    assert [entry.what for entry in entries if entry.what.startswith("schedule.")] == [
        "schedule.resumed",
        "schedule.paused",
    ]


def said(house: House, words: str) -> str:
    return next((told["text"] for told in news(house) if words in told["text"]), "")


def test_a_pause_from_a_terminal_holds_the_bot_and_is_told_by_it(build: Build):
    house = build(often={"verb": "backup", "every": "3s"})
    house.bot.start()
    some_cards(house, "often", 1)[0].ended()
    done = terminal(house, "schedule", "pause", "often", "--for", "1d", "--reason", "a test")
    seen = len(runs(house, "often"))
    paused = wait_for(lambda: said(house, "Paused: schedule often"), 20)
    time.sleep(5)

    assert done.returncode == 0, done.stderr
    assert "Paused: often until" in done.stdout
    assert "a test" in paused
    assert len(runs(house, "often")) <= seen + 1


def test_only_operators_change_a_schedule(build: Build):
    house = build(rare={"verb": "backup", "cron": NEVER})
    house.bot.start()

    for words in ("schedule pause rare", "schedule resume rare", "schedule run rare"):
        assert "is for operators" in house.ask(CITRA, words).text
    assert cards(house, "rare") == []
    assert "rare is not paused" in house.ask(RIZAL, "schedule resume rare").text


def test_a_schedule_is_run_now_by_an_operator_and_its_own_times_stay(build: Build):
    house = build(rare={"verb": "backup", "kind": "monthly", "cron": NEVER})
    house.bot.start()
    told = house.ask(RIZAL, "schedule run rare").text
    (card,) = some_cards(house, "rare", 1)

    assert "*rare* is done now, by 1 job" in told
    assert card.ended() == "Done"
    assert f"<@{RIZAL}>" in card.text
    assert [each["kind"] for each in house.manifests().values()] == ["monthly"]
    assert "Last: Done" in house.ask(AYU, "schedule").text


def test_a_terminal_says_that_no_bot_runs_and_runs_a_schedule_itself(build: Build):
    house = build(rare={"verb": "backup", "kind": "monthly", "cron": NEVER})
    told = terminal(house, "schedule")
    done = terminal(house, "schedule", "run", "rare")

    assert told.returncode == 1
    assert "No bot is running on this data folder" in told.stdout
    assert done.returncode == 0, done.stderr
    assert "rare was run here and now" in done.stdout
    assert [each["kind"] for each in house.manifests().values()] == ["monthly"]
    house.bot.start()
    assert terminal(house, "schedule").returncode == 0


def test_a_channel_that_another_company_reads_sees_nothing_and_the_work_is_done(build: Build):
    house = build(often={"verb": "backup", "every": "4s"})
    shared = house.slack.channels["shared-with-partner"]
    house.write(**{"schedules.often": {"channel": shared}})
    before = len(house.roots(shared))
    house.bot.start()
    wait_for(lambda: len(house.manifests()) >= 2, 60, house.log_text)

    assert len(house.roots(shared)) == before
    assert f"schedules are not shown in {shared}" in house.log_text()
