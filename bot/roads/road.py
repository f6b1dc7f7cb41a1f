"""What a road promises, and how one fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from storage.errors import LifeboatError
from storage.outbox import Sending, Taken

LATE_AFTER = timedelta(seconds=60)  # What comes later than that says so.


class RoadFailed(LifeboatError):
    """A road did not take what was to be sent.

    `doubt`: it may have arrived all the same. `passing`: the same call may succeed soon.
    """

    def __init__(
        self, what: str, *, hint: str = "", doubt: bool = False, passing: bool = True
    ) -> None:
        super().__init__(what, hint=hint)
        self.doubt, self.passing = doubt, passing


class Road(Protocol):
    """One way to people; called from one thread at a time."""

    @property
    def where(self) -> str:
        """Where it leads, for people to read; never a secret."""
        ...

    def deliver(self, taken: Taken, now: Callable[[], datetime]) -> None:
        """Send one thing and note in the outbox that it arrived; RoadFailed when it did not."""
        ...

    def test(self, by: str) -> None:
        """Send a test alert; RoadFailed when it did not arrive."""
        ...


@dataclass(frozen=True)
class Blocked:
    """A road that can't be used here, and says why whenever it is tried."""

    where: str
    what: str
    hint: str

    def deliver(self, taken: Taken, now: Callable[[], datetime]) -> None:
        raise RoadFailed(self.what, hint=self.hint, passing=False)

    def test(self, by: str) -> None:
        raise RoadFailed(self.what, hint=self.hint, passing=False)


def is_late(sending: Sending, now: datetime) -> bool:
    """Whether something comes so late that it has to be said."""
    return now - sending.after > LATE_AFTER


def was_held(sending: Sending) -> bool:
    """Whether something had to wait for the end of the quiet hours."""
    return sending.after - sending.made_at > LATE_AFTER
