"""The real command, quick to try again and quick to call something late: `python -m …hurried`.

What came back counts as new, unless LIFEBOAT_TEST_BACK says within how many seconds it does not.
It kill -9s itself at the moment that stands in the file `moment` beside the settings: `before` or
`after` the next alert is posted, `reply` after something was added to its thread.
"""

import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot import alerting, cli, courier
from bot.roads import road
from bot.roads.slack import SlackRoad
from commands import unsteady


def dies(at: str) -> None:
    """End here if this is the moment; the next life lives."""
    file = Path(os.environ["LIFEBOAT_TEST_MOMENT"])
    if file.exists() and file.read_text() == at:
        file.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


class Mortal:
    """A courier for alerts that may be killed around a post."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def post(self, *args: Any) -> Any:
        dies("before")
        ts = self._real.post(*args)
        dies("after")
        return ts

    def reply(self, *args: Any) -> Any:
        ts = self._real.reply(*args)
        dies("reply")
        return ts

    def edit(self, *args: Any) -> None:
        self._real.edit(*args)


if __name__ == "__main__":
    courier.Courier.__init__.__defaults__ = (time.monotonic, 0.05)  # type: ignore[misc]
    courier.SAME_SECONDS = 0.2
    alerting.AGAIN_SECONDS, alerting.AGAIN_SECONDS_MAX, alerting.IDLE_SECONDS = 0.2, 0.5, 0.1
    road.LATE_AFTER = timedelta(seconds=4)
    unsteady.BACK_WITHIN = timedelta(seconds=float(os.environ.get("LIFEBOAT_TEST_BACK", "0")))
    deliver = SlackRoad.deliver

    def mortally(self: SlackRoad, taken: Any, now: Any) -> None:
        deliver(SlackRoad(Mortal(self.courier), self.channel, self.rules, self.outbox), taken, now)  # type: ignore[arg-type]

    SlackRoad.deliver = mortally  # type: ignore[method-assign]
    sys.exit(cli.main(sys.argv[1:]))
