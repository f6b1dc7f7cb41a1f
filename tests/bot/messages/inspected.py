"""What Slack would make of a message: every text in it, what is ours in mrkdwn, every limit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.messages.model import Message
from sandbox import slack_blocks

OURS = re.compile(
    r"<!date\^\d+\^\{date_short_pretty\} \{time\}\|\d{4}-\d\d-\d\d \d\d:\d\d UTC>"
    r"|<@(?P<person>[UW][A-Z0-9]+)>"
    r"|<!subteam\^S012ABCDEF>|<#C012ABCDEF>"  # The only group and the only channel of the facts.
)
BARE_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
EMPHASIS = re.compile(r"(?<![^\W_])([*_~])(?=\S)([^\n]*?)(?<=\S)\1(?!\w)")


def text_objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every text object, wherever it stands."""
    if isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "plain_text"):
            yield value
        for inner in value.values():
            yield from text_objects(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from text_objects(inner)


def mrkdwn(message: Message) -> list[str]:
    """Return every text of a message that Slack reads as mrkdwn, its `text` among them."""
    found = [each["text"] for each in text_objects(message.blocks) if each["type"] == "mrkdwn"]
    return [message.text, *found]


def everything_said(message: Message) -> list[str]:
    """Return every text of a message."""
    return [message.text, *(each["text"] for each in text_objects(message.blocks))]


def read_aloud(message: Message) -> str:
    """Return all that the blocks say, without what is on buttons and in menus."""
    told = []
    for block in message.blocks:
        inside = {name: part for name, part in block.items() if name != "accessory"}
        told += [
            each["text"] for each in text_objects(inside if block["type"] != "actions" else {})
        ]
    return " ".join(told)


def buttons(message: Message) -> list[dict[str, Any]]:
    """Return every button in rows."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return [element for row in rows for element in row]


def labels(message: Message) -> list[str]:
    return [(each.get("text") or each["placeholder"])["text"] for each in buttons(message)]


def carried(pressed: dict[str, Any]) -> list[str]:
    """Return what a button carries, or each option of a menu."""
    options = pressed.get("options")
    return [each["value"] for each in options] if options else [pressed["value"]]


def works_on_people(text: str, people: Sequence[str] = ()) -> list[str]:
    """Return what in mrkdwn would be read by Slack and is not ours: all of it is an injection."""
    mentioned = [match["person"] for match in OURS.finditer(text) if match["person"]]
    left = OURS.sub("", text)
    strange = [char for char in left if char in "<>"] + BARE_AMPERSAND.findall(left)
    return strange + [id for id in mentioned if id not in people]


def invisible(text: str) -> list[str]:
    """Return what can't be seen, but for the line ends that we make ourselves."""
    return [char for char in text.replace("\n", "") if not char.isprintable()]


def past_limits(message: Message) -> list[str]:
    """Return everything that Slack would refuse, as the stand-in Slack says it, and our bounds."""
    blocks = list(message.blocks)
    found = slack_blocks.problems(json.loads(json.dumps(blocks)), slack_blocks.MESSAGE)
    if not 0 < len(message.text) <= 3_900:
        found.append(f"text has {len(message.text)} characters")
    whole = sum(len(each["text"]) for each in text_objects(blocks))
    if whole > 10_000 or len(json.dumps(blocks, ensure_ascii=False)) > 13_000:
        found.append(f"all blocks together have {whole} characters")
    return found
