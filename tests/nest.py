"""Processes that begin warm: `python -m <module> <words>` without its seconds of imports.

Most tests start the real command, often only to kill it, and what it imports is the same each
time. So one process of each test process imports it once (`python -m tests.nest`), and every start
is a fork of that: a process of its own with its own signals, files, environment and end. What is
about the start itself (a signal among the imports, a terminal, memory) starts cold.

The nest talks over one socket for each process: in come the words with the three files that the
process has as input, output and errors; out come its number, and later how it ended.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib.util
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BEGINS_SECONDS_MAX = 60
REQUEST_BYTES_MAX = 1 << 20


class Warm:
    """A process that was forked from the nest; of `subprocess.Popen` it has what tests use."""

    def __init__(
        self,
        module: str,
        words: Sequence[str],
        env: Mapping[str, str],
        files: tuple[int, int, int],
    ) -> None:
        self.args = [sys.executable, "-m", module, *words]
        self.returncode: int | None = None
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(_nest())
        told = json.dumps({"module": module, "words": [*words], "env": dict(env)}).encode()
        socket.send_fds(self._line, [len(told).to_bytes(4, "big")], files)
        self._line.sendall(told)
        self._answers = self._line.makefile("r")
        self.pid = int(self._answers.readline())

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        if self.returncode is None and select.select([self._line], [], [], 0)[0]:
            self._hear()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; the exit code."""
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self._hear()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, signum: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signum)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _hear(self) -> None:
        self.returncode = int(self._answers.readline())
        self._close()

    def _close(self) -> None:
        self._answers.close()
        self._line.close()

    def __del__(self) -> None:
        self._close()


def start(
    module: str, words: Sequence[str], env: Mapping[str, str], log: Path, *, cold: bool = False
) -> Warm | subprocess.Popen[bytes]:
    """Start `python -m module words` with nothing to read; what it writes goes into the log."""
    with Path(os.devnull).open("rb") as nothing, log.open("ab") as out:
        if not cold:
            return Warm(module, words, env, (nothing.fileno(), out.fileno(), out.fileno()))
        command = [sys.executable, "-m", module, *words]
        return subprocess.Popen(command, cwd=ROOT, env=env, stdin=nothing, stdout=out, stderr=out)


def run(
    module: str, words: Sequence[str], env: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run `python -m module words` to its end with nothing to read, as `subprocess.run` does."""
    with (
        Path(os.devnull).open("rb") as nothing,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        process = Warm(module, words, env, (nothing.fileno(), out.fileno(), err.fileno()))
        try:
            code = process.wait(timeout)
        except BaseException:
            process.kill()
            raise
        told = [(file.seek(0), file.read().decode())[1] for file in (out, err)]
    return subprocess.CompletedProcess(process.args, code, *told)


@functools.cache
def _nest() -> str:
    """Where the nest of this test process listens."""
    folder = tempfile.mkdtemp(prefix="lifeboat-nest-")
    at = str(Path(folder) / "socket")
    nest = subprocess.Popen(
        [sys.executable, "-m", "tests.nest", at],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert nest.stdin is not None
    assert nest.stdout is not None
    assert nest.stdout.readline() == b"warm\n"

    def close() -> None:
        nest.communicate(timeout=BEGINS_SECONDS_MAX)
        Path(at).unlink(missing_ok=True)
        Path(folder).rmdir()

    atexit.register(close)
    return at


class Nest:
    """Forks a process for each who asks, and tells how it ended."""

    def __init__(self, at: str) -> None:
        self._asked = socket.socket(socket.AF_UNIX)
        self._asked.bind(at)
        self._asked.listen(16)
        self._died, dying = os.pipe()
        os.set_blocking(dying, False)
        os.set_blocking(self._died, False)
        signal.set_wakeup_fd(dying, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._lines: dict[int, socket.socket] = {}

    def serve(self) -> None:
        """Go on until nobody is there any more; then nothing that was forked goes on either."""
        while True:
            ready = select.select([self._asked, self._died, 0], [], [])[0]
            if self._died in ready:
                os.read(self._died, 4096)
                self._bury()
            if self._asked in ready:
                told = self._fork()
                if told is not None:
                    be(told)
            if 0 in ready:
                for pid in self._lines:
                    os.kill(pid, signal.SIGKILL)
                return

    def _fork(self) -> Any:
        """Fork a process; in it, return what it is to be."""
        line, _ = self._asked.accept()
        head, files, _, _ = socket.recv_fds(line, 4, 3)
        size, told = int.from_bytes(head, "big"), b""
        while len(told) < size:
            told += line.recv(size - len(told))
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number, file in enumerate(files):
                os.dup2(file, number)
            for each in (line, self._asked, *self._lines.values()):
                each.close()
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            return json.loads(told)
        for file in files:
            os.close(file)
        self._lines[pid] = line
        line.sendall(f"{pid}\n".encode())
        return None

    def _bury(self) -> None:
        while self._lines:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            line = self._lines.pop(pid)
            with suppress(OSError):  # Nobody waits for it any more.
                line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            line.close()


def be(told: Mapping[str, Any]) -> None:
    """Be `python -m module words`; ends with SystemExit where that does."""
    os.environ.clear()
    os.environ.update(told["env"])
    time.tzset()
    sys.argv = [told["module"], *told["words"]]
    spec = importlib.util.find_spec(told["module"])
    assert spec is not None
    main = types.ModuleType("__main__")
    main.__spec__, main.__file__ = spec, spec.origin
    sys.modules["__main__"] = main
    exec(spec.loader.get_code(told["module"]), main.__dict__)  # type: ignore[union-attr]
    sys.exit(0)


def warm() -> None:
    """Import what the command imports."""
    from bot import app, cli, help_text, run, summary_picture, terminal  # noqa: F401


if __name__ == "__main__":
    warm()
    gc.collect()
    gc.freeze()
    nest = Nest(sys.argv[1])
    os.write(1, b"warm\n")
    nest.serve()
