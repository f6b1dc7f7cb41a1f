"""What the settings say of the seal: whom archives are sealed for, and where the identity lies.

The identity file is not read here: it may lie on a disk that comes and goes, and a bot that only
seals has none. Nothing here repeats what was written, because people do paste the wrong half.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from bot.settings_sense import Shaped
from bot.settings_shape_kept import EncryptionTable
from bot.settings_words import Mistake
from storage.seal import SECRET_BEGINS, Seal, valid_recipient

WHERE = "encryption"
HOW = (
    "Type `lifeboat keys new` and copy the lines that it prints into [encryption]; or write "
    'kind = "none" there, to keep archives plain.'
)


def mistakes(shaped: Shaped) -> Iterator[Mistake]:
    """Find a seal that is not said, said twice over, or for nobody."""
    table = shaped.file.encryption
    if shaped.told(WHERE) or shaped.told(WHERE, "recipients") or shaped.told(WHERE, "kind"):
        return
    if table.kind == "none":
        if table.recipients:
            what = 'It names recipients, and kind = "none" keeps archives plain.'
            yield Mistake(f"{WHERE}.recipients", what, "Take one of the two lines out.")
        return
    if not table.recipients:
        yield Mistake(WHERE, "It is not said whom archives are sealed for.", HOW)
    for number, text in enumerate(table.recipients or (), start=1):
        if SECRET_BEGINS in text.upper():
            yield Mistake(
                f"{WHERE}.recipients",
                f"Item {number} is a secret key, and now it stands in a file that people share.",
                "Take it out, make a new one with `lifeboat keys new`, and write its recipient.",
            )
        elif valid_recipient(text) is None:
            yield Mistake(
                f"{WHERE}.recipients",
                f"Item {number} is not a public key that age knows.",
                "Write age1… as `lifeboat keys new` prints it, or an ssh-ed25519 or ssh-rsa key.",
            )


def seal(table: EncryptionTable, identity_file: Path | None) -> Seal:
    """Return the seal; recipients that are none were told as mistakes."""
    if table.kind == "none":
        return Seal((), identity_file)
    known = (valid_recipient(text) for text in table.recipients or ())
    return Seal(tuple(dict.fromkeys(text for text in known if text)), identity_file)


def warnings(identity_file: Path | None) -> Iterator[tuple[str, str]]:
    """Find an identity file that others than its owner can touch."""
    if identity_file is None:
        return
    try:
        mode = identity_file.stat().st_mode
    except OSError:
        return
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield (
            "The identity file of [encryption] can be read or written by others than its owner.",
            f"Type: chmod 600 {identity_file}",
        )
