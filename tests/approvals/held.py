"""What production holds and has been through, asked past Lifeboat; and hands that nobody has."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.world import Stand
from tests.journeys.house import confirmed, dangling
from tests.sandbox import wire
from tests.slack.house import House, Json

__all__ = ["Held", "changed", "confirmed", "dangling", "held_back", "paused"]


def paused(stand: Stand) -> bool:
    """Whether a deployment stands still, asked past Lifeboat."""
    told = wire.ask(stand, "_system/frontend/backendState:backendState")
    return bool(told["user"] == "paused")


@dataclass
class Held:
    """What production held and had been through at a moment, to be held against later."""

    stand: Stand
    counts: Json = field(init=False)
    confirmed: int = field(init=False)

    def __post_init__(self) -> None:
        self.counts, self.confirmed = self.stand.counts(), confirmed(self.stand)

    def untouched(self) -> bool:
        """Whether nothing was imported since, and it runs, and no import waits."""
        now = (self.stand.counts(), confirmed(self.stand), paused(self.stand))
        return now == (self.counts, self.confirmed, False) and not dangling(self.stand)


def held_back(stand: Stand, counts: Json, times: int = 1) -> bool:
    """Whether a deployment holds these counts after so many imports, and runs."""
    now = (stand.counts(), confirmed(stand), paused(stand))
    return now == (counts, times, False) and not dangling(stand)


def at_once(*doings: Callable[[], Any]) -> list[Any]:
    """Do things at the same moment; what they return, in their order."""
    gate = threading.Barrier(len(doings))

    def go(doing: Callable[[], Any]) -> Any:
        gate.wait()
        return doing()

    with ThreadPoolExecutor(len(doings)) as pool:
        return [each.result() for each in [pool.submit(go, doing) for doing in doings]]


@contextmanager
def changed(path: Path, change: Callable[[bytes], bytes]) -> Iterator[None]:
    """Have other bytes in a file of the vault for a while."""
    before = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(change(before))
    try:
        yield
    finally:
        path.write_bytes(before)


def flipped(whole: bytes, place: int) -> bytes:
    """The same bytes but for one bit."""
    return whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]


@contextmanager
def full_log(house: House) -> Iterator[None]:
    """Let the audit log take no entry: somebody has put a last one into the vault."""
    last: Path = house.folder / "vault/audit/9999999999.json"
    last.write_text("{}")
    try:
        yield
    finally:
        last.unlink()
