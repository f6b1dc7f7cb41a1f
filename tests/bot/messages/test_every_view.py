"""What is true of every view, with believable facts and with the longest and worst."""

from __future__ import annotations

import re
from functools import cache

import pytest

from bot.messages.model import ActionId, Message
from tests.bot.messages import inspected
from tests.bot.messages.facts import ASKER, VIEWS

BARS = re.compile(r"`█*░*`")
SHORT = {name for name in VIEWS if "longest" not in name}


@cache
def drawn(name: str) -> Message:
    return VIEWS[name]()


@pytest.fixture(params=VIEWS)
def message(request: pytest.FixtureRequest) -> Message:
    return drawn(request.param)


def test_slack_takes_it(message: Message):
    assert inspected.past_limits(message) == []


def test_nobody_elses_words_work_in_it(message: Message):
    strange = [inspected.works_on_people(text, [ASKER]) for text in inspected.mrkdwn(message)]

    assert not any(strange)


def test_nothing_in_it_is_invisible(message: Message):
    assert not any(inspected.invisible(text) for text in inspected.everything_said(message))


def test_bare_addresses_do_not_become_links(message: Message):
    texts = [each for each in inspected.text_objects(message.blocks) if each["type"] == "mrkdwn"]

    assert all(each["verbatim"] is True for each in texts)


def test_no_code_is_left_open(message: Message):
    assert all(text.count("`") % 2 == 0 for text in inspected.mrkdwn(message))


def test_every_button_has_a_known_name_and_says_one_thing(message: Message):
    pressed = inspected.buttons(message)

    assert {each["action_id"] for each in pressed} <= set(ActionId)
    assert all(0 < len(value) <= 2_000 for each in pressed for value in inspected.carried(each))
    assert len({each["action_id"] for each in pressed}) == len(pressed)


@pytest.mark.parametrize("name", sorted(SHORT - {"fallback"}))
def test_the_text_has_every_word_and_number_of_the_blocks(name: str):
    told = BARS.sub("", inspected.read_aloud(drawn(name)))

    assert [word for word in told.split() if word not in drawn(name).text] == []


@pytest.mark.parametrize("name", sorted(SHORT))
def test_a_view_is_the_same_every_time(name: str):
    assert VIEWS[name]() == drawn(name)


@pytest.mark.parametrize("name", sorted(VIEWS.keys() - SHORT))
def test_what_is_cut_says_how_much_more_there_is_or_ends_in_an_ellipsis(name: str):
    assert "…" in drawn(name).text
