"""The engine: jobs done once, one at a time for each deployment, found again after kill -9."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import jobs
from bot.engine_place import EngineFile
from bot.job_errors import from_json, to_json
from bot.jobs import Engine, JobRun, looking
from bot.jobs_seen import JobsSeen
from commands.timetable import job_id
from storage.errors import MissingPermission, Refused
from tests import nest
from tests.bot.engines import ended, place, wish
from tests.postgres import Postgres

# DBOS is one to a process, and each pytest worker is a process: its tests must not overlap.
pytestmark = pytest.mark.xdist_group("engine")


@pytest.fixture(params=["file", "database"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder whose engine keeps its rows in a file there, or in a database of replicas."""
    if request.param == "database":
        server: Postgres = request.getfixturevalue("database_server")
        (tmp_path / "database").write_text(server.database())
    return tmp_path


@contextmanager
def running(folder: Path, work: Callable[[JobRun], dict[str, Any]]) -> Iterator[Engine]:
    engine = Engine(place(folder), work)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop(5)


def wait_for(true: Callable[[], bool], seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)


def test_of_two_jobs_that_end_in_one_second_the_later_one_is_known(folder: Path):
    """The engine's rows hold whole seconds: a failure was hidden by a success just before it."""
    second = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    ends = {"now-production-zzzzzz": 0.2, "now-production-aaaaaa": 0.7}

    def work(run: JobRun) -> dict[str, Any]:
        at = second + timedelta(seconds=ends[run.id])
        engine.note(run.id, ended={"state": "done", "at": at.isoformat()})
        return ended()

    with running(folder, work) as engine:
        for job in ends:
            engine.submit(job, wish())
        wait_for(lambda: len(engine.ended(None)) == 2)
        found = sorted(engine.ended(None), key=lambda each: each.ended_at)

    assert [each.id for each in found] == list(ends)
    assert [(each.ended_at - second).total_seconds() for each in found] == [0.2, 0.7]


def test_a_wish_delivered_twice_is_one_job(folder: Path):
    ran: list[str] = []

    def work(run: JobRun) -> dict[str, Any]:
        ran.append(run.id)
        return ended()

    with running(folder, work) as engine:
        first = engine.submit("now-production-aaaaaa", wish())
        second = engine.submit("now-production-aaaaaa", wish())
        wait_for(lambda: engine.standing() == [])

    assert (first, second) == (True, False)
    assert ran == ["now-production-aaaaaa"]


def test_jobs_of_one_deployment_take_turns_and_others_do_not_wait(folder: Path):
    go, at_work = threading.Event(), set()

    def work(run: JobRun) -> dict[str, Any]:
        at_work.add(run.id)
        go.wait(20)
        at_work.discard(run.id)
        return ended()

    with running(folder, work) as engine:
        for name, deployment in (("a", "production"), ("b", "production"), ("c", "staging")):
            engine.submit(name, wish(deployment))
        wait_for(lambda: at_work in ({"a", "c"}, {"b", "c"}))
        time.sleep(1)  # Long enough for a second job to be begun wrongly.
        still = set(at_work)
        standing = {job.id: (job.state, job.place) for job in engine.standing()}
        go.set()
        wait_for(lambda: engine.standing() == [])

    assert len(still) == 2
    assert sorted(standing.values()) == [("queued", 1), ("running", 0), ("running", 0)]


def test_a_waiting_job_that_is_cancelled_leaves_the_queue_at_once(folder: Path):
    go, seen = threading.Event(), {}

    def work(run: JobRun) -> dict[str, Any]:
        go.wait(20)
        seen[run.id] = run.cancelled()
        return ended()

    with running(folder, work) as engine:
        engine.submit("first", wish())
        wait_for(lambda: [job.state for job in engine.standing()] == ["running"])
        engine.submit("second", wish())
        told = engine.cancel("sec")
        left = [job.id for job in engine.standing()]
        go.set()
        wait_for(lambda: len(seen) == 2)

    assert told.state == "queued"
    assert left == ["first"]
    assert seen == {"first": False, "second": True}


def test_the_newest_run_of_a_schedule_is_remembered_when_others_are_forgotten(folder: Path):
    at = datetime(2026, 11, 24, 2, tzinfo=UTC)
    with running(folder, lambda run: ended()) as engine:
        ids = [job_id("daily", "production", at + timedelta(days=day)) for day in range(4)]
        for each in (*ids, "now-production-1"):
            engine.submit(each, wish(door="schedule"))
        wait_for(lambda: not engine.standing())
        wait_for(lambda: engine.forget(timedelta(days=-1)) == 4)
        left = engine.runs("daily", ["production", "staging"])

    assert [run.job_id for run in left] == [ids[-1]]
    assert (left[0].due, left[0].deployment) == (at + timedelta(days=3), "production")


def test_how_a_run_of_a_schedule_stands_is_seen_from_another_process(folder: Path):
    go = threading.Event()

    def work(run: JobRun) -> dict[str, Any]:
        go.wait(20)
        return ended()

    at = datetime(2026, 11, 24, 2, tzinfo=UTC)
    first, second = (job_id("daily", "production", at + timedelta(days=day)) for day in (0, 1))
    seen = JobsSeen(place(folder))
    with running(folder, work) as engine:
        engine.submit(first, wish(door="schedule"))
        wait_for(lambda: [job.state for job in engine.standing()] == ["running"])
        engine.submit(second, wish(door="schedule"))
        wait_for(lambda: len(engine.standing()) == 2)
        states = {run.job_id: run.state for run in seen.runs("daily", ["production"])}
        there = seen.bot_runs()
        go.set()
        wait_for(lambda: not engine.standing())
        engine.note(first, ended={"state": "look"})
        ends = {run.job_id: run.state for run in seen.runs("daily", ["production"])}

    assert states == {first: "running", second: "queued"}
    assert ends == {first: "look", second: "ended"}
    assert there
    assert not seen.bot_runs()
    assert seen.runs("dail", ["production"]) == []


