"""Ten years of a schedule, a prune every week and on every last of the year, in golden tables.

A table says what is kept at the end of each year, by kind and by the reason that keeps it, and for
the first weeks every backup with its decision. Make them anew with LIFEBOAT_GOLDEN=write.
"""

import functools
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from storage.retention import Backup, Decision, decide
from storage.retention_policy import Policies, Policy

GOLDEN = Path(__file__).parent.parent / "golden"
DAY = timedelta(days=1)
START, YEARS = date(2016, 1, 1), 10
FIRST_WEEKS = 5


def backup(kind, at, *, proven=True, number=0):
    id = f"p-{at.astimezone(UTC):%Y%m%d-%H%M}" + (f"-{number}" if number else "")
    return Backup(
        id=id,
        deployment="p",
        vault="local",
        taken_at=at.astimezone(UTC),
        kind=kind,
        proven_at=at if proven else None,
    )


def only_dailies(day, zone):
    yield backup("daily", datetime(day.year, day.month, day.day, 2, tzinfo=zone))


def all_three(day, zone):
    """The guide's own schedule: daily at 2, weekly on Sundays at 3, monthly on the first at 4."""
    yield from only_dailies(day, zone)
    if day.isoweekday() == 7:
        yield backup("weekly", datetime(day.year, day.month, day.day, 3, tzinfo=zone))
    if day.day == 1:
        yield backup("monthly", datetime(day.year, day.month, day.day, 4, tzinfo=zone))


def with_bad_days(day, zone):
    """Every fifth backup is never proven, the bot is away in August, people deploy on Tuesdays."""
    if day.month == 8:
        return
    number = (day - START).days
    at = datetime(day.year, day.month, day.day, 2, 30, tzinfo=zone)
    yield backup("daily", at, proven=number % 5 != 0)
    if day.isoweekday() == 2:
        yield backup("pre-deploy", at + timedelta(hours=9), number=2)
    if number % 40 == 0:
        yield backup("manual", at + timedelta(hours=12), number=3)


SCHEDULES = {
    "dailies": (only_dailies, Policy()),
    "guide": (all_three, Policy(zone="Asia/Jakarta")),
    "bad_days": (with_bad_days, Policy(zone="Europe/Berlin", floor=3)),
}


def lived(schedule, policy) -> Iterator[tuple[date, datetime, tuple[Decision, ...]]]:
    """Live through the years, pruning every week; yield each prune's decisions."""
    zone, kept, day = ZoneInfo(policy.zone), list[Backup](), START
    while day.year < START.year + YEARS:
        kept += schedule(day, zone)
        if (day - START).days % 7 == 0 or (day + DAY).year != day.year:
            evening = datetime(day.year, day.month, day.day, 23, 59, tzinfo=zone).astimezone(UTC)
            decided = decide(kept, Policies(usual=policy), evening)
            kept = [each.backup for each in decided if each.keep]
            yield day, evening, decided
        day += DAY


@functools.cache
def life(name) -> tuple[str, int, tuple[Decision, ...]]:
    """Return the table of a schedule, how many backups there were at most, and the last evening."""
    lines, removed, most = list[str](), Counter[str](), 0
    for day, evening, decided in lived(*SCHEDULES[name]):
        removed.update(each.backup.kind for each in decided if not each.keep)
        kept = [each for each in decided if each.keep]
        most = max(most, len(kept))
        if (day - START).days == FIRST_WEEKS * 7:
            lines += [f"== every backup, {evening:%Y-%m-%d %H:%M} UTC", *map(row, decided)]
        if (day + DAY).year != day.year:
            lines += [
                f"== end of {day.year}: {len(kept)} kept, {removed.total()} removed",
                f"   kinds    {told(Counter(each.backup.kind for each in kept))}",
                f"   reasons  {told(Counter(each.rule for each in kept))}",
                f"   oldest   {kept[-1].backup.id} {kept[-1].backup.kind}: {kept[-1].rule}",
            ]
            removed.clear()
    return "\n".join(lines) + "\n", most, decided


def row(each):
    word = "keep  " if each.keep else "remove"
    return f"{word} {each.backup.id:<18} {each.backup.kind:<10} {each.why}"


def told(counter):
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


@pytest.mark.parametrize("name", SCHEDULES)
def test_ten_years_are_kept_as_the_golden_table_says(name):
    text, _, _ = life(name)
    golden = GOLDEN / f"retention_{name}.txt"
    if os.environ.get("LIFEBOAT_GOLDEN") == "write":
        golden.write_text(text)

    assert text == golden.read_text()


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_vault_never_grows_beyond_what_the_policy_can_hold(name):
    _, most, _ = life(name)

    # 90 dailies, 53 weeks, 84 months and the months' edges, 5 deploys and 3 by hand, the floor.
    assert most <= 92 + 54 + 86 + 6 + 4 + SCHEDULES[name][1].floor


def test_a_month_that_had_any_proven_daily_is_there_seven_years_later():
    zone = ZoneInfo(SCHEDULES["bad_days"][1].zone)
    _, _, decided = life("bad_days")
    months = {f"{each.backup.taken_at.astimezone(zone):%Y-%m}" for each in decided if each.keep}
    due = {
        f"{year}-{month:02}" for year in range(2019, 2026) for month in range(1, 13) if month != 8
    }

    assert due <= months
