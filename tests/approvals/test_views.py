"""The views of a question: within Slack's limits, and with nobody else's words at work in them.

As they are sent they stand in tests/golden/approvals/*.json, to be read by people;
`LIFEBOAT_GOLDEN=write pytest tests/approvals/test_views.py` writes them anew.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.messages import fallback
from bot.messages.model import ActionId, Field, Message, ViewId
from commands.approval import State
from sandbox import slack_blocks
from tests.approvals import views as seen
from tests.approvals.views import ENDS, MESSAGES, MODALS, VALUE
from tests.bot.messages import inspected

GOLDEN = Path(__file__).parents[1] / "golden" / "approvals"
WRITE = os.environ.get("LIFEBOAT_GOLDEN") == "write"
SHORT = sorted(name for name in MESSAGES if "longest" not in name)


@cache
def drawn(name: str) -> Any:
    return (MESSAGES | MODALS)[name]()


def test_every_state_of_a_question_is_drawn():
    states = {end["state"] for end in ENDS.values()} | {State.WAITING}

    assert states == set(State)


@pytest.mark.parametrize("name", [*MESSAGES, *MODALS])
def test_a_view_is_as_it_was_read_and_approved(name: str):
    path, view = GOLDEN / f"{name}.json", seen.as_json(drawn(name))
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(view, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    assert path.exists(), "Run with LIFEBOAT_GOLDEN=write, then read what was written."
    assert json.loads(path.read_text(encoding="utf-8")) == view


def test_no_golden_file_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.json")} == {*MESSAGES, *MODALS}


@pytest.mark.parametrize("name", MESSAGES)
def test_slack_takes_it(name: str):
    assert inspected.past_limits(drawn(name)) == []


@pytest.mark.parametrize("name", MESSAGES)
def test_nobody_elses_words_work_in_it(name: str):
    link = "<https://treasury.slack.com/archives/C1/p2|Go to the card>"
    texts = [text.replace(link, "") for text in inspected.mrkdwn(drawn(name))]

    assert not any(inspected.works_on_people(text, seen.people(name)) for text in texts)


@pytest.mark.parametrize("name", [*MESSAGES, *MODALS])
def test_nothing_in_it_is_invisible(name: str):
    view = drawn(name)
    texts = inspected.everything_said(view) if isinstance(view, Message) else said_in(view)

    assert not any(inspected.invisible(text) for text in texts)


def said_in(modal: dict[str, Any]) -> list[str]:
    return [each["text"] for each in inspected.text_objects(modal)]


@pytest.mark.parametrize("name", MESSAGES)
def test_no_code_is_left_open_and_no_address_becomes_a_link(name: str):
    message = drawn(name)
    marked = [each for each in inspected.text_objects(message.blocks) if each["type"] == "mrkdwn"]

    assert all(text.count("`") % 2 == 0 for text in inspected.mrkdwn(message))
    assert all(each["verbatim"] is True for each in marked)


@pytest.mark.parametrize("name", SHORT)
def test_the_text_has_every_word_and_number_of_the_blocks(name: str):
    message = drawn(name)
    told = inspected.read_aloud(message)

    assert [word for word in told.split() if word not in message.text] == []


@pytest.mark.parametrize("name", MESSAGES)
def test_it_can_be_told_without_its_blocks(name: str):
    plain = fallback.plain(drawn(name))

    assert inspected.past_limits(plain) == []
    assert plain.text.strip()


@pytest.mark.parametrize("name", [name for name in MESSAGES if name.startswith("card")])
def test_a_card_has_buttons_only_while_it_waits(name: str):
    pressed = {each["action_id"]: each["value"] for each in inspected.buttons(drawn(name))}
    waits = "Waiting for approval" in drawn(name).text

    assert set(pressed) == (
        {ActionId.APPROVE, ActionId.DENY, ActionId.WITHDRAW} if waits else set()
    )
    assert len(set(pressed.values())) <= 1


def test_a_button_carries_the_question_and_the_plans_short_fingerprint_and_no_more():
    values = {each["value"] for each in inspected.buttons(drawn("card"))}

    assert values == {VALUE}


def test_a_withdrawal_is_asked_about_once_more_and_votes_have_forms():
    asks = {each["action_id"]: "confirm" in each for each in inspected.buttons(drawn("card"))}

    assert asks == {ActionId.APPROVE: False, ActionId.DENY: False, ActionId.WITHDRAW: True}


def test_a_card_says_what_whoever_approves_has_to_know():
    text = drawn("card").text

    for words in (
        "<@U0RIZAL001> asks to restore `production-2026-11-24-0200` into *production*",
        "*Why:* npd was emptied by the migration",
        "1 approval of <@U0AYU00002> <@U0BUDI0003> needed, until",
        "*Loses rows:* `scratch` 3 → 0 (−100 %)",
        "*Loses rows:* `npd` 47 → 40 (−15 %)",
        "*Came after the snapshot:* npd +12",
        "*Tried in:* *staging*",
        "fingerprint `3f2a-9c01`",
        "`/backup approve ask-production-4k2f9c`",
    ):
        assert words in text


def test_a_bare_card_hides_no_gap():
    text = drawn("card-bare").text

    assert "*Verified:* never" in text
    assert "*Tried in staging:* never" in text
    assert "*Writes:* *not paused*: see the warning" in text


def test_a_sentence_that_a_person_gave_ends_before_ours_begins():
    assert "wait for the audit. Nothing was restored." in drawn("line-denied").text
    assert "Denied by Budi Santoso. Nothing was restored." in drawn("line-denied-silently").text
    assert "in time. Nothing was restored." in drawn("line-lapsed").text


def test_a_link_that_is_none_is_not_shown():
    assert "javascript" not in drawn("pointer-longest").text
    assert "|Go to the card>" in drawn("pointer").text
    assert "Go to the card" not in drawn("pointer-without-link").text


@pytest.mark.parametrize("name", MODALS)
def test_slack_takes_the_form(name: str):
    view = drawn(name)

    assert slack_blocks.problems(view["blocks"], slack_blocks.MODAL) == []
    assert all(len(view[part]["text"]) <= 24 for part in ("title", "submit", "close"))
    assert len(view["private_metadata"]) <= 3_000
    assert not any(
        inspected.works_on_people(each["text"])
        for each in inspected.text_objects(view)
        if each["type"] == "mrkdwn"
    )


def test_a_form_carries_what_the_button_carried_and_asks_one_thing():
    approve, deny = drawn("modal-approve"), drawn("modal-deny")

    assert approve["private_metadata"] == deny["private_metadata"] == VALUE
    assert (approve["callback_id"], deny["callback_id"]) == (ViewId.APPROVE, ViewId.DENY)
    assert [block["block_id"] for block in approve["blocks"][1:]] == [Field.CHECKED]
    assert [block["block_id"] for block in deny["blocks"][1:]] == [Field.REASON]


@pytest.mark.parametrize("name", SHORT)
def test_a_view_is_the_same_every_time(name: str):
    assert MESSAGES[name]() == drawn(name)
