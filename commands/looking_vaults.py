"""Looks into vaults for the lookout: what can be read, what is lacking, how much room is left.

Each question stays with one vault, so that one that hangs holds up no other. The catalog is
brought up to date now and then, and soon after a job ended; in between a vault is only touched.
You will not find here what follows from it (`lookout_places.py`, `lookout_backups.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from commands.lookout_backups import DRIFT, Checked
from commands.lookout_places import Away, Lacking
from commands.unkept import unkept
from commands.verb import Context
from storage import shelf
from storage.catalog import Entry
from storage.errors import LifeboatError
from storage.manifest import Check
from storage.vaults.vault import TellsRoom, TellsTime, Vault

REFRESH_SECONDS = 30.0
NEWEST = 5  # Of each deployment: so many backups' last verifications count.


@dataclass(frozen=True)
class VaultLook:
    """What one vault holds and how it stands.

    `away` says that it can be read and has lost what it held. `unreadable` are sentences.
    """

    free: int | None = None
    skew_seconds: float | None = None
    lacking: Lacking | None = None
    checked: tuple[Checked, ...] = ()
    unreadable: tuple[str, ...] = ()
    away: Away | None = None


@dataclass
class _Memory:
    """What is known of one vault between two looks."""

    refreshed: float | None = None
    unreadable: tuple[str, ...] = ()
    emptied: bool = False
    told: dict[tuple[str, datetime | None], tuple[str, ...]] = field(default_factory=dict)


class VaultLooks:
    """The looks into all vaults, with a catalog of their own."""

    def __init__(self, ctx: Context, *, refresh: bool = True) -> None:
        self.catalog = ctx.catalog.apart() if refresh else ctx.catalog
        self._ctx, self._refresh = replace(ctx, catalog=self.catalog), refresh
        self._memory = {name: _Memory() for name in ctx.vaults}

    def soon(self) -> None:
        """Bring the catalog up to date at the next look."""
        for memory in self._memory.values():
            memory.refreshed = None

    def questions(self) -> dict[str, Callable[[], VaultLook]]:
        """Return what to ask, by the vault's name."""
        return {name: self._question(vault) for name, vault in self._ctx.vaults.items()}

    def _question(self, vault: Vault) -> Callable[[], VaultLook]:
        def ask() -> VaultLook:
            memory = self._memory[vault.name]
            self._touch(vault, memory)
            skew = vault.skew_seconds() if isinstance(vault, TellsTime) else None
            return VaultLook(
                free=vault.free_bytes() if isinstance(vault, TellsRoom) else None,
                skew_seconds=skew,
                lacking=self._lacking(vault) if self._ctx.several else None,
                checked=tuple(self._checked(vault, memory)),
                unreadable=memory.unreadable,
                away=self._lost(vault) if memory.emptied else None,
            )

        return ask

    def _touch(self, vault: Vault, memory: _Memory) -> None:
        """Bring the catalog up to date if it is time; else see whether anything is there at all."""
        now, since = self._ctx.monotonic(), memory.refreshed
        due = since is None or now - since >= REFRESH_SECONDS
        something = next(iter(vault.list()), None) is not None
        if not self._refresh or not (due or (not something and not memory.emptied)):
            return
        memory.refreshed = now
        refreshed = self.catalog.refresh(vault)
        holds = bool(self.catalog.in_vault(vault.name))
        memory.emptied = refreshed.emptied or (memory.emptied and not holds)
        memory.unreadable = tuple(why for _, why in refreshed.unreadable)

    def _lost(self, vault: Vault) -> Away:
        again = f"If it is lost, fill it: lifeboat sync {vault.name}" if self._ctx.several else ""
        return Away(
            vault.name,
            f"The vault {vault.name!r} held backups when it was last looked at, and holds none of "
            f"them now.",
            "Nothing was changed by Lifeboat: it removes no backup but by `prune`.",
            f"Is its disk mounted? {again}".strip(),
            first=vault.name == self._ctx.first.name,
        )

    def _lacking(self, vault: Vault) -> Lacking | None:
        """Return which backups have no whole copy here, though they are old enough to."""
        now, within = self._ctx.now(), self._ctx.rules.lookout.copy_within
        entries = [each for each in self.catalog.backups() if now - each.taken_at >= within]
        lacks = [each for each in entries if not _has_copy(each, vault.name)]
        if not lacks:
            return None
        away = unkept(lacks, vault, self._ctx)
        missing = [each for each in lacks if (each.deployment, each.id) not in away]
        if not missing:
            return None
        oldest = min(each.taken_at for each in missing)
        return Lacking(vault.name, tuple(each.id for each in missing), len(entries), oldest)

    def _checked(self, vault: Vault, memory: _Memory) -> Iterator[Checked]:
        """Yield the last verifications of the newest backups here that found anything."""
        for name in self._ctx.deployments:
            for entry in self.catalog.in_vault(vault.name, name)[:NEWEST]:
                if not entry.verified_findings:
                    continue
                key = (entry.id, entry.verified_at)
                if key not in memory.told:
                    memory.told[key] = self._told(vault, entry)
                told = memory.told[key]
                if not told and not entry.verified_damage:
                    continue  # Only what is not as usual: learning judges that better.
                yield Checked(
                    deployment=name,
                    id=entry.id,
                    vault=vault.name,
                    at=entry.verified_at or entry.taken_at,
                    damage=entry.verified_damage,
                    findings=entry.verified_findings,
                    told=told,
                    good_copy=self._good_copy(entry),
                )

    def _told(self, vault: Vault, entry: Entry) -> tuple[str, ...]:
        """Return what the last verification with findings says, but for what learning judges."""
        checks: Sequence[Check] = ()
        with suppress(LifeboatError):
            first = shelf.read_manifest(vault, entry.deployment, entry.id).check
            checks = (first, *shelf.read_checks(vault, entry.deployment, entry.id))
        found = [check for check in checks if check.findings and check.vault in ("", vault.name)]
        if not found:
            return ("What it found can't be read now.",)
        newest = max(found, key=lambda check: check.at)
        return tuple(
            each.what
            for each in newest.findings
            if each.severity == "damage" or each.check not in DRIFT
        )

    def _good_copy(self, entry: Entry) -> str:
        for whole in self.catalog.backups(deployment=entry.deployment):
            if whole.id == entry.id:
                return next((copy.vault for copy in whole.copies if copy.good), "")
        return ""


def _has_copy(entry: Entry, vault: str) -> bool:
    return any(copy.vault == vault and copy.whole for copy in entry.copies)
