"""What one bot does by itself: its schedules, the clock that wakes them, where they are shown.

Joins what `bot/rounds.py` decides with Slack and with `bot/schedule.py`; decides nothing itself.
"""

from __future__ import annotations

import logging

from bot.board import Board
from bot.courier import Courier, NotInChannel
from bot.jobs import Engine, Wish
from bot.messages.model import Message
from bot.people import People
from bot.rounds import Rounds
from bot.schedule import Clock
from commands.due import odd_nights
from commands.roles import NotAllowed
from commands.verb import Context

log = logging.getLogger(__name__)


class ByItself:
    """The schedules of a running bot; `rounds` is for whoever changes one."""

    def __init__(
        self, engine: Engine, world: Context, board: Board, courier: Courier, people: People
    ) -> None:
        schedules = world.schedules
        self._on = [each for each in schedules.values() if each.on]
        self._world, self._board = world, board
        self._courier, self._people = courier, people
        self._stopped = False
        self.rounds = Rounds(
            schedules, engine, world.vault, world.now, self._show, self._say, self._safe
        )
        self._clock = Clock(
            {each.name: each.calendar for each in self._on},
            ring=self.rounds.look,
            look=self.rounds.look_at_all,
            now=world.now,
        )

    def catch_up(self) -> None:
        """Make up for what was missed while no bot ran; the engine is up, the door still shut."""
        self.rounds.look_at_all()

    def start(self) -> None:
        """Start the clock, and say which channels and nights are not like others."""
        self._clock.start()
        for channel in sorted({each.channel for each in self._on}):
            self._safe(channel)
        for schedule in self._on:
            for sentence in odd_nights(schedule.calendar, self._world.now()):
                log.warning("schedule %s: %s", schedule.name, sentence)

    def check(self) -> bool:
        """Whether the clock is alive, said aloud when it is not; called now and then."""
        alive = self._stopped or self._clock.check()
        if not alive:
            log.error("the clock has stopped: schedules may come late until the bot is restarted")
        return alive

    def alive(self) -> bool:
        """Whether the clock runs, asked by whoever watches over the bot."""
        return self._clock.alive()

    def stop(self) -> None:
        """Ring no more."""
        self._stopped = True
        self._clock.stop()

    def _show(self, job_id: str, wish: Wish) -> None:
        self._board.open(job_id, wish)

    def _say(self, channel: str, message: Message) -> None:
        if self._safe(channel):
            self._courier.post(channel, message)

    def _safe(self, channel: str) -> str:
        """Return the channel, or "" where the bot can't post or people of other companies read.

        Where Slack can't be asked the settings are believed.
        """
        try:
            self._people.check_channel(channel)
        except NotInChannel as error:
            log.warning("schedules are not shown in %s: %s %s", channel, error.what, error.hint)
            return ""
        except NotAllowed:
            return channel
        return channel
