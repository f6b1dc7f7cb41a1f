"""The real command, hasty, whose clock or socket client can be made to die by a signal.

USR1 stops the clock; USR2 makes the socket client give up for good, as a bug in it would. The
watchdog's waits are seconds instead of minutes.
"""

import gc
import signal
import sys
import time
from datetime import timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from slack_sdk.socket_mode.builtin import SocketModeClient

from bot import cli, courier, dead_man, pulse, readings, rounds, schedule
from commands import due


def every(kind: type) -> list:
    return [each for each in gc.get_objects() if isinstance(each, kind)]


def stop_clock(*_: object) -> None:
    for scheduler in every(BackgroundScheduler):
        scheduler.shutdown(wait=False)


def kill_socket_client(*_: object) -> None:
    for client in every(SocketModeClient):
        client.auto_reconnect_enabled = client.default_auto_reconnect_enabled = False
        client.disconnect()


if __name__ == "__main__":
    courier.Courier.__init__.__defaults__ = (time.monotonic, 0.05)  # type: ignore[misc]
    courier.SAME_SECONDS = 0.2
    due.EVERY_SECONDS_MIN = 1
    schedule.LOOK_SECONDS = 1
    rounds.ANEW = timedelta(seconds=1)
    readings.READ_SECONDS = 0.3
    pulse.LOOK_SECONDS, pulse.PROBE_SECONDS = 0.2, 4.0  # A client needs five to be back.
    pulse.SOCKET_ILL_SECONDS, pulse.SOCKET_DEAD_SECONDS = 1.0, 5.0
    pulse.CLOCK_DEAD_SECONDS = 2.0
    dead_man.PAUSES = (0.2, 0.4)
    signal.signal(signal.SIGUSR1, stop_clock)
    signal.signal(signal.SIGUSR2, kill_socket_client)
    sys.exit(cli.main(sys.argv[1:]))
