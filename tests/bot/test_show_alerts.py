"""Alerts at a terminal: an alert that comes and goes says so."""

from __future__ import annotations

from commands.alert_events import AlertsTold, AlertTaken
from tests.bot.messages import alert_facts as made
from tests.bot.terminal_events import said


def test_an_alert_says_how_often_it_came_back_and_when_it_is_over():
    text = said(AlertsTold((made.GONE,), made.ROADS, made.LATER))

    assert "It came back 3 times, last 1 h ago." in text
    assert "Last gone 1 h ago; it is over when it was quiet for 30 minutes." in text


def test_an_alert_that_never_came_back_says_neither():
    text = said(AlertsTold((made.alert(),), made.ROADS, made.LATER))

    assert "came back" not in text
    assert "quiet" not in text


def test_who_took_one_on_hears_that_it_could_not_be_written_down():
    text = said(AlertTaken(made.TAKEN, snoozed=False, unwritten="The disk is full."))

    assert text.startswith("Taken on: a-4k2f9c")
    assert "could not be written into the audit log: The disk is full." in text
