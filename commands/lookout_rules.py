"""What the settings say of standing troubles: from when on something is one.

Pure data. Which troubles there are stands in `docs/alerts.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from commands.baseline import Learning


@dataclass(frozen=True)
class LookoutRules:
    """The bounds of the lookout.

    `room_for` is how many more backups of every deployment a vault's disk has to have room for.
    """

    learning: Learning = field(default_factory=Learning)
    copy_within: timedelta = timedelta(hours=6)
    room_for: int = 3
    approval_within: timedelta = timedelta(minutes=15)
    paused_within: timedelta = timedelta(minutes=30)
    probe_every: timedelta = timedelta(minutes=10)
