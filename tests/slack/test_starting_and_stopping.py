"""How the bot starts, what it says when it can't, and what is left when it is told to stop."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.slack_people import AYU, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.slack.house import Bot, Card, House, free_port, wait_for

pytestmark = pytest.mark.slow
Worlds = tuple[World, SlackWorld]


@pytest.fixture
def fresh(worlds: Worlds, tmp_path: Path) -> Iterator[House]:
    """A house whose bot has not been started yet; nothing breaks in its log."""
    house = House(tmp_path / "house", *worlds, cold=True)
    yield house
    house.bot.stop()
    house.slack.heal()
    for name in house.world:
        house.world[name].heal()

    assert "Traceback" not in house.log_text(), house.log_text()
    assert house.secrets_seen() == []


@pytest.fixture
def up(fresh: House) -> House:
    fresh.bot.start()
    return fresh


# Starting.


def refusal(house: House, code: int, **environ: str | None) -> str:
    """Start a bot that can't be; what it says, once it has ended by itself."""
    bot = Bot(house).launch(**environ)
    assert bot.ended(30) == code, bot.said
    return bot.said


def test_without_tokens_every_one_that_is_missing_is_named(fresh: House):
    said = refusal(fresh, 2, SLACK_BOT_TOKEN=None, SLACK_APP_TOKEN=None)

    assert "SLACK_BOT_TOKEN" in said
    assert "SLACK_APP_TOKEN" in said
    assert "docs/slack-setup.md" in said


def test_a_token_of_another_kind_is_told_apart_without_being_shown(fresh: House):
    said = refusal(fresh, 2, SLACK_BOT_TOKEN="xapp-mixed-up", SLACK_APP_TOKEN="xoxb-mixed-up")

    assert "does not begin with 'xoxb-'" in said
    assert "does not begin with 'xapp-'" in said
    assert "mixed-up" not in said


def test_over_http_the_signing_secret_is_what_is_needed(fresh: House):
    fresh.write(slack={"mode": "http", "listen": f"127.0.0.1:{free_port()}"})
    said = refusal(fresh, 2, SLACK_SIGNING_SECRET=None, SLACK_APP_TOKEN=None)

    assert "SLACK_SIGNING_SECRET" in said
    assert "SLACK_APP_TOKEN" not in said


def test_a_bot_token_that_slack_refuses_is_a_sentence(fresh: House):
    said = refusal(fresh, 1, SLACK_BOT_TOKEN="xoxb-wrong")

    assert "invalid_auth" in said
    assert "Nothing was begun" in said
    assert "xoxb-wrong" not in said


def test_an_app_token_that_slack_refuses_is_a_sentence_and_no_job_was_begun(fresh: House):
    said = refusal(fresh, 1, SLACK_APP_TOKEN="xapp-wrong")

    assert "invalid_auth" in said
    assert "Nothing was begun" in said
    assert "xapp-wrong" not in said


def test_a_bot_that_slack_refuses_leaves_open_jobs_for_the_next_start(up: House):
    up.production.trouble(kind="export_stuck")
    card = up.job(RIZAL, "now production tables npd")
    card.until("Convex is making the snapshot")
    up.bot.kill()
    refusal(up, 1, SLACK_APP_TOKEN="xapp-wrong")
    between = (card.state, card.thread)
    up.production.heal()
    up.bot.start()

    assert between == ("Running", [])
    assert card.ended() == "Done"


def test_a_slack_that_does_not_answer_keeps_no_bot_from_starting(fresh: House):
    fresh.write(slack={"api_url": f"http://127.0.0.1:{free_port()}/api/"})
    fresh.bot.start()

    assert "Lifeboat is up: without Slack" in fresh.bot.said
    assert "Slack can't be reached (nothing listens there)" in fresh.bot.said


def test_a_port_that_is_taken_is_a_sentence(fresh: House, worlds: Worlds):
    taken = worlds[1].url.rpartition(":")[2].strip("/")
    fresh.write(slack={"mode": "http", "listen": f"127.0.0.1:{taken}"})
    said = refusal(fresh, 1)

    assert f"can't listen on 127.0.0.1:{taken}" in said


