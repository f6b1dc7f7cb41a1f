"""The bot of a house, which dies when it is told to; started from one warm process.

See `tests.approvals.killed` for the moments.
"""

import json
import os
import select
import signal
import subprocess
import sys

from tests.approvals.house import ApprovalHouse
from tests.slack.house import ROOT, wait_for


class Mortal:
    """One bot after another, over the same data folder."""

    def __init__(self, house: ApprovalHouse) -> None:
        self._house = house
        self._moment = house.folder / "moment.json"
        self._began = 0
        self._pid = 0
        self._nest = subprocess.Popen(
            [sys.executable, "-m", "tests.approvals.killed"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        """Start it, and wait until it is up."""
        self.launch()
        wait_for(lambda: "Lifeboat is up" in self.said, 60, lambda: self.said)

    def launch(self) -> None:
        """Start it, and wait for nothing."""
        self._began = len(self._house.log_text())
        told = {
            "settings": str(self._house.settings),
            "environ": self._house.environ(),
            "log": str(self._house.log),
            "moment": str(self._moment),
        }
        assert self._nest.stdin is not None
        self._nest.stdin.write(json.dumps(told) + "\n")
        self._nest.stdin.flush()
        self._pid = int(self._said())

    @property
    def said(self) -> str:
        """What it has written since its last start."""
        return self._house.log_text()[self._began :]

    def dies(self, what: str, nth: int, point: str) -> None:
        """Have it die when this moment comes, counted from now on."""
        beside = self._moment.with_suffix(".part")
        beside.write_text(json.dumps({"what": what, "nth": nth, "point": point}))
        beside.replace(self._moment)

    def lives(self) -> None:
        """Take back that it dies."""
        self._moment.unlink(missing_ok=True)

    def ended(self) -> int:
        """Wait for its end; how it ended."""
        told = int(self._said())
        self._pid = 0
        return told

    @property
    def over(self) -> bool:
        """Whether it has ended, and nobody was told yet."""
        return bool(select.select([self._nest.stdout], [], [], 0)[0])

    def told_to_stop(self) -> int:
        """SIGTERM; how it ended."""
        os.kill(self._pid, signal.SIGTERM)
        return self.ended()

    def reborn(self) -> None:
        """Wait until it has killed itself, and start it again."""
        assert self.ended() == -signal.SIGKILL
        self.start()

    def stop(self) -> None:
        """End it, and what it was started from."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self.ended()
        self._nest.communicate(timeout=20)

    def _said(self) -> str:
        nest = self._nest.stdout
        assert nest is not None
        wait_for(lambda: select.select([nest], [], [], 0)[0], 60, lambda: self.said[-3000:])
        return nest.readline()
