"""Alerts as JSON to an address of somebody's own: one POST each, and nothing is followed.

The address is a secret: whoever has it can post there. No sentence made here holds a part of it,
nor an answer's body, which may repeat it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from bot.messages import letters
from bot.roads.letter import letter
from bot.roads.road import RoadFailed
from storage.outbox import Outbox, Taken
from storage.secret import Secret

PASSING = frozenset({408, 425, 429})
# What fails before anything was sent; everything else may have arrived.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True)
class Webhook:
    """The webhook of the settings."""

    url: Secret
    timeout_seconds: float
    outbox: Outbox
    now: Callable[[], datetime]

    @property
    def where(self) -> str:
        return "the webhook"

    def deliver(self, taken: Taken, now: Callable[[], datetime]) -> None:
        """Post one alert; a second post of the same one has the same id."""
        told = letters.posted(letter(taken, now()))
        self._post(told, once=str(told["id"]))
        self.outbox.done(taken, now())

    def test(self, by: str) -> None:
        """Post a test alert."""
        at = self.now()
        self._post(letters.test_posted(by, at), once=f"test-{at.timestamp():.0f}")

    def _post(self, told: dict[str, Any], once: str) -> None:
        try:
            with (
                httpx.Client(timeout=self.timeout_seconds, follow_redirects=False) as client,
                # Its answer is not read: nobody there can keep this waiting by going on.
                client.stream(
                    "POST",
                    self.url.reveal(),
                    json=told,
                    headers={"Idempotency-Key": once, "User-Agent": "lifeboat"},
                ) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise RoadFailed(
                f"The webhook's server did not answer ({type(error).__name__}).",
                hint="Check the address in [webhook] and the network.",
                doubt=not isinstance(error, NOT_SENT),
            ) from None  # The chain would hold the address.
        if not 200 <= status < 300:
            raise RoadFailed(
                f"The webhook's server answered {status}.",
                hint="Check the address in [webhook] with whoever runs that server.",
                passing=status in PASSING or status >= 500,
            )
