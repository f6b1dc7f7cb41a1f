"""A bot that is watched, over real sockets: its health, its numbers, its pings, its last word."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sandbox.slack_people import BACKUPS, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.health.house import Pinged, WatchedBot, WatchedHouse
from tests.slack.conftest import own_environment  # noqa: F401 - used by name.
from tests.slack.house import wait_for

pytestmark = pytest.mark.slow
NEVER = "0 3 29 feb *"
PATH = "/ping/5e0c-not-for-anybody"
SCHEDULES: dict[str, dict[str, Any]] = {
    "schedules.rare": {
        "verb": "backup",
        "cron": NEVER,
        "channel": BACKUPS,
        "ping_env": "RARE_PING_URL",
    },
    "schedules.checks": {
        "verb": "verify",
        "cron": NEVER,
        "channel": BACKUPS,
        "ping_file": "checks.url",
    },
}


@pytest.fixture(scope="module")
def pinged() -> Iterator[Pinged]:
    server = Pinged()
    yield server
    server.close()


@pytest.fixture(scope="module")
def home(
    own_environment: None,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
    pinged: Pinged,
) -> Iterator[WatchedHouse]:
    """One watched bot for all of these tests; its log is JSON, and nothing secret is in it."""
    folder = tmp_path_factory.mktemp("watched")
    with (
        World(folder / "convex", step_seconds=0.0) as world,
        SlackWorld(folder / "slack", rates=False) as slack,
    ):
        made = WatchedHouse(folder / "house", world, slack, changes=SCHEDULES)
        (made.folder / "checks.url").write_text(f"http://127.0.0.1:{pinged.port}{PATH}/checks\n")
        made.bot.environ = {"RARE_PING_URL": f"http://127.0.0.1:{pinged.port}{PATH}/rare?a=b"}
        made.bot.words = ("--log-format", "json")
        try:
            yield made
        finally:
            made.bot.stop()
        assert made.secrets_seen() == []
        assert "not-for-anybody" not in made.log_text()


@pytest.fixture
def house(home: WatchedHouse) -> WatchedHouse:
    """The house as each test finds it: nothing is broken, and its bot runs."""
    home.slack.heal()
    for name in home.world:
        home.world[name].heal()
    if not home.bot.runs:
        home.bot.start()
    return home


def metrics(house: WatchedHouse) -> dict[str, Any]:
    """What /metrics says, by family, as Prometheus' own parser reads it."""
    status, kind, text = house.get("/metrics")
    assert (status, kind.partition(";")[0]) == (200, "text/plain")
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(house: WatchedHouse, name: str, **labels: str) -> float | None:
    for family in metrics(house).values():
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    return None


def run_now(house: WatchedHouse, schedule: str) -> str:
    """Have a schedule done now; how its job ended."""
    card = house.carded(BACKUPS, lambda: house.type(RIZAL, f"schedule run {schedule}"))
    return str(card.ended())


def test_health_and_numbers_are_true_while_it_works(house: WatchedHouse, pinged: Pinged):
    before, none = house.health(), not house.manifests()
    done = value(house, "lifeboat_jobs_ended_total", verb="now", state="done")
    ended = run_now(house, "rare")
    name = "lifeboat_backup_last_success_timestamp_seconds"
    taken = wait_for(lambda: value(house, name, deployment="production"), 10, house.log_text)
    manifest = list(house.manifests().values())[-1]
    status, told = house.health()

    assert before[0] == 200
    assert (before[1]["deployments"]["production"]["last_success"] is None) == none
    assert ended == "Done"
    assert (status, told["status"], told["reasons"]) == (200, "ok", [])
    assert told["socket_up"]
    assert told["clock_runs"]
    assert 0 <= told["deployments"]["production"]["age_seconds"] < 60
    assert abs(taken - time.time()) < 60
    assert value(house, name, deployment="staging") == 0  # There is none: a rule of age says so.
    size = value(house, "lifeboat_backup_size_bytes", deployment="production")
    assert size == manifest["archive"]["bytes"]
    documents = sum(table["documents"] for table in manifest["contents"]["tables"])
    assert value(house, "lifeboat_backup_documents", deployment="production") == documents
    assert 0 < value(house, "lifeboat_backup_duration_seconds", deployment="production") < 60
    assert value(house, "lifeboat_jobs_ended_total", verb="now", state="done") == done + 1
    assert value(house, "lifeboat_ack_seconds_count") >= 1
    assert value(house, "lifeboat_approvals_open") == 0
    assert value(house, "lifeboat_healthy") == 1


