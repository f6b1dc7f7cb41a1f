"""What is pinged for whom: addresses, bodies, several deployments, restarts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from bot.dead_man import DeadMan, address, said
from commands.events import BackupVerified, Result
from commands.timetable import ScheduledRun
from storage.errors import LifeboatError
from storage.finding import Finding, LookedAt
from storage.secret import Secret
from tests.health.house import Pinged
from tests.slack.house import wait_for

DUE = "2026-11-25T02:00:00Z"
ONE, TWO = f"sched:daily:production:{DUE}", f"sched:daily:staging:{DUE}"
FAILED = LifeboatError("It broke.", safe="Nothing was touched.", hint="Try again.")


@dataclass
class FakeEngine:
    """Remembers the small facts of jobs, as the engine does."""

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    known: list[ScheduledRun] = field(default_factory=list)

    def note(self, job_id: str, **facts: Any) -> None:
        self.kept.setdefault(job_id, {}).update(facts)

    def facts(self, job_id: str) -> dict[str, Any]:
        return dict(self.kept.get(job_id, {}))

    def runs(self, _schedule: str, deployments: list[str]) -> list[ScheduledRun]:
        return [each for each in self.known if each.deployment in deployments]


def run(job_id: str) -> Any:
    deployment = job_id.split(":")[2] if job_id.startswith("sched:") else "production"
    return SimpleNamespace(id=job_id, wish=SimpleNamespace(verb="now", deployment=deployment))


@pytest.fixture
def pinged() -> Any:
    server = Pinged()
    yield server
    server.close()


def made(engine: FakeEngine, pinged: Pinged, *deployments: str) -> DeadMan:
    schedule = SimpleNamespace(requests=dict.fromkeys(deployments or ("production",)))
    url = Secret(f"http://127.0.0.1:{pinged.port}/x")
    return DeadMan({"daily": url}, {"daily": schedule}, engine)  # type: ignore[arg-type]


def test_start_and_fail_stand_behind_the_path_and_before_the_query():
    start = address("https://hc-ping.com/key/daily/?create=1", "start", ONE)
    success = address("https://hc-ping.com/5e0c", "success", ONE)

    assert start.startswith("https://hc-ping.com/key/daily/start?create=1&rid=")
    assert success.startswith("https://hc-ping.com/5e0c?rid=")
    assert start.partition("rid=")[2] == success.partition("rid=")[2]


def test_runs_of_one_due_time_share_their_run_id_and_others_do_not():
    ids = [address("https://a/b", "fail", each) for each in (ONE, TWO, ONE.replace("02:", "03:"))]

    assert ids[0] == ids[1] != ids[2]


def test_a_failure_says_what_is_safe_and_what_to_type():
    assert said(run(ONE), FAILED) == ("fail", f"{ONE}: It broke. Nothing was touched. Try again.\n")


def test_findings_of_a_check_are_a_failure_with_each_of_them():
    outcome = BackupVerified(
        id="production-1",
        depth="rows",
        looked_at=LookedAt(bytes=10, documents=3),
        findings=(Finding(check="hash", what="The hash differs."),),
        compared_with=(),
        seconds=2.5,
        recorded=True,
    )
    what, body = said(run(ONE), outcome)

    assert what == "fail"
    assert "1 findings.\nThe hash differs." in body


def test_a_sound_check_is_told_with_its_numbers():
    looked = LookedAt(bytes=10, documents=3)
    outcome = BackupVerified("production-1", "rows", looked, (), (), 2.5, recorded=True)
    what, body = said(run(ONE), outcome)

    assert what == "success"
    told = json.loads(body)
    assert (told["backup"], told["bytes"], told["documents"]) == ("production-1", 10, 3)
    assert (told["seconds"], told["findings"]) == (2.5, 0)


def whole(dead_man: DeadMan, job_id: str, outcome: Result | LifeboatError) -> None:
    dead_man.began(run(job_id))
    dead_man.ended(run(job_id), outcome)
    dead_man.over(run(job_id))


def test_a_success_is_said_once_all_deployments_of_the_due_time_are_done(pinged: Pinged):
    engine = FakeEngine()
    dead_man = made(engine, pinged, "production", "staging")
    dead_man.start()
    whole(dead_man, ONE, Result())
    between = wait_for(pinged.paths)
    whole(dead_man, TWO, Result())
    dead_man.stop()

    assert between == ["/x/start"]
    assert pinged.paths() == ["/x/start", "/x/start", "/x"]


def test_the_success_of_one_deployment_never_hides_that_another_failed(pinged: Pinged):
    dead_man = made(FakeEngine(), pinged, "production", "staging")
    dead_man.start()
    whole(dead_man, ONE, FAILED)
    whole(dead_man, TWO, Result())
    dead_man.stop()

    assert pinged.paths() == ["/x/start", "/x/fail", "/x/start"]


def test_a_job_that_no_schedule_with_an_address_began_is_not_pinged(pinged: Pinged):
    dead_man = made(FakeEngine(), pinged)
    dead_man.start()
    whole(dead_man, "now-production-abc", Result())
    whole(dead_man, f"sched:other:production:{DUE}", Result())
    dead_man.stop()

    assert pinged.heard == []


def test_what_a_killed_bot_had_still_to_say_is_said_at_the_next_start_and_never_again(
    pinged: Pinged,
):
    engine = FakeEngine()
    killed = made(engine, pinged)  # It never comes to send anything.
    whole(killed, ONE, FAILED)
    engine.known = [ScheduledRun(ONE, "production", None, None, "failed")]  # type: ignore[arg-type]
    for _ in range(2):
        again = made(engine, pinged)
        again.start()
        again.stop()

    assert pinged.paths() == ["/x/fail"]


def test_a_job_that_goes_on_after_a_kill_is_not_started_twice(pinged: Pinged):
    engine = FakeEngine()
    for _ in range(2):
        dead_man = made(engine, pinged)
        dead_man.start()
        dead_man.began(run(ONE))
        dead_man.stop()

    assert pinged.paths() == ["/x/start"]
