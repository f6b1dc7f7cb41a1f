"""The real command, with a courier that is in a hurry: `python -m tests.slack.hasty run …`.

A stand-in that was told to count no calls need not be spared, and tests wait for what the courier
carries.
"""

import sys
import time
from datetime import timedelta

from bot import cli, courier, rounds, schedule
from commands import due


def hurry() -> None:
    courier.Courier.__init__.__defaults__ = (time.monotonic, 0.05)  # type: ignore[misc]
    courier.SAME_SECONDS = 0.2
    due.EVERY_SECONDS_MIN = 1
    schedule.LOOK_SECONDS = 1
    rounds.ANEW = timedelta(seconds=1)


if __name__ == "__main__":
    hurry()
    sys.exit(cli.main(sys.argv[1:]))
