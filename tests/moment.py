"""The moment at which a process under test kill -9s itself: for `…killed` modules.

It stands in a file that the process looks into wherever it could die, and takes away before it
does, so that the next life lives.
"""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMED_BY = "LIFEBOAT_TEST_MOMENT"  # The variable that holds the path of the file.


class Moment:
    """When to die: `{"what": "kept export", "nth": 1, "point": "effect"}` in a file, or never."""

    def __init__(self) -> None:
        self._file = Path(os.environ[NAMED_BY])
        self._told: Any = None
        self._seen: dict[str, int] = {}

    def comes(self, what: str) -> int:
        """Count that something begins once more since a moment was set; which time it is."""
        told = self._look()
        if told != self._told:
            self._told, self._seen = told, {}
        self._seen[what] = self._seen.get(what, 0) + 1
        return self._seen[what]

    def die(self, what: str, nth: int, point: str) -> None:
        """Die if this is the moment."""
        if self._look() == {"what": what, "nth": nth, "point": point}:
            self._file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, what: str, doing: Callable[[], Any], nth: int) -> Callable[[], Any]:
        """The same doing, between two moments."""

        def done() -> Any:
            self.die(what, nth, "begin")
            result = doing()
            self.die(what, nth, "effect")
            return result

        return done

    def _look(self) -> Any:
        try:
            return json.loads(self._file.read_text())
        except FileNotFoundError:
            return None


def write(file: Path, what: str, nth: int, point: str) -> None:
    """Set a moment, all of it at once."""
    beside = file.with_suffix(".part")
    beside.write_text(json.dumps({"what": what, "nth": nth, "point": point}))
    beside.replace(file)
