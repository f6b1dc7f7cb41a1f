"""What is sent when Slack refuses blocks: plain sections that still say everything."""

from __future__ import annotations

import pytest

from bot.messages import fallback
from bot.messages.model import Message
from tests.bot.messages import inspected
from tests.bot.messages.facts import VIEWS


@pytest.mark.parametrize("name", [name for name in VIEWS if "longest" not in name])
def test_it_says_what_the_blocks_said(name: str):
    message = VIEWS[name]()
    plain = fallback.plain(message)

    assert {block["type"] for block in plain.blocks} == {"section"}
    told = inspected.read_aloud(plain)
    assert [word for word in inspected.read_aloud(message).split() if word not in told] == []


@pytest.mark.parametrize("name", VIEWS)
def test_it_is_well_within_the_limits(name: str):
    plain = fallback.plain(VIEWS[name]())
    whole = sum(len(each["text"]) for each in inspected.text_objects(plain.blocks))

    assert inspected.past_limits(plain) == []
    assert whole <= fallback.BLOCKS_TEXT_MAX


def test_lost_buttons_are_told():
    assert "`/backup help`" in fallback.plain(VIEWS["job-running"]()).blocks[-1]["text"]["text"]


@pytest.mark.parametrize(
    "message",
    [
        Message(""),
        Message("  ", ({"type": "divider"},)),
        Message("x"),
        Message("", ({"type": "section", "text": None}, {"type": "strange", "elements": ["x"]})),
        Message("", ({"type": "section", "text": {"type": "mrkdwn", "text": "x" * 50_000}},)),
        Message(
            "x",
            tuple({"type": "section", "text": {"type": "mrkdwn", "text": "y"}} for _ in range(90)),
        ),
    ],
)
def test_it_is_never_empty_and_always_fits(message: Message):
    plain = fallback.plain(message)

    assert plain.text.strip()
    assert inspected.past_limits(plain) == []


def test_plain_words_are_escaped_on_their_way_into_mrkdwn():
    header = {"type": "header", "text": {"type": "plain_text", "text": "<!channel> & co"}}

    plain = fallback.plain(Message("x", (header,)))
    assert plain.blocks[0]["text"]["text"] == "&lt;!channel&gt; &amp; co"
