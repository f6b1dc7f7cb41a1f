"""The command from within this process: many times as quick as a process of its own."""

import contextlib
import io
import signal

from bot import cli
from tests.slack.house import House


def in_terminal(house: House, *words: str) -> None:
    """Run `lifeboat …` as somebody at a terminal does; it has to end well."""
    stops = (signal.SIGINT, signal.SIGTERM)
    handlers = {signum: signal.getsignal(signum) for signum in stops}
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code = cli.main(["--settings", str(house.settings), *words])
        finally:
            for signum, handler in handlers.items():
                signal.signal(signum, handler)

    assert code == 0, out.getvalue()
