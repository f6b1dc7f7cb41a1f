"""Alerts in a data folder: what comes back after a restart, and what is not held back at night."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.alerts_kept import KeptAlerts
from bot.messages import letters
from bot.roads.letter import letter
from commands.alert_rules import AlertRules, Quiet
from commands.trouble import Seen, Severity, Trouble
from storage.errors import Refused
from storage.outbox import Outbox

AT = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = AlertRules(
    roads={"slack": "warning", "webhook": "severe"}, quiet=Quiet(time(22), time(7), ZoneInfo("UTC"))
)


def away(severity: Severity = "severe") -> Trouble:
    return Trouble(
        kind="vault unreachable",
        about="second",
        severity=severity,
        what="It is away.",
        safe="Nothing was touched.",
        hint="Look at it.",
        since=AT,
    )


def look(folder: Path, minutes: float, *troubles: Trouble) -> KeptAlerts:
    """A bot that was just started looks, so many minutes after the begin, and is gone."""
    outbox = Outbox(folder / "outbox.db")
    kept = KeptAlerts(outbox, RULES, lambda: AT + minutes * MINUTE, dict, {})
    outbox.wake(kept.now())
    kept.looked(Seen(troubles))
    return kept


def test_what_comes_and_goes_is_one_alert_through_every_restart(tmp_path: Path):
    for number in range(5):
        kept = look(tmp_path, 10 * number, away())
        look(tmp_path, 10 * number + 5)
    (alert,) = kept.open()
    said = [(each.road, each.what) for each in kept.outbox.waiting()]

    assert (alert.returns, alert.gone_since) == (4, AT + 45 * MINUTE)
    assert [what for road, what in said if road == "webhook"] == [
        *("raised", "recovered", "returned", "recovered", "returned", "recovered", "returned")
    ]
    look(tmp_path, 74)
    assert kept.open()
    look(tmp_path, 75)
    assert not kept.open()


def test_what_was_a_warning_at_night_and_comes_back_severe_waits_for_no_morning(tmp_path: Path):
    look(tmp_path, 0, away("warning"))
    look(tmp_path, 1)
    kept = look(tmp_path, 2, away())
    now = kept.now()
    whats = []
    while (taken := kept.outbox.take("slack", now)) is not None:
        whats.append(taken.sending.what)
        kept.outbox.done(taken, now)

    assert whats == ["raised", "recovered", "returned"]


def test_what_is_over_is_not_taken_on_though_it_may_come_back(tmp_path: Path):
    kept = look(tmp_path, 0, away())
    (alert,) = kept.open()
    look(tmp_path, 1)

    with pytest.raises(Refused, match="is over"):
        kept.acknowledge(alert.id, "Rizal")


def test_letters_say_that_it_came_back_and_when_its_end_is_told(tmp_path: Path):
    for number in range(4):
        kept = look(tmp_path, 10 * number, away())
        look(tmp_path, 10 * number + 6)
    (alert,) = kept.open()
    taken = None
    while (each := kept.outbox.take("webhook", kept.now())) is not None:
        taken = each
        kept.outbox.done(each, kept.now())
    assert taken is not None
    told = letter(taken, kept.now())
    posted = letters.posted(told)

    assert alert.returns == 3
    assert letters.subject(told) == "[Lifeboat] severe: vault unreachable — second (came back)"
    assert "It came back 3 times, the last time after 4 min 00 s." in letters.text(told)
    assert "you hear that it is over when it was quiet for 30 minutes" in letters.text(told)
    assert (posted["event"], posted["returns"], posted["unsteady"]) == ("returned", 3, True)
