"""What is known of a backup that somebody wants in a protected deployment, before they ask."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a backup that somebody wants in a protected deployment.

    `added` are rows that came into the target after the snapshot, by table, as far as they were
    counted (`added_at_least` says that there may be more). `restored_seconds` are how long the last
    restores of it took, newest first.
    """

    taken_at: datetime
    bytes: int
    verified_at: datetime | None
    verified_findings: int
    staged_at: datetime | None
    staged_in: str = ""
    restored_seconds: tuple[float, ...] = ()
    added: dict[str, int] = {}
    added_at_least: bool = False
    newest_change: datetime | None = None
    can_pause: bool = False
    paused: bool = False
    undo_of: str = ""  # The restore that this one takes back, if the backup is its safety backup.
