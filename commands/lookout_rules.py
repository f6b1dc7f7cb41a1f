"""What the settings say of standing troubles: from when on something is one.

Pure data. Which troubles there are stands in `docs/alerts.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from commands.baseline import Learning


@dataclass(frozen=True)
class LookoutRules:
    """The bounds of the lookout.

    `targets` are how old the newest good backup may be, by deployment, where the settings say so;
    `overdue_grace` is added to what follows from schedules. `room_for` is how many more backups
    of every deployment a vault's disk has to have room for.
    """

    targets: Mapping[str, timedelta] = field(default_factory=dict)
    overdue_grace: timedelta = timedelta(hours=1)
    learning: Learning = field(default_factory=Learning)
    copy_within: timedelta = timedelta(hours=6)
    room_for: int = 3
    approval_within: timedelta = timedelta(minutes=15)
    paused_within: timedelta = timedelta(minutes=30)
    probe_every: timedelta = timedelta(minutes=10)
