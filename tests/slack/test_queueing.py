"""Several jobs at once: one at a time for a deployment, others beside it, fifty people at once."""

from __future__ import annotations

import re
import statistics
import threading
import time
from collections.abc import Iterator

import pytest

from sandbox.slack_people import AYU, BACKUPS, BUDI, CITRA, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from tests.slack.house import ACK_SECONDS_MAX, Card, House, Json, wait_for

OPERATORS = (RIZAL, AYU, BUDI)


def test_a_second_job_of_a_deployment_says_its_place_and_then_runs(house: House):
    house.production.trouble(kind="export_stuck")
    first = house.job(RIZAL, "now production tables npd")
    first.until("Running")
    second = house.job(AYU, "now production tables sp2d")
    third = house.job(BUDI, "now production tables users")
    # Of two that were asked for in the same second either may be the first.
    waiting = wait_for(lambda: sorted(map(place, (second, third))) == [1, 2])
    status = house.ask(CITRA, "status").text
    house.production.heal()
    states = (first.ended(), second.ended(), third.ended())

    assert waiting
    assert "*Jobs:* 1 running, 2 waiting" in status
    assert states == ("Done", "Done", "Done")


def place(card: Card) -> int:
    """How many jobs a waiting one says are before it."""
    found = re.search(r"In the queue: (\d+) job", card.text)
    return int(found[1]) if found else 0


def test_jobs_of_different_deployments_run_side_by_side(house: House):
    for stand in (house.production, house.staging):
        stand.trouble(kind="export_stuck")
    production = house.job(RIZAL, "now production tables npd")
    staging = house.job(AYU, "now staging tables npd")
    for card in (production, staging):
        card.until("Convex is making the snapshot")
    both = (production.state, staging.state)
    for stand in (house.production, house.staging):
        stand.heal()
    states = (production.ended(), staging.ended())

    assert both == ("Running", "Running")
    assert states == ("Done", "Done")


def test_when_a_waiting_job_is_cancelled_the_next_one_moves_up(house: House):
    house.production.trouble(kind="export_stuck")
    first = house.job(RIZAL, "now production tables npd")
    first.until("Running")
    second = house.job(AYU, "now production tables sp2d")
    third = house.job(BUDI, "now production tables users")
    house.ask(AYU, f"cancel {second.job_id}")
    moved = third.until("In the queue: 1 job ahead")
    house.production.heal()
    states = (first.ended(), second.ended(), third.ended())

    assert moved
    assert states == ("Done", "Cancelled", "Done")


def test_a_restore_waits_for_the_backup_of_its_target(house: House, backup: str):
    house.staging.trouble(kind="export_stuck")
    taking = house.job(RIZAL, "now staging")
    taking.until("Running")
    restoring = house.job(AYU, f"restore {backup} to staging tables npd yes")
    waiting = restoring.text
    house.staging.heal()
    states = (taking.ended(), restoring.ended())

    assert "In the queue: 1 job ahead" in waiting
    assert states == ("Done", "Done")


@pytest.fixture
def crowded(own_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house of its own with Slack's real rates, its Slack in a process of its own."""
    folder = tmp_path_factory.mktemp("crowd")
    with (
        World(folder / "convex", step_seconds=0.02) as world,
        SlackWorld.spawn(folder / "slack") as slack,
    ):
        house = House(folder / "house", world, slack, hasty=False)
        house.bot.start()
        try:
            yield house
        finally:
            house.bot.stop()


def fifty() -> list[tuple[str, str]]:
    """Who types what: ten backups, and forty that only look."""
    looks = ("list", "status", "help", "show latest:production", "lst")
    wishes = [
        (OPERATORS[n % 3], f"now {('production', 'staging')[n % 2]} tables npd label “wish {n}”")
        for n in range(10)
    ]
    return wishes + [((*OPERATORS, CITRA)[n % 4], looks[n % 5]) for n in range(40)]


@pytest.mark.slow
def test_fifty_commands_at_once_are_all_acked_in_time_and_each_job_is_done_once(
    crowded: House, record_property: pytest.RecordProperty, capsys: pytest.CaptureFixture[str]
):
    crowded.backup("production")
    outcomes: list[Json] = []
    gate = threading.Barrier(50)

    def types(person: str, words: str) -> None:
        gate.wait()
        outcomes.append(crowded.type(person, words))

    threads = [threading.Thread(target=types, args=each) for each in fifty()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = sorted(entry["ms"] for entry in crowded.slack.log("envelope", "slash_commands"))
    told = (
        f"50 commands at once, acked after: min {took[0]} ms, median "
        f"{statistics.median(took):.0f} ms, p95 {took[47]} ms, max {took[-1]} ms"
    )
    record_property("acks", told)
    with capsys.disabled():
        print(f"\n{told}")
    wait_for(lambda: len(labels(crowded)) == 10, 120)
    began = time.monotonic()
    wait_for(lambda: states(crowded) == ["Done"] * 10, 120, lambda: str(states(crowded)))

    assert [outcome["outcome"] for outcome in outcomes] == ["acked"] * 50
    assert took[-1] < ACK_SECONDS_MAX * 1000
    assert labels(crowded) == sorted(f"wish {n}" for n in range(10))
    assert crowded.exports() == 11
    assert crowded.job_messages() == 10
    assert time.monotonic() - began < 120
    assert answered(crowded) >= 40


def labels(house: House) -> list[str]:
    return sorted(m["label"] for m in house.manifests().values() if m["label"])


def states(house: House) -> list[str]:
    return [told["text"].splitlines()[0].rpartition(" — ")[2] for told in house.roots()]


def answered(house: House) -> int:
    return sum(len(house.slack.ephemerals(person, BACKUPS)) for person in (*OPERATORS, CITRA))
