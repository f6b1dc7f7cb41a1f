"""A key that was made, in a terminal: its public side, and what to write into the settings."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from bot.terminal.layout import DOUBTFUL, GAP, GOOD, LOUD, QUIET, Reader, blank, line, pairs
from bot.words import counted
from commands.events import KeyCreated


def created(event: KeyCreated, reader: Reader) -> Iterator[Text]:
    """Yield where the secret lies, whom to seal for, and what must not be lost."""
    del reader
    again = bool(event.before)
    yield line(("Key added: " if again else "Key made: ", GOOD), (event.recipient, LOUD))
    yield from pairs(
        (
            ("in", event.path),
            ("kept", f"{counted(len(event.before), 'older key')}, to read" if again else None),
        )
    )
    yield blank()
    yield line(("Write into [encryption] of the settings:", QUIET))
    for each in event.settings:
        yield line(GAP, each)
    yield blank()
    if again:
        yield line("Until that line is changed, new archives are sealed for the old key.")
    yield line(
        ("Keep a copy of the file where this machine's end is not its end: ", DOUBTFUL),
        "what is sealed for a lost key is lost.",
    )
