"""A trouble that comes and goes: one alert, few calls, no end untold, nothing severe silenced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import alerts as rule
from commands import unsteady
from commands.alert_rules import AlertRules
from commands.alert_state import Alert, Change, What
from commands.alerts import decide
from commands.trouble import Kind, Seen, Trouble
from tests.commands.test_alerts import ALL, AT, HOUR, MINUTE, NIGHT, RULES, seen, trouble

HALF_HOUR = 30 * MINUTE


class Town:
    """Alerts that are kept from look to look, with all that was told of them."""

    def __init__(self, rules: AlertRules = RULES) -> None:
        self.rules, self.now = rules, AT
        self.alerts: dict[str, Alert] = {}
        self.told: list[tuple[datetime, What, Alert]] = []
        self.changes: Sequence[Change] = ()

    def look(self, minutes: float, *troubles: Trouble, unknown: Sequence[Kind] = ()) -> list[What]:
        """Look after so many minutes; what is told of it."""
        self.now += minutes * MINUTE
        return self.put(decide(self.alerts.values(), seen(*troubles, unknown=unknown), *self._at))

    def put(self, changes: Sequence[Change]) -> list[What]:
        self.changes = changes
        self.alerts |= {change.alert.id: change.alert for change in changes}
        new = [(self.now, tell.what, each.alert) for each in changes for tell in each.tells]
        self.told += new
        return [what for _, what, _ in new]

    @property
    def _at(self) -> tuple[datetime, AlertRules]:
        return self.now, self.rules

    @property
    def opened(self) -> list[Alert]:
        return [alert for alert in self.alerts.values() if alert.ended_at is None]

    def calls(self) -> list[tuple[datetime, What]]:
        return [(at, what) for at, what, alert in self.told if rule.called(alert, what, self.rules)]

    def flaps(self, times: int, gone: float, stands: float, each: Trouble) -> list[list[What]]:
        """It is raised, and then goes and comes back so many times."""
        told = [self.look(0, each)]
        for _ in range(times):
            told.append([*self.look(stands), *self.look(gone, each)])
        return told


def warning(**changes: Any) -> Trouble:
    return trouble("second", **{"kind": "vault unreachable", "severity": "warning", **changes})


def test_what_comes_back_soon_after_its_end_is_the_same_alert_and_says_how_long_it_was_gone():
    town = Town()
    told = town.flaps(1, 4, 10, warning())
    (alert,) = town.alerts.values()

    assert told == [["raised"], ["recovered", "returned"]]
    assert (alert.ended_at, alert.returns, alert.away) == (None, 1, 4 * MINUTE)
    assert len(town.calls()) == 1


def test_what_comes_back_late_is_a_new_one():
    town = Town()

    assert town.flaps(1, 31, 10, warning())[-1] == ["recovered", "raised"]


def test_another_trouble_does_not_reopen_an_alert_that_is_over():
    town = Town()
    town.look(0, warning())
    town.look(1)

    assert town.look(1, trouble("third", kind="vault unreachable")) == ["raised"]


def test_a_severe_one_that_comes_back_is_told_at_once_on_every_road_and_calls():
    town = Town(NIGHT)
    town.flaps(1, 4, 10, warning(severity="severe"))
    (change,) = town.changes

    assert change.tells[0].roads == tuple(ALL)
    assert change.tells[0].after == town.now
    assert [what for _, what in town.calls()] == ["raised", "returned"]


def test_who_took_on_or_silenced_what_was_over_is_told_that_it_is_back():
    town = Town()
    town.look(0, warning(severity="severe"))
    (alert,) = town.alerts.values()
    town.put([rule.acknowledge(alert, "Rizal", town.now, RULES)])
    town.put([rule.snooze(*town.alerts.values(), 4 * HOUR, "Rizal", town.now, RULES)])
    town.look(1)

    assert town.look(4, warning(severity="severe")) == ["returned"]
    assert [what for _, what in town.calls()] == ["raised", "returned"]
    assert town.opened[0].snoozed_until is None


def test_after_three_returns_its_end_is_held_back_until_it_was_quiet_for_half_an_hour():
    town = Town()
    told = town.flaps(4, 4, 3, warning())
    quiet = [town.look(1) for _ in range(31)]
    (alert,) = town.alerts.values()

    assert told[1:] == [["recovered", "returned"]] * 3 + [[]]
    assert [what for what in quiet if what] == [["changed"], ["recovered"]]
    assert quiet[-1] == ["recovered"]
    assert (alert.returns, alert.lasted(town.now)) == (4, alert.gone_since - AT)  # type: ignore[operator]


def test_a_look_that_could_not_be_made_is_no_quiet():
    town = Town()
    town.flaps(3, 4, 3, warning())
    town.look(1)

    assert town.look(60, unknown=["vault unreachable"]) == []
    assert len(town.opened) == 1
    assert town.look(1) == ["recovered"]


def test_a_message_that_says_it_is_gone_says_at_once_that_it_is_back():
    town = Town()
    town.flaps(3, 4, 3, warning())

    assert town.look(11) == ["changed"]
    assert town.look(1, warning()) == ["changed"]
    assert town.opened[0].gone_since is None


def test_an_unsteady_warning_that_gets_severe_calls_on_every_road():
    town = Town()
    town.flaps(3, 4, 3, warning())
    town.look(1)

    assert town.look(1, warning(severity="severe")) == ["worse"]
    assert [what for _, what in town.calls()] == ["raised", "worse"]


def test_a_severe_one_that_came_back_as_a_warning_calls_when_it_is_severe_again():
    town = Town()
    town.look(0, warning(severity="severe"))
    town.look(1)

    assert town.look(1, warning()) == ["returned"]
    assert town.look(1, warning(severity="severe")) == ["worse"]


@pytest.mark.parametrize("severity", ["warning", "severe"])
def test_a_day_of_flapping_every_minute_calls_a_few_times(severity: str):
    town = Town()
    for minute in range(24 * 60):
        town.look(1, *([warning(severity=severity)] if minute % 2 else []))
    whats = [what for _, what, _ in town.told]

    assert len(town.alerts) == 1
    assert len(town.calls()) == {"warning": 1, "severe": 4}[severity]
    assert whats.count("unsteady") == 23  # In the thread, once an hour.
    assert whats.count("changed") <= 24 * 6


def test_a_clock_that_was_set_back_holds_no_end_back_for_longer():
    town = Town()
    town.flaps(3, 4, 3, warning())
    town.look(1)
    town.look(-300)

    assert town.look(30) == ["recovered"]


def test_a_cause_that_comes_and_goes_is_soon_no_more_than_an_edit():
    town, cause = Town(), warning(severity="severe")
    effect = trouble("copy", because=(cause.key,))
    town.look(0, effect)
    told = [[*town.look(1, cause, effect), *town.look(1, effect)] for _ in range(6)]

    assert told[:3] == [["cause", "left"], ["cause", "left"], ["cause", "changed"]]
    assert told[3:] == [["changed", "changed"]] * 3
    assert len(town.calls()) == 1


KINDS: tuple[Kind, ...] = ("vault unreachable", "job failed")
TROUBLES = st.lists(
    st.builds(
        trouble,
        about=st.sampled_from(["one", "two"]),
        kind=st.sampled_from(KINDS),
        severity=st.sampled_from(["severe", "warning"]),
        times=st.integers(1, 7),
        because=st.sampled_from([(), ("vault unreachable/one",), ("vault unreachable/two",)]),
    ),
    max_size=3,
)
LOOKS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 4, 12, 29, 31, 70, 400]),
        TROUBLES,
        st.sampled_from([(), (), (), ("job failed",), KINDS]),
        st.sampled_from(["", "", "", "ack", "snooze"]),
    ),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(LOOKS, st.booleans())
def test_whatever_comes_and_goes_what_stands_is_in_one_open_alert_and_every_end_is_told(
    looks: Any, quiet: bool
):
    town = Town(NIGHT if quiet else RULES)
    last: dict[str, datetime] = {}  # When each alert had something that stood, or may have.
    for minutes, troubles, unknown, act in looks:
        before = {alert.id: alert for alert in town.opened}
        town.look(minutes, *troubles, unknown=unknown)
        look = seen(*troubles, unknown=unknown)
        _in_one_alert(town, look)
        _severe_is_told(town, before, look)
        for alert in before.values():
            over = town.alerts[alert.id].ended_at is not None
            told = [what for at, what, each in town.told if at == town.now and each.id == alert.id]
            assert over == ("recovered" in told)
        for alert in town.opened:
            if _stands(alert, look):
                last[alert.id] = town.now
                assert alert.gone_since is None or not _named(alert, look)
            else:
                assert alert.gone_since is not None
                assert town.now - alert.gone_since < HALF_HOUR
                assert last[alert.id] < alert.gone_since
        again = decide(town.alerts.values(), look, town.now, town.rules)
        assert again == []
        town.put(list(_act(act, town)))


def _named(alert: Alert, look: Seen) -> bool:
    return bool({each.key for each in alert.troubles} & {each.key for each in look.troubles})


def _stands(alert: Alert, look: Seen) -> bool:
    return _named(alert, look) or any(each.kind in look.unknown for each in alert.troubles)


def _in_one_alert(town: Town, look: Seen) -> None:
    told = [each.key for alert in town.opened for each in alert.troubles]
    for key in {each.key for each in look.troubles}:
        assert told.count(key) == 1
    leads = [alert.trouble.key for alert in town.opened]
    assert len(leads) == len(set(leads))  # The outbox keeps one open alert a key.


def _severe_is_told(town: Town, before: dict[str, Alert], look: Seen) -> None:
    """Whatever is severe and stands: people were told, or are told now, on every road."""
    for each in look.troubles:
        if each.severity != "severe":
            continue
        alert = next(a for a in town.opened if each.key in {t.key for t in a.troubles})
        known = before.get(alert.id)
        if known is not None and known.worst == "severe":
            continue
        (change,) = [change for change in town.changes if change.alert.id == alert.id]
        (tell,) = change.tells
        assert tell.what in ("raised", "returned", "worse")
        assert (tell.roads, tell.after) == (tuple(ALL), town.now)
        assert alert.acknowledged_at or rule.called(alert, tell.what, town.rules)


def _act(act: str, town: Town) -> Iterator[Change]:
    for alert in town.opened[:1]:
        if act == "snooze":
            yield rule.snooze(alert, HOUR, "Ayu", town.now, town.rules)
        elif act == "ack" and alert.acknowledged_at is None:
            yield rule.acknowledge(alert, "Ayu", town.now, town.rules)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 5, 20, 29, 31, 45, 120]), st.booleans())),
    st.sampled_from(["severe", "warning"]),
)
def test_one_trouble_calls_a_bounded_number_of_times_whatever_it_does(looks: Any, severity: str):
    town = Town(replace(RULES, remind_after=timedelta(days=999)))
    for minutes, there in looks:
        town.look(minutes, *([warning(severity=severity)] if there else []))
    took = town.now - AT
    quiet_whiles = took // HALF_HOUR
    spans = 1 + took // unsteady.SPAN
    free = unsteady.RETURNS * spans if severity == "severe" else 0

    assert len(town.calls()) <= 1 + quiet_whiles + free
