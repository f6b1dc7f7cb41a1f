"""Who may do what, asked of Slack at the moment it matters; refusals are seen by nobody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from bot.people import CannotTell, People
from commands.roles import NotAllowed, Roles, role_of
from sandbox.slack_people import (
    AYU,
    BACKUPS,
    BUDI,
    CITRA,
    DEWI,
    EKO,
    FARAH,
    GITA,
    OPERATORS,
    OTHER_BOT_USER,
    RANDOM,
    RIZAL,
    SHARED,
    SLACKBOT,
    TEAM,
)
from tests.slack.house import Card, House, Seen, wait_for

LONG = ("now production", "verify latest:production", "restore latest:production to staging yes")


@pytest.fixture
def nothing_begins(house: House, backup: str) -> Iterator[None]:
    """Holds that the channel shows nothing new and Convex was asked for nothing."""
    seen, changed = len(house.slack.messages(BACKUPS)), house.changed()
    yield

    assert len(house.slack.messages(BACKUPS)) == seen
    assert house.changed() == changed


@pytest.fixture(scope="session")
def card(town: House, backup: str) -> Card:
    """The message of a backup that is done, with its buttons."""
    made = town.job(RIZAL, "now production tables npd")
    made.ended()
    return made


@pytest.fixture
def web(house: House) -> WebClient:
    return WebClient(token=house.slack.bot_token, base_url=house.slack.api_url)


# What is typed.


@pytest.mark.parametrize("typed", [*LONG, "cancel now-production-x", "doctor"])
def test_a_viewer_may_not_do_what_changes_anything(house: House, nothing_begins, typed: str):
    text = house.ask(CITRA, typed).text

    assert "is for operators, and you are not on their list" in text
    assert "Nothing was touched" in text


@pytest.mark.parametrize("typed", ["list", "show latest:production", "status", "help"])
def test_a_viewer_may_look(house: House, nothing_begins, typed: str):
    assert "Not done" not in house.ask(CITRA, typed).text


@pytest.mark.parametrize("person", [DEWI, EKO], ids=["guest", "guest of one channel"])
@pytest.mark.parametrize("typed", ["now production", "list", "show latest:production", "status"])
def test_guests_see_and_do_nothing(house: House, nothing_begins, person: str, typed: str):
    text = house.ask(person, typed).text

    assert "Guests can't see or do anything with backups" in text
    assert "production-2" not in text


def test_people_of_another_workspace_have_no_such_command(house: House, nothing_begins):
    told = house.type(FARAH, "now production", SHARED)

    assert told["outcome"] == "refused"


@pytest.mark.parametrize("typed", ["now production", "verify latest:production"])
def test_nothing_begins_in_a_channel_that_another_company_reads(
    house: House, nothing_begins, typed: str
):
    before = len(house.slack.messages(SHARED))
    text = house.ask(RIZAL, typed, SHARED).text

    assert "shared with another company" in text
    assert len(house.slack.messages(SHARED)) == before


def test_looking_is_private_and_so_fine_in_a_shared_channel(house: House, backup: str):
    before = len(house.slack.messages(SHARED))

    assert "newest first" in house.ask(RIZAL, "list", SHARED).text
    assert house.slack.ephemerals(FARAH, SHARED) == []
    assert len(house.slack.messages(SHARED)) == before


def test_nothing_begins_where_the_bot_is_not_and_it_says_how_to_invite_it(
    house: House, nothing_begins
):
    text = house.ask(RIZAL, "now production", RANDOM).text

    assert "I am not in this channel" in text
    assert "/invite @lifeboat" in text
    assert "newest first" in house.ask(RIZAL, "list", RANDOM).text


def test_a_channel_that_lets_nobody_post_is_said_so_and_nothing_runs_unseen(
    house: House, nothing_begins
):
    house.slack.trouble("error", method="chat.postMessage", error="restricted_action", times=-1)
    text = house.ask(RIZAL, "now production tables npd").text

    assert "can't post in this channel" in text
    house.slack.heal()
    house.idle()


def test_nobody_is_let_in_while_slack_cant_say_who_they_are(house: House, nothing_begins):
    house.slack.trouble("fail_users_info", times=-1)
    texts = [house.ask(RIZAL, typed).text for typed in (*LONG, "list", "status")]

    assert ["Slack can't be asked who you are" in text for text in texts] == [True] * 5


def test_nothing_begins_while_slack_cant_say_who_reads_the_channel(house: House, nothing_begins):
    house.slack.trouble("error", method="conversations.info", error="internal_error", times=-1)
    text = house.ask(RIZAL, "now production").text

    assert "Slack can't be asked about this channel (internal_error)" in text


def test_who_was_an_operator_a_minute_ago_is_asked_about_again(house: House, web: WebClient):
    now = [0.0]
    people = People(web, clock=lambda: now[0])
    roles = Roles(operators=frozenset({OPERATORS}))
    before = role_of(people.person(BUDI, roles.groups), TEAM, roles)
    house.slack.change("group", OPERATORS, users=[RIZAL, AYU])
    now[0] = 46.0
    after = role_of(people.person(BUDI, roles.groups), TEAM, roles)
    house.slack.change("group", OPERATORS, users=[RIZAL, AYU, BUDI])

    assert (before, after) == ("operator", "viewer")


def test_nobody_is_let_in_while_slack_cant_say_who_is_in_a_group(house: House, web: WebClient):
    house.slack.trouble("error", method="usergroups.users.list", error="internal_error", times=-1)

    with pytest.raises(CannotTell):
        People(web).person(RIZAL, [OPERATORS])


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (GITA, "deactivated"),
        (OTHER_BOT_USER, "Bots can't ask"),
        (SLACKBOT, "Bots can't ask"),
        (DEWI, "Guests"),
        (EKO, "Guests"),
        (FARAH, "another workspace"),
    ],
)
def test_slacks_own_word_on_a_person_is_what_counts(
    house: House, web: WebClient, person: str, why: str
):
    everybody = Roles(operators=frozenset({person}))

    with pytest.raises(NotAllowed, match=why):
        role_of(People(web).person(person, ()), TEAM, everybody)


# What is pressed.


@pytest.mark.parametrize(
    "action", ["backup.show", "backup.verify", "backup.restore"], ids=["show", "verify", "restore"]
)
@pytest.mark.parametrize("person", [DEWI, EKO], ids=["guest", "guest of one channel"])
def test_guests_can_press_and_nothing_comes_of_it(
    house: House, card: Card, nothing_begins, person: str, action: str
):
    answer = house.pressed(person, card, action)

    assert "Guests can't see or do anything" in answer.text
    assert house.slack.view(person) is None


@pytest.mark.parametrize("action", ["backup.verify", "backup.restore"])
def test_a_viewer_can_press_what_operators_do_and_nothing_comes_of_it(
    house: House, card: Card, nothing_begins, action: str
):
    answer = house.pressed(CITRA, card, action)

    assert "is for operators" in answer.text
    assert house.slack.view(CITRA) is None


def test_a_viewer_may_press_show(house: House, card: Card, nothing_begins):
    assert card.buttons["backup.show"] in house.pressed(CITRA, card, "backup.show").text


def test_a_viewer_can_not_cancel(house: House):
    house.production.trouble(kind="export_stuck")
    running = house.job(RIZAL, "now production tables npd")
    running.until("Running")

    answer = house.pressed(CITRA, running, "job.cancel")
    house.production.heal()

    assert "is for operators" in answer.text
    assert running.ended() == "Done"


def test_a_viewer_can_not_retry(house: House):
    house.production.trouble(kind="export_fails")
    failed = house.job(RIZAL, "now production tables npd")
    failed.ended()
    before = house.job_messages()

    assert "is for operators" in house.pressed(CITRA, failed, "job.retry").text
    assert house.job_messages() == before


def test_an_outsider_who_sees_a_button_in_a_shared_channel_presses_it_for_nothing(
    house: House, card: Card, nothing_begins, web: WebClient
):
    blocks = card.message["blocks"]
    ts = str(web.chat_postMessage(channel=SHARED, text="shared by hand", blocks=blocks)["ts"])
    shared = Seen(house, SHARED, ts)

    answers = [
        house.pressed(FARAH, shared, action)
        for action in ("backup.show", "backup.verify", "backup.restore")
    ]

    assert ["another workspace" in answer.text for answer in answers] == [True] * 3
    assert house.slack.view(FARAH) is None


def test_a_press_is_refused_while_slack_cant_say_who_pressed(
    house: House, card: Card, nothing_begins
):
    house.slack.trouble("fail_users_info", times=-1)
    texts = [
        house.pressed(RIZAL, card, action).text
        for action in ("backup.show", "backup.verify", "backup.restore")
    ]

    assert ["Slack can't be asked who you are" in text for text in texts] == [True] * 3


def test_who_opened_a_form_is_asked_about_again_when_it_is_sent(
    house: House, card: Card, nothing_begins
):
    house.press(RIZAL, card, "backup.restore")
    form = wait_for(lambda: house.slack.view(RIZAL))
    house.slack.change("person", RIZAL, is_restricted=True)
    answer = house.answered(
        RIZAL, BACKUPS, lambda: house.slack.submit(RIZAL, form, {"target": "staging"})
    )
    house.slack.change("person", RIZAL, is_restricted=False)

    assert "Guests can't see or do anything" in answer.text
