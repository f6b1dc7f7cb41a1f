"""Where the engine keeps its rows, and that one bot at most works on them.

A SQLite file and a lock of this machine, or, for several replicas, one PostgreSQL database. Its
address is a secret and read only when somebody needs it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from storage import lock
from storage.errors import LifeboatError
from storage.secret import Secret

BOT_LOCK = "bot.lock"


class EnginePlace(Protocol):
    """One place for the rows of one bot's engine."""

    @property
    def shared(self) -> bool:
        """Whether other machines can look at it, so that a bot there may be the one at work."""
        ...

    def wait(self, stop: threading.Event, standing_by: Callable[[str, str], None]) -> bool:
        """Wait for this bot's turn; False when it was told to stop before: see `bot/turn.py`."""
        ...

    def sure(self) -> bool:
        """Whether this bot may begin something now: nobody else can be at work."""
        ...

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the one bot at work on it; Refused, naming the other one, where there is one."""
        ...

    def leave(self, *, clean: bool) -> None:
        """Let another bot have it; `clean`: no job is at work here any more."""
        ...

    def exists(self) -> bool:
        """Whether a bot has ever kept anything there; LifeboatError when that can't be seen."""
        ...

    def holder(self) -> str | None:
        """Return who is at work on it right now, None when nobody is; LifeboatError."""
        ...

    def url(self) -> Secret:
        """Return its address as the engine's library wants it, making what has to be there."""
        ...


@dataclass(frozen=True)
class EngineFile:
    """A SQLite file; the bot of this machine that holds the lock works on it."""

    file: Path
    locks: Path
    shared = False

    def wait(self, stop: threading.Event, standing_by: Callable[[str, str], None]) -> bool:
        """It is taken at once or not at all: a second bot on one machine is a mistake."""
        return not stop.is_set()

    def sure(self) -> bool:
        return True  # The kernel holds the lock as long as this process lives.

    @contextmanager
    def held(self) -> Iterator[None]:
        with lock.held(self.locks / BOT_LOCK, what="a bot at work on this data folder"):
            yield

    def leave(self, *, clean: bool) -> None:
        """The lock ends with `held`."""

    def exists(self) -> bool:
        return self.file.exists()

    def holder(self) -> str | None:
        return "the bot" if lock.is_held(self.locks / BOT_LOCK) else None

    def url(self) -> Secret:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file.touch(mode=0o600)
        return Secret(f"sqlite:///{self.file}")


def replica(place: EnginePlace) -> str | None:
    """Return which replica is at work, "" when none is, None where there are no replicas."""
    return (place.holder() or "") if place.shared else None


def whether_at_work(place: EnginePlace) -> bool:
    """Whether a bot is at work; one that can't reach its database is not."""
    try:
        return place.holder() is not None
    except LifeboatError:
        return False
