"""The bot of a house, which dies when it is told to: `tests.slack.killed` names the moments."""

import signal

from tests import moment
from tests.slack.house import STARTS_SECONDS_MAX, Bot, House, wait_for


class Mortal(Bot):
    """One bot after another, over the same data folder."""

    module = "tests.slack.killed"

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._moment = house.folder / "moment.json"
        self.environ = {moment.NAMED_BY: str(self._moment)}

    def start(self) -> Bot:
        """Start it, and wait until it is up.

        Its moment may come while it makes up for what it missed, before it is up.
        """
        self.launch()
        wait_for(
            lambda: "Lifeboat is up" in self.said or self.over,
            STARTS_SECONDS_MAX,
            lambda: self.said,
        )
        return self

    def dies(self, what: str, nth: int, point: str) -> None:
        """Have it die when this moment comes, counted from now on."""
        moment.write(self._moment, what, nth, point)

    def lives(self) -> None:
        """Take back that it dies."""
        self._moment.unlink(missing_ok=True)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return not self.runs

    def reborn(self) -> None:
        """Wait until it has killed itself, and start it again."""
        assert self.ended() == -signal.SIGKILL
        self.start()
