"""Copies in a terminal: made, filled up, and counted by 3-2-1-1-0. Result in, lines out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from bot import copy_words
from bot.terminal.layout import BAD, DOUBTFUL, GAP, GOOD, LOUD, QUIET, Reader, line, pairs
from bot.words import duration, size
from commands.copies import CopyTold
from commands.copy_events import BackupCopied, VaultsSynced
from commands.events import BackupShown
from commands.standings import DeploymentStanding

STYLES = {"copied": GOOD, "there": "", "queued": QUIET, "failed": BAD, "unkept": QUIET}
FAILED_MAX = 20


def copied(event: BackupCopied, _reader: Reader) -> Iterator[Text]:
    """Yield what became of each copy."""
    style = BAD if event.exit_code else GOOD
    yield line((f"{copy_words.copied(event)}: ", style), (event.id, LOUD))
    yield from copies(event.copies)
    yield from pairs((("size", size(event.bytes)), ("took", duration(event.seconds))))


def copies(told: Sequence[CopyTold]) -> Iterator[Text]:
    """Yield a line for each copy, and why one failed."""
    for copy in told:
        yield line(GAP, f"{copy.vault}: ", (copy_words.told(copy), STYLES[copy.state]))
        if copy.state in ("failed", "unkept"):
            yield line(GAP * 2, copy.what)
        if copy.hint:
            yield line(GAP * 2, (copy.hint, QUIET))


def synced(event: VaultsSynced, _reader: Reader) -> Iterator[Text]:
    """Yield what each vault was given, or would be, and what could not be copied."""
    bad = event.exit_code
    head = "Nothing was copied; this is what would be:" if event.dry_run else "Filled:"
    yield line((head if not bad else "Not everything could be copied:", BAD if bad else GOOD))
    for vault in event.vaults:
        yield line(GAP, (vault.vault, LOUD), ": ", copy_words.synced(vault, dry_run=event.dry_run))
        if event.dry_run:
            for id in vault.copied:
                yield line(GAP * 2, id)
        for name, why in vault.failed[:FAILED_MAX]:
            yield line(GAP * 2, (f"{name}: ", BAD), why)
        more = len(vault.failed) - FAILED_MAX
        if more > 0:
            yield line(GAP * 2, f"and {more:,} more")
    yield from pairs((("took", duration(event.seconds)),))


def where(event: BackupShown) -> Iterator[Text]:
    """Yield where each copy of a backup is, and when it was last proven there."""
    if not event.vaults:
        return
    yield line(("Copies", LOUD))
    for copy in event.copies:
        style = "" if copy.good and not copy.differs else BAD
        yield line(GAP, f"{copy.vault}: ", (copy_words.proven(copy, event.now), style))
    lacking = [name for name in event.vaults if name not in {c.vault for c in event.copies}]
    for name in lacking:
        yield line(
            GAP,
            f"{name}: ",
            ("no copy", DOUBTFUL),
            f"; lifeboat copy {event.manifest.id} --to {name}",
        )


def rule(each: DeploymentStanding, now: datetime) -> Iterator[Text]:
    """Yield 3-2-1-1-0 of one deployment: the digits, and what would fix each missing one."""
    if not each.rule or each.last is None:
        return  # That there is no good backup was said.
    style = GOOD if all(digit.kept for digit in each.rule) else DOUBTFUL
    yield line(f"{each.name}: ", (copy_words.rule(each.rule), style))
    yield line(GAP, f"copies: {'; '.join(copy_words.places(each.last.copies, (), now))}")
    for digit in each.rule:
        if digit.kept:
            yield line(GAP, ("kept   ", GOOD), " ", (copy_words.digit(digit), QUIET))
        else:
            yield line(GAP, ("missing", DOUBTFUL), " ", copy_words.digit(digit))
            yield line(GAP * 2, (f"{digit.fix}.", QUIET))
