"""What a vault promises: five methods, and the names they take.

A vault is a place archives rest. `local.py` is the reference; every vault passes the same suite,
tests/storage/vaults/suite.py. You will not find here what the names of a backup's objects are
(`storage/shelf.py`), nor how a place is reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec

from storage.errors import Refused

NAME_MAX = 800
_PART = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)


class Stored(msgspec.Struct, frozen=True):
    """One whole object: its name, its size, and when the vault says it was written (UTC)."""

    name: str
    bytes: int
    modified: datetime


class Vault(Protocol):
    """Five promises. VaultUnreachable from any of them; Refused for a name that is not legal.

    Names are `/`-separated parts of 1 to 200 ASCII letters, digits, `.`, `_` and `-`; a part never
    begins with a dot, a name never exceeds 800 characters.
    """

    @property
    def name(self) -> str:
        """What the settings call it."""
        ...

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Keep a new object, whole or not at all, and return when it is durable.

        AlreadyThere if the name is taken, also when several put it at the same time: exactly one
        wins. VaultFull if there is no room. Whatever `chunks` raises comes through unchanged, and
        nothing of the object is kept.
        """
        ...

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Yield the object's bytes from `start` on, in bounded chunks; NotThere at once if none."""
        ...

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yield each whole object whose name begins so, in the order of the names' bytes."""
        ...

    def stat(self, name: str) -> Stored:
        """Return what is known of an object without reading it; NotThere if there is none."""
        ...

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is fine."""
        ...


@runtime_checkable
class KeepsParts(Protocol):
    """A vault where a writer that is killed leaves something behind.

    Beside the five promises, because not every place has it: an object store drops an upload that
    was never finished by its own rules, a folder keeps the file.
    """

    def leftovers(self) -> Iterator[Stored]:
        """Yield all that is in the place and no whole object: unfinished parts, foreign files."""
        ...

    def sweep(self, before: datetime) -> Sequence[Stored]:
        """Remove unfinished parts last written before that moment whose writer is gone."""
        ...


@runtime_checkable
class Locks(Protocol):
    """A vault that can itself refuse to delete an object, whoever asks."""

    def hold(self, name: str) -> None:
        """Lock an object until it is released; one that is locked already is fine."""
        ...

    def release(self, name: str) -> None:
        """End `hold`; an object that is not held, or not there, is fine."""
        ...

    def locked_until(self, name: str) -> datetime | None:
        """Return until when an object can't be deleted; None when it can be.

        One that is held without an end is locked until the last moment there is.
        """
        ...


@runtime_checkable
class Thaws(Protocol):
    """A vault with cold storage: cheap to rest in, and slow to read from."""

    def to_cold(self, name: str) -> None:
        """Move an object to cold storage; one that is there already is fine."""
        ...

    def thaw(self, name: str, days: int) -> None:
        """Ask for an object to be readable for so many days; asking twice is fine."""
        ...

    def state(self, name: str) -> str:
        """Return `warm`, `cold`, `thawing` or `thawed`; NotThere if there is no such object."""
        ...


class ByHand(msgspec.Struct, frozen=True):
    """How a person reaches a vault without Lifeboat, in words and in a shell's.

    `root` is what an object's name is put behind, with a `/`; `copy` and `list` are commands that
    take such a path: `cp`, `ls`.
    """

    what: str
    root: str
    copy: str
    list: str


@runtime_checkable
class ToldByHand(Protocol):
    """A vault that can tell how it is reached by hand; a recovery kit needs it."""

    def by_hand(self) -> ByHand:
        """Return the words; nothing is asked of the place."""
        ...


def legal(name: str) -> str:
    """Return the name if a vault takes it; Refused with the rule if not."""
    if len(name) <= NAME_MAX and _NAME.fullmatch(name):
        return name
    shown = name if len(name) <= 100 else f"{name[:100]}…"
    raise Refused(
        f"{shown!r} is no name for an object in a vault.",
        hint="Names are parts of letters, digits, '.', '_' and '-', separated by '/'.",
    )
