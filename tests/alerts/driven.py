"""The real command, whose clock is moved: `python -m tests.alerts.driven run …`.

The bot's clock is the machine's and as many seconds more as stand in the file that
`LIFEBOAT_TEST_AHEAD` names. It looks, sends and tries again quickly, and rings at every look.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import alerting, app, cli, courier, lookout, pulse, readings, rounds, schedule, slack_away
from commands import due


def now() -> datetime:
    file = Path(os.environ["LIFEBOAT_TEST_AHEAD"])
    return datetime.now(UTC) + timedelta(seconds=float(file.read_text() or 0))


if __name__ == "__main__":
    courier.Courier.__init__.__defaults__ = (time.monotonic, 0.05)  # type: ignore[misc]
    courier.SAME_SECONDS = 0.2
    courier.AWAY_SECONDS_MAX = 600.0  # Nothing goes before the bot knows that Slack is back.
    alerting.AGAIN_SECONDS, alerting.AGAIN_SECONDS_MAX, alerting.IDLE_SECONDS = 0.2, 0.5, 0.1
    due.EVERY_SECONDS_MIN = 1
    rounds.ANEW = timedelta(seconds=1)
    schedule.LOOK_SECONDS = 1
    lookout.OVERLAP = timedelta(days=1)  # The engine notes ends by the machine's own clock.
    readings.READ_SECONDS = 0.3
    pulse.LOOK_SECONDS = 0.2
    slack_away.LOOK_SECONDS_MAX = 1
    slack_away.AGAIN_SECONDS, slack_away.AGAIN_SECONDS_MAX = 0.2, 1.0
    slack_away.REFUSED_SECONDS_MAX = 1.0
    app._now = now
    sys.exit(cli.main(sys.argv[1:]))
