"""All that watches one bot, joined: its pulse, its numbers, who is pinged, where it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from bot.dead_man import DeadMan
from bot.follower import Followers
from bot.health import Health, Server
from bot.jobs import Engine
from bot.metrics import Metrics
from bot.pulse import Pulse, Watchdog
from bot.readings import Readings
from bot.settings import Settings
from commands.verb import Context
from storage.catalog import Catalog
from storage.secret import Secret


class Watched:
    """Made before anything is begun, so that a port that is taken stops nothing half-way."""

    def __init__(
        self,
        settings: Settings,
        world: Context,
        engine: Engine,
        pings: Mapping[str, Secret],
        pulse: Pulse,
    ) -> None:
        self._pulse, self._watchdog = pulse, Watchdog(pulse)
        self._metrics = Metrics(
            lambda: self._readings.latest, lambda: bool(pulse.reasons()), world.now, world.vaults
        )
        heard = world.telling(lambda _event: None)
        catalog = Catalog(settings.paths.catalog)
        self._readings = Readings(heard, engine, catalog, self._metrics.vault_failed)
        self._pings = DeadMan(pings, world.schedules, engine)
        self.followers = Followers((self._pings, self._metrics, self._readings))
        health, facts = self._health(world), settings.health
        self._server = (
            Server(health.told, self._metrics.text, facts.host, facts.port) if facts.on else None
        )

    @property
    def acked(self) -> Callable[[float], None]:
        """Where each ack's seconds are told."""
        return self._metrics.acked

    def start(self) -> None:
        """Begin, once the engine is up."""
        self._pings.start()
        self._readings.start()
        if self._server is not None:
            self._server.start()

    def guard(self) -> None:
        """Begin to watch over the signs of life, once all of them are there."""
        self._watchdog.start()

    def went_round(self) -> None:
        """Note that the main thread has gone its round."""
        self._pulse.went_round()

    def still(self) -> None:
        """Watch no more: the bot ends on purpose."""
        self._watchdog.stop()

    def stop(self) -> None:
        """End, before the engine does; what is still to be pinged is pinged if that is quick."""
        self.still()
        with suppress(Exception):
            self._pings.stop()
        with suppress(Exception):
            self._readings.stop()
        if self._server is not None:
            with suppress(Exception):
                self._server.close()

    def _health(self, world: Context) -> Health:
        return Health(
            reasons=self._pulse.reasons,
            socket_up=self._pulse.socket_up,
            clock_runs=self._pulse.clock_runs,
            reading=lambda: self._readings.latest,
            now=world.now,
            began_at=world.now(),
        )
