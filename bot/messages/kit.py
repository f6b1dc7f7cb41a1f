"""The recovery kit as a private answer: the page itself, as far as a message can hold it."""

from __future__ import annotations

from bot.messages.model import Message
from bot.messages.parts import Listed, Said, header, message, small
from bot.messages.text import entities, inert
from commands.key_events import KitTold


def told(event: KitTold) -> Message:
    """Return the page in equal letters; there is never a secret on it."""
    first, *lines = event.text.splitlines()
    return message(
        (
            header("Recovery kit"),
            Said("Keep it where neither Slack nor the bot's machine is needed to read it."),
            Listed([_line(line) for line in lines if line], "lines", heading=_line(first)),
            small("Whole, and into a file: `lifeboat recovery-kit --out …` in a terminal."),
        )
    )


def _line(line: str) -> str:
    """Return a line for a code block, as far in as it was."""
    inside = len(line) - len(line.lstrip())
    return entities(" " * inside + inert(line).replace("`", "ˋ"))
