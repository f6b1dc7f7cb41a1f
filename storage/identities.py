"""The file of secret keys that open archives: made once, added to, never overwritten.

It is a file as `age-keygen` writes it, so that the `age` command reads it too. It is whole at every
moment: the old one stays until the new one, with all of the old one in it, has taken its place.
What a killed process left beside it is removed by the next one.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from storage.errors import Refused, SealError
from storage.seal import new_identity, read_identities

PART = ".part"


def create(path: Path, at: datetime) -> str:
    """Make an identity in a new file that only its owner can touch; return its recipient."""
    if os.path.lexists(path):
        raise _taken(path)
    text, recipient = _made(at)
    with _in_words(path), _beside(path, text) as part:
        try:
            os.link(part, path)
        except FileExistsError:
            raise _taken(path) from None
    return recipient


def add(path: Path, at: datetime) -> tuple[str, tuple[str, ...]]:
    """Put a new identity after those in a file; return its recipient, and those of the others."""
    known = read_identities(path)
    before = tuple(identity.recipient for identity in known if identity.recipient is not None)
    if len(before) != len(known):
        raise Refused(
            f"{path} holds an SSH key, and nothing can be added to one.",
            hint="Make a new file with `lifeboat keys new --out <file>`, and keep the SSH key.",
        )
    text, recipient = _made(at)
    with _in_words(path):
        real = path.resolve()
        old = real.read_bytes()
        with _beside(real, old.rstrip(b"\n") + b"\n\n" + text) as part:
            part.replace(real)
    return recipient, before


def _made(at: datetime) -> tuple[bytes, str]:
    secret, recipient = new_identity()
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"# created: {stamp}\n# public key: {recipient}\n{secret.reveal()}\n"
    return text.encode(), recipient


@contextmanager
def _beside(path: Path, text: bytes) -> Iterator[Path]:
    """Write a file of one's own beside the path, durable, for the block to give it its name."""
    _sweep(path)
    part = path.with_name(f".{path.name}-{secrets.token_hex(4)}{PART}")
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        with os.fdopen(file, "wb") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(file)
            yield part
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _sweep(path: Path) -> None:
    """Remove what a process that is gone left half-made; its lock tells whether it is."""
    for left in path.parent.glob(f".{path.name}-*{PART}"):
        with suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink(missing_ok=True)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SealError(
            f"The identity file {path} can't be written ({error.strerror}).",
            safe="No key was made, and nothing that was there has changed.",
            hint="Name a file in a folder of your own.",
        ) from error


def _taken(path: Path) -> Refused:
    return Refused(
        f"There is a file {path} already, and an identity is never overwritten: what is sealed for "
        f"a lost key is lost.",
        hint="Add a new identity to it with `lifeboat keys rotate`, or name another file with "
        "--out.",
    )
