"""Who follows the jobs of a bot: hears when each begins, what it tells, and how it ends.

Followers run in the job's own thread and must neither wait nor raise: a job is not held up, let
alone broken, by whoever counts it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.jobs import JobRun
from commands.events import Event, Result
from storage.errors import LifeboatError

log = logging.getLogger(__name__)


class Follower(Protocol):
    """What a follower hears of; `ended` comes before the end is noted, `over` once it is told."""

    def began(self, run: JobRun) -> None: ...

    def heard(self, run: JobRun, event: Event) -> None: ...

    def ended(self, run: JobRun, outcome: Result | LifeboatError) -> None: ...

    def over(self, run: JobRun) -> None: ...


@dataclass(frozen=True)
class Followers:
    """All of them as one; what one of them breaks on is logged, and the others hear it still."""

    each: Sequence[Follower] = ()

    def began(self, run: JobRun) -> None:
        self._all(lambda follower: follower.began(run))

    def heard(self, run: JobRun, event: Event) -> None:
        self._all(lambda follower: follower.heard(run, event))

    def ended(self, run: JobRun, outcome: Result | LifeboatError) -> None:
        self._all(lambda follower: follower.ended(run, outcome))

    def over(self, run: JobRun) -> None:
        self._all(lambda follower: follower.over(run))

    def _all(self, tell: Callable[[Follower], None]) -> None:
        for follower in self.each:
            try:
                tell(follower)
            except Exception as error:
                log.error("%s could not follow a job", type(follower).__name__, exc_info=error)
