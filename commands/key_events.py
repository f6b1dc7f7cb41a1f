"""What `keys` and `recovery-kit` end in: facts without any secret."""

from __future__ import annotations

from dataclasses import dataclass

from commands.events import Result


@dataclass(frozen=True)
class KeyCreated(Result):
    """A key pair was made; `settings` are the lines to write, `before` the keys it stands beside.

    The secret is in the file, and nowhere else.
    """

    recipient: str
    path: str
    settings: tuple[str, ...]
    before: tuple[str, ...] = ()


@dataclass(frozen=True)
class KitTold(Result):
    """The recovery kit: its text, without any secret, and the file it was written into.

    `with_identity`: the file, and only the file, holds the secret key as well.
    """

    text: str
    backups: tuple[str, ...]
    path: str | None = None
    with_identity: bool = False
