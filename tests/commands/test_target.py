"""How old a last good backup may be: from the schedules, or as the settings say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from commands import backup, due
from commands.target import overdue, target
from commands.timetable import Schedule

HOUR = timedelta(hours=1)
JAKARTA, BERLIN = ZoneInfo("Asia/Jakarta"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)


def schedules(*calendars: due.Calendar, **changes: Any) -> dict[str, Schedule]:
    facts: dict[str, Any] = {
        "verb": "now",
        "words": "",
        "requests": {"production": backup.Request("production")},
        "typed": {},
    }
    return {
        f"s{i}": Schedule(name=f"s{i}", calendar=calendar, **{**facts, **changes})
        for i, calendar in enumerate(calendars)
    }


def test_the_guides_three_schedules_ask_for_a_backup_a_day():
    daily, weekly, monthly = (
        due.cron(words, JAKARTA) for words in ("0 2 * * *", "0 3 * * sun", "0 4 1 * *")
    )

    assert target(schedules(daily, weekly, monthly), "production") == 24 * HOUR
    assert target(schedules(weekly, monthly), "production") == 7 * 24 * HOUR
    assert target(schedules(monthly), "production") == 31 * 24 * HOUR


def test_two_schedules_share_the_day():
    twice = due.cron("0 2 * * *", JAKARTA), due.cron("0 14 * * *", JAKARTA)

    assert target(schedules(*twice), "production") == 12 * HOUR


def test_the_night_on_which_clocks_are_put_back_is_an_hour_longer():
    assert target(schedules(due.cron("0 2 * * *", BERLIN)), "production") == 25 * HOUR


def test_a_pace_is_its_own_target():
    assert target(schedules(due.every("6h")), "production") == 6 * HOUR


def test_only_backups_of_all_tables_that_are_switched_on_count():
    daily = due.cron("0 2 * * *", JAKARTA)
    some = {"production": backup.Request("production", tables=("npd",))}

    assert target(schedules(daily, verb="verify"), "production") is None
    assert target(schedules(daily, on=False), "production") is None
    assert target(schedules(daily, requests=some), "production") is None
    assert target(schedules(daily), "staging") is None


def test_what_the_settings_say_wins():
    daily = due.cron("0 2 * * *", JAKARTA)

    assert target(schedules(daily), "production", stated=4 * HOUR) == 4 * HOUR
    assert target({}, "production", stated=4 * HOUR) == 4 * HOUR


def test_a_backup_may_take_its_time_before_it_is_overdue():
    assert not overdue(NOW - 25 * HOUR, 24 * HOUR, NOW)
    assert overdue(NOW - 27 * HOUR, 24 * HOUR, NOW)
    assert overdue(NOW - 2 * HOUR, HOUR, NOW)


def test_a_stated_target_is_taken_at_its_word():
    assert overdue(NOW - 25 * HOUR, 24 * HOUR, NOW, stated=True)
    assert not overdue(NOW - 23 * HOUR, 24 * HOUR, NOW, stated=True)


def test_no_backup_at_all_is_overdue_where_one_is_asked_for():
    assert overdue(None, 24 * HOUR, NOW)
    assert not overdue(None, None, NOW)


def test_a_schedule_for_every_minute_is_counted_in_no_time():
    assert target(schedules(due.cron("* * * * *", BERLIN)), "production") == HOUR / 60
