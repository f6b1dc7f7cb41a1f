"""The real command, lively, which kill -9s itself at a named moment: `python -m …killed run …`.

kept <name>         begin: before it is done           effect: done, and not remembered yet
                    kept: right after it was remembered
step <name>         begin, effect, and kept: told that it is finished
pause, unpause      begin: before Convex is asked      effect: right after it was
record <step>       begin, effect: a restore writes into its record in the vault
end ask, end approved
                    begin: the work is done            kept: how it ended is remembered
                    effect: the end was told, and the engine does not know yet
"""

import sys
from collections.abc import Callable
from typing import Any

from bot import cli
from bot.board import Board
from bot.jobs import JobRun
from bot.worker import _Listening
from storage.convex import pausing
from storage.records import Job
from tests.approvals import lively
from tests.moment import Moment


def arrange(moment: Moment) -> None:
    """Put the moments into the bot."""
    lively.hurry()
    _work(moment)
    _pauses(moment)
    _records(moment)
    _ends(moment)


def _work(moment: Moment) -> None:
    keep, step = JobRun.kept, _Listening.step

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

    JobRun.kept, _Listening.step = kept, stepped  # type: ignore[method-assign]


def _pauses(moment: Moment) -> None:
    def mortal(what: str, doing: Callable[..., None]) -> Callable[..., None]:
        return lambda *about: moment.around(what, lambda: doing(*about), moment.comes(what))()

    pausing.pause = mortal("pause", pausing.pause)
    pausing.unpause = mortal("unpause", pausing.unpause)


def _records(moment: Moment) -> None:
    write = Job.write

    def written(self: Job, step: str, *about: Any, **data: Any) -> None:
        what = f"record {step}"
        moment.around(what, lambda: write(self, step, *about, **data), moment.comes(what))()

    Job.write = written  # type: ignore[method-assign]


def _ends(moment: Moment) -> None:
    ended, over = Board.ended, Board.over

    def noted(self: Board, job_id: str, outcome: Any) -> Any:
        what = f"end {job_id.partition('-')[0]}"
        moment.die(what, 1, "begin")
        told = ended(self, job_id, outcome)
        moment.die(what, 1, "kept")
        return told

    def told(self: Board, job_id: str, *about: Any) -> None:
        over(self, job_id, *about)
        moment.die(f"end {job_id.partition('-')[0]}", 1, "effect")

    Board.ended, Board.over = noted, told  # type: ignore[method-assign]


if __name__ == "__main__":
    arrange(Moment())
    sys.exit(cli.main(sys.argv[1:]))
