"""One cause is one alert: what hangs on it is told in it, and nothing is lost or told twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import alerts as rule
from commands import causes
from commands.alert_state import Alert
from commands.alerts import decide
from commands.trouble import RANK, Kind, Trouble
from tests.commands.test_alerts import AT, HOUR, MINUTE, RULES, one, seen, trouble, whats

KEY = "key refused/production"
AWAY = "vault unreachable/second"
LACKING = "copy failing/second"


def failed(about: str = "backup of production", because: Sequence[str] = (KEY,), **changes: Any):
    return trouble(about, because=tuple(because), what=f"The {about} failed.", **changes)


def refused(**changes: Any) -> Trouble:
    return trouble("production", kind="key refused", what="The key is refused.", **changes)


def lacking(**changes: Any) -> Trouble:
    facts = {"kind": "copy failing", "severity": "warning", "what": "One has no copy."}
    return trouble("second", **{**facts, "retry": "sync second", "because": (AWAY,), **changes})


def copy(**changes: Any) -> Trouble:
    facts = {"severity": "warning", "because": (AWAY, LACKING)}
    return failed("copy of production", **{**facts, **changes})


def away(**changes: Any) -> Trouble:
    facts = {"kind": "vault unreachable", "severity": "warning", "what": "It is away."}
    return trouble("second", **{**facts, **changes})


def keys(alert: Alert) -> list[str]:
    return [each.key for each in alert.troubles]


def test_a_failed_copy_and_a_vault_that_lacks_copies_are_one_alert_with_its_retry():
    change = one(decide([], seen(copy(), lacking()), AT, RULES))

    assert change.alert.trouble.key == LACKING
    assert change.alert.trouble.what == "One has no copy. The copy of production failed."
    assert change.alert.trouble.retry == "sync second"


def test_a_failed_copy_that_no_lacking_vault_explains_is_told_itself():
    change = one(decide([], seen(copy()), AT, RULES))

    assert change.alert.trouble.key == "job failed/copy of production"


def test_what_is_severe_makes_the_alert_of_its_cause_severe():
    warning = one(decide([], seen(copy(), lacking()), AT, RULES)).alert
    worse = one(decide([warning], seen(copy(severity="severe"), lacking()), AT + MINUTE, RULES))

    assert whats([worse]) == ["worse"]
    assert worse.alert.trouble.key == LACKING


def test_a_cause_behind_a_cause_is_the_one_that_is_told():
    assert len(decide([], seen(copy(), lacking(), away()), AT, RULES)) == 1
    change = one(decide([], seen(copy(), lacking(), away()), AT, RULES))

    assert change.alert.trouble.key == AWAY


def test_a_cause_that_comes_to_light_is_told_in_the_alert_that_there_is():
    first = one(decide([], seen(failed()), AT, RULES)).alert
    change = one(decide([first], seen(failed(), refused()), AT + MINUTE, RULES))

    assert whats([change]) == ["cause"]
    assert (change.alert.id, keys(change.alert)) == (first.id, [KEY, failed().key])
    assert rule.called(change.alert, "cause", RULES) == ()


@pytest.mark.parametrize("act", ["ack", "snooze"])
def test_a_cause_is_not_hidden_in_an_alert_that_somebody_took_on_or_silenced(act: str):
    first = one(decide([], seen(failed()), AT, RULES)).alert
    taken = (
        rule.acknowledge(first, "Rizal", AT, RULES).alert
        if act == "ack"
        else rule.snooze(first, HOUR, "Rizal", AT, RULES).alert
    )
    change = one(decide([taken], seen(failed(), refused()), AT + MINUTE, RULES))

    assert whats([change]) == ["raised"]
    assert keys(change.alert) == [KEY]


def test_what_fails_of_a_cause_that_somebody_has_taken_on_calls_nobody():
    first = one(decide([], seen(refused()), AT, RULES)).alert
    taken = rule.acknowledge(first, "Rizal", AT, RULES).alert
    change = one(decide([taken], seen(failed(), refused()), AT + MINUTE, RULES))

    assert whats([change]) == []
    assert keys(change.alert) == [KEY, failed().key]


def test_what_is_left_when_a_cause_ends_calls_nobody_anew_and_is_over_at_last():
    others = [failed(f"backup of {name}") for name in ("production", "staging")]
    both = one(decide([], seen(refused(), *others), AT, RULES)).alert
    left = one(decide([both], seen(*others), AT + MINUTE, RULES))
    over = one(decide([left.alert], seen(), AT + HOUR, RULES))

    assert whats([left]) == ["left"]
    assert (left.alert.id, keys(left.alert)) == (both.id, [each.key for each in others])
    assert rule.called(left.alert, "left", RULES) == ()
    assert (whats([over]), over.alert.id) == (["recovered"], both.id)
    assert over.alert.kinds == ("key refused", "job failed")


def test_what_can_not_be_looked_for_stays_in_its_alert():
    both = one(decide([], seen(away(), copy(), lacking()), AT, RULES)).alert
    blind = decide([both], seen(away(), unknown=["copy failing", "job failed"]), AT + HOUR, RULES)
    left = one(decide([both], seen(lacking()), AT + HOUR, RULES))

    assert blind == []
    assert keys(left.alert) == [LACKING]


def test_many_that_hang_on_one_cause_are_counted_and_not_all_spelled_out():
    many = [failed(f"verify of d{number}", (AWAY,)) for number in range(7)]
    change = one(decide([], seen(away(), *many), AT, RULES))

    assert change.alert.trouble.what.endswith("failed. And 4 more like it.")
    assert len(change.alert.troubles) == 8


ABOUT = ("one", "two")
KINDS: tuple[Kind, ...] = ("job failed", "vault unreachable", "copy failing")
EVERY_KEY = [f"{kind}/{about}" for kind in KINDS for about in ABOUT]
# Any relation at all, circles as well.
TROUBLES = st.lists(
    st.builds(
        trouble,
        about=st.sampled_from(ABOUT),
        kind=st.sampled_from(KINDS),
        severity=st.sampled_from(["severe", "warning"]),
        what=st.sampled_from(["It failed.", "It failed again."]),
        because=st.lists(st.sampled_from(EVERY_KEY), max_size=3).map(tuple),
    ),
    max_size=6,
)
LOOKS = st.lists(
    st.tuples(
        st.integers(1, 600),
        TROUBLES,
        st.sets(st.sampled_from(KINDS)),
        st.sampled_from(["", "ack", "snooze"]),
    ),
    max_size=20,
)


@settings(max_examples=150, deadline=None)
@given(LOOKS)
def test_whatever_explains_what_each_trouble_is_in_one_alert_and_no_alert_hides_its_severity(
    looks: Any,
):
    now, opened = AT, {}
    for minutes, troubles, unknown, act in looks:
        now += minutes * MINUTE
        before = {key for alert in opened.values() for key in keys(alert)}
        look = seen(*troubles, unknown=unknown)
        for change in decide(list(opened.values()), look, now, RULES):
            opened[change.alert.id] = change.alert
            if change.alert.ended_at is not None:
                del opened[change.alert.id]
        named = {each.key: each for each in look.troubles}
        hidden = {key for key in before - named.keys() if key.split("/")[0] in unknown}
        told = [key for alert in opened.values() for key in keys(alert)]

        assert sorted(told) == sorted({*named, *hidden})
        assert decide(list(opened.values()), look, now, RULES) == []
        for each in look.troubles:
            alert = next(a for a in opened.values() if each.key in keys(a))
            assert RANK[alert.worst] >= RANK[each.severity]
        _act(act, opened, now)


def _act(act: str, opened: dict[str, Alert], now: Any) -> None:
    for alert in list(opened.values())[:1]:
        if act == "snooze":
            opened[alert.id] = rule.snooze(alert, HOUR, "Ayu", now, RULES).alert
        elif act and alert.acknowledged_at is None:
            opened[alert.id] = rule.acknowledge(alert, "Ayu", now, RULES).alert


@given(TROUBLES)
def test_one_look_makes_one_group_of_all_that_one_cause_explains(troubles: list[Trouble]):
    named = {each.key: each for each in troubles}
    groups = causes.gather({}, named, (), ())
    home = {each.key: where for where, members in groups.items() for each in members}

    assert home.keys() == named.keys()
    for each in named.values():
        first = next((cause for cause in each.because if cause in named), None)
        assert first is None or home[first] == home[each.key]
    for members in groups.values():
        assert causes.together(members).severity == max(
            (each.severity for each in members), key=RANK.__getitem__
        )