def test_a_run_is_pinged_when_it_begins_and_when_it_is_done_with_its_numbers(
    house: WatchedHouse, pinged: Pinged
):
    pinged.heard.clear()
    ended = run_now(house, "rare")
    wait_for(lambda: len(pinged.heard) >= 2, 10, house.log_text)
    time.sleep(0.5)
    newest = list(house.manifests().values())[-1]
    body = json.loads(pinged.bodies(f"{PATH}/rare")[0])

    assert ended == "Done"
    assert pinged.paths() == [f"{PATH}/rare/start", f"{PATH}/rare"]
    assert all(path.partition("?")[2].startswith("a=b&rid=") for path, _ in pinged.heard)
    assert len({path.partition("rid=")[2] for path, _ in pinged.heard}) == 1
    assert body["deployment"] == "production"
    assert body["bytes"] == newest["archive"]["bytes"]
    assert body["documents"] > 0
    assert body["seconds"] > 0


def test_a_run_that_fails_is_pinged_with_the_reason_through_a_server_that_stumbles(
    house: WatchedHouse, pinged: Pinged
):
    pinged.heard.clear()
    pinged.answers[:] = [500, 200, 503]
    failed = value(house, "lifeboat_jobs_ended_total", verb="now", state="failed")
    house.production.trouble(kind="export_fails")
    ended = run_now(house, "rare")
    wait_for(lambda: len(pinged.heard) >= 4, 10, house.log_text)
    house.production.heal()

    assert ended == "Failed"
    start, fail = f"{PATH}/rare/start", f"{PATH}/rare/fail"
    assert pinged.paths() == [start, start, fail, fail]
    assert "sched:rare:production:" in pinged.bodies(fail)[1]
    assert "Convex" in pinged.bodies(fail)[1]
    assert value(house, "lifeboat_jobs_ended_total", verb="now", state="failed") == failed + 1
    wait_for(lambda: value(house, "lifeboat_alerts_open", severity="severe"), 45, house.log_text)


def test_a_ping_server_that_is_gone_harms_no_job(house: WatchedHouse, pinged: Pinged):
    began = len(house.log_text())
    pinged.close()
    try:
        ended = run_now(house, "rare")
        told = wait_for(
            lambda: "success of schedule rare could not be pinged" in house.log_text()[began:], 10
        )
    finally:
        pinged.open()

    assert ended == "Done"
    assert told
    assert "Traceback" not in house.bot.said


def test_a_bot_that_is_killed_at_it_pings_the_end_of_the_run_all_the_same(
    house: WatchedHouse, pinged: Pinged
):
    house.production.trouble(kind="export_stuck")
    pinged.heard.clear()
    card = house.carded(BACKUPS, lambda: house.type(RIZAL, "schedule run rare"))
    card.until("Convex is making the snapshot")
    wait_for(lambda: pinged.heard, 10, house.log_text)
    house.bot.kill()
    house.production.heal()
    house.bot.start()
    ended = card.ended()
    wait_for(lambda: f"{PATH}/rare" in pinged.paths(), 10, house.log_text)
    time.sleep(0.5)

    assert ended == "Done"
    assert pinged.paths() == [f"{PATH}/rare/start", f"{PATH}/rare"]


def test_every_family_is_named_as_prometheus_wants_it_and_says_what_it_is(house: WatchedHouse):
    text = house.get("/metrics")[2]
    families = metrics(house)
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    helped = dict(re.findall(r"^# HELP (\S+) (.+)$", text, re.MULTILINE))

    assert len(families) >= 15
    assert kinds.keys() == helped.keys()
    assert all(re.fullmatch(r"lifeboat_[a-z_]+", name) for name in kinds)
    counters = {name for name, kind in kinds.items() if kind == "counter"}
    assert counters == {name for name in kinds if name.endswith("_total")}
    labels = {label for each in families.values() for s in each.samples for label in s.labels}
    assert labels <= {"deployment", "severity", "verb", "state", "vault", "le"}
    assert sum(len(each.samples) for each in families.values()) < 200


def test_only_two_pages_are_served_and_nothing_can_be_done_there(house: WatchedHouse):
    assert house.get("/")[0] == 404
    assert house.get("/healthz", "POST")[0] == 405
    assert house.get("/metrics", "DELETE")[0] == 405
    status, _, text = house.get("/healthz", "HEAD")
    assert (status, text) == (200, "")