def test_a_second_bot_on_the_same_data_folder_is_refused_and_the_first_goes_on(up: House):
    said = refusal(up, 2)

    assert "already a bot at work on this data folder" in said
    assert "*Status*" in up.ask(RIZAL, "status").text


def test_a_second_bot_is_refused_for_the_data_folder_though_its_port_is_taken_as_well(fresh: House):
    fresh.write(health={"on": True, "port": free_port()})
    fresh.bot.start()
    said = refusal(fresh, 2)

    assert "already a bot at work on this data folder" in said


# Stopping.


def test_a_bot_that_is_told_to_stop_while_it_begins_ends_at_once_and_in_good_order(fresh: House):
    fresh.bot.launch()
    wait_for(lambda: fresh.bot.heeds(signal.SIGTERM), 10, fresh.log_text)
    code = fresh.bot.signal(signal.SIGTERM)

    assert code == 0
    assert "Lifeboat is up" not in fresh.bot.said


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_bot_ends_at_once_and_closes_its_socket(up: House, signum: int):
    wait_for(lambda: up.slack.state()["connected"] == 1)
    began = time.monotonic()
    code = up.bot.signal(signum)
    took = time.monotonic() - began

    assert code == 0
    assert "the clock has stopped" not in up.log_text()
    assert took < 5
    assert up.slack.state()["connected"] == 0
    assert "Stopped." in up.bot.said


def test_a_job_that_runs_when_the_bot_is_stopped_goes_on_at_the_next_start(up: House):
    up.production.trouble(kind="export_stuck")
    card = up.job(RIZAL, "now production label “over a restart”")
    card.until("Convex is making the snapshot")
    code = up.bot.signal()
    between = card.state
    up.production.heal()
    up.bot.start()

    assert code == 0
    assert between == "Running"
    assert card.ended() == "Done"
    assert "picked up again after a restart" in card.text
    assert card.told("Picked up again after a restart")
    assert [m["label"] for m in up.manifests().values()] == ["over a restart"]
    assert len(up.cards_of(card.job_id)) == 1


def test_a_job_that_can_end_in_the_time_that_stopping_takes_ends_and_is_shown(fresh: House):
    fresh.write(jobs={"stop_seconds": 20})
    fresh.bot.start()
    fresh.production.trouble(kind="export_slow", seconds=1.5)
    card = fresh.job(RIZAL, "now production tables npd")
    card.until("Convex is making the snapshot")
    code = fresh.bot.signal()

    assert code == 0
    assert card.state == "Done"
    assert card.told("SHA-256")


def confirmed(house: House) -> int:
    """How many imports into staging a yes has begun."""
    return sum(entry["began"] for entry in house.staging.events("import_confirmed"))


def test_stopping_in_the_middle_of_a_restore_leaves_no_lie_behind(up: House):
    id_, begun = up.backup("production"), confirmed(up)
    up.staging.trouble(kind="import_slow", seconds=0.5)
    card = up.job(RIZAL, f"restore {id_} to staging yes")
    card.until("Too late to cancel")
    code = up.bot.signal()
    between = card.state
    up.bot.start()

    assert code == 0
    assert between == "Running"
    assert card.ended() == "Done"
    assert "holds what was promised" in card.text
    assert confirmed(up) == begun + 1


def test_a_job_that_waits_when_the_bot_is_killed_just_begins_at_the_next_start(up: House):
    up.production.trouble(kind="export_stuck")
    first = up.job(RIZAL, "now production tables npd")
    first.until("Running")
    second = up.job(AYU, "now production tables sp2d")
    up.ask(AYU, "status")  # Where the second one's message is has been noted by now.
    up.bot.kill()
    up.production.heal()
    up.bot.start()
    states = (first.ended(), second.ended())

    assert states == ("Done", "Done")
    assert "picked up again" in first.text
    assert "picked up again" not in second.text


