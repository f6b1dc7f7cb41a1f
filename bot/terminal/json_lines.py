"""Events for machines: one JSON object a line, the result or the failure last, all on stdout.

Each object has `event` (the event's name) and `at` (UTC); the rest are the event's own fields.
The last one has `exit_code`, which is the process's own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType
from typing import Any, Self, TextIO

import msgspec

from commands.events import Event, JobFailed, Result


class JsonLines:
    """Write every event as it comes; nothing is held back, so a reader can follow."""

    def __init__(self, out: TextIO, now: Callable[[], datetime] | None = None) -> None:
        self._out = out
        self._now = now or (lambda: datetime.now(UTC))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def tell(self, event: Event) -> None:
        """Write one event as one line; only the last one has to arrive, or OSError is raised.

        A job goes on when nobody reads its progress any more.
        """
        last = isinstance(event, Result | JobFailed)
        with nullcontext() if last else suppress(OSError):
            self._out.write(encoded(event, self._now()) + "\n")
            self._out.flush()

    def close(self) -> None:
        """Do nothing: every line was sent as it came."""


def encoded(event: Event, at: datetime) -> str:
    """Return an event as one line of ASCII-safe JSON, without the newline."""
    fields = _whole(msgspec.to_builtins(event, enc_hook=_other))
    told: dict[str, Any] = {"event": type(event).__name__, "at": at.astimezone(UTC), **fields}
    if isinstance(event, Result):
        told["exit_code"] = event.exit_code
    return msgspec.json.encode(told).decode()


def _other(value: object) -> object:
    """Turn what msgspec does not know into what it does; a Secret stays as asterisks."""
    if isinstance(value, PurePath):
        return str(value)
    return repr(value)


def _whole(value: Any) -> Any:
    """Return the value with lone surrogates written out: half a character is not JSON."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_whole(key): _whole(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(inner) for inner in value]
    return value
