"""How old a backup may be before that is a trouble: as the settings say, or the schedules."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from commands import backup, due
from commands.lookout_targets import promised
from commands.timetable import Schedule

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
        (["0 2 * * *"], 24 + 2),
        (["0 2 * * *", "0 3 * * sun", "0 4 1 * *"], 24 + 2),
        (["6h"], 6 + 1.5),
        (["0 2 * * mon-fri"], 72 + 2),
        (["*/10 9-17 * * mon-fri"], 63 + 1 / 6 + 2),
        (["0 3 * * sun"], 168 + 2),
        (["0 4 1 * *"], 31 * 24 + 2),
        (["1m", "0 4 1 * *"], 1.25 / 60),
        (["0 2 * * *", "0 14 * * *"], 12 + 2),
    ],
)
def test_the_target_is_the_longest_gap_of_all_schedules_and_a_grace(times, hours):
    schedules = [schedule(f"s{place}", words) for place, words in enumerate(times)]
    found = promised("production", {each.name: each for each in schedules}, None)

    assert found is not None
    assert found.age_max / HOUR == pytest.approx(hours)
    assert all(each.name in found.why for each in schedules)


def test_what_the_settings_say_holds():
    found = promised("production", {"a": schedule("a", "6h")}, 9 * HOUR)

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
    assert promised("production", {each.name: each for each in schedules}, None) is None
