"""Standing troubles, found over real sockets and folders: each by its cause, and over with it."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from commands.events import JobStanding
from commands.looking import Looking
from commands.trouble import Seen, Trouble
from storage.convex import pausing
from storage.records import Job
from tests.journeys.house import Clock, House, Inside

QUICK = {"lookout": {"copy_hours_max": 0, "paused_minutes": 0, "probe_minutes": 0.05}}
SECONDS = 3.0


class Lookout:
    """A lookout over a house; `look` asks everybody anew, as if a job had just failed."""

    def __init__(self, here: Inside, **more) -> None:
        self.here = here
        self.looking = Looking(here.ctx, seconds=SECONDS, **more)

    def look(self) -> Seen:
        for name in self.here.ctx.deployments:
            self.looking.soon(name, failed=True)
        return self.looking.look()

    def found(self, *kinds: str) -> dict[str, Trouble]:
        return {t.about: t for t in self.look().troubles if not kinds or t.kind in kinds}


@contextmanager
def watching(house: House, clock: Clock | None = None) -> Iterator[Lookout]:
    with house.inside(clock=clock) as here:
        yield Lookout(here)


@pytest.fixture
def quick(house):
    house.write(**QUICK)
    return house


def test_a_house_in_good_order_has_no_troubles(quick):
    quick.backup()
    with watching(quick) as lookout:
        seen = lookout.look()

    assert seen == Seen()


def test_a_backup_is_overdue_when_its_time_is_over_and_a_new_one_ends_that(quick):
    quick.write(**QUICK, production={"target_hours": 2 / 3600})
    with watching(quick) as lookout:
        assert "no good backup at all" in lookout.found("backup overdue")["production"].what
        first = lookout.here.do("now").manifest.id
        time.sleep(2.1)
        trouble = lookout.found("backup overdue")["production"]
        lookout.here.do("now", "--tables", "npd")
        again = lookout.found("backup overdue")["production"]  # Some tables are not all of it.
        lookout.here.do("now")
        after = lookout.found("backup overdue")

    assert first in trouble.safe
    assert "it may be at most 2 s (the settings)" in trouble.what
    assert trouble.since == again.since
    assert after == {}


def test_a_table_that_shrank_is_found_with_its_numbers_and_becomes_the_usual(quick):
    quick.write(lookout={**QUICK["lookout"], "learn_min": 3, "learn_from": 5})
    for _ in range(4):
        quick.backup()
    before = quick.production.counts()["tables"]["npd"]
    quick.production.mutate("npd", "delete", before - 5)
    newest = quick.backup()
    with watching(quick) as lookout:
        trouble = lookout.found("anomaly")["production"]
        told = f"npd: 5 documents, {before:,} in the last 4 backups."
        for _ in range(4):
            lookout.here.do("now")
        after = lookout.found("anomaly")

    assert told in trouble.what
    assert f"lifeboat show {newest}" in trouble.hint
    assert trouble.severity == "severe"
    assert after == {}


def test_a_key_that_is_refused_is_found_and_over_when_it_is_taken_again(quick):
    with watching(quick) as lookout:
        quick.production.trouble(kind="status", status=401, match="/api/check_admin_key", times=-1)
        trouble = lookout.found("key refused")["production"]
        quick.production.heal()
        after = lookout.found("key refused")

    assert trouble.severity == "severe"
    assert "No backup of production can be made." in trouble.what
    assert after == {}


def test_a_deployment_that_never_answers_holds_nobody_up_and_leaves_its_key_unknown(quick):
    quick.production.trouble(kind="hang", match="/", times=-1)
    with watching(quick) as lookout:
        began = time.monotonic()
        first, second = lookout.looking.look(), lookout.looking.look()
        took = time.monotonic() - began
        quick.production.heal()

    assert took < 2 * SECONDS + 2
    assert {"key refused", "left paused"} <= first.unknown & second.unknown
    assert not [t for t in first.troubles if t.kind == "key refused"]


def test_a_lost_vault_is_found_and_the_kinds_that_hang_on_it_are_unknown(quick):
    quick.backup()
    with watching(quick) as lookout:
        lookout.look()
        quick.vault.rename(quick.folder / "away")
        quick.vault.write_text("no folder")
        seen = lookout.look()
        quick.vault.unlink()
        (quick.folder / "away").rename(quick.vault)
        after = lookout.look()

    (trouble,) = seen.troubles
    assert (trouble.key, trouble.severity) == ("vault unreachable/local", "severe")
    assert {"backup overdue", "findings", "vault filling", "copy failing"} <= seen.unknown
    assert after == Seen()


def test_a_vault_that_hangs_is_told_and_asked_once(quick):
    quick.backup()
    answers, asked = threading.Event(), []
    with quick.inside() as here:

        class Hangs:
            name = "local"

            def list(self, prefix=""):
                asked.append(prefix)
                answers.wait(60)
                return iter(())

        ctx = replace(here.ctx, vault=Hangs(), vaults={"local": Hangs()})
        looking = Looking(ctx, seconds=0.3)
        began = time.monotonic()
        first, second = looking.look(), looking.look()
        took = time.monotonic() - began
        answers.set()

    assert took < 5
    assert len(asked) == 1
    assert [t.key for t in first.troubles] == ["vault unreachable/local"]
    assert "has not answered" in second.troubles[0].what
    assert first.troubles[0].since == second.troubles[0].since


def test_a_vault_that_lost_everything_stays_a_trouble_until_it_holds_something(quick):
    quick.backup()
    with watching(quick) as lookout:
        lookout.look()
        shutil.rmtree(quick.vault)
        found = [lookout.found("vault unreachable") for _ in range(3)]
        lookout.here.do("now")
        after = lookout.found("vault unreachable")

    assert all("holds none of them now" in each["local"].what for each in found)
    assert after == {}


def test_a_vault_without_room_for_the_next_backups_is_filling(quick):
    quick.backup()
    quick.write(lookout={"room_for_backups": 1_000_000_000})
    with watching(quick) as lookout:
        trouble = lookout.found("vault filling")["local"]

    assert trouble.severity == "warning"
    assert "free" in trouble.what


def test_damage_is_found_with_what_the_verification_said(quick):
    id_ = quick.backup()
    path = quick.archive(id_)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-40] + b"x" * 40)
    with watching(quick) as lookout:
        assert lookout.found("findings") == {}
        lookout.here.do("verify", id_)
        trouble = lookout.found("findings")[f"{id_} local"]
        overdue = lookout.look()

    assert trouble.severity == "severe"
    assert "of damage." in trouble.what
    assert len(trouble.what) > len(trouble.what.partition("of damage.")[0]) + 12
    assert "lifeboat now production" in trouble.hint
    assert not [t for t in overdue.troubles if t.kind == "anomaly"]


def test_a_deployment_that_is_left_paused_is_found_and_who_paused_it(quick):
    with watching(quick) as lookout:
        production = lookout.here.ctx.deployments["production"]
        pausing.pause(production)
        by_hand = lookout.found("left paused")["production"]
        job = Job(lookout.here.ctx.first, "restore.production.20261125")
        job.write("pausing", lookout.here.ctx.now(), host="elsewhere", pid=1, door="slack")
        by_us = lookout.found("left paused")["production"]
        pausing.unpause(production)
        after = lookout.found("left paused")

    assert (by_hand.severity, by_us.severity) == ("warning", "severe")
    assert "restore.production.20261125" in by_us.what
    assert after == {}


def test_a_clock_that_is_wrong_is_found_by_the_deployment(quick):
    clock = Clock()
    with watching(quick, clock) as lookout:
        clock.jump(minutes=-10)
        trouble = lookout.found("clock skew")["production"]
        clock.jump(minutes=10)
        after = lookout.found("clock skew")

    assert "behind that of production" in trouble.what
    assert after == {}


def test_a_copy_that_failed_is_found_until_the_vault_is_filled(quick):
    quick.write(**QUICK, **{"vaults.second": {"kind": "folder", "folder": "second"}})
    (quick.folder / "second").write_text("no folder")
    quick.backup()
    with watching(quick) as lookout:
        away = lookout.look()
        (quick.folder / "second").unlink()
        trouble = lookout.found("copy failing")["second"]
        lookout.here.do("sync", "second")
        after = lookout.look()

    assert [(t.key, t.severity) for t in away.troubles] == [("vault unreachable/second", "warning")]
    assert "copy failing" in away.unknown
    assert trouble.retry == "sync second"
    assert after == Seen()


class Engine:
    """Jobs that stand, as an engine tells them; it may hang, and a bot may be at work on it."""

    def __init__(self, *jobs: JobStanding, hangs: threading.Event | None = None) -> None:
        self._jobs, self._hangs = jobs, hangs

    def standing(self):
        if self._hangs is not None:
            self._hangs.wait(60)
        return self._jobs

    def bot_runs(self) -> bool:
        return True


def test_a_question_that_nobody_answers_is_told(quick):
    asked_at = datetime.now(UTC) - timedelta(minutes=20)
    job = JobStanding("ask-production-1", "ask", "production", "running", "Rizal", asked_at)
    with quick.inside() as here:
        ctx = replace(here.ctx, jobs=Engine(job))
        (trouble,) = Looking(ctx).look().troubles
        answered = Looking(replace(here.ctx, jobs=Engine())).look()

    assert trouble.key == "approval waiting/ask-production-1"
    assert "Rizal asked 20 min ago for a restore of production" in trouble.what
    assert answered == Seen()


def test_an_engine_that_hangs_leaves_its_questions_unknown(quick):
    answers = threading.Event()
    with quick.inside() as here:
        ctx = replace(here.ctx, jobs=Engine(hangs=answers))
        seen = Looking(ctx, seconds=1).look()
        answers.set()

    assert "approval waiting" in seen.unknown


def test_status_tells_the_troubles_that_stand_and_doctor_the_targets(quick):
    quick.write(**QUICK, production={"target_hours": 2 / 3600})
    quick.backup()
    time.sleep(2.1)
    ill, doctor = quick.run("status", "production"), quick.run("doctor", "--json").last["lines"]
    quick.write(production={"target_hours": 24})
    well = quick.run("status", "production")

    assert ill.code == 1
    assert "BACKUP OVERDUE: The newest good backup of production is" in ill.out
    assert "Take one now: lifeboat now production" in ill.out
    assert "Troubles: none." in well.out
    ages = {line["name"]: line for line in doctor if line["name"].endswith("backup age")}
    assert ages["production backup age"]["what"] == (
        "Its newest good backup may be 2 s old (the settings)."
    )
    assert ages["staging backup age"]["state"] == "OK"


def test_a_clock_of_the_bot_that_stopped_is_told(quick):
    quick.write(
        **QUICK,
        slack={"channel": "C0123456789"},
        **{"schedules.daily": {"verb": "backup", "cron": "0 2 * * *"}},
    )
    with quick.inside() as here:
        dead = Looking(here.ctx, clock_alive=lambda: False, probes=False).look()
        alive = Looking(here.ctx, clock_alive=lambda: True, probes=False).look()

    assert [t.kind for t in dead.troubles] == ["backup overdue", "clock dead"]
    assert "see the clock" in dead.troubles[0].what
    assert [t.kind for t in alive.troubles] == ["backup overdue"]
