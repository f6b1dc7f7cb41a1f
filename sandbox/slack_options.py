"""How a stand-in Slack behaves, said once at its start."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.slack_people import SCOPES

EVENTS = ("app_mention", "message.im")


@dataclass(frozen=True)
class Options:
    """`patience_seconds` is what Slack waits for an answer; `speed` divides its long waits.

    An event is delivered only if it is subscribed to in `events` and the scopes allow it.
    """

    patience_seconds: float = 3.0
    speed: float = 1.0  # of retries, refreshes and rates
    link_seconds: float = 1800.0  # how long a response_url works
    scopes: Sequence[str] = SCOPES
    events: Sequence[str] = EVENTS
    request_url: str = ""  # signed HTTP to here, in place of Socket Mode
    rates: bool = True  # whether methods have their tiers
    commands: Path | None = None  # the words that the page offers, as JSON

    def scaled(self, seconds: float) -> float:
        """A long wait of Slack's, as long as it is here."""
        return seconds / self.speed
