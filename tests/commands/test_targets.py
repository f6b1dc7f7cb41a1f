"""How old a backup may be: what the settings say, or what the schedules come to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from commands import backup, due
from commands.targets import target
from commands.timetable import Schedule

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)  # A Wednesday.
HOUR = timedelta(hours=1)


def schedule(name: str, words: str, *more: str, **changes) -> Schedule:
    calendar = due.cron(words, ZoneInfo("Asia/Jakarta")) if " " in words else due.every(words)
    typed = ("production", *more)
    facts = {
        "name": name,
        "verb": "now",
        "calendar": calendar,
        "words": words,
        "requests": {"production": backup.parse(typed)},
        "typed": {"production": typed},
    }
    return Schedule(**{**facts, **changes})


@pytest.mark.parametrize(
    ("times", "hours"),
    [
        (["0 2 * * *"], 25),
        (["0 2 * * *", "0 3 * * sun", "0 4 1 * *"], 25),
        (["6h"], 7),
        (["0 2 * * mon-fri"], 73),
        (["*/10 9-17 * * mon-fri"], 64 + 1 / 6),
        (["0 3 * * sun"], 169),
        (["0 4 1 * *"], 31 * 24 + 1),
        (["1m", "0 4 1 * *"], 1 + 1 / 60),
        (["0 2 * * *", "0 14 * * *"], 13),
    ],
)
def test_the_target_is_the_longest_gap_of_all_schedules_and_a_grace(times, hours):
    schedules = [schedule(f"s{place}", words) for place, words in enumerate(times)]
    found = target("production", {}, schedules, HOUR, NOW)

    assert found is not None
    assert found.age_max / HOUR == pytest.approx(hours)
    assert all(each.name in found.why for each in schedules)


def test_what_the_settings_say_holds():
    found = target("production", {"production": 9 * HOUR}, [schedule("a", "6h")], HOUR, NOW)

    assert found is not None
    assert (found.age_max, found.why, found.schedules) == (9 * HOUR, "the settings", ("a",))


@pytest.mark.parametrize(
    "schedules",
    [
        [],
        [schedule("off", "6h", on=False)],
        [schedule("some", "6h", "--tables", "npd")],
        [schedule("checks", "6h", verb="verify")],
        [schedule("other", "6h", requests={"staging": backup.parse(["staging"])})],
    ],
)
def test_without_a_schedule_that_backs_all_of_it_up_there_is_no_target(schedules):
    assert target("production", {}, schedules, HOUR, NOW) is None
