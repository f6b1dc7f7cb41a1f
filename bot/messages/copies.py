"""Copies of backups in Slack: what became of them, in a sentence and in the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from bot import copy_words
from bot.messages.parts import Listed, Part, Said, listed
from bot.messages.text import bold, code, said, told
from bot.words import counted, duration, size
from commands.copies import CopyTold, VaultSynced
from commands.copy_events import BackupCopied, VaultsSynced
from commands.standings import DeploymentStanding


def verdict(result: BackupCopied | VaultsSynced) -> str:
    """Return in one sentence whether all was copied."""
    if isinstance(result, BackupCopied):
        return f"{said(copy_words.copied(result))}: {code(result.id)}"
    names = ", ".join(said(vault.vault) for vault in result.vaults)
    if result.dry_run:
        return f"This is what {names} would get. Nothing was copied."
    if result.exit_code:
        return f"NOT everything could be copied to {names}."
    return f"Filled: {names}."


def numbers(result: BackupCopied | VaultsSynced) -> str:
    """Return how much was copied, and how long it took."""
    took = f"took {duration(result.seconds)}"
    if isinstance(result, BackupCopied):
        return f"{size(result.bytes)} · {took}"
    copied = sum(len(vault.copied) for vault in result.vaults)
    return f"{counted(copied, 'copy', 'copies')} · {took}"


def each(told_of: Iterable[CopyTold]) -> Listed:
    """Return what became of each copy, and why one failed."""
    return listed(_copy, list(told_of), "copies")


def report(result: BackupCopied | VaultsSynced) -> Iterator[Part]:
    """Yield everything that was copied, and what could not be."""
    yield Said(verdict(result))
    if isinstance(result, BackupCopied):
        yield each(result.copies)
        return
    for vault in result.vaults:
        yield from _vault(vault, dry_run=result.dry_run)


def rule(standing: Sequence[DeploymentStanding], now: datetime) -> Listed:
    """Return 3-2-1-1-0 of each deployment: what is missing, and what would fix it."""
    lines: list[str] = []
    for deployment in standing:
        if not deployment.rule or deployment.last is None:
            continue  # That there is no good backup was said.
        missing = [digit for digit in deployment.rule if not digit.kept]
        kept = "" if missing else " — kept"
        lines.append(f"{bold(deployment.name)}: {code(copy_words.rule(deployment.rule))}{kept}")
        where = "; ".join(copy_words.places(deployment.last.copies, (), now))
        lines.append(f"• copies: {said(where, 400) or 'none'}")
        lines += [
            f"• missing: {said(copy_words.digit(digit), 200)}. {told(f'{digit.fix}.')}"
            for digit in missing
        ]
    return Listed(lines, "lines")


def _copy(copy: CopyTold) -> str:
    because = copy.state in ("failed", "unkept")
    why = f": {told(' '.join((copy.what, copy.hint)).strip())}" if because else ""
    return f"*Copy in {said(copy.vault)}:* {said(copy_words.told(copy))}{why}"


def _vault(vault: VaultSynced, *, dry_run: bool) -> Iterator[Part]:
    given = copy_words.synced(vault, dry_run=dry_run)
    yield Said(f"{bold(vault.vault)}: {said(given, 400)}")
    if dry_run:
        yield listed(lambda id: f"• {code(id)}", vault.copied, "backups")
    yield listed(lambda bad: f"• {code(bad[0])}: {told(bad[1], 300)}", vault.failed, "failures")
