"""The real command at a quick pace, whose scheduler stops while a file says so: `…restless run`.

The file is the one that `LIFEBOAT_TEST_STOP` names: when it appears the scheduler is shut down, as
a broken one would be, and the rest of the bot goes on.
"""

import os
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

from bot import alerting, cli, courier, rounds, schedule
from commands import due, unsteady

_start = schedule.Clock.start


def start(self: schedule.Clock) -> None:
    """Start, and stop as soon as the file is there."""
    _start(self)

    def watch() -> None:
        file = Path(os.environ["LIFEBOAT_TEST_STOP"])
        while not file.exists():
            time.sleep(0.1)
        self._scheduler.shutdown(wait=False)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    courier.Courier.__init__.__defaults__ = (time.monotonic, 0.05)  # type: ignore[misc]
    courier.SAME_SECONDS = 0.2
    alerting.AGAIN_SECONDS, alerting.IDLE_SECONDS = 0.2, 0.1
    due.EVERY_SECONDS_MIN = 1
    unsteady.BACK_WITHIN = timedelta(0)  # What came back counts as new.
    rounds.ANEW = timedelta(seconds=1)
    schedule.LOOK_SECONDS = 1
    schedule.Clock.start = start  # type: ignore[method-assign]
    sys.exit(cli.main(sys.argv[1:]))
