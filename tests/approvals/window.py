"""A command in a terminal's window: a pseudo-terminal that a test types into and reads.

    python -m tests.approvals.window lifeboat-words …

run as a program, it makes the window its own, so that Ctrl-C reaches it, and becomes the command.
"""

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.slack.house import ROOT, House

ENDS_SECONDS_MAX = 90
CTRL_C, CTRL_D = "\x03", "\x04"


class Window:
    """`lifeboat …` in a window of its own, until the block is left."""

    def __init__(self, house: House, *words: str, environ: Mapping[str, str] = {}) -> None:
        self._words = ("--settings", str(house.settings), *words)
        self._environ = {**house.environ(), "TERM": "xterm", "COLUMNS": "120", **environ}
        self._said = b""
        self._open = True

    def __enter__(self) -> Self:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.approvals.window", *self._words],
            cwd=ROOT,
            env=self._environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._read(0)
        os.close(self._ours)
        self._open = False

    @property
    def said(self) -> str:
        """All that has been shown so far."""
        if self._open:
            self._read(0)
        return self._said.decode(errors="replace")

    def until(self, *words: str, seconds: float = ENDS_SECONDS_MAX) -> str:
        """Read until all of the words have been shown."""
        end = time.monotonic() + seconds
        while not all(word in self.said for word in words):
            assert time.monotonic() < end, f"{words} not shown: {self.said}"
            assert self._read(0.1) or self._process.poll() is None, f"{words}: {self.said}"
        return self.said

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._ours, text.encode())

    def signal(self, signum: int) -> None:
        self._process.send_signal(signum)

    def ended(self, seconds: float = ENDS_SECONDS_MAX) -> int:
        """Read until it has ended; its exit code."""
        end = time.monotonic() + seconds
        while self._process.poll() is None:
            assert time.monotonic() < end, f"it does not end: {self.said}"
            self._read(0.1)
        return self._process.wait()

    def _read(self, seconds: float) -> bool:
        """Read what there is; False when nobody has the other end open any more."""
        while select.select([self._ours], [], [], seconds)[0]:
            try:
                told = os.read(self._ours, 65_536)
            except OSError:
                return False
            if not told:
                return False
            self._said += told
            seconds = 0
        return True


def main(words: list[str]) -> None:
    """Make the window ours, as a login does, and become the command."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.execv(sys.executable, [sys.executable, "-m", "bot.cli", *words])


if __name__ == "__main__":
    main(sys.argv[1:])
