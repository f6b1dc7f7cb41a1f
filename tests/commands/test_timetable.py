"""A year of schedules under a driven clock: every due run once, none twice, the newest only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import due, timetable
from commands.due import Calendar, cron, every
from commands.timetable import Firing, Schedule, firing, made_up
from storage.schedule_notes import Note, Notes

START = datetime(2026, 11, 25, 3, 14, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Jakarta",
)
WORDS = ("0 2 * * *", "30 2 * * *", "30 1 * * *", "0 3 * * sun", "0 4 1 * *", "0 4 29 feb *")


def note(what: str, at: datetime, until: datetime | None = None) -> Note:
    return Note(schedule="daily", what=what, at=at, until=until)  # type: ignore[arg-type]


@dataclass
class Bot:
    """A bot with an engine that remembers ids, and a clock that the test drives."""

    calendar: Calendar
    notes: Notes = field(default_factory=lambda: Notes(set=note("set", START)))
    ids: list[str] = field(default_factory=list)
    fired: list[tuple[datetime, Firing]] = field(default_factory=list)

    def look(self, now: datetime) -> Firing | None:
        """Look what is due, as the bot does at start, at each firing and each minute."""
        schedule = Schedule("daily", "backup", self.calendar, "", {}, {})
        dues = [timetable.of_id(each)[2] for each in self.ids[-9:]]  # type: ignore[index]
        fired = firing(schedule, self.notes, [each for each in dues if each], now)
        if fired is not None:
            id = timetable.job_id("daily", "production", fired.due)
            if id in self.ids:
                return None  # The engine knows it: harmless.
            self.ids.append(id)
            self.fired.append((now, fired))
        return fired

    @property
    def done(self) -> list[datetime]:
        return [fired.due for _, fired in self.fired]

    def live(self, since: datetime, until: datetime) -> None:
        """Run from one moment to another, woken at each due time and now and then besides."""
        now = since
        while now <= until:
            self.look(now)
            following = self.calendar.after(now)
            now = min(following or until + DAY, now + timedelta(hours=31, minutes=11))


def expected(calendar: Calendar, since: datetime, until: datetime) -> list[datetime]:
    return list(due._walk(calendar, since, until))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("words", WORDS)
def test_in_a_bot_that_runs_for_a_year_every_due_run_is_made_once(zone: str, words: str):
    calendar = cron(words, ZoneInfo(zone))
    bot, end = Bot(calendar), START + 4 * 366 * DAY if "feb" in words else START + 366 * DAY
    bot.live(START, end)

    assert bot.done == expected(calendar, START, end)
    assert all(now == fired.due for now, fired in bot.fired)
    assert not any(fired.missed for _, fired in bot.fired)


@pytest.mark.parametrize("zone", ZONES)
def test_every_local_day_of_a_year_has_its_one_backup(zone: str):
    bot = Bot(cron("30 2 * * *", ZoneInfo(zone)))
    bot.live(START, START + 365 * DAY)
    days = [at.astimezone(ZoneInfo(zone)).date() for at in bot.done]

    assert len(days) == len(set(days)) == (days[-1] - days[0]).days + 1


def test_a_year_of_an_hourly_pace_is_every_hour_once():
    bot = Bot(every("1h"))
    bot.live(START, START + 365 * DAY)

    assert bot.done == expected(every("1h"), START, START + 365 * DAY)
    assert len(bot.done) == 365 * 24


@pytest.mark.parametrize("away", [HOUR, 3 * DAY, 91 * DAY], ids=["1 h", "3 days", "3 months"])
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("words", ["0 */6 * * *", "0 2 * * *", "0 3 * * sun", "0 4 1 * *"])
def test_after_downtime_only_the_newest_missed_run_is_made_up_for(
    zone: str, words: str, away: timedelta
):
    calendar = cron(words, ZoneInfo(zone))
    stops, end = START + 100 * DAY, START + 200 * DAY
    bot = Bot(calendar)
    bot.live(START, stops)
    bot.live(stops + away, end)
    missed = expected(calendar, stops, stops + away)

    assert len(bot.done) == len(set(bot.done))
    wanted = expected(calendar, START, end)
    assert bot.done == [at for at in wanted if at not in missed[:-1]]
    if missed:
        late = [(now, fired) for now, fired in bot.fired if now > fired.due]
        assert late in ([], [(stops + away, Firing(missed[-1], len(missed) - 1))])


@settings(max_examples=30, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    words=st.sampled_from(["0 2 * * *", "30 1 * * *", "*/45 * * * *", "0 4 1 * *"]),
    steps=st.lists(
        st.tuples(st.sampled_from(["live", "away", "back", "kill"]), st.integers(1, 90 * 24)),
        min_size=1,
        max_size=12,
    ),
)
def test_whatever_becomes_of_the_bot_and_its_clock_nothing_runs_twice_and_nothing_is_lost(
    zone: str, words: str, steps: list[tuple[str, int]]
):
    calendar = cron(words, ZoneInfo(zone))
    bot, now, furthest, away = Bot(calendar), START, START, []
    for what, hours in steps:
        before = now
        now += min(hours, 72) * HOUR * (-1 if what == "back" else 1)
        if what in ("live", "kill"):
            bot.live(before, now)
            if what == "kill" and bot.ids:
                bot.look(now)  # The next start finds what was submitted.
        elif what == "away":
            away.append((before, now))
            bot.look(now)
        furthest = max(furthest, now)
    bot.live(now, furthest + DAY)

    assert len(bot.ids) == len(set(bot.ids))
    lost = set(expected(calendar, START, furthest + DAY)) - set(bot.done)
    assert all(any(a < at <= b for a, b in away) for at in lost)


def test_a_clock_that_is_set_back_repeats_nothing():
    bot = Bot(cron("0 2 * * *", ZoneInfo("UTC")))
    bot.live(START, START + 10 * DAY)
    done = list(bot.done)
    bot.live(START + 5 * DAY, START + 12 * DAY)

    assert bot.done[: len(done)] == done
    assert bot.done == expected(bot.calendar, START, START + 12 * DAY)


def test_a_clock_that_was_a_year_ahead_for_a_moment_stops_no_schedule():
    bot = Bot(cron("0 2 * * *", ZoneInfo("UTC")))
    bot.live(START, START + 3 * DAY)
    bot.look(START + 365 * DAY)
    bot.live(START + 3 * DAY, START + 6 * DAY)

    real = [at for at in bot.done if at < START + 10 * DAY]
    assert real == expected(bot.calendar, START, START + 6 * DAY)


def test_a_new_schedule_makes_up_for_nothing():
    bot = Bot(cron("0 2 * * *", ZoneInfo("UTC")))

    assert bot.look(START) is None
    assert bot.look(START + HOUR) is None


def test_without_any_memory_of_runs_the_newest_is_done_once_more_rather_than_not():
    bot = Bot(cron("0 2 * * *", ZoneInfo("UTC")))
    bot.live(START, START + 40 * DAY)
    bot.ids.clear()
    bot.fired.clear()
    bot.look(START + 40 * DAY)
    bot.look(START + 40 * DAY)

    assert bot.done == expected(bot.calendar, START, START + 40 * DAY)[-1:]


def test_nothing_is_due_in_a_pause_and_nothing_of_it_is_made_up_for():
    begins, ends = START + 2 * DAY, START + 5 * DAY
    notes = Notes(set=note("set", START), pause=note("paused", begins, ends))
    bot = Bot(cron("0 2 * * *", ZoneInfo("UTC")))
    bot.live(START, begins)
    bot.notes = notes
    bot.live(begins, START + 8 * DAY)

    wanted = expected(bot.calendar, START, START + 8 * DAY)
    assert bot.done == [at for at in wanted if not begins < at <= ends]


def test_a_schedule_that_is_resumed_waits_for_its_next_time():
    begins, ends, resumed = START + 2 * DAY, START + 9 * DAY, START + 4 * DAY
    bot = Bot(cron("0 2 * * *", ZoneInfo("UTC")))
    bot.notes = Notes(set=note("set", START), pause=note("paused", begins, ends))
    bot.live(begins, resumed)
    bot.notes = Notes(set=note("set", START), pause=note("resumed", resumed))
    bot.live(resumed, START + 6 * DAY)

    assert bot.done == expected(bot.calendar, resumed, START + 6 * DAY)


def test_a_pause_that_ended_while_no_bot_ran_hides_no_run_after_it():
    notes = Notes(set=note("set", START), pause=note("paused", START, START + 2 * DAY))
    bot = Bot(cron("0 2 * * *", ZoneInfo("UTC")), notes)
    bot.look(START + 5 * DAY)

    assert [fired for _, fired in bot.fired] == [Firing(datetime(2026, 11, 30, 2, tzinfo=UTC), 2)]


def test_a_schedule_that_is_off_is_never_due():
    schedule = Schedule("daily", "backup", every("1h"), "", {}, {}, on=False)

    assert firing(schedule, Notes(set=note("set", START)), [], START + DAY) is None


def test_a_pause_is_told_at_once_and_reminded_of_once_a_day():
    pause, now = note("paused", START, START + 5 * DAY), START
    reminded, told = None, []
    while now < START + 7 * DAY:
        if timetable.remind(Notes(pause=pause, reminded=reminded), now):
            reminded = note("reminded", now)
            told.append(now - START)
        now += timedelta(minutes=1)

    assert told == [timedelta(), DAY, 2 * DAY, 3 * DAY, 4 * DAY]


def test_an_id_names_its_schedule_deployment_and_due_time_and_nothing_else_is_one():
    at = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
    id = timetable.job_id("nightly-2", "production", at.astimezone(ZoneInfo("Asia/Jakarta")))

    assert id == "sched:nightly-2:production:2026-11-24T19:00:00Z"
    assert timetable.of_id(id) == ("nightly-2", "production", at)
    assert timetable.of_id("sched:nightly:production:4k2f9c") == ("nightly", "production", None)
    assert timetable.of_id("now-production-4k2f9c") is None


def test_a_late_run_says_what_it_makes_up_for_and_an_on_time_one_says_nothing():
    at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

    assert made_up(Firing(at), at + timedelta(seconds=5), "no bot ran then") == ""
    assert made_up(Firing(at), at + HOUR, "no bot ran then") == (
        "Due 2026-11-24 02:00 UTC; no bot ran then. Made up for now."
    )
    assert made_up(Firing(at, 12), at + HOUR, "an earlier run was still waiting") == (
        "Due 2026-11-24 02:00 UTC; an earlier run was still waiting. "
        "Only the newest is made up for; 12 before it were missed."
    )
    assert "at least 999 before" in made_up(Firing(at, 999), at + HOUR, "no bot ran then")
