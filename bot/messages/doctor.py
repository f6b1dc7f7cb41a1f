"""What a look around found: what is missing first, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.messages.model import Message
from bot.messages.parts import Part, Said, header, listed, message
from bot.messages.text import bold, told
from commands.events import DoctorLine, DoctorLooked

STATES = ("FAIL", "WARN", "OK")
WHAT_MAX = 500


def looked(event: DoctorLooked) -> Message:
    """Return the tally, then a line for each look, the failing ones first."""
    return message(_looked(event))


def _looked(event: DoctorLooked) -> Iterator[Part]:
    yield header("Doctor")
    if not event.lines:
        yield Said("FAIL: nothing was looked at.")
        return
    tally = {state: 0 for state in STATES}
    for each in event.lines:
        tally[_state(each)] += 1
    yield Said("*" + ", ".join(f"{count:,} {state}" for state, count in tally.items()) + "*")
    ordered = sorted(event.lines, key=lambda each: STATES.index(_state(each)))
    yield listed(_line, ordered, "looks")


def _state(line: DoctorLine) -> str:
    """Return the state of a look; a word that nobody knows is no good sign."""
    return line.state if line.state in STATES else "FAIL"


def _line(line: DoctorLine) -> str:
    hint = f"\n   *What to do:* {told(line.hint, WHAT_MAX)}" if line.hint else ""
    return f"{_state(line)} · {bold(line.name)}: {told(line.what, WHAT_MAX)}{hint}"
