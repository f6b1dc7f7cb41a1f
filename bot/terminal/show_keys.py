"""Keys and the recovery kit in a terminal. No secret is ever in reach here."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from bot.terminal.layout import DOUBTFUL, GAP, GOOD, LOUD, QUIET, Reader, blank, line, pairs
from bot.words import counted
from commands.key_events import KeyCreated, KitTold


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


def kit(event: KitTold) -> Iterator[Text]:
    """Yield the page itself, or where it was written and how to keep it."""
    if event.path is None:
        for each in event.text.splitlines():
            yield line(each)
        return
    yield line(("Recovery kit written: ", GOOD), (event.path, LOUD))
    yield from pairs((("tells of", ", ".join(event.backups)),))
    if event.with_identity:
        yield line(
            ("THE SECRET KEY IS IN IT: ", DOUBTFUL),
            "whoever reads it opens every archive. Print it, lock it away, delete the file.",
        )
    else:
        yield line(GAP, "The secret key is not in it: keep a copy of the identity file as well.")
    yield line(GAP, "Keep it where a fire, a thief or a lost account does not reach both.")
