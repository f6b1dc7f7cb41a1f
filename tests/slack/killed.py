"""The bot, which kill -9s itself at a named moment: `python -m tests.slack.killed`.

All that takes long is imported once; each line of JSON on its input becomes a process of its own
that runs the real command. The moment stands in a file that the process looks into wherever it
could die, and takes away before it does, so that the next life lives.

    kept <name>    begin: before it is done      effect: done, and not remembered yet
                   kept: right after it was remembered
    step <name>    begin, effect, and kept: told that it is finished
    submit         begin: before the engine is asked      effect: it has it, and nobody knows yet
    end            begin: the work is done       kept: how it ended is remembered
                   effect: the end was told, and the engine does not know yet
    picture sent, picture shared
                   begin: before Slack has it    effect: Slack has it, and it is not noted yet
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot import cli, courier, run, schedule, terminal  # noqa: F401 - imported once, for every process.
from bot.board import Board
from bot.jobs import Engine, JobRun
from bot.uploads import Uploads
from bot.worker import _Listening
from commands import due


class Moment:
    """When to die: `{"what": "kept export", "nth": 1, "point": "effect"}` in a file, or never."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._told: Any = None
        self._seen: dict[str, int] = {}

    def comes(self, what: str) -> int:
        """Count that something begins once more since a moment was set; which time it is."""
        told = self._look()
        if told != self._told:
            self._told, self._seen = told, {}
        self._seen[what] = self._seen.get(what, 0) + 1
        return self._seen[what]

    def die(self, what: str, nth: int, point: str) -> None:
        """Die if this is the moment."""
        if self._look() == {"what": what, "nth": nth, "point": point}:
            self._file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    def _look(self) -> Any:
        try:
            return json.loads(self._file.read_text())
        except FileNotFoundError:
            return None

    def around(self, what: str, doing: Callable[[], Any], nth: int) -> Callable[[], Any]:
        """The same doing, between two moments."""

        def done() -> Any:
            self.die(what, nth, "begin")
            result = doing()
            self.die(what, nth, "effect")
            return result

        return done


def arrange(moment: Moment) -> None:
    """Put the moments into the bot."""
    keep, step, ended, over = JobRun.kept, _Listening.step, Board.ended, Board.over

    def kept(self: JobRun, name: str, doing: Callable[[], Any], kind: type[Any]) -> Any:
        what = f"kept {name}"
        nth = moment.comes(what)
        result = keep(self, name, moment.around(what, doing, nth), kind)
        moment.die(what, nth, "kept")
        return result

    def stepped(self: _Listening, name: str, doing: Callable[[], Any]) -> Any:
        what = f"step {name}"
        nth = moment.comes(what)
        result = step(self, name, moment.around(what, doing, nth))
        moment.die(what, nth, "kept")
        return result

    def noted(self: Board, job_id: str, outcome: Any) -> Any:
        moment.die("end", 1, "begin")
        told = ended(self, job_id, outcome)
        moment.die("end", 1, "kept")
        return told

    def told(self: Board, *about: Any) -> None:
        over(self, *about)
        moment.die("end", 1, "effect")

    JobRun.kept, _Listening.step = kept, stepped  # type: ignore[method-assign]
    Board.ended, Board.over = noted, told  # type: ignore[method-assign]
    courier.Courier.__init__.__defaults__ = (time.monotonic, 0.05)  # type: ignore[misc]
    courier.SAME_SECONDS = 0.2
    due.EVERY_SECONDS_MIN = 1
    schedule.LOOK_SECONDS = 1
    submit = Engine.submit

    def submitted(self: Engine, job_id: str, wish: Any) -> bool:
        moment.die("submit", 1, "begin")
        told = submit(self, job_id, wish)
        moment.die("submit", 1, "effect")
        return told

    Engine.submit = submitted  # type: ignore[method-assign]
    send, share = Uploads._sent, Uploads._shared

    def sent(self: Uploads, drawing: Any) -> str:
        return str(moment.around("picture sent", lambda: send(self, drawing), 1)())

    def shared(self: Uploads, *about: Any, before: bool) -> str:
        doing = moment.around("picture shared", lambda: share(self, *about, before=before), 1)
        return str(doing())

    Uploads._sent, Uploads._shared = sent, shared  # type: ignore[method-assign]


def live(told: dict[str, Any]) -> None:
    """Be the bot, to its end."""
    os.environ.clear()
    os.environ.update(told["environ"])
    for fd, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, told["log"], os.O_WRONLY | os.O_APPEND),
        (2, told["log"], os.O_WRONLY | os.O_APPEND),
    ):
        os.dup2(os.open(path, flags), fd)
    arrange(Moment(Path(told["moment"])))
    os._exit(cli.main(["run", "--settings", told["settings"]]))


def main() -> None:
    """Start a bot for each line, one after another, and say how each one ended."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            live(json.loads(line))
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
