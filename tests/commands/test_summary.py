"""What a summary is made from: the vaults, the log, the engine and the timetable, as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from commands import backup, due, summary, verify
from commands.alert_events import RoadStanding
from commands.alert_state import Alert
from commands.summary_events import SummaryTold, Taken
from commands.timetable import Schedule, ScheduledRun
from commands.verb import Caller, Rules
from storage import schedule_notes
from storage.audit import Audit, Happened
from storage.catalog import Catalog
from storage.errors import Refused
from storage.manifest import to_json
from storage.records import Record
from storage.schedule_notes import Note
from storage.vaults.local import LocalFolder
from tests.bot import terminal_events as made
from tests.bot.messages import alert_facts
from tests.bot.terminal_events import NOW
from tests.commands.audit_contexts import context

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JAKARTA = ZoneInfo("Asia/Jakarta")


@dataclass(frozen=True)
class Protected:
    protected: bool


@dataclass(frozen=True)
class Remembered:
    """An engine, as far as it remembers runs."""

    known: tuple[ScheduledRun, ...] = ()

    def runs(self, schedule: str, _deployments: Mapping[str, Any]) -> list[ScheduledRun]:
        return [run for run in self.known if run.job_id.startswith(f"sched:{schedule}:")]


def schedule(name: str, words: str, verb: str, request: Any) -> Schedule:
    calendar = due.cron(words, JAKARTA)
    return Schedule(name, verb, calendar, words, {"production": request}, {})


SCHEDULES = {
    "daily": schedule("daily", "0 2 * * *", "now", backup.Request("production")),
    "checks": schedule("checks", "0 */6 * * *", "verify", verify.Request("latest:production")),
}


class Team:
    """A vault with backups, a log and records, and the moment at which all of it is looked at."""

    def __init__(self, folder: Path) -> None:
        self.vault = LocalFolder(folder / "vault")
        self.folder, self.at = folder, NOW
        self.audit = Audit(self.vault, lambda: self.at)

    def backup(self, age: timedelta, documents: int = 200) -> None:
        taken = NOW - age
        id_ = f"production-{taken:%Y-%m-%d-%H%M}"
        whole = made.manifest()
        table = msgspec.structs.replace(whole.contents.tables[0], documents=documents)
        manifest = msgspec.structs.replace(
            whole,
            id=id_,
            snapshot=msgspec.structs.replace(
                whole.snapshot, timestamp_ns=int(taken.timestamp()) * 10**9
            ),
            contents=msgspec.structs.replace(whole.contents, tables=(table,)),
            check=msgspec.structs.replace(whole.check, at=taken),
        )
        self.vault.put(f"backups/production/{id_}/archive.zip", [b"x"])
        self.vault.put(f"backups/production/{id_}/manifest.json", [to_json(manifest)])
        self.log("backup.ended", age, about=id_, outcome="taken", deployment="production")

    def log(self, what: str, age: timedelta, **told: Any) -> None:
        self.at = NOW - age
        self.audit.write(Happened(what=what, by="U1", by_name="Rizal", door="slack", **told))

    def restored(self, age: timedelta, into: str, outcome: str = "restored") -> None:
        job, at = f"restore.{into}.{NOW - age:%Y%m%dT%H%M%S}-abcd", NOW - age
        plan = {"backup": "production-x", "source": "production"}
        for i, (step, data) in enumerate(
            (("asked", {"plan": plan}), ("ended", {"outcome": outcome}))
        ):
            told = Record(job=job, step=step, at=at + i * timedelta(seconds=90), data=data)
            self.vault.put(f"jobs/{job}/0{i}-{step}.json", [msgspec.json.encode(told)])

    def told(self, *words: str, **changes: Any) -> SummaryTold:
        facts: dict[str, Any] = {
            "vault": self.vault,
            "audit": self.audit,
            "catalog": Catalog(self.folder / "catalog.sqlite"),
            "now": lambda: NOW,
            "deployments": {"production": Protected(True), "staging": Protected(False)},
            "schedules": SCHEDULES,
        }
        ctx = context(self.folder / "vault", **{**facts, **changes})
        return summary.run(summary.parse(words), ctx)


@dataclass
class Standing:
    """The alerts of a data folder, as far as a summary asks for them."""

    alerts: tuple[Alert, ...]
    ways: tuple[RoadStanding, ...]

    def open(self) -> tuple[Alert, ...]:
        return self.alerts

    def roads(self) -> tuple[RoadStanding, ...]:
        return self.ways


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


def test_a_good_day_is_well_and_compared_with_the_day_before(team: Team):
    team.backup(26 * HOUR, documents=190)
    team.backup(2 * HOUR, documents=205)
    told = team.told()
    production = told.deployments[0]

    assert (told.well, told.exit_code, told.failed, told.unknown) == (True, 0, (), ())
    assert production.standing.target == DAY
    assert production.standing.last is not None
    assert production.before is not None
    assert (production.standing.last.documents, production.before.documents) == (205, 190)
    assert [(ran.verb, ran.done, ran.failed) for ran in told.ran] == [("now", 1, 0)]
    assert (told.vaults[0].backups, told.vaults[0].came) == (2, 1_234_567)


def test_a_backup_that_did_not_come_is_overdue(team: Team):
    team.backup(31 * HOUR)
    told = team.told()

    assert [each.name for each in told.overdue] == ["production"]
    assert told.exit_code == 1


def test_the_settings_may_allow_more(team: Team):
    team.backup(31 * HOUR)

    assert team.told(rules=Rules(targets={"production": 2 * DAY})).overdue == ()


def test_what_failed_is_told_with_its_reason_and_drawn(team: Team):
    team.backup(40 * HOUR)
    why = "Convex did not answer."
    team.log("backup.ended", 3 * HOUR, outcome="failed", why=why, deployment="production")
    told = team.told()

    assert [(each.verb, each.why) for each in told.failed] == [("now", why)]
    assert [each.failed for each in told.deployments[0].course] == [False, True]
    assert told.deployments[0].course[1] == Taken(NOW - 3 * HOUR)


def test_verifications_are_counted_from_what_the_engine_remembers(team: Team):
    team.backup(2 * HOUR)
    ages = (1, 7, 13, 30)
    runs = tuple(
        ScheduledRun(f"sched:checks:production:{i}", "production", None, NOW - h * HOUR, state)
        for i, (h, state) in enumerate(zip(ages, ("done", "failed", "done", "done"), strict=True))
    )
    told = team.told(jobs=Remembered(runs))

    assert [(each.verb, each.done, each.failed) for each in told.ran] == [
        ("now", 1, 0),
        ("verify", 2, 1),
    ]
    assert [each.verb for each in told.failed] == ["verify"]


def test_a_week_is_longer_than_a_day(team: Team):
    team.backup(2 * HOUR)
    team.log("copy.ended", 3 * DAY, outcome="failed", why="full", deployment="production")

    assert team.told().failed == ()
    assert [each.verb for each in team.told("weekly").failed] == ["copy"]


def test_a_month_of_31_days_tells_of_its_first_day_in_words_but_not_in_the_picture(team: Team):
    """NOW is in November: a month before, there is a month of 31 days between."""
    team.log("backup.ended", 31 * DAY + HOUR, outcome="failed", why="old", deployment="production")
    team.log("backup.ended", 31 * DAY - HOUR, outcome="failed", why="full", deployment="production")
    team.backup(2 * HOUR)
    told = team.told("monthly")

    assert told.since == NOW - 31 * DAY
    assert [each.why for each in told.failed] == ["full"]
    assert [(ran.done, ran.failed) for ran in told.ran] == [(1, 1)]
    assert [each.failed for each in told.deployments[0].course] == [False]


def test_what_a_schedule_tells_is_counted_from_the_summary_before(team: Team):
    """What is told of on a Tuesday when the last was on Saturday is not called a day."""
    team.backup(2 * HOUR)
    team.log("backup.ended", 60 * HOUR, outcome="failed", why="full", deployment="production")
    wish = {"all": summary.Request("daily")}
    calendar = due.cron("0 5 * * tue,sat", ZoneInfo("UTC"))
    made_by = Schedule("daily-summary", "summary", calendar, "", wish, {})
    told = team.told(
        schedules={"daily-summary": made_by},
        caller=Caller("schedule:daily-summary", "schedule daily-summary", door="schedule"),
        asked_at=NOW,
    )

    assert (told.longer, told.since) == (True, NOW.replace(second=0) - 72 * HOUR)
    assert [each.why for each in told.failed] == ["full"]


def test_the_last_restore_to_staging_is_told_with_how_long_it_took(team: Team):
    team.backup(2 * HOUR)
    team.restored(9 * DAY, "staging")
    team.restored(2 * DAY, "staging", outcome="failed")
    team.restored(1 * DAY, "production")
    staged = team.told().deployments[0].standing.staged

    assert staged is not None
    assert (staged.at, staged.into, staged.seconds) == (
        NOW - 9 * DAY + timedelta(seconds=90),
        "staging",
        90.0,
    )


def test_an_alert_that_stands_open_is_told_and_so_is_each_road(team: Team):
    team.backup(2 * HOUR)
    quiet = team.told(alerts=Standing((), alert_facts.ROADS))
    loud = team.told(alerts=Standing((alert_facts.TAKEN,), alert_facts.ROADS))

    assert (quiet.well, quiet.alerts, quiet.roads) == (True, (), alert_facts.ROADS)
    assert (loud.well, loud.alerts) == (False, (alert_facts.TAKEN,))


def test_what_comes_next_is_told_soonest_first(team: Team):
    coming = team.told().coming

    assert [each.schedule for each in coming] == ["checks", "daily"]
    assert all(each.at > NOW for each in coming)


def test_a_restore_of_the_period_is_told_with_who_agreed(team: Team):
    told = {"about": "ask-1", "deployment": "production", "facts": {"approval": "ask-1"}}
    team.log("restore.asked", 3 * HOUR, **told)
    team.log("vote.yes", 2 * HOUR, **told)

    assert [story.approved for story in team.told().stories] == [("Rizal",)]


def test_nothing_yet_is_said_and_is_not_well(team: Team):
    told = team.told(schedules={})

    assert (told.blind, told.well, told.overdue) == (False, False, ())


@pytest.mark.parametrize(("age", "late"), [(HOUR, False), (27 * HOUR, True)])
def test_a_schedule_that_was_set_today_is_not_late_yet(team: Team, age: timedelta, late: bool):
    """As the alerts have it: what has no backup is counted from when one could have come."""
    schedule_notes.write(team.vault, Note(schedule="daily", what="set", at=NOW - age))
    told = team.told()

    assert [each.standing.overdue for each in told.deployments] == [late, False]
    assert not told.well


def test_a_vault_that_is_lost_is_said_and_nothing_is_made_up(team: Team, tmp_path: Path):
    team.backup(2 * HOUR)
    (tmp_path / "vault").rename(tmp_path / "elsewhere")
    (tmp_path / "vault").write_text("no folder")
    told = team.told()

    assert (told.blind, told.deployments, told.vaults) == (True, (), ())
    assert told.unknown
    assert [each.schedule for each in told.coming] == ["checks", "daily"]


def test_words_it_does_not_know_are_refused():
    with pytest.raises(Refused, match=r"no summary of 'dayly'.*Did you mean 'daily'"):
        summary.parse(["dayly"])


def test_the_bot_writes_no_file(team: Team):
    with pytest.raises(Refused, match="for a terminal"):
        summary.aim(summary.parse(["daily", "--picture", "x.png"]), None)  # type: ignore[arg-type]
