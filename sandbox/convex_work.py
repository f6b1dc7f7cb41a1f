"""A thread that does one deployment's long work, one piece after another.

What the pieces are is said by `convex_export.py` and `convex_import.py`.
"""

import logging
import threading
from abc import ABC, abstractmethod

from sandbox.troubles import Trouble, Troubles

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.02
_AFTER_DEFECT_SECONDS = 1.0


class Stopped(Exception):
    """The stand-in is going down: leave everything as it is, the next start goes on."""


class Worker(ABC):
    """Does pieces of work while there are any, and sleeps until it is woken."""

    def __init__(self, name: str, troubles: Troubles, step_seconds: float) -> None:
        self._troubles = troubles
        self._step_seconds = step_seconds
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def do_next(self) -> bool:
        """Does one piece; says whether there was one. Raises Stopped where it is told to end."""

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def pause(self, seconds: float | None = None) -> None:
        """Lets the present state be seen for a moment; raises Stopped."""
        if self._stopping.wait(self._step_seconds if seconds is None else seconds):
            raise Stopped

    def stay(self, trouble: Trouble) -> None:
        """Does nothing until the trouble is healed; raises Stopped."""
        while self._troubles.holds(trouble):
            self.pause(_LOOK_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self.do_next()
            except Stopped:
                return
            except Exception:  # noqa: BLE001 - a defect of ours: say it, serve what still works.
                _log.exception("the work of %s broke off", self._thread.name)
                self._stopping.wait(_AFTER_DEFECT_SECONDS)
                continue
            if not busy:
                self._woken.wait()
                self._woken.clear()
