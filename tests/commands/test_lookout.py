"""What is a trouble and what is not: facts in, sentences out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from commands import lookout_backups as backups
from commands import lookout_people as people
from commands import lookout_places as places
from commands.baseline import Learning
from commands.events import JobStanding
from commands.lookout_rules import LookoutRules
from commands.lookout_targets import Target
from commands.trouble import Trouble
from storage.finding import Finding
from storage.manifest import Contents, Manifest, TableFacts
from tests.fakes import make_check, make_manifest

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = LookoutRules()
DAILY = Target(25 * HOUR, "the schedule daily", ("daily",))
USERS = [8310, 8350, 8400, 8420, 8500, 8510, 8530, 8560, 8590, 8600, 8610, 8620, 8630, 8640]


def only(found: Iterator[Trouble]) -> Trouble:
    (trouble,) = found
    return trouble


def manifest(day: int, **tables: int) -> Manifest:
    """A backup so many days ago, with so many documents in each table."""
    facts = tuple(
        TableFacts(name=name, number=10_001, documents=count, bytes=100 * count, sha256="1" * 64)
        for name, count in tables.items()
    )
    return make_manifest(
        taken_at=NOW - day * DAY,
        archive_bytes=1000 + 10 * sum(tables.values()),
        contents=Contents(tables=facts),
    )


def history(**tables: Sequence[int]) -> list[Manifest]:
    """One backup a day, the newest first and a day old."""
    days = max(map(len, tables.values()))
    return [
        manifest(day, **{name: values[-day] for name, values in tables.items()})
        for day in range(1, days + 1)
    ]


def anomalies(newest: Manifest, before: Sequence[Manifest]) -> list[Trouble]:
    return list(backups.anomaly(newest, before, Learning()))


# Overdue.


def test_a_deployment_whose_newest_good_backup_is_too_old_is_overdue_since_it_was_due():
    taken = NOW - 26 * HOUR
    trouble = only(backups.overdue(backups.Covered("production", DAILY, taken, "p-1"), NOW))

    assert trouble.key == "backup overdue/production"
    assert trouble.severity == "severe"
    assert trouble.since == taken + 25 * HOUR
    assert trouble.what == (
        "The newest good backup of production is 1 day 2 h old; it may be at most 1 day 1 h (the "
        "schedule daily)."
    )
    assert "p-1 of 2026-11-24 07:30 UTC is safe" in trouble.safe
    assert trouble.hint == "Take one now: lifeboat now production"
    assert trouble.retry == "now production"


@pytest.mark.parametrize(
    ("taken", "since", "target", "found"),
    [
        (25 * HOUR - timedelta(seconds=1), None, DAILY, 0),
        (25 * HOUR, None, DAILY, 1),
        (99 * DAY, None, None, 0),  # Nothing was promised.
        (-HOUR, None, DAILY, 0),  # A clock that was put back.
        (None, None, DAILY, 1),
        (None, HOUR, DAILY, 0),  # A schedule that is an hour old has had no chance yet.
        (None, 26 * HOUR, DAILY, 1),
    ],
)
def test_overdue_begins_with_the_target_time(taken, since, target, found):
    covered = backups.Covered(
        "production",
        target,
        None if taken is None else NOW - taken,
        since=None if since is None else NOW - since,
    )

    assert len(list(backups.overdue(covered, NOW))) == found


def test_why_nothing_was_backed_up_is_told():
    covered = backups.Covered("production", DAILY, causes=("No bot is running here.",))
    trouble = only(backups.overdue(covered, NOW))

    assert "production has no good backup at all" in trouble.what
    assert trouble.what.endswith("No bot is running here.")


# Anomalies.


def test_a_shrunken_table_is_told_with_its_numbers():
    (trouble,) = anomalies(
        manifest(0, users=1204, npd=90_000), history(users=USERS, npd=[90_000] * 14)
    )

    assert trouble.key == "anomaly/production"
    assert trouble.severity == "severe"
    assert "users: 1,204 documents, 8,310 to 8,640 in the last 14 backups." in trouble.what
    assert "npd" not in trouble.what
    assert "production-2026-11-24-0930" in trouble.safe
    assert "lifeboat show production-2026-11-25-0930" in trouble.hint


def test_many_odd_tables_are_one_trouble_with_the_worst_first():
    before = history(**{f"t{n}": [1000] * 14 for n in range(9)})
    (trouble,) = anomalies(manifest(0, **{f"t{n}": 100 * n for n in range(9)}), before)

    assert trouble.what.index("t0: no documents any more") < trouble.what.index("t1: 100 documents")
    assert "more like it" in trouble.what
    assert trouble.what.count("backups.") == backups.TOLD_MAX


def test_a_table_that_is_gone_is_odd_and_one_that_came_yesterday_is_not():
    before = history(users=[500] * 14, old=[7] * 14)
    (trouble,) = anomalies(manifest(0, users=500, fresh=9000), before[:-1])

    assert "old: no documents any more, 7 in the last 13 backups." in trouble.what
    assert "fresh" not in trouble.what


def test_rows_that_became_bigger_are_odd_though_there_are_no_more_of_them():
    before = history(users=[500] * 14)
    newest = manifest(0, users=500)
    (table,) = newest.contents.tables
    big = msgspec.structs.replace(table, bytes=50 * table.bytes)
    newest = msgspec.structs.replace(newest, contents=Contents(tables=(big,)))
    (trouble,) = anomalies(newest, before)

    assert "users: 2,500,000 bytes, 50,000 in the last 14 backups." in trouble.what
    assert trouble.severity == "warning"


def test_the_size_of_a_table_with_a_few_rows_says_nothing():
    before = history(users=[19] * 14, npd=[90_000] * 14)

    assert not anomalies(manifest(0, users=5, npd=90_000), before)


def test_a_steady_deployment_has_no_anomaly():
    assert not anomalies(manifest(0, users=8650), history(users=USERS))
    assert not anomalies(manifest(0, users=8650), [])


def test_before_enough_is_known_the_checks_own_warnings_count():
    drift = Finding(
        check="against the last backups", what="Documents shrank by 86 %.", severity="warning"
    )
    newest = msgspec.structs.replace(manifest(0, users=1204), check=make_check(findings=(drift,)))
    (trouble,) = anomalies(newest, history(users=[8600, 8610]))

    assert "Documents shrank by 86 %." in trouble.what
    assert not anomalies(newest, history(users=[1200] * 14))  # What is learned is the better judge.


# Findings.


CHECKED = backups.Checked("production", "p-1", "local", NOW, 1, 2, ("Row 3 is not JSON.",))


def test_damage_is_severe_and_a_warning_is_not():
    damage = only(backups.findings(CHECKED))
    warning = only(backups.findings(replace(CHECKED, damage=0)))

    assert (damage.severity, warning.severity) == ("severe", "warning")
    assert "2 findings, 1 of damage. Row 3 is not JSON." in damage.what
    assert damage.hint == "Take a new one: lifeboat now production"
    assert not list(backups.findings(replace(CHECKED, damage=0, findings=0)))


def test_a_damaged_copy_is_replaced_by_the_good_one():
    trouble = only(backups.findings(replace(CHECKED, good_copy="second")))

    assert trouble.safe == "The copy in second is good."
    assert trouble.hint == "Replace it by the good one: lifeboat copy p-1 --to local"


# Places.


@pytest.mark.parametrize(("age", "found"), [(5 * HOUR, 0), (6 * HOUR, 1)])
def test_a_copy_that_is_not_there_in_time_is_failing(age, found):
    lacking = places.Lacking("second", ("p-1",), 20, NOW - age)

    assert len(list(places.copy_failing(lacking, RULES, NOW))) == found


def test_copies_that_a_vault_lacks_are_counted():
    trouble = only(
        places.copy_failing(places.Lacking("second", ("a", "b"), 20, NOW - DAY), RULES, NOW)
    )

    assert (
        "2 of 20 backups have no copy in second; the oldest of them is 1 day old." in trouble.what
    )
    assert trouble.retry == "sync second"
    assert not list(places.copy_failing(places.Lacking("second", (), 20, NOW - DAY), RULES, NOW))


@pytest.mark.parametrize(
    ("free", "severity"), [(3000, None), (2999, "warning"), (1000, "warning"), (999, "severe")]
)
def test_a_vault_fills_when_the_next_backups_find_no_room(free, severity):
    found = list(places.filling(places.Room("local", free, 1000), RULES, NOW))
    no_room = [each for each in found if "no room for even one more run" in each.what]

    assert [each.severity for each in found] == ([severity] if severity else [])
    assert bool(no_room) == (severity == "severe")


def test_a_vault_that_was_never_written_to_is_not_filling():
    assert not list(places.filling(places.Room("local", 0, 0), RULES, NOW))


@pytest.mark.parametrize(
    ("first", "others", "severity"),
    [(True, ("second",), "severe"), (False, ("local",), "warning"), (False, (), "severe")],
)
def test_a_lost_vault_is_severe_when_it_is_the_first_or_the_last(first, others, severity):
    away = places.Away("v", "It can't be used.", "", "", others, first)
    trouble = only(places.unreachable(away, NOW))

    assert trouble.severity == severity
    assert all(other in trouble.safe for other in others)


def test_this_machines_own_clock_is_one_trouble_and_one_that_goes_another_way_is_its_own():
    skews = {"staging": 95.0, "production": 90.0, "vault s3": -80.0, "vault local": None, "x": 2.0}
    told = {each.about: each.because for each in places.skewed(skews, 30, NOW)}

    assert told == {
        "production": (),
        "staging": ("clock skew/production",),
        "vault s3": (),
    }


@pytest.mark.parametrize(("seconds", "found"), [(None, 0), (0, 0), (-30, 0), (-31, 1), (90, 1)])
def test_clocks_that_are_apart_are_told(seconds, found):
    told = list(places.skewed({"production": seconds}, 30, NOW))

    assert len(told) == found
    assert all(("behind" if seconds < 0 else "ahead of") in each.what for each in told)


# People.


def question(minutes: float, verb: str = "ask") -> JobStanding:
    return JobStanding(
        "ask-1", verb, "production", "running", "Rizal", NOW - timedelta(minutes=minutes)
    )


@pytest.mark.parametrize(
    ("job", "found"), [(question(14), 0), (question(15), 1), (question(99, "now"), 0)]
)
def test_a_question_that_waits_too_long_is_told(job, found):
    told = list(people.approval_waiting([job], RULES, HOUR, NOW))

    assert len(told) == found
    assert all("it ends at 2026-11-25 10:15 UTC" in each.what for each in told)


def test_a_deployment_that_a_restore_left_paused_is_severe():
    still = people.Standstill("production", NOW - HOUR, "restore.production.x")
    trouble, by_hand = (
        only(people.left_paused(each, RULES, NOW))
        for each in (still, replace(still, by_restore=""))
    )

    assert (trouble.severity, by_hand.severity) == ("severe", "warning")
    assert "restore.production.x" in trouble.what
    assert not list(people.left_paused(replace(still, since=NOW), RULES, NOW))


def test_a_bot_that_is_not_there_matters_only_to_schedules():
    assert "lifeboat run" in only(people.clock_dead(2, None, NOW)).hint
    assert "2 schedules" in only(people.clock_dead(2, NOW - HOUR, NOW)).what
    assert not list(people.clock_dead(0, None, NOW))


def every_trouble() -> Iterator[Trouble]:
    yield from backups.overdue(backups.Covered("production", DAILY), NOW)
    yield from anomalies(manifest(0, users=1), history(users=USERS))
    yield from backups.findings(CHECKED)
    yield from places.copy_failing(places.Lacking("second", ("a",), 2, NOW - DAY), RULES, NOW)
    yield from places.filling(places.Room("local", 1, 1000), RULES, NOW)
    yield from places.unreachable(places.Away("v", "It can't be used.", "", ""), NOW)
    yield from places.skewed({"production": 90}, 30, NOW)
    yield from people.key_refused(people.Refusal("production", "The key is refused.", "", ""), NOW)
    yield from people.approval_waiting([question(20)], RULES, HOUR, NOW)
    yield from people.left_paused(people.Standstill("production", NOW - HOUR), RULES, NOW)
    yield from people.clock_dead(1, None, NOW)


@pytest.mark.parametrize("trouble", list(every_trouble()), ids=lambda trouble: trouble.kind)
def test_every_trouble_says_what_happened_what_is_safe_and_what_to_type(trouble: Any):
    for sentence in (trouble.what, trouble.safe, trouble.hint):
        assert sentence
        assert sentence[0].isupper() or sentence.split()[0].rstrip(":") in ("production", "a")
    assert trouble.what.rstrip()[-1] in ".!"
    assert trouble.since.tzinfo is not None


def test_every_kind_that_the_lookout_finds_is_told_once():
    kinds = [trouble.kind for trouble in every_trouble()]

    assert len(kinds) == len(set(kinds)) == 11