def test_many_restarts_in_one_job_end_in_one_backup_and_one_message(up: House):
    up.production.trouble(kind="export_stuck")
    card = up.job(RIZAL, "now production label “two restarts”")
    card.until("Convex is making the snapshot")
    for times in ("after a restart", "(2 times)"):
        up.bot.kill()
        up.bot.start()
        card.until(times)
    up.production.heal()

    assert card.ended() == "Done"
    assert len(up.manifests()) == 1
    assert len(up.cards_of(card.job_id)) == 1


# From a terminal.


def test_a_terminal_sees_the_jobs_of_the_running_bot_and_can_stop_one(up: House):
    up.production.trouble(kind="export_stuck")
    card = up.job(RIZAL, "now production")
    card.until("Convex is making the snapshot")
    status = up.terminal("status")
    cancelled = up.terminal("cancel", card.job_id[:-1])

    assert card.job_id in status.stdout
    assert "Rizal Hakim" in status.stdout
    assert cancelled.returncode == 0, cancelled.stderr
    assert card.ended() == "Cancelled"
    assert up.manifests() == {}


def test_a_terminal_that_cancels_what_is_not_there_is_told_so(up: House):
    told = up.terminal("cancel", "now-production-nosuch")

    assert told.returncode == 2
    assert "no open job called" in told.stdout + told.stderr


def stopped_while(house: House, words: str, text: str) -> Card:
    """Kill the bot in the middle of a job, and cancel that job from a terminal."""
    card = house.job(RIZAL, words)
    card.until(text)
    house.bot.kill()
    assert house.terminal("cancel", card.job_id).returncode == 0
    house.bot.start()
    return card


def test_a_job_that_is_cancelled_while_the_bot_is_down_does_not_go_on(up: House):
    up.production.trouble(kind="export_stuck")
    card = stopped_while(up, "now production", "Convex is making the snapshot")

    assert card.ended() == "Cancelled"
    assert "cancelled on request" in card.text
    assert up.manifests() == {}


def test_a_restore_that_is_cancelled_while_the_bot_is_down_takes_back_what_it_had_uploaded(
    up: House, imports: Callable[[House], list[str]]
):
    id_ = up.backup("production")
    before = up.staging.counts()
    up.staging.trouble(kind="import_stuck_uploaded")
    card = stopped_while(up, f"restore {id_} to staging yes", "Comparing Convex's summary")
    state = card.ended()

    assert state == "Cancelled"
    assert imports(up) == []
    assert up.staging.counts() == before


def test_a_restore_that_was_confirmed_goes_on_though_it_is_cancelled_while_the_bot_is_down(
    up: House,
):
    id_ = up.backup("production")
    up.staging.trouble(kind="import_slow", seconds=0.5)
    card = stopped_while(up, f"restore {id_} to staging yes", "Too late to cancel")

    assert card.ended() == "Done"
    assert "holds what was promised" in card.text


@pytest.fixture
def imports() -> Callable[[House], list[str]]:
    """Tells the states of imports into staging that wait for something, or run."""
    from tests.sandbox import wire

    def look(house: House) -> list[str]:
        rows = wire.ask(house.staging, "_system/cli/queryImport:list")
        states = [row["state"]["state"] for row in rows]
        return [state for state in states if state not in ("completed", "failed")]

    return look


# Silence.


def test_a_job_that_tells_nothing_for_too_long_is_said_aloud_once(fresh: House):
    fresh.write(jobs={"silent_minutes_max": 0.05, "stop_seconds": 0})
    fresh.bot.start()
    fresh.production.trouble(kind="hang", match="/api/export/request")
    card = fresh.job(RIZAL, "now production")
    said = card.told("has told nothing for", seconds=20)
    time.sleep(12)  # Twice as long as the bot takes to look again.

    assert "Convex is making the snapshot" in said
    assert f"/backup cancel {card.job_id}" in said
    assert len([told for told in card.thread if "has told nothing for" in told]) == 1
