"""What a vault promises: five methods, and the names they take; and what only some vaults can.

A vault is a place archives rest. `local.py` is the reference; every vault passes the same suite,
tests/storage/vaults/suite.py. You will not find here what the names of a backup's objects are
(`storage/shelf.py`), nor how a place is reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol, runtime_checkable

import msgspec

from storage.errors import Refused

NAME_MAX = 800
FOREVER = datetime.max.replace(tzinfo=UTC)
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

    Beside the five promises, because not every place has it: a folder keeps a file, a bucket an
    upload that was never finished.
    """

    def leftovers(self) -> Iterator[Stored]:
        """Yield all that is in the place and no whole object: unfinished parts, foreign files."""
        ...

    def sweep(self, before: datetime) -> Sequence[Stored]:
        """Remove unfinished parts last written before that moment whose writer is gone."""
        ...


class Look(msgspec.Struct, frozen=True):
    """One thing a vault found about itself: its name, how it stands, what, and what to do."""

    name: str
    state: Literal["OK", "WARN", "FAIL"]
    what: str
    hint: str = ""


@runtime_checkable
class LooksAtItself(Protocol):
    """A vault whose owner may have forbidden things, or whose server may not keep promises."""

    def looks(self, probe: str, skew_seconds_max: float) -> Iterator[Look]:
        """Yield each thing that a backup needs; one small object called `probe` comes and goes."""
        ...


@runtime_checkable
class KeepsByKind(Protocol):
    """A vault that keeps objects otherwise by kind of backup: cheaper, or locked for a time."""

    def put_as(self, kind: str, name: str, chunks: Iterable[bytes]) -> Stored:
        """Do as `put` does, and keep the object as its kind is kept."""
        ...


@runtime_checkable
class Locks(Protocol):
    """A vault that can forbid everybody, itself as well, to remove an object."""

    def hold(self, name: str) -> None:
        """Forbid to remove it until `release`; a hold that is there is fine."""
        ...

    def release(self, name: str) -> None:
        """End the hold; none is fine. A lock for a time stays."""
        ...

    def lock(self, name: str, until: datetime) -> None:
        """Forbid to remove it before that moment; a lock is never shortened."""
        ...

    def locked_until(self, name: str) -> datetime | None:
        """Return until when it can't be removed: FOREVER while held, None if it can be."""
        ...


class Warmth(msgspec.Struct, frozen=True):
    """Whether an object can be read: `ready`, `thawed` until a moment, `thawing`, or `cold`.

    `takes` is how long thawing takes at most, from when it is asked for; zero for what can be read.
    """

    state: Literal["ready", "cold", "thawing", "thawed"]
    storage_class: str
    until: datetime | None = None
    takes: timedelta = timedelta(0)


@runtime_checkable
class Thaws(Protocol):
    """A vault with a cold place, where keeping is cheap and reading takes hours of thawing."""

    @property
    def name(self) -> str: ...

    def cool(self, name: str) -> None:
        """Move the object to the cold place; one that is there is fine."""
        ...

    def thaw(self, name: str) -> timedelta:
        """Begin the thawing, once or often; return how long it takes at most."""
        ...

    def warmth(self, name: str) -> Warmth:
        """Return whether it can be read now."""
        ...


@runtime_checkable
class TellsRoom(Protocol):
    """A vault that knows how much room its disk has left; a bucket has no such bound."""

    def free_bytes(self) -> int:
        """Return how many bytes there is room for."""
        ...


@runtime_checkable
class TellsTime(Protocol):
    """A vault with a clock of its own: what is old enough to be swept follows that one."""

    def skew_seconds(self) -> float | None:
        """Return this machine's clock minus the vault's, to a second; None if it won't tell."""
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
