"""Words for Slack: other people's text made harmless, moments in the reader's zone, bars.

Labels, table names, names of people and what servers answer are other people's words. In mrkdwn
they pass through `said`, `code`, `bold` or `told`, in plain text through `plain`; after that no
mention, link, channel or date of theirs can work, and nothing invisible is left in them. What is
written with `<` here is ours: `at` and `mention`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from bot.messages.typed import in_slack
from bot.words import age, escaped, moved

ago = age  # `3 h ago`: in Slack as in a terminal.
SAID_MAX = 200
TOLD_MAX = 1_200
TOLD_LINES_MAX = 30
CODE_MAX = 120
BAR_WIDTH = 20

_GLUE = re.compile("(?<=[\u2600-\u27bf\U0001f000-\U0001faff])[\u200d\ufe0e\ufe0f]+")  # Of emoji.
# Printable to Unicode, and yet nothing to see: joiners, fillers, a blank Braille cell.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]")
_EMPHASIS_ENDS = re.compile(r"(?<=\S)[_~](?!\w)")
_LOOKALIKE = str.maketrans({"*": "∗", "`": "ˋ"})
_LOOKALIKE_ENDS = {"_": "ˍ", "~": "∼"}
_TOKEN = re.compile(r"<[^<>]*>|&(?:amp|lt|gt);|.", re.DOTALL)
_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")


def inert(text: str) -> str:
    """Return one line in which nothing is invisible and nothing turns the direction of reading."""
    line = escaped(_GLUE.sub("", " ".join(text.split())))
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


def entities(text: str) -> str:
    """Return the text with Slack's three control characters as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def said(text: str, most: int = SAID_MAX) -> str:
    """Return other people's words for mrkdwn: cut, harmless, and never bold, italic or code."""
    return _flat(clip(inert(text), most))


def code(text: str, most: int = CODE_MAX) -> str:
    """Return an id, a name or a command as inline code, in which nothing is formatting."""
    line = clip(inert(text), most).replace("`", "ˋ")
    return f"`{entities(line) or '(nothing)'}`"


def bold(text: str, most: int = SAID_MAX) -> str:
    """Return other people's words in bold."""
    return f"*{said(text, most) or '(no name)'}*"


def told(sentence: str, most: int = TOLD_MAX) -> str:
    """Return our own sentences, which may quote others, with what to type in Slack's words.

    What stands in backticks stays code; everything else is plain. Lines stay lines.
    """
    lines = [line for line in clip(in_slack(sentence), most).splitlines() if line.strip()]
    more = len(lines) - TOLD_LINES_MAX
    shown = [_spans(inert(line)) for line in lines[:TOLD_LINES_MAX]]
    return "\n".join([*shown, f"… and {more:,} more lines"] if more > 0 else shown)


def plain(text: str, most: int) -> str:
    """Return other people's words for a plain_text object, which Slack does not read at all."""
    return clip(inert(text), most)


def clip(text: str, most: int) -> str:
    """Return the text, or its beginning and an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def middle_cut(text: str, most: int) -> str:
    """Return the text, or its two ends with an ellipsis between: names often differ at the end."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def length(text: str) -> int:
    """Return how long Slack may think a text is: an emoji counts twice in UTF-16."""
    return len(text) + sum(char > "\uffff" for char in text)


def tokens(mrkdwn: str) -> Iterator[str]:
    """Yield mrkdwn in pieces that must not be cut in two: tags, entities, characters."""
    yield from _TOKEN.findall(mrkdwn)


def shortened(mrkdwn: str, most: int) -> str:
    """Return mrkdwn that fits, cut between its tokens, with no code left open."""
    if length(mrkdwn) <= most:
        return mrkdwn
    kept, room = [], most - 2  # For the ellipsis and a backtick.
    for token in tokens(mrkdwn):
        room -= length(token)
        if room < 0:
            break
        kept.append(token)
    text = "".join(kept).rstrip()
    return text + "…" + "`" * (text.count("`") % 2)


def at(moment: datetime) -> str:
    """Return a moment in each reader's own zone; in UTC where Slack can't tell it."""
    utc = moment.astimezone(UTC)
    epoch, spelled = int(utc.timestamp()), f"{utc:%Y-%m-%d %H:%M} UTC"
    return f"<!date^{epoch}^{{date_short_pretty}} {{time}}|{spelled}>" if epoch > 0 else spelled


def mention(id: str, name: str) -> str:
    """Return a mention of a person by their Slack id, or their name where that is no id."""
    return f"<@{id}>" if _PERSON.fullmatch(id) else said(name) or "somebody"


def bar(done: int, total: int | None) -> str:
    """Return a bar of characters, `████░░░░`; empty where nobody knows how much there is."""
    if not total or total < 0:
        return ""
    filled = BAR_WIDTH * min(max(done, 0), total) // total
    return f"`{'█' * filled}{'░' * (BAR_WIDTH - filled)}`"


def far(done: int, total: int | None, unit: str) -> str:
    """Return how far a step is in numbers, `27 %, 12.3 MB of 45.0 MB`; "" before it has begun."""
    if not unit:
        return ""
    numbers = said(moved(done, total, unit))
    if not total or total < 0:
        return f"{numbers} so far"
    return f"{100 * min(max(done, 0), total) // total} %, {numbers}"


def _flat(line: str) -> str:
    """Take the formatting out of a line: marks that could open or close some look alike only."""
    line = _EMPHASIS_ENDS.sub(lambda match: _LOOKALIKE_ENDS[match[0]], line)
    return entities(line.translate(_LOOKALIKE))


def _spans(line: str) -> str:
    """Keep what stands between two backticks as code; flatten the rest."""
    parts = line.split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = ["`".join(parts[-2:])]
    spans = []
    for i, part in enumerate(parts):
        inside = i % 2 == 1
        spans.append(code(part, TOLD_MAX) if inside and part.strip() else _flat(part))
    return "".join(spans)
