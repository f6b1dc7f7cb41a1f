"""What can be typed after /backup: help, typos, bad words. Whatever is wrong starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from commands import VERBS
from sandbox.slack_people import BACKUPS, RIZAL, dm_id
from tests.slack.house import House


@pytest.fixture
def starts_nothing(house: House) -> Iterator[Callable[[], None]]:
    """Holds that no job, no message of one and no change at Convex came of the test."""
    roots, changed = house.job_messages(), house.changed()
    yield
    assert house.job_messages() == roots
    assert house.changed() == changed
    assert "nothing runs and nothing waits" in house.ask(RIZAL, "status").text


@pytest.mark.parametrize("typed", ["", "help", "--help", "-h"])
def test_help_is_a_private_list_of_every_verb(house: House, starts_nothing, typed: str):
    text = house.ask(RIZAL, typed).text

    assert [name for name in VERBS if f"/backup {name}`" not in text] == []


@pytest.mark.parametrize("typed", ["help now", "now help", "now --help", "now production --help"])
def test_help_for_a_verb_has_its_words_and_examples(house: House, starts_nothing, typed: str):
    text = house.ask(RIZAL, typed).text

    assert "[deployment]" in text
    assert "before the migration" in text
    assert "--" not in text  # In Slack words have no dashes.


def test_help_works_where_the_bot_is_not_and_in_its_own_conversation(house: House, starts_nothing):
    there = house.ask(RIZAL, "help", "C0RANDOM01").text
    alone = house.ask(RIZAL, "help", dm_id(RIZAL)).text

    assert "/backup now" in there
    assert "/backup now" in alone


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lst", "Did you mean `/backup list`"),
        ("Statsu", "Did you mean `/backup status`"),
        ("help rstore", "Did you mean `/backup restore`"),
        ("now prodcution", "Did you mean 'production'"),
        ("now production tabels npd", "Did you mean 'tables'"),
        ("list prod", "Name one of: production, staging"),
    ],
)
def test_a_typo_is_met_with_what_was_meant(house: House, starts_nothing, typed: str, meant: str):
    assert meant in house.ask(RIZAL, typed).text


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("now nowhere", "no deployment called 'nowhere'"),
        ("now kind hourly", "hourly"),
        ("now tables", "expected"),
        ("now tables ,", "names no table"),
        (f'now label "{"x" * 201}"', "up to 200"),
        ("now production staging", "does not understand 'staging'"),
        ("verify", "backup"),
        ("verify no-such-backup", "no-such-backup"),
        ("verify latest:production against-manifest all", "all"),
        ("show production-2000-01-01-0000", "production-2000-01-01-0000"),
        ("list since yesterday", "not a length of time"),
        ("list limit 0", "at least 1"),
        ("list kind hourly", "hourly"),
        ("restore", "backup"),
        ("restore latest:production to", "expected"),
        ("restore latest:production to nowhere", "no deployment called 'nowhere'"),
        ("restore latest:production to staging mode everything", "everything"),
        ("restore latest:production to staging tables nope", "no table 'nope'"),
        ("restore latest:production to staging tables npd mode replace-all", "would delete"),
        ("restore latest:production to staging append merge", "Two modes"),
        ("status nowhere", "no deployment called 'nowhere'"),
        ("cancel", "job"),
        ("cancel now-production-nosuch", "no open job called"),
        ("doctor nowhere", "no deployment called 'nowhere'"),
    ],
)
def test_bad_words_get_a_private_answer_and_start_nothing(
    house: House, backup: str, starts_nothing, typed: str, why: str
):
    answer = house.ask(RIZAL, typed)

    assert why in answer.text
    assert "broke" not in answer.text  # A refusal, not a defect.
    assert answer.message["text"].startswith("*Not done.*")


@pytest.mark.parametrize("typed", ['now label "before', "now label don't", "now label “before"])
def test_a_quote_that_is_not_closed_is_said_so(house: House, starts_nothing, typed: str):
    text = house.ask(RIZAL, typed).text

    assert "opened and not closed" in text
    assert 'label "before the migration"' in text


def test_a_thousand_words_are_refused_in_a_message_that_slack_takes(house: House, starts_nothing):
    answer = house.ask(RIZAL, "now " + "wörd🛟 " * 1000)

    assert "does not understand" in answer.text


def test_a_command_in_a_thread_is_slacks_own_refusal(house: House, backup: str, starts_nothing):
    root = house.slack.say(RIZAL, BACKUPS, "Good morning")["ts"]
    told = house.slack.say(RIZAL, BACKUPS, "/backup now", thread_ts=root)

    assert told["outcome"] == "refused"
