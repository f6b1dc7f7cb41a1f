"""How often each method may be called: Slack's tiers as buckets that fill up again.

Tier n allows its number a minute, and as many at once; `chat.postMessage` is counted for each
channel as well, about one a second with a small burst.
"""

import math
import time

TIER_1, TIER_2, TIER_3, TIER_4, SPECIAL = 1, 20, 50, 100, 300
_CHANNEL_SECONDS, _CHANNEL_BURST = 1.0, 5


class Rates:
    """The buckets of one app in one workspace; `speed` makes them fill faster."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._buckets: dict[str, tuple[float, float]] = {}

    def method(self, name: str, a_minute: int) -> int:
        """0, or the whole seconds after which to call the method again."""
        return self._take(name, a_minute, a_minute / 60)

    def channel(self, channel: str) -> int:
        """The same for posting into a channel."""
        return self._take(f"to {channel}", _CHANNEL_BURST, 1 / _CHANNEL_SECONDS)

    def clear(self) -> None:
        self._buckets.clear()

    def _take(self, name: str, most: int, a_second: float) -> int:
        now = time.monotonic()
        left, at = self._buckets.get(name, (float(most), now))
        left = min(most, left + (now - at) * a_second * self._speed)
        if left < 1:
            self._buckets[name] = (left, now)
            return max(1, math.ceil((1 - left) / (a_second * self._speed)))
        self._buckets[name] = (left - 1, now)
        return 0
