"""`lifeboat run` at a test's pace: the same bot in every respect, but that it waits less.

    python -m tests.approvals.lively run --settings …

Only what spares Slack and the disk is cut short: the pause between two calls, how long a group's
members are remembered, and how often the queue and the audit log are looked at.
"""

import functools
import sys

from bot import cli, courier, jobs, people, run, watch
from commands import thaw


def hurry() -> None:
    run.Courier = functools.partial(courier.Courier, call_seconds=0.02)  # type: ignore[misc]
    courier.SAME_SECONDS = 0.1
    people.GROUP_SECONDS_MAX = 0.1
    jobs.POLL_SECONDS = 0.05
    thaw.LOOK_SECONDS = 0.5
    run.WATCH_SECONDS = watch.EVERY_SECONDS = 0.3


if __name__ == "__main__":
    hurry()
    sys.exit(cli.main(sys.argv[1:]))
