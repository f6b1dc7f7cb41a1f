"""The rule of alerts: what is told, once, to whom, and when, whatever is seen in whatever order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import alerts as rule
from commands.alert_rules import AlertRules, Quiet
from commands.alert_state import Alert, Change
from commands.alerts import decide
from commands.trouble import Kind, Seen, Severity, Trouble
from storage.errors import Refused

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ALL: dict[str, Severity] = {"slack": "warning", "webhook": "severe", "smtp": "severe"}
RULES = AlertRules(roads=ALL, mention={"severe": ("U0SEVERE01",), "warning": ("S0WARNING1",)})
NIGHT = replace(RULES, quiet=Quiet(time(22), time(7), ZoneInfo("UTC")))


def trouble(about: str = "backup of production", **changes: Any) -> Trouble:
    facts: dict[str, Any] = {
        "kind": "job failed",
        "about": about,
        "severity": "severe",
        "what": "It failed.",
        "safe": "All is as it was.",
        "hint": "Ask again.",
        "since": AT,
    }
    return Trouble(**{**facts, **changes})


def seen(*troubles: Trouble, unknown: Sequence[Kind] = ()) -> Seen:
    return Seen(troubles, frozenset(unknown))


def one(changes: Sequence[Change]) -> Change:
    (change,) = changes
    return change


def opened(now: datetime = AT, rules: AlertRules = RULES, **changes: Any) -> Alert:
    return one(decide([], seen(trouble(**changes)), now, rules)).alert


def whats(changes: Sequence[Change]) -> list[str]:
    return [tell.what for change in changes for tell in change.tells]


def test_a_trouble_is_raised_once_however_often_it_is_seen():
    alert = opened()

    assert decide([alert], seen(trouble()), AT + MINUTE, RULES) == []


def test_a_severe_one_goes_by_every_road_and_a_warning_by_slack_alone():
    severe = one(decide([], seen(trouble()), AT, RULES))
    warning = one(decide([], seen(trouble(severity="warning")), AT, RULES))

    assert severe.tells[0].roads == ("slack", "webhook", "smtp")
    assert warning.tells[0].roads == ("slack",)


def test_two_that_are_seen_under_one_key_are_one_alert_of_the_graver():
    changes = decide([], seen(trouble(severity="warning"), trouble()), AT, RULES)

    assert one(changes).alert.worst == "severe"


def test_what_is_not_named_any_more_is_over_and_says_how_long_it_lasted():
    over = one(decide([opened()], seen(), AT + 2 * HOUR, RULES))

    assert whats([over]) == ["recovered"]
    assert over.alert.lasted(AT + DAY) == 2 * HOUR


def test_a_look_that_could_not_be_made_ends_nothing():
    assert decide([opened()], seen(unknown=["job failed"]), AT + HOUR, RULES) == []


def test_what_is_named_although_its_kind_is_unknown_is_there():
    assert whats(decide([], seen(trouble(), unknown=["job failed"]), AT, RULES)) == ["raised"]


def test_it_is_told_once_more_when_it_happens_once_more_and_not_at_every_look():
    alert = opened()
    again = one(decide([alert], seen(trouble(times=2)), AT + MINUTE, RULES))

    assert whats([again]) == ["again"]
    assert again.tells[0].roads == ("slack",)
    assert decide([again.alert], seen(trouble(times=2)), AT + 2 * MINUTE, RULES) == []


def test_after_the_fifth_time_it_is_told_once_an_hour_with_the_newest_count():
    alert, told = opened(), []
    for minute in range(1, 181):
        for change in decide([alert], seen(trouble(times=1 + minute)), AT + minute * MINUTE, RULES):
            alert = change.alert
            told.append((minute, change.alert.told_times))

    assert told == [(1, 2), (2, 3), (3, 4), (4, 5), (64, 65), (124, 125)]


def test_it_is_brought_to_mind_every_day_until_somebody_takes_it_on():
    alert = opened()
    day = one(decide([alert], seen(trouble()), AT + DAY, RULES))
    taken = rule.acknowledge(day.alert, "Rizal", AT + DAY + HOUR, RULES).alert

    assert whats([day]) == ["reminder"]
    assert decide([day.alert], seen(trouble()), AT + DAY + HOUR, RULES) == []
    assert decide([taken], seen(trouble()), AT + 9 * DAY, RULES) == []


def test_other_sentences_are_an_edit_and_at_most_one_in_ten_minutes():
    alert, edits = opened(), []
    for minute in range(1, 31):
        still = trouble(what=f"{minute} minutes old")
        for change in decide([alert], seen(still), AT + minute * MINUTE, RULES):
            alert = change.alert
            edits.append((minute, whats([change])))

    assert edits == [(10, ["changed"]), (20, ["changed"]), (30, ["changed"])]


def test_what_becomes_severe_calls_others_by_every_road_even_when_it_was_snoozed():
    warning = opened(severity="warning")
    silent = rule.snooze(warning, HOUR, "Ayu", AT, RULES).alert
    worse = one(decide([silent], seen(trouble()), AT + MINUTE, RULES))

    assert (whats([worse]), worse.tells[0].roads) == (["worse"], ("slack", "webhook", "smtp"))
    assert worse.alert.snoozed_until is None


def test_the_end_of_what_was_severe_is_told_where_its_begin_was():
    milder = replace(opened(), trouble=trouble(severity="warning"))
    over = one(decide([milder], seen(), AT + HOUR, RULES))

    assert over.tells[0].roads == ("slack", "webhook", "smtp")


def test_a_snoozed_one_is_silent_and_then_comes_back_and_calls_again():
    silent = rule.snooze(opened(), HOUR, "Ayu", AT, RULES).alert
    before = decide([silent], seen(trouble(times=4)), AT + 59 * MINUTE, RULES)
    back = one(decide([silent], seen(trouble(times=4)), AT + HOUR, RULES))

    assert whats(before) == []
    assert (whats([back]), back.alert.told_times) == (["back"], 4)
    assert rule.called(back.alert, "back", RULES) == ("U0SEVERE01",)


def test_a_snoozed_one_that_is_over_does_not_come_back():
    silent = rule.snooze(opened(), HOUR, "Ayu", AT, RULES).alert

    assert whats(decide([silent], seen(), AT + MINUTE, RULES)) == ["recovered"]


def test_nobody_is_called_for_what_somebody_has_taken_on():
    taken = rule.acknowledge(opened(), "Rizal", AT, RULES).alert

    assert rule.called(taken, "raised", RULES) == ()
    assert rule.called(taken, "worse", RULES) == ("U0SEVERE01",)


@pytest.mark.parametrize("length", [timedelta(0), -HOUR, DAY + MINUTE])
def test_a_snooze_is_bounded(length: timedelta):
    with pytest.raises(Refused, match="1 day at most"):
        rule.snooze(opened(), length, "Ayu", AT, RULES)


def test_what_is_over_is_neither_taken_on_nor_snoozed():
    over = replace(opened(), ended_at=AT + HOUR)

    for doing in (
        lambda: rule.acknowledge(over, "Rizal", AT, RULES),
        lambda: rule.snooze(over, HOUR, "Rizal", AT, RULES),
    ):
        with pytest.raises(Refused, match="is over since"):
            doing()


def test_two_can_not_take_the_same_one_on():
    taken = rule.acknowledge(opened(), "Rizal", AT, RULES).alert

    with pytest.raises(Refused, match="Rizal has acknowledged it already"):
        rule.acknowledge(taken, "Ayu", AT, RULES)


@pytest.mark.parametrize(
    ("hour", "until"), [(21, None), (22, 31), (23, 31), (24, 31), (30, 31), (31, None), (36, None)]
)
def test_in_quiet_hours_a_warning_waits_until_they_end(hour: int, until: int | None):
    now = AT.replace(hour=0) + hour * HOUR
    tell = one(decide([], seen(trouble(severity="warning")), now, NIGHT)).tells[0]

    assert tell.after == (now if until is None else AT.replace(hour=0) + until * HOUR)


def test_in_quiet_hours_what_is_severe_and_what_people_do_is_told_at_once():
    now = AT.replace(hour=23)
    severe = one(decide([], seen(trouble()), now, NIGHT))
    warning = opened(now, NIGHT, severity="warning")

    assert severe.tells[0].after == now
    assert rule.acknowledge(warning, "Rizal", now, NIGHT).tells[0].after == now


@given(
    st.integers(0, 2 * 365 * 24 * 60),
    st.times(),
    st.times(),
    st.sampled_from(["UTC", "Asia/Jakarta", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
)
def test_quiet_hours_end_within_a_day_and_are_over_then(
    minutes: int, begins: time, ends: time, zone: str
):
    quiet, now = Quiet(begins, ends, ZoneInfo(zone)), AT + minutes * MINUTE
    until = quiet.until(now)

    if until is not None:
        assert now < until <= now + timedelta(hours=26)
        assert (
            begins == ends
            or quiet.until(until) is None
            or until.astimezone(quiet.zone).utcoffset() != now.astimezone(quiet.zone).utcoffset()
        )


KINDS: tuple[Kind, ...] = ("job failed", "vault filling", "findings")
LOOKS = st.lists(
    st.tuples(
        st.integers(1, 600),  # Minutes since the last look.
        st.lists(
            st.builds(
                trouble,
                about=st.sampled_from(["one", "two"]),
                kind=st.sampled_from(KINDS),
                severity=st.sampled_from(["severe", "warning"]),
                times=st.integers(1, 9),
                what=st.sampled_from(["It failed.", "It failed again."]),
            ),
            max_size=5,
        ),
        st.sets(st.sampled_from(KINDS)),
        st.sampled_from(["", "ack", "snooze"]),
    ),
    max_size=25,
)


@settings(max_examples=80, deadline=None)
@given(LOOKS, st.booleans())
def test_each_trouble_has_one_alert_from_its_begin_to_its_end(looks: Any, quiet: bool):
    rules, now = NIGHT if quiet else RULES, AT
    alerts: dict[str, Alert] = {}
    for minutes, troubles, unknown, act in looks:
        now += minutes * MINUTE
        before = {each.trouble.key for each in alerts.values()}
        named = {each.key for each in troubles}
        changes = decide(list(alerts.values()), seen(*troubles, unknown=unknown), now, rules)
        _holds(changes, now, rules)
        for change in changes:
            alerts[change.alert.id] = change.alert
            if change.alert.ended_at is not None:
                del alerts[change.alert.id]
        after = [each.trouble.key for each in alerts.values()]
        hidden = {key for key in before - named if key.split("/")[0] in unknown}

        assert sorted(after) == sorted(named | hidden)
        assert decide(list(alerts.values()), seen(*troubles, unknown=unknown), now, rules) == []
        _act(act, alerts, now, rules)


def _holds(changes: Sequence[Change], now: datetime, rules: AlertRules) -> None:
    """What is true of everything that is ever told."""
    for change in changes:
        assert len(change.tells) <= 1
        for tell in change.tells:
            assert tell.after >= now
            assert tell.roads[0] == "slack"
            assert change.alert.worst == "severe" or tell.roads == ("slack",)
            assert rules.quiet is None or tell.after == now or change.alert.worst == "warning"


def _act(act: str, alerts: dict[str, Alert], now: datetime, rules: AlertRules) -> None:
    if not alerts or not act:
        return
    alert = next(iter(alerts.values()))
    if act == "snooze":
        alerts[alert.id] = rule.snooze(alert, HOUR, "Ayu", now, rules).alert
    elif alert.acknowledged_at is None:
        alerts[alert.id] = rule.acknowledge(alert, "Ayu", now, rules).alert
