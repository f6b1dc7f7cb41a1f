"""What was typed after `/backup`, as words."""

from __future__ import annotations

import html
import shlex

from storage.errors import Refused

QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'"})


def words(text: str) -> tuple[str, ...]:
    """Split what was typed after `/backup`; Refused for a quote that is not closed.

    Slack writes & < > as entities, and keyboards write curly quotes.
    """
    plain = html.unescape(text).translate(QUOTES)
    try:
        return tuple(shlex.split(plain))
    except ValueError:
        raise Refused(
            "A quote in it is opened and not closed.",
            hint='Write words in pairs of quotes: label "before the migration".',
        ) from None
