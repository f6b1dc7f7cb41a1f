"""The log of everything that passed between Slack and the bot, for tests and the page's drawer.

What can be used by whoever reads it (tokens, links to answer by, codes that open modals) is blanked
before it is written down.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from sandbox.slack_people import Json

_KEPT = 5000
_BLANKED = frozenset(("token", "response_url", "trigger_id", "upload_url"))


class Calls:
    """Numbered entries, oldest first; `added` hears of each, and again when it has an answer."""

    def __init__(self, added: Callable[[Json], None]) -> None:
        self._entries: deque[Json] = deque(maxlen=_KEPT)
        self._added = added
        self._count = 0

    def begin(self, way: str, name: str, request: Any) -> Json:
        """Writes down a call (api, envelope, ack, response_url, trouble) that has no answer yet."""
        self._count += 1
        entry: Json = {
            "n": self._count,
            "at": time.time(),
            "way": way,
            "name": name,
            "request": blanked(request),
            "answer": None,
            "ms": 0,
            "ok": True,
        }
        self._entries.append(entry)
        self._added(entry)
        return entry

    def describe(self, entry: Json, request: Any) -> None:
        """Fills in what was asked, where it was not known at once."""
        entry["request"] = blanked(request)

    def finish(self, entry: Json, answer: Any, *, ok: bool = True) -> None:
        """Adds how it went."""
        entry |= {"answer": blanked(answer), "ok": ok}
        entry["ms"] = round((time.time() - entry["at"]) * 1000)
        self._added(entry)

    def add(
        self, way: str, name: str, request: Any, answer: Any = None, *, ok: bool = True
    ) -> None:
        """Writes down what was over at once."""
        self.finish(self.begin(way, name, request), answer, ok=ok)

    def all(self) -> list[Json]:
        return list(self._entries)

    def last(self, count: int) -> list[Json]:
        return list(self._entries)[-count:]

    def clear(self) -> None:
        self._entries.clear()


def blanked(told: Any) -> Any:
    """The same, with an ellipsis in place of what must not be read."""
    if isinstance(told, dict):
        return {
            name: "…" if value and _hidden(name, value) else blanked(value)
            for name, value in told.items()
        }
    if isinstance(told, list):
        return [blanked(one) for one in told]
    return told


def _hidden(name: str, value: Any) -> bool:
    return name in _BLANKED or (name == "url" and "ticket=" in str(value))
