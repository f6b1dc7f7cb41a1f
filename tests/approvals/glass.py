"""Hands that break the glass: the command in a window, with everything that it asks for."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.approvals.held import confirmed
from tests.approvals.house import ApprovalHouse
from tests.approvals.window import Window
from tests.slack.house import wait_for

REASON = "Slack is down, and rows are lost"
ASKED = "Type production to go on:"
ALLOWED = {"break_glass": True, "break_glass_wait_seconds": 5}


@contextmanager
def breaking(house: ApprovalHouse, *more: str, reason: str = REASON) -> Iterator[Window]:
    """Restore production alone, in a window."""
    words = ("restore", house.backup, "--to", "production", "--break-glass", "--reason", reason)
    with Window(house, *words, *more) as window:
        yield window


def count(house: ApprovalHouse) -> int:
    """How many entries the audit log has."""
    return len(house.audit())


def command_of(house: ApprovalHouse, *words: str) -> list[str]:
    """The command as a process is started by."""
    return [sys.executable, "-m", "bot.cli", "--settings", str(house.settings), *words]


@contextmanager
def killed_after_the_confirm(house: ApprovalHouse) -> Iterator[None]:
    """A break-glass restore that was killed while Convex imported, with production paused."""
    house.production.trouble(kind="import_slow", seconds=0.05)
    with breaking(house) as window:
        window.until(ASKED)
        window.type("production\n")
        wait_for(lambda: confirmed(house.production) == 1, 60, lambda: window.said)
        window.signal(signal.SIGKILL)
        window.ended()
    yield
