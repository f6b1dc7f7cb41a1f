"""The real command, hasty, which kill -9s itself at a named moment: `python -m …killed run …`.

kept <name>    begin: before it is done      effect: done, and not remembered yet
               kept: right after it was remembered
step <name>    begin, effect, and kept: told that it is finished
submit         begin: before the engine is asked      effect: it has it, and nobody knows yet
end            begin: the work is done       kept: how it ended is remembered
               effect: the end was told, and the engine does not know yet
picture sent, picture shared
               begin: before Slack has it    effect: Slack has it, and it is not noted yet
"""

import sys
from collections.abc import Callable
from typing import Any

from bot import cli
from bot.board import Board
from bot.jobs import Engine, JobRun
from bot.uploads import Uploads
from bot.worker import _Listening
from tests.moment import Moment
from tests.slack.hasty import hurry


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


if __name__ == "__main__":
    hurry()
    arrange(Moment())
    sys.exit(cli.main(sys.argv[1:]))
