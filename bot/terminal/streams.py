"""Streams that a job can write to without being stopped by them.

A backup does not end because its log's disk is full or because nobody reads its progress any
more. Only the result has to arrive: stdout is never made deaf.
"""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import TextIO


class Deafened(io.TextIOBase):
    """A stream whose failures to write are nobody's business; else it is the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def write(self, text: str, /) -> int:
        """Write what can be written."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Send what can be sent."""
        with suppress(OSError):
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True


def is_window(stream: TextIO) -> bool:
    """Whether a person looks at it through a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def forgive_letters(stream: TextIO) -> None:
    """Let a stream of few letters (LANG=C) write out what it lacks instead of failing."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
