"""How long to wait, and how often to try again, before giving a deployment up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """Bounds in the units of their names; `sleep` and `clock` are replaced in tests only."""

    export_hours_max: float = 6
    import_hours_max: float = 12
    connect_seconds: float = 10
    read_seconds: float = 60
    poll_seconds_max: float = 5
    tries: int = 6
    retry_seconds: float = 0.5
    outage_seconds_max: float = 300
    download_tries: int = 4
    poll_seconds: float = 0.1
    retry_seconds_max: float = 30
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
