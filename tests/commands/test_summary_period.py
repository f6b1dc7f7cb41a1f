"""Which time a summary tells of, over short and long months and nights in which clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from commands import due, summary, summary_period
from commands.summary_events import Period
from commands.timetable import Schedule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BERLIN, SYDNEY = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Sydney")
ZONES = [ZoneInfo("Asia/Jakarta"), BERLIN, SYDNEY, ZoneInfo("America/St_Johns")]
CRONS: list[tuple[Period, str]] = [
    ("daily", "0 8 * * *"),
    ("daily", "30 2 * * *"),  # Skipped in one night of the year, and there twice in another.
    ("weekly", "0 8 * * mon"),
    ("weekly", "30 2 * * sun"),
    ("monthly", "0 8 1 * *"),
    ("monthly", "0 8 last * *"),
]


def schedule(period: Period, calendar: due.Calendar) -> Schedule:
    return Schedule("s", "summary", calendar, "", {"all": summary.Request(period)}, {})


def back(period: Period, zone: ZoneInfo, *moment: int) -> datetime:
    there = datetime(*moment, tzinfo=zone)  # type: ignore[misc, arg-type]
    return summary_period.back(period, there.astimezone(UTC), zone).astimezone(zone)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(("period", "words"), CRONS)
def test_two_years_of_summaries_tell_of_every_moment_once(
    period: Period, words: str, zone: ZoneInfo
):
    made = schedule(period, due.cron(words, zone))
    start = datetime(2027, 1, 1, tzinfo=UTC)
    dues = due.upcoming(made.calendar, start, 740)
    dues = tuple(each for each in dues if each < start + 740 * DAY)  # 2028 has a leap day.

    assert len(dues) > 20
    for before, now in pairwise(dues):
        told = summary_period.scheduled(period, made, now + timedelta(seconds=3))

        assert told == summary_period.Told(before), (before, now)


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ((2027, 3, 1, 8), (2027, 2, 1, 8)),  # 28 days
        ((2028, 3, 1, 8), (2028, 2, 1, 8)),  # 29
        ((2027, 2, 1, 8), (2027, 1, 1, 8)),  # 31
        ((2027, 1, 15, 8), (2026, 12, 15, 8)),
        ((2027, 3, 31, 8), (2027, 2, 28, 8)),
        ((2027, 3, 30, 8), (2027, 2, 28, 8)),
    ],
)
def test_a_month_is_as_long_as_the_calendar_has_it(now: tuple[int, ...], since: tuple[int, ...]):
    assert back("monthly", BERLIN, *now) == datetime(*since, tzinfo=BERLIN)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("zone", "monday", "hours"),
    [
        (BERLIN, (2027, 3, 29, 8), 167),
        (BERLIN, (2027, 11, 1, 8), 169),
        (SYDNEY, (2027, 10, 4, 8), 167),
        (SYDNEY, (2027, 4, 5, 8), 169),
        (BERLIN, (2027, 6, 7, 8), 168),
    ],
)
def test_a_week_in_which_clocks_change_is_an_hour_shorter_or_longer(
    zone: ZoneInfo, monday: tuple[int, ...], hours: int
):
    now = datetime(*monday, tzinfo=zone).astimezone(UTC)  # type: ignore[misc, arg-type]

    assert now - summary_period.back("weekly", now, zone) == hours * HOUR


def test_one_that_is_made_up_for_late_tells_of_all_since_the_one_before():
    made = schedule("daily", due.cron("0 8 * * *", BERLIN))
    late = datetime(2027, 6, 10, 15, tzinfo=BERLIN).astimezone(UTC)

    assert summary_period.scheduled("daily", made, late) == summary_period.Told(
        datetime(2027, 6, 9, 8, tzinfo=BERLIN).astimezone(UTC)
    )


def test_a_monday_after_days_without_one_tells_of_those_days_too():
    made = schedule("daily", due.cron("0 8 * * mon-fri", BERLIN))
    monday = datetime(2027, 6, 14, 8, 0, 2, tzinfo=BERLIN).astimezone(UTC)
    tuesday = monday + DAY

    assert summary_period.scheduled("daily", made, monday) == summary_period.Told(
        datetime(2027, 6, 11, 8, tzinfo=BERLIN).astimezone(UTC), longer=True
    )
    assert not summary_period.scheduled("daily", made, tuesday).longer


def test_a_day_that_few_months_have_is_said_to_be_longer_ago():
    made = schedule("monthly", due.cron("0 8 31 * *", BERLIN))
    now = datetime(2027, 3, 31, 8, tzinfo=BERLIN).astimezone(UTC)

    assert summary_period.scheduled("monthly", made, now) == summary_period.Told(
        datetime(2027, 1, 31, 8, tzinfo=BERLIN).astimezone(UTC), longer=True
    )


def test_a_week_that_is_told_of_each_day_is_a_week():
    made = schedule("weekly", due.cron("0 8 * * *", BERLIN))
    now = datetime(2027, 6, 14, 8, tzinfo=BERLIN).astimezone(UTC)

    assert summary_period.scheduled("weekly", made, now) == summary_period.Told(now - 7 * DAY)


def test_a_steady_pace_knows_no_clocks():
    made = schedule("daily", due.every("1d"))
    now = datetime(2027, 3, 29, tzinfo=UTC)

    assert summary_period.scheduled("daily", made, now) == summary_period.Told(now - DAY)


def test_whoever_asks_has_the_clock_of_the_teams_own_summary():
    now = datetime(2027, 3, 29, 6, tzinfo=UTC)  # Clocks went forward the day before, in Berlin.
    team = {"weekly": schedule("weekly", due.cron("0 8 * * mon", BERLIN))}

    assert summary_period.asked("weekly", now, team).since == now - 167 * HOUR
    assert summary_period.asked("weekly", now, {}).since == now - 168 * HOUR
