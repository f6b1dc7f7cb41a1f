"""A day, a week or a month in a terminal. Result in, lines out."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from bot import summary_words
from bot.summary_words import Hand
from bot.terminal.layout import BAD, GAP, GOOD, LOUD, QUIET, Reader, blank, line
from bot.words import moment
from commands.summary_events import SummaryTold


def told(event: SummaryTold, reader: Reader) -> Iterator[Text]:
    """Yield the sentence that stands alone, and below it everything it is made from."""
    hand = Hand(lambda at: moment(at, reader.zone), lambda words: words)
    yield line((summary_words.headline(event), GOOD if event.well else BAD))
    period = f"{hand.at(event.since)} to {hand.at(event.now)}"
    yield line((f"{summary_words.title(event)}, {period}", QUIET))
    for heading, lines in summary_words.sections(event, hand):
        yield blank()
        yield line((heading, LOUD))
        for words in lines:
            yield line(GAP, words)
