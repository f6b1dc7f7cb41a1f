"""One stand-in deployment, all its parts put together; nothing here speaks HTTP."""

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import convex_fill, seed
from sandbox.convex_export import Exporter
from sandbox.convex_import import Importer
from sandbox.convex_keys import Keys
from sandbox.convex_queries import ask
from sandbox.troubles import Troubles

INSTANCES = {"production": "happy-animal-123", "staging": "calm-otter-456"}
BACKEND_VERSION = "precompiled-2026-08-22-94a42c3"
_LOG_MAX = 100_000


@dataclass(frozen=True)
class Options:
    """How the stand-ins behave; the defaults are quick enough for tests."""

    seed: str = "small"
    seed_number: int = 1
    # or "shifted": each table of staging has the number that the next one has in production
    staging_numbers: str = "same"
    encoding: str = "uniform"  # or "legacy": exports as before March 2026
    step_seconds: float = 0.02  # how long each state of an export or import is there to be seen


class Log:
    """Everything that was asked of a deployment and everything it did, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def add(self, what: str, **facts: Any) -> None:
        with self._lock:
            if len(self._entries) < _LOG_MAX:
                self._entries.append({"what": what, **facts})

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


class Deployment:
    """Data, keys, workers and troubles of one deployment; `start` it before it is asked."""

    def __init__(self, name: str, folder: Path, options: Options) -> None:
        self.name = name
        self.instance_name = INSTANCES.get(name, f"{name}-100")
        self._folder, self._options = folder, options
        self.troubles, self.log = Troubles(), Log()
        self._open()

    def _open(self) -> None:
        options = self._options
        shift = 1 if self.name == "staging" and options.staging_numbers == "shifted" else 0
        wanted = seed.plan(
            options.seed, number=options.seed_number, deployment=self.name, shift=shift
        )
        self.data = convex_fill.opened(self._folder, wanted)
        self.keys = Keys(self.data, self.instance_name)
        step = options.step_seconds
        self.exporter = Exporter(
            self.data, self.troubles, step_seconds=step, encoding=options.encoding
        )
        self.importer = Importer(self.data, self.troubles, step_seconds=step)

    def start(self, origin: str) -> None:
        self.data.origin = origin
        for worker in (self.exporter, self.importer):
            worker.start()
            worker.wake()

    def stop(self) -> None:
        """Ends the work where it is; the next start goes on with it."""
        self.exporter.stop()
        self.importer.stop()
        self.data.close()

    def reset(self) -> None:
        """Back to the first day's data and no troubles; keys stay what they were."""
        origin, keys = self.data.origin, self.keys.by_name
        self.stop()
        shutil.rmtree(self._folder)
        self.troubles.heal()
        self.log.clear()
        self._open()
        self.data.keep_fact("keys", keys)
        self.keys = Keys(self.data, self.instance_name)
        self.start(origin)

    def facts(self, port: int) -> dict[str, Any]:
        """What world.json tells of the deployment."""
        about = {"url": self.data.origin, "port": port, "instance_name": self.instance_name}
        return about | self.keys.by_name

    def ask(self, holder: Any, path: str, args: Any, component: str) -> Any:
        """A `_system` function's answer to the holder of a key; raises QueryFailed."""
        allows = None if holder is None else holder.allows
        return ask(self.data, allows, path, args, component)
