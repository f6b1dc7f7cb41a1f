"""Asks places that may never answer: each in a thread of its own, and all of them at once.

Whoever waits gets what came in time. A question that hangs is not put again while it hangs, so
there are never more threads than places. You will not find here what is asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from storage.errors import LifeboatError


@dataclass
class _Question:
    """One question under way; `failed` is our own error, `broke` any other."""

    began: float
    over: threading.Event = field(default_factory=threading.Event)
    answer: Any = None
    failed: LifeboatError | None = None
    broke: Exception | None = None


@dataclass(frozen=True)
class Silent:
    """No answer came in time; for so many seconds nobody has answered."""

    seconds: float


class Answers:
    """The questions that are under way, by the name of the place."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._open: dict[str, _Question] = {}

    def of(
        self, questions: Mapping[str, Callable[[], Any]], seconds: float
    ) -> dict[str, Any | LifeboatError | Silent]:
        """Ask all of them and return each answer, the LifeboatError it ended in, or Silent.

        Any other error is raised once all have been waited for: it is a mistake of ours.
        """
        asked = {name: self._begun(name, asking) for name, asking in questions.items()}
        until = time.monotonic() + seconds
        for each in asked.values():
            each.over.wait(max(0.0, until - time.monotonic()))
        told = {name: self._told(name, each) for name, each in asked.items()}
        for each in asked.values():
            if each.broke is not None and each.over.is_set():
                raise each.broke
        return told

    def _begun(self, name: str, asking: Callable[[], Any]) -> _Question:
        hanging = self._open.get(name)
        if hanging is not None and not hanging.over.is_set():
            return hanging
        question = self._open[name] = _Question(self._monotonic())
        threading.Thread(target=_ask, args=(question, asking), name=name, daemon=True).start()
        return question

    def _told(self, name: str, question: _Question) -> Any | LifeboatError | Silent:
        if not question.over.is_set():
            return Silent(self._monotonic() - question.began)
        self._open.pop(name, None)
        return question.answer if question.failed is None else question.failed


def _ask(question: _Question, asking: Callable[[], Any]) -> None:
    try:
        question.answer = asking()
    except LifeboatError as error:
        question.failed = error
    except Exception as error:  # noqa: BLE001 - raised by whoever waits.
        question.broke = error
    finally:
        question.over.set()