def test_a_vault_that_is_lost_neither_hangs_a_scrape_nor_unsays_the_last_backup(
    house: WatchedHouse,
):
    name = "lifeboat_backup_last_success_timestamp_seconds"
    vault, away = house.folder / "vault", house.folder / "vault-away"
    before = value(house, name, deployment="production")
    if not before:
        run_now(house, "rare")
        before = wait_for(lambda: value(house, name, deployment="production"))
    vault.rename(away)
    vault.touch()  # Where the folder was, there is something else.
    try:
        ended = run_now(house, "rare")
        began = time.monotonic()
        after = value(house, name, deployment="production")
        took = time.monotonic() - began
    finally:
        vault.unlink()
        away.rename(vault)

    assert ended == "Failed"
    assert after == before is not None
    assert took < 1.0
    assert value(house, "lifeboat_vault_errors_total", vault="local") >= 1


def test_every_line_of_its_log_is_one_object_and_a_line_of_a_job_names_it(house: WatchedHouse):
    told = [json.loads(line) for line in house.log_text().splitlines()]

    assert any("Lifeboat is up" in each["message"] for each in told)
    assert all({"time", "level", "logger", "message"} <= each.keys() for each in told)


def test_the_end_of_each_job_stands_in_the_log_and_why_it_failed(
    house: WatchedHouse, pinged: Pinged
):
    pinged.heard.clear()
    began = len(house.log_text())
    good = run_now(house, "rare")
    house.production.trouble(kind="export_fails")
    bad = run_now(house, "rare")
    wait_for(lambda: len(pinged.heard) >= 4, 10, house.log_text)
    told = [json.loads(line) for line in house.log_text()[began:].splitlines()]
    ends = [line for line in told if line["logger"] == "bot.worker"]

    assert (good, bad) == ("Done", "Failed")
    assert [line["level"] for line in ends] == ["info", "error"]
    assert ends[0]["message"] == "now of production: done"
    assert re.match("now of production: failed. .*export", ends[1]["message"])
    assert all(line["job"].startswith("sched:rare:production:") for line in ends)


def test_the_slack_library_is_silent_while_all_is_well(house: WatchedHouse):
    house.bot.stop()
    house.bot.start()
    told = [json.loads(line) for line in house.bot.said.splitlines()]

    assert [line for line in told if line["logger"].startswith("slack")] == []


def test_a_port_that_is_taken_and_an_address_that_is_none_are_sentences(house: WatchedHouse):
    second = WatchedHouse(house.folder.parent / "second", house.world, house.slack)
    second.port = house.port
    second.write()
    third = WatchedHouse(house.folder.parent / "third", house.world, house.slack, SCHEDULES)
    (third.folder / "checks.url").write_text("http://hc-ping.com/not-for-anybody\n")
    taken, none = WatchedBot(second), WatchedBot(third)
    taken.words = ("--log-format", "json")
    taken.launch()
    none.launch(RARE_PING_URL=None)
    codes = (taken.ended(30), none.ended(30))

    assert codes == (1, 2)
    (last,) = (json.loads(line) for line in taken.said.splitlines())
    assert last["level"] == "critical"
    assert f"can't serve its health on 127.0.0.1:{house.port}" in last["message"]
    assert "another port in [health]" in last["message"]
    assert house.health()[0] == 200
    assert "schedules.rare.ping_env: What it names is empty or not set" in none.said
    assert "schedules.checks.ping_file: What it names goes over http:// to a public" in none.said
    assert "not-for-anybody" not in none.said


def test_a_cut_socket_is_told_while_slack_is_away_and_the_bot_lives_on(house: WatchedHouse):
    house.slack.trouble("error", method="apps.connections.open", times=-1)
    house.slack.trouble("kill_socket")
    status, told = wait_for(
        lambda: found if (found := house.health())[0] == 503 else None, 20, house.log_text
    )
    time.sleep(7)  # Longer than a client that Slack answers may stay away.
    alive = house.bot.runs
    house.slack.heal()
    wait_for(lambda: house.health()[0] == 200, 20, house.log_text)

    assert status == 503
    assert "The socket to Slack has been down" in told["reasons"][0]
    assert not told["socket_up"]
    assert alive


def test_a_clock_that_stops_is_told_and_ends_the_process_with_a_last_word(house: WatchedHouse):
    house.bot.tell(signal.SIGUSR1)
    status, told = wait_for(
        lambda: found if (found := house.health())[0] == 503 else None, 5, house.log_text
    )
    code = house.bot.ended(20)
    last = json.loads(house.bot.said.splitlines()[-1])

    assert status == 503
    assert not told["clock_runs"]
    assert "clock" in told["reasons"][0]
    assert code == 70
    assert last["level"] == "critical"
    assert "the clock has stopped" in last["message"]


def test_a_socket_client_that_is_dead_while_slack_answers_ends_the_process(house: WatchedHouse):
    house.bot.tell(signal.SIGUSR2)
    code = house.bot.ended(30)
    last = json.loads(house.bot.said.splitlines()[-1])

    assert code == 70
    assert "though Slack answers" in last["message"]
