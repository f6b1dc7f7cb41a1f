"""An engine in a process of its own, which does one job: `python -m … folder die [go]`.

It kill -9s itself where `die` says: in the middle of `one`, `two` or `three`, at the `end`, or once
it has come to `wait`; with `go`, what it waits for comes instead.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from bot.jobs import Engine, JobRun
from storage.errors import ExportFailed
from tests.bot.engines import ended, place, wish


def main(folder: Path, die: str, *, go: bool) -> None:
    log = (folder / "log").open("a", buffering=1)

    def once(name: str) -> str:
        log.write(f"{name}\n")
        if die == name:
            os.kill(os.getpid(), signal.SIGKILL)
        return name.upper()

    def fails() -> str:
        raise ExportFailed("It failed.")

    def work(run: JobRun) -> dict[str, Any]:
        log.write(f"began resumed={run.resumed}\n")
        kept = [run.kept(name, lambda n=name: once(n), str) for name in ("one", "two", "three")]
        log.write(f"kept {kept}\n")
        try:
            run.kept("fails", fails, str)
        except ExportFailed as error:
            log.write(f"error {error.what}\n")
        if die == "end":
            os.kill(os.getpid(), signal.SIGKILL)
        if die == "wait":
            run.wait("vote", 300)
            log.write("woken\n")
        return ended()

    engine = Engine(place(folder), work)
    engine.start()
    engine.submit("job", wish())
    if die == "wait":
        time.sleep(2.5)  # Till it waits, and has rested.
        if not go:
            os.kill(os.getpid(), signal.SIGKILL)
        engine.signal("job", "vote", "go", once="go")
    until = time.monotonic() + 20
    while engine.standing() and time.monotonic() < until:
        time.sleep(0.05)
    engine.stop(5)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], go=len(sys.argv) > 3)
