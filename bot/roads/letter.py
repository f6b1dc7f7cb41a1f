"""What is told outside Slack, made from what was taken out of the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from bot.messages import letters
from bot.messages.letters import Letter
from bot.roads.road import is_late
from commands.alert_state import Alert, What
from storage import typed
from storage.outbox import Taken


def letter(taken: Taken, now: datetime) -> Letter:
    """Return a letter about an alert as it was then, saying when it comes late."""
    sending = taken.sending
    return Letter(
        once=f"{sending.alert}-{sending.id}",
        what=cast(What, sending.what),
        alert=typed.decode(sending.facts, Alert),
        at=sending.made_at,
        late=letters.late(sending.made_at, now) if is_late(sending, now) else "",
        twice=sending.doubt,
    )
