"""What a view yields, and how it is made to fit: parts in, a `Message` out.

The text of a message is made from the same parts as its blocks, so that it can't say less. What
is too long is cut here and nowhere else: lists first, each ending in how many more there are,
then the longest sentences.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)

from bot.messages.model import ActionId, Message
from bot.messages.text import length, plain, said, shortened

TEXT_MAX = 3_900  # chat.update refuses a text above 4,000.
SECTION_MAX = 2_900
HEADER_MAX = 150
BLOCKS_MAX = 50
# All blocks together: some 12,000 characters, of which the blocks themselves take a part. Slack
# does not document it; bolt-js #2509 and #2867 measured `msg_blocks_too_long`.
BLOCKS_ALL_MAX = 12_000
BLOCKS_TEXT_MAX = 9_000
BLOCK_WEIGHT = 120  # What a block takes besides its text.
VALUE_MAX = 2_000
OPTION_VALUE_MAX = 150
SEEN_WHOLE = 400  # A longer section would fold behind "See more".
LINES_MAX = 200  # More would never fit.
LINE_MAX = 1_200
LINE_MIN = 120  # Below this a beginning says nothing.
MORE_MAX = 60  # Room for "… and 1,234,567 more tables" and a fence.
FENCE = "```"

T = TypeVar("T")
Kind = Literal["header", "section", "context"]


@dataclass(frozen=True)
class Said:
    """Something said in mrkdwn (in plain text in a header); `spoken` where `text` is to look at."""

    text: str
    kind: Kind = "section"
    spoken: str | None = None
    menu: OverflowMenuElement | ButtonElement | None = None


@dataclass(frozen=True)
class Listed:
    """Lines of which the last may be left out; with a `heading` they are a table."""

    lines: Sequence[str]
    what: str  # In the plural: tables, findings.
    heading: str = ""  # Set in equal letters, and again wherever the table is split.
    left_out: int = 0  # How many more there are that are not even in `lines`.

    @property
    def around(self) -> int:
        """How much each piece of a table takes besides its rows."""
        return 2 * len(FENCE) + 2 + length(self.heading) + 1 if self.heading else 0


@dataclass(frozen=True)
class Pressed:
    """A row of buttons, no two with the same id: Slack refuses a row that has."""

    buttons: Sequence[ButtonElement | StaticSelectElement | None]


Part = Said | Listed | Pressed


def message(parts: Iterable[Part]) -> Message:
    """Return blocks, and the text that says the same, both within what Slack takes."""
    said_parts = [part for part in parts if not isinstance(part, Said) or part.text]
    blocks = [block.to_dict() for block in _blocks(said_parts)]
    return Message(text=_text(said_parts), blocks=tuple(blocks[:BLOCKS_MAX]))


def header(words: str) -> Said:
    """Return a heading; other people's words may stand in it."""
    return Said(plain(words, HEADER_MAX // 2), "header", spoken=f"*{said(words, HEADER_MAX)}*")


def small(*sentences: str) -> Said:
    """Return quiet words below the rest; empty ones are left out."""
    return Said(" · ".join(sentence for sentence in sentences if sentence), "context")


def listed(line: Callable[[T], str], items: Sequence[T], what: str) -> Listed:
    """Return a list of which only the items that could ever be shown are put into words."""
    return Listed([line(item) for item in items[:LINES_MAX]], what, left_out=len(items[LINES_MAX:]))


def facts(rows: Iterable[tuple[str, str | None]]) -> Said:
    """Return `*name:* value` lines; values are mrkdwn, and rows without one are left out."""
    return Said("\n".join(f"*{name}:* {value}" for name, value in rows if value))


def button(
    label: str,
    action: ActionId,
    value: str,
    *,
    style: Literal["primary", "danger"] | None = None,
    confirm: ConfirmObject | None = None,
) -> ButtonElement | None:
    """Return a button, or None when the id is too long for Slack to carry."""
    if not value or length(value) > VALUE_MAX:
        return None
    return ButtonElement(
        text=PlainTextObject(text=label, emoji=False),
        action_id=action.value,
        value=value,
        style=style,
        confirm=confirm,
    )


def menu(action: ActionId, options: Iterable[tuple[str, str]]) -> OverflowMenuElement | None:
    """Return the menu behind three dots, of (label, value); None when an id is too long for it."""
    made = [
        Option(text=PlainTextObject(text=label, emoji=False), value=value)
        for label, value in options
        if length(value) <= OPTION_VALUE_MAX
    ]
    return OverflowMenuElement(action_id=action.value, options=made) if made else None


def shares(lengths: Sequence[int], most: int) -> list[int]:
    """Return how much room each gets: the short all they need, the long an equal rest."""
    rooms = [0] * len(lengths)
    by_length = sorted(range(len(lengths)), key=lengths.__getitem__)
    for place, index in enumerate(by_length):
        rooms[index] = min(lengths[index], max(0, most) // (len(lengths) - place))
        most -= rooms[index]
    return rooms


def _blocks(parts: Sequence[Part]) -> Iterator[Block]:
    fixed = [length(part.text) if isinstance(part, Said) else 0 for part in parts]
    most = min(BLOCKS_TEXT_MAX, BLOCKS_ALL_MAX - sum(map(_weight, parts)))
    rooms = _rooms(parts, [min(each, SECTION_MAX) for each in fixed], most)
    for part, room in zip(parts, rooms, strict=True):
        match part:
            case Said():
                yield _block(part, shortened(part.text, room))
            case Listed():
                yield from (_section(text) for text in _chunks(part, room, SECTION_MAX))
            case Pressed():
                buttons = [each for each in part.buttons if each is not None]
                if buttons:
                    yield ActionsBlock(elements=buttons)


def _weight(part: Part) -> int:
    """Return about how much a part takes besides its text: buttons and menus may take much."""
    controls: Sequence[ButtonElement | StaticSelectElement | OverflowMenuElement | None] = ()
    if isinstance(part, Pressed):
        controls = part.buttons
    elif isinstance(part, Said):
        controls = (part.menu,)
    return BLOCK_WEIGHT + sum(len(json.dumps(each.to_dict())) for each in controls if each)


def _text(parts: Sequence[Part]) -> str:
    spoken = [_spoken(part) for part in parts]
    rooms = _rooms(parts, [length(each) + bool(each) for each in spoken], TEXT_MAX)
    lines: list[str] = []
    for part, words, room in zip(parts, spoken, rooms, strict=True):
        if isinstance(part, Listed):
            lines += _chunks(part, room, room)
        elif words:
            lines.append(shortened(words, room - 1))
    return "\n".join(lines)


def _spoken(part: Part) -> str:
    if not isinstance(part, Said):
        return ""
    return part.text if part.spoken is None else part.spoken


def _rooms(parts: Sequence[Part], fixed: Sequence[int], most: int) -> list[int]:
    """Give what is said its room first, and share the rest among the lists, in their order."""
    lists = sum(isinstance(part, Listed) for part in parts)
    rooms = shares(fixed, most - lists * MORE_MAX)
    left = most - sum(rooms)
    for i, part in enumerate(parts):
        if isinstance(part, Listed):
            needed = sum(length(line) + 1 for line in part.lines) + MORE_MAX
            pieces = 1 + needed // (SECTION_MAX // 2)
            rooms[i] = min(needed + pieces * part.around, left // lists)
            left -= rooms[i]
            lists -= 1
    return rooms


def _chunks(part: Listed, room: int, most: int) -> Iterator[str]:
    """Yield a list in pieces of up to `most`, together within `room`; the last counts the rest."""
    pieces: list[list[str]] = [[]]
    whole = most - MORE_MAX - part.around
    left, piece_left = room - MORE_MAX - part.around, whole
    for line in part.lines:
        fitting = shortened(line, min(LINE_MAX, whole - 1))
        cost = length(fitting) + 1
        if cost > piece_left and pieces[-1]:
            pieces.append([])
            left, piece_left = left - part.around, whole
        if cost > left:
            if not pieces[0] and left > LINE_MIN:
                pieces[0].append(shortened(line, left - 1))
            break
        pieces[-1].append(fitting)
        left, piece_left = left - cost, piece_left - cost
    yield from _counted(part, [piece for piece in pieces if piece])


def _counted(part: Listed, pieces: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield each piece as text, and after the last one how many lines are not shown."""
    texts = [_joined(piece, part.heading) for piece in pieces]
    shown = sum(map(len, pieces))
    more = len(part.lines) - shown + part.left_out
    if more:
        counted = f"… and {more:,} more {part.what}" if shown else f"{more:,} {part.what}"
        texts[-1:] = [f"{texts[-1]}\n{counted}" if texts else counted]
    yield from texts


def _joined(lines: Sequence[str], heading: str) -> str:
    inside = "\n".join(lines)
    return f"{FENCE}\n{heading}\n{inside}\n{FENCE}" if heading else inside


def _block(part: Said, text: str) -> Block:
    match part.kind:
        case "header":
            return HeaderBlock(text=PlainTextObject(text=text, emoji=False))
        case "context":
            return ContextBlock(elements=[MarkdownTextObject(text=text, verbatim=True)])
        case "section":
            return _section(text, part.menu)


def _section(text: str, menu: OverflowMenuElement | ButtonElement | None = None) -> SectionBlock:
    return SectionBlock(
        text=MarkdownTextObject(text=text, verbatim=True),  # No bare address becomes a link.
        accessory=menu,
        expand=True if length(text) > SEEN_WHOLE else None,
    )
