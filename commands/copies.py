"""What became of copies: small facts that the results of several verbs are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class CopyTold:
    """What became of the copy of a backup in one vault.

    `what` says why it failed, which job makes it, or why the vault would not keep it.
    """

    vault: str
    state: Literal["copied", "there", "queued", "failed", "unkept"]
    what: str = ""
    hint: str = ""


@dataclass(frozen=True)
class VaultSynced:
    """What one vault was given: whole copies, what lies beside them, entries of the audit log.

    `failed` holds (backup's id or object's name, sentence). In a dry run it is what would be done.
    """

    vault: str
    copied: tuple[str, ...] = ()
    bytes: int = 0
    there: int = 0  # Backups that it had already.
    beside: int = 0  # Checks and holds of those.
    entries: int = 0
    records: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    unkept: int = 0  # Backups that it would not keep: removed there, or let go by its policy.
