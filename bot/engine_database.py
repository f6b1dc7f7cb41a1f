"""The engine's rows in a PostgreSQL database that several bots share, one of them at work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.pulse import end_with
from bot.turn import Turn, at_work
from storage.database import connect, told
from storage.secret import Secret

ROWS = "dbos.workflow_status"  # The library's own table of jobs.


class EngineDatabase:
    """A PostgreSQL database; of all bots that know it the one whose turn it is works on it."""

    shared = True

    def __init__(
        self, address: Callable[[], Secret], lost: Callable[[str], None] = end_with
    ) -> None:
        self._address, self._lost = address, lost
        self._turn: Turn | None = None

    def wait(self, stop: threading.Event, standing_by: Callable[[str, str], None]) -> bool:
        return self._my_turn().wait(stop, standing_by)

    def sure(self) -> bool:
        return self._turn is not None and self._turn.sure()

    @contextmanager
    def held(self) -> Iterator[None]:
        self._my_turn().take()
        try:
            yield
        finally:
            self.leave(clean=False)

    def leave(self, *, clean: bool) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.leave(clean=clean)

    def exists(self) -> bool:
        with told(), connect(self._address()) as connection:
            row = connection.execute("SELECT to_regclass(%s)", [ROWS]).fetchone()
        return row is not None and row[0] is not None

    def holder(self) -> str | None:
        return at_work(self._address())

    def url(self) -> Secret:
        return self._address()

    def _my_turn(self) -> Turn:
        if self._turn is None:
            self._turn = Turn(self._address(), self._lost)
        return self._turn