def test_cancelling_what_is_not_open_names_what_is(folder: Path):
    with (
        running(folder, lambda _run: ended()) as engine,
        pytest.raises(Refused, match="no open job called 'x'"),
    ):
        engine.cancel("x")


def test_another_process_sees_the_jobs_and_can_ask_them_to_stop(folder: Path):
    go, stopped = threading.Event(), threading.Event()

    def work(run: JobRun) -> dict[str, Any]:
        while not run.cancelled() and not go.wait(0.05):
            pass
        stopped.set()
        return ended("cancelled")

    with running(folder, work) as engine:
        engine.submit("long", wish())
        wait_for(lambda: [job.state for job in engine.standing()] == ["running"])
        with looking(place(folder)) as rows:
            told = rows.cancel("long")
        seen = stopped.wait(10)
        go.set()

    assert told.state == "running"
    assert seen


def test_a_second_bot_on_the_same_rows_is_refused_in_a_sentence(folder: Path):
    with running(folder, lambda _run: ended()):
        second = Engine(place(folder), lambda _run: ended())
        with pytest.raises(Refused) as refused:
            second.start()

    assert "already a bot at work on this data" in refused.value.what


def test_the_engine_writes_into_our_log_and_nowhere_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    """It has a form of its own, which is no JSON and hides no secret."""
    with running(tmp_path, lambda _run: ended()):
        logging.getLogger("dbos").warning("the engine stumbled")
    past = capfd.readouterr()

    assert "the engine stumbled" in caplog.text
    assert "the engine stumbled" not in past.out + past.err


def test_a_bot_that_is_not_sure_of_its_turn_does_no_step_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "HELD_SECONDS", 1.0)
    done: list[str] = []
    sure, unsure = threading.Event(), threading.Event()
    sure.set()

    class Doubtful(EngineFile):
        def sure(self) -> bool:
            return sure.is_set()

    def work(run: JobRun) -> dict[str, Any]:
        run.kept("one", lambda: done.append("one") or "", str)
        sure.clear()
        unsure.set()
        run.kept("two", lambda: done.append("two") or "", str)
        return ended()

    engine = Engine(Doubtful(tmp_path / "engine.sqlite", tmp_path / "locks"), work)
    engine.start()
    try:
        engine.submit("job", wish())
        assert unsure.wait(15)
        time.sleep(1.5)
    finally:
        engine.stop(0)

    assert done == ["one"]


def test_our_own_errors_come_back_as_they_were():
    error = MissingPermission(
        "The key lacks it.", permission="deployment:data:view", safe="Nothing.", hint="Make one."
    )

    again = from_json(to_json(error))

    assert type(again) is MissingPermission
    assert (again.what, again.safe, again.hint) == (error.what, error.safe, error.hint)
    assert again.permission == "deployment:data:view"


def test_an_error_of_an_unknown_kind_still_speaks():
    assert from_json({"kind": "os.system", "what": "It broke."}).what == "It broke."


def process(folder: Path, *words: str) -> int:
    """Have an engine in a process of its own do a job, or die over it; how it ended."""
    words = (str(folder), *words)
    return nest.run("tests.bot.engine_process", words, os.environ, 60).returncode


@pytest.mark.slow
@pytest.mark.parametrize("die", ["one", "two", "three", "end"])
def test_a_killed_job_goes_on_without_doing_a_kept_thing_twice(folder: Path, die: str):
    killed, again = process(folder, die), process(folder, "-")
    log = (folder / "log").read_text().splitlines()

    assert (killed, again) == (-signal.SIGKILL, 0)
    assert log.count("began resumed=True") == 1
    for name in ("one", "two", "three"):
        # Killed in the middle of it, nobody can know that it was done: it is done again.
        assert log.count(name) == (2 if name == die else 1)
    assert log[-2:] == ["kept ['ONE', 'TWO', 'THREE']", "error It failed."]


@pytest.mark.slow
def test_a_job_that_ends_the_bot_every_time_is_given_up(tmp_path: Path):
    codes = [process(tmp_path, "one")]
    while codes[-1] and len(codes) < 6:
        codes.append(process(tmp_path, "one"))
    with running(tmp_path, lambda _run: ended()) as engine:
        given_up = engine.given_up()

    assert codes[-1] == 0
    assert given_up == ["job"]


@pytest.mark.slow
def test_a_job_that_waits_is_found_after_any_number_of_kills(folder: Path):
    kills = 2 if (folder / "database").exists() else 6
    for _ in range(kills):
        assert process(folder, "wait") == -signal.SIGKILL
    assert process(folder, "wait", "go") == 0
    log = (folder / "log").read_text().splitlines()

    assert log.count("began resumed=True") == kills
    assert log[-1] == "woken"


def test_the_engine_file_is_for_its_owner_alone(tmp_path: Path):
    with running(tmp_path, lambda _run: ended()):
        mode = (tmp_path / "engine.sqlite").stat().st_mode & 0o777

    assert mode == 0o600
