"""What `copy` and `sync` tell: frozen facts, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass

from commands.copies import CopyTold, VaultSynced
from commands.events import Result


@dataclass(frozen=True)
class BackupCopied(Result):
    """What became of each copy that was asked for."""

    id: str
    bytes: int
    copies: tuple[CopyTold, ...]
    seconds: float

    @property
    def exit_code(self) -> int:
        return 1 if any(copy.state == "failed" for copy in self.copies) else 0


@dataclass(frozen=True)
class VaultsSynced(Result):
    vaults: tuple[VaultSynced, ...]
    seconds: float
    dry_run: bool = False

    @property
    def exit_code(self) -> int:
        return 1 if any(vault.failed for vault in self.vaults) else 0
