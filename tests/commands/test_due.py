"""When something is due: zones north and south, nights that are short or long, leap days."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import due
from commands.due import Calendar, cron, every, newest, odd_nights, upcoming
from storage.errors import Refused

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Jakarta",
    "Antarctica/Troll",  # Two hours at once.
    "Africa/Casablanca",  # Back for one month in a year.
    "UTC",
)
START = datetime(2026, 11, 25, tzinfo=UTC)
YEAR = timedelta(days=365)


def local(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))


def walked(calendar: Calendar, since: datetime, until: datetime) -> list[datetime]:
    found, at = [], since
    while (at := calendar.after(at)) is not None and at <= until:  # type: ignore[assignment]
        found.append(at)
    return found


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("clock", ["0 0", "30 0", "0 1", "30 1", "0 2", "15 2", "30 2", "0 3"])
def test_every_day_of_two_years_has_exactly_one_run_whatever_its_night(zone: str, clock: str):
    found = walked(cron(f"{clock} * * *", ZoneInfo(zone)), START, START + 2 * YEAR)
    days = Counter(local(at, zone).date() for at in found)

    assert set(days.values()) == {1}
    assert len(days) in (730, 731)
    assert found == sorted(set(found))


def test_a_time_that_does_not_exist_comes_as_long_after_midnight_as_it_would_have():
    calendar = cron("30 2 * * *", ZoneInfo("America/New_York"))
    found = calendar.after(datetime(2027, 3, 14, tzinfo=UTC))

    assert found == datetime(2027, 3, 14, 7, 30, tzinfo=UTC)  # 03:30 EDT
    assert calendar.after(found) == datetime(2027, 3, 15, 6, 30, tzinfo=UTC)


def test_a_time_that_comes_twice_is_due_at_the_first():
    calendar = cron("30 1 * * *", ZoneInfo("America/New_York"))
    found = calendar.after(datetime(2027, 11, 7, 4, tzinfo=UTC))

    assert found == datetime(2027, 11, 7, 5, 30, tzinfo=UTC)  # 01:30 EDT, not EST
    assert calendar.after(found) == datetime(2027, 11, 8, 6, 30, tzinfo=UTC)


def test_half_an_hour_is_a_change_of_clocks_too():
    calendar = cron("15 2 * * *", ZoneInfo("Australia/Lord_Howe"))
    found = calendar.after(datetime(2027, 10, 2, 12, tzinfo=UTC))

    assert local(found, "Australia/Lord_Howe").strftime("%H:%M") == "02:45"


def test_midnight_that_does_not_exist_is_one_oclock():
    calendar = cron("0 0 * * *", ZoneInfo("America/Santiago"))
    found = calendar.after(datetime(2027, 9, 5, 3, 30, tzinfo=UTC))

    assert local(found, "America/Santiago").strftime("%m-%d %H:%M") == "09-05 01:00"


def test_a_leap_day_comes_every_four_years_and_sometimes_after_eight():
    calendar = cron("0 4 29 feb *", ZoneInfo("UTC"))

    found = [at.date() for at in upcoming(calendar, START, 3)]
    assert found == [date(2028, 2, 29), date(2032, 2, 29), date(2036, 2, 29)]
    late = upcoming(calendar, datetime(2097, 1, 1, tzinfo=UTC), 1)
    assert [at.date() for at in late] == [date(2104, 2, 29)]


def test_the_last_day_of_a_month_is_there_in_every_month():
    calendar = cron("0 4 last * *", ZoneInfo("Asia/Jakarta"))
    found = upcoming(calendar, datetime(2028, 1, 1, tzinfo=UTC), 12)

    assert [local(at, "Asia/Jakarta").day for at in found] == [
        *(31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    ]


def test_a_pace_does_not_care_for_clocks():
    found = walked(
        every("6h"), datetime(2027, 3, 13, tzinfo=UTC), datetime(2027, 3, 15, tzinfo=UTC)
    )

    assert [at.hour for at in found] == [6, 12, 18, 0] * 2


@pytest.mark.parametrize("zone", ZONES)
def test_every_half_hour_never_comes_twice_and_never_goes_back(zone: str):
    found = walked(cron("*/30 * * * *", ZoneInfo(zone)), START, START + YEAR)

    assert all(a < b for a, b in pairwise(found))
    assert len(found) > 17_400


FIELDS = st.tuples(
    st.sampled_from(["*", "0", "5,35", "*/7", "10-20", "10-50/20", "3/9"]),
    st.sampled_from(["*", "0", "2", "*/6", "1-5", "22-23", "4/7"]),
    st.sampled_from(["*", "1", "15,31", "*/10", "last", "28-30"]),
    st.sampled_from(["*", "2", "feb", "jan-mar", "*/5", "12"]),
    st.just("*"),
)
WEEKDAYS = st.tuples(
    st.sampled_from(["0", "30"]),
    st.sampled_from(["3", "*/12"]),
    st.just("*"),
    st.sampled_from(["*", "jun-aug"]),
    st.sampled_from(["*", "sun", "mon-fri", "sat-sun", "tue,thu", "mon-sun"]),
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2033, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)


@settings(max_examples=300, deadline=None)
@given(words=st.one_of(FIELDS, WEEKDAYS), moment=MOMENTS)
def test_where_clocks_never_change_it_agrees_with_the_scheduler_library(
    words: tuple[str, ...], moment: datetime
):
    ours = cron(" ".join(words), ZoneInfo("UTC")).after(moment)
    minute, hour, day, month, weekday = words
    theirs = CronTrigger(
        minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone=UTC
    ).get_next_fire_time(None, moment + timedelta(microseconds=1))

    assert ours == theirs


@settings(max_examples=100, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    words=st.sampled_from(["0 2 * * *", "*/20 * * * *", "30 1,2 * * sun", "0 0 1 * *"]),
    moment=MOMENTS,
    hours=st.integers(0, 24 * 9),
)
def test_the_newest_is_the_last_of_a_walk(zone: str, words: str, moment: datetime, hours: int):
    calendar, until = cron(words, ZoneInfo(zone)), moment + timedelta(hours=hours)
    found = walked(calendar, moment, until)

    assert newest(calendar, moment, until) == (found[-1] if found else None)
    assert due.count(calendar, moment, until, 10**6) == len(found)


@settings(max_examples=300, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    words=st.sampled_from(["0 2 * * *", "*/15 * * * *", "30 0-3 * * *", "45 1 * * *"]),
    moment=MOMENTS,
)
def test_nothing_lies_between_a_moment_and_what_is_due_after_it(
    zone: str, words: str, moment: datetime
):
    calendar = cron(words, ZoneInfo(zone))
    found = calendar.after(moment)

    assert found is not None
    assert found > moment
    assert calendar.after(found - timedelta(microseconds=1)) == found
    between = moment + (found - moment) / 2
    assert calendar.after(between) == found


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("0 3 * * 0", "Sunday to some programs"),
        ("0 3 * * 1-5", "A weekday is a name"),
        ("0 3 * * 7", "A weekday is a name"),
        ("0 4 1 * sun", "both days of the month and weekdays"),
        ("0 2 * *", "4 words"),
        ("0 2 * * * *", "6 words"),
        ("@daily", "1 words"),
        ("60 2 * * *", "The minute can't be read"),
        ("0 24 * * *", "The hour can't be read"),
        ("0 2 0 * *", "The day of the month can't be read"),
        ("0 2 L * *", "The day of the month can't be read"),
        ("0 2 * 13 *", "The month can't be read"),
        ("0 2 * * caturday", "The weekday can't be read"),
        ("0 2 * * wed-mon", "The weekday can't be read"),
        ("*/0 * * * *", "The minute can't be read"),
        ("0 2 30 feb *", "No month of these has such a day"),
        ("０ 2 * * *", "The minute can't be read"),
        ("", "0 words"),
    ],
)
def test_what_can_be_read_in_two_ways_or_in_none_is_refused_with_the_reason(words: str, why: str):
    with pytest.raises(Refused) as refused:
        cron(words, ZoneInfo("UTC"))

    assert why in refused.value.what
    assert refused.value.hint


@pytest.mark.parametrize(
    "words", ["", "0h", "30s", "6", "h", "1.5h", "400d", "-1h", "6 hours long"]
)
def test_what_is_no_pace_is_refused(words: str):
    with pytest.raises(Refused):
        every(words)


def test_odd_nights_are_told_with_what_happens_then():
    told = list(odd_nights(cron("30 2 * * *", ZoneInfo("America/New_York")), START))

    assert told == [
        "2027-03-14 02:30 does not exist in America/New_York: clocks are put forward that night. "
        "It runs once, at 03:30."
    ]


def test_a_time_that_comes_twice_is_told():
    (told,) = odd_nights(cron("30 2 * oct *", ZoneInfo("Europe/Berlin")), START)

    assert "2027-10-31 02:30 comes twice in Europe/Berlin" in told


def test_a_day_that_months_may_lack_is_told():
    (told,) = odd_nights(cron("0 4 31 * *", ZoneInfo("Asia/Jakarta")), START)

    assert told.startswith("Not every month has a day 31")


@pytest.mark.parametrize("words", ["0 2 * * *", "0 3 * * sun", "0 4 1 * *"])
def test_where_clocks_never_change_no_night_is_odd(words: str):
    assert list(odd_nights(cron(words, ZoneInfo("Asia/Jakarta")), START)) == []
    assert list(odd_nights(every("6h"), START)) == []
