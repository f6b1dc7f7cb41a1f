"""A stand-in Slack for a test or the demo, and the hands of the people in it.

    with SlackWorld(tmp_path, patience_seconds=1.0) as slack:
        slack.command(RIZAL, BACKUPS, "/backup now production")

In a thread of this process, or with `SlackWorld.spawn` in a process of its own that can be killed.
The hands speak to it over HTTP, like everybody else.
"""

import asyncio
import json
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from sandbox.slack import FACTS, serving
from sandbox.slack_hands import Hands, SlackFailed
from sandbox.slack_options import Options

__all__ = ["SlackFailed", "SlackWorld", "SpawnedSlackWorld"]
_ROOT = Path(__file__).parent.parent
_GOODBYE_SECONDS = 20


class SlackWorld(Hands):
    """The stand-in, up while the context is held; its workspace stays in the folder.

    Options are those of `slack_options.Options`. A second one on the same folder takes the same
    port if it is free, so that a bot finds it again.
    """

    def __init__(self, folder: Path, port: int = 0, **options: Any) -> None:
        self.folder = folder
        self._port, self._options = port, options
        self._facts = {}
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="stand-in Slack", daemon=True)

    @classmethod
    def spawn(cls, folder: Path, port: int = 0, **options: Any) -> "SpawnedSlackWorld":
        """The same in a process of its own."""
        return SpawnedSlackWorld(folder, port, **options)

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self) -> None:
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise SlackFailed(f"the stand-in did not start: {self._failure}") from self._failure
        self._learn()

    def _stop(self) -> None:
        if self._loop is not None and self._told is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told.set)
        self._thread.join()

    def _learn(self) -> None:
        self._facts = json.loads((self.folder / FACTS).read_text())

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - it is raised where the world was asked for.
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        async with serving(self.folder, Options(**self._options), self._port):
            self._ready.set()
            await self._told.wait()


class SpawnedSlackWorld(SlackWorld):
    """A stand-in in a process of its own: `process` is it, `kill` is kill -9."""

    process: subprocess.Popen[bytes]

    def _start(self) -> None:
        words = ["--port", str(self._port), "--data", str(self.folder)]
        for name, value in self._options.items():
            told = ",".join(value) if isinstance(value, list | tuple) else str(value)
            words += [f"--{name.replace('_', '-')}", told]
        self.process = subprocess.Popen(  # noqa: S603 - our own module, our own words.
            [sys.executable, "-m", "sandbox.slack", *words],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        if not any(line == b"ready\n" for line in self._said()):
            self._stop()
            raise SlackFailed(f"the stand-in ended with {self.process.returncode}")
        self._learn()

    def kill(self) -> None:
        """Ends the process as a power cut would."""
        self.process.kill()
        self.process.wait()

    def _said(self) -> IO[bytes]:
        assert self.process.stdout is not None  # noqa: S101 - asked for above.
        return self.process.stdout

    def _stop(self) -> None:
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_GOODBYE_SECONDS)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._said().close()
