"""Who is refused, and how: in a sentence that only they see, and nothing begins."""

from __future__ import annotations

import pytest

from sandbox.slack_people import (
    CITRA,
    DEWI,
    EKO,
    FARAH,
    RANDOM,
    RIZAL,
    SHARED,
)
from tests.slack.house import House

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def card(house: House):
    card = house.job(RIZAL, "now production tables npd")
    card.ended()
    return card


@pytest.fixture(autouse=True)
def nothing_begins(house: House):
    before = house.exports(), len(house.roots())
    yield
    assert (house.exports(), len(house.roots())) == before


@pytest.mark.parametrize(
    ("person", "why"),
    [(CITRA, "for operators"), (DEWI, "Guests"), (EKO, "Guests")],
    ids=["viewer", "guest", "single-channel guest"],
)
def test_only_operators_take_backups(house: House, person: str, why: str):
    assert why in house.ask(person, "now production").text


@pytest.mark.parametrize("person", [CITRA, DEWI], ids=["viewer", "guest"])
def test_a_button_that_can_be_seen_can_not_be_pressed_by_everybody(house: House, person: str, card):
    told = house.pressed(person, card, "backup.verify")

    assert "Not done" in told.text


def test_a_viewer_may_look(house: House):
    assert "newest first" in house.ask(CITRA, "list").text
    assert "Status" in house.ask(CITRA, "status").text


def test_a_guest_may_not_even_look(house: House):
    assert "Guests" in house.ask(DEWI, "list").text


def test_an_outsider_in_a_shared_channel_has_no_command(house: House):
    assert house.type(FARAH, "now production", SHARED)["outcome"] != "acked"


def test_nobody_is_let_in_while_slack_can_not_say_who_they_are(house: House):
    house.slack.trouble("fail_users_info")
    told = house.ask(RIZAL, "now production")
    house.slack.heal()

    assert "Slack can't be asked who you are" in told.text


def test_a_channel_without_the_bot_is_refused_with_how_to_invite_it(house: House):
    told = house.ask(RIZAL, "now production", RANDOM)

    assert "/invite" in told.text


def test_a_channel_that_outsiders_read_is_refused(house: House):
    assert "shared with another" in house.ask(RIZAL, "now production", SHARED).text


def test_a_protected_deployment_is_not_restored_without_a_reason(house: House):
    told = house.ask(RIZAL, "restore latest:production to production")

    assert "say why" in told.text


def test_a_forged_value_is_acked_with_a_sentence(house: House, card):
    forged = {"type": "button", "value": "production-1999-01-01-0000 <!channel>"}
    told = house.pressed(RIZAL, card, "backup.show", action=forged)

    assert "no backup called" in told.text
    assert "<!channel>" not in told.text


def test_every_envelope_was_acked_in_time(house: House):
    assert house.unacked(0) == []
    assert "Traceback" not in house.log_text()
