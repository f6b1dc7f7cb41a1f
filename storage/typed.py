"""Reads JSON into what a class says: the one place for it, because of threads.

msgspec learns a class when something is first read into it. Two threads that make it learn the same
class at once were seen to end the whole process with SIGSEGV (msgspec 0.21 under Python 3.11; a
command delivered twice to a bot that had just begun). So each class is learned under a lock, before
it is used.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_learned: set[Any] = set()
_learning = threading.Lock()


def decode(text: bytes | str, kind: type[T]) -> T:
    """Read JSON text; msgspec.MsgspecError when it is not a `kind`."""
    _learn(kind)
    return msgspec.json.decode(text, type=kind)


def convert(told: Any, kind: type[T]) -> T:
    """Read what JSON was read into already; msgspec.MsgspecError when it is not a `kind`."""
    _learn(kind)
    return msgspec.convert(told, kind)


def _learn(kind: Any) -> None:
    if kind not in _learned:
        with _learning:
            msgspec.json.Decoder(kind)
            _learned.add(kind)
