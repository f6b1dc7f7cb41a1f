"""The same message in plain sections, for when Slack refuses its blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slack_sdk.models.blocks import MarkdownTextObject, SectionBlock

from bot.messages.model import Message
from bot.messages.parts import SECTION_MAX, shares
from bot.messages.text import entities, inert, length, shortened
from bot.messages.typed import COMMAND

BLOCKS_TEXT_MAX = 6_000  # Less than a full message: it may have been refused for its length.
BLOCKS_MAX = 40
NOTHING = "Lifeboat has something to say that Slack would not show."
NO_BUTTONS = f"(Its buttons could not be shown. `{COMMAND} help` tells what can be typed.)"


def plain(message: Message) -> Message:
    """Return a message of sections only, never empty, well within every limit."""
    texts = [text for block in message.blocks for text in _texts(block)]
    texts = [text for text in texts if text.strip()] or [message.text.strip() or NOTHING]
    if any(_can_be_pressed(block) for block in message.blocks):
        texts = [*texts[: BLOCKS_MAX - 1], NO_BUTTONS]
    texts = texts[:BLOCKS_MAX]
    rooms = shares([min(length(text), SECTION_MAX) for text in texts], BLOCKS_TEXT_MAX)
    sections = [
        SectionBlock(text=MarkdownTextObject(text=shortened(text, room), verbatim=True)).to_dict()
        for text, room in zip(texts, rooms, strict=True)
    ]
    return Message(
        text=message.text.strip() or shortened(texts[0], SECTION_MAX), blocks=tuple(sections)
    )


def _texts(block: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a block says, as mrkdwn."""
    for said in (block.get("text"), *(block.get("fields") or ()), *(block.get("elements") or ())):
        if not isinstance(said, Mapping) or not isinstance(said.get("text"), str):
            continue
        if said.get("type") == "mrkdwn":
            yield said["text"]
        elif said.get("type") == "plain_text":
            yield entities(inert(said["text"]))


def _can_be_pressed(block: Mapping[str, Any]) -> bool:
    return block.get("type") == "actions" or bool(block.get("accessory"))
