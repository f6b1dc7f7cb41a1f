"""The daily message: one sentence that stands alone, and below it everything it is made from."""

from __future__ import annotations

from collections.abc import Iterator

from bot import summary_words
from bot.messages.model import Message
from bot.messages.parts import HEADER_MAX, Listed, Part, Said, message, small
from bot.messages.text import at, code, length, plain, said
from bot.messages.typed import command
from bot.summary_words import Hand
from commands.summary_events import SummaryTold

LINE_MAX = 500
SAID_WHOLE = 1_000
HAND = Hand(at, lambda words: said(words, LINE_MAX))


def told(event: SummaryTold, why: str = "") -> Message:
    """Return a day, a week or a month; `why` it comes late, where a schedule makes up for it."""
    return message(_told(event, why))


def no_picture(why: str) -> Message:
    """Say in the thread why there is no picture; the message stands without it."""
    words = f"The picture could not be shown: {said(why)} Its numbers are in the message above."
    return message((Said(words),))


def _told(event: SummaryTold, why: str) -> Iterator[Part]:
    yield _first(summary_words.headline(event))
    yield small(f"{summary_words.title(event)}, {at(event.since)} to {at(event.now)}")
    yield small(said(why))
    for heading, lines in summary_words.sections(event, HAND):
        yield _section([f"*{heading}*", *(_bullet(line) for line in lines)])
    if event.well:
        return
    what = code(command("status")) if not event.blind else code(command("doctor"))
    yield small(f"What to do: look with {what}")


def _first(words: str) -> Part:
    """Return the sentence that a locked phone shows, without any mark in it."""
    first = said(words, LINE_MAX)
    if length(words) > HEADER_MAX:
        return Said(first)
    return Said(plain(words, HEADER_MAX), "header", spoken=first)


def _section(lines: list[str]) -> Part:
    """Return lines that are said whole while they are few: only a long list gives way."""
    whole = "\n".join(lines)
    return Said(whole) if length(whole) <= SAID_WHOLE else Listed(lines, "lines")


def _bullet(line: str) -> str:
    return f"    ◦ {line.strip()}" if line.startswith("  ") else f"• {line}"
