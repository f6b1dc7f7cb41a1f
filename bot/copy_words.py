"""Where the copies of a backup are, in words: what a terminal and a Slack message share. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.words import age, counted, size
from commands.copies import CopyTold, VaultSynced
from commands.copy_events import BackupCopied
from commands.three_two_one import Digit
from storage.catalog import Copy

STATES = {
    "copied": "copied, read back and compared",
    "there": "there already",
    "queued": "is being copied",
    "failed": "FAILED",
    "unkept": "not copied, for it would not be kept there",
}


def proven(copy: Copy, now: datetime) -> str:
    """Return when one copy was last proven, and what is wrong with it."""
    if not copy.whole:
        return "ITS ARCHIVE IS GONE"
    other = ", ANOTHER MANIFEST" if copy.differs else ""
    if copy.verified_at is None:
        return f"never proven{other}"
    found = f", {counted(copy.verified_findings, 'finding')}" if copy.verified_findings else ""
    return f"proven {age(copy.verified_at, now)}{found}{other}"


def places(copies: Sequence[Copy], vaults: Sequence[str], now: datetime) -> Iterator[str]:
    """Yield each vault with what it has of a backup; vaults without a copy are said too."""
    for copy in copies:
        yield f"{copy.vault} {proven(copy, now)}"
    lacking = [name for name in vaults if name not in {copy.vault for copy in copies}]
    if lacking:
        yield f"no copy in {', '.join(lacking)}"


def doubtful(copies: Sequence[Copy], vaults: Sequence[str]) -> bool:
    """Whether somebody should look at the copies of a backup."""
    return len(copies) < len(vaults) or any(
        not copy.good or copy.differs or copy.verified_at is None for copy in copies
    )


def told(copy: CopyTold) -> str:
    """Return what became of one copy."""
    job = f" (job {copy.what})" if copy.state == "queued" and copy.what else ""
    return f"{STATES[copy.state]}{job}"


def copied(event: BackupCopied) -> str:
    """Return what became of all copies that were asked for, in one sentence."""
    bad = [copy.vault for copy in event.copies if copy.state == "failed"]
    made = [copy.vault for copy in event.copies if copy.state == "copied"]
    if bad:
        return f"Not every copy was made: {', '.join(bad)} failed"
    return f"Copied to {', '.join(made)}" if made else "Nothing to copy: it is there already"


def synced(vault: VaultSynced, *, dry_run: bool) -> str:
    """Return what one vault was given, or would be."""
    given = [
        (len(vault.copied), f"{counted(len(vault.copied), 'backup')} ({size(vault.bytes)})"),
        (vault.beside, counted(vault.beside, "check or hold", "checks and holds")),
        (vault.entries, counted(vault.entries, "entry", "entries") + " of the audit log"),
        (vault.records, counted(vault.records, "record") + " of restores and schedules"),
    ]
    parts = [words for count, words in given if count]
    there = f"{counted(vault.there, 'backup')} there already"
    if vault.unkept:
        there += f"; {vault.unkept:,} it would not keep"
    if not parts:
        nothing = "nothing is missing" if not vault.failed else "nothing was copied"
        return f"{nothing}; {there}"
    verb = "would get" if dry_run else "got"
    return f"{verb} {', '.join(parts)}; {there}"


def digit(each: Digit) -> str:
    """Return one digit of 3-2-1-1-0 with what there is."""
    if each.of == "errors":
        return f"0 errors: {each.what}"
    return f"{each.want} {each.of}: {each.has} ({each.what})"


def rule(digits: Sequence[Digit]) -> str:
    """Return the five digits in short: those that are missing in brackets."""
    return "-".join(str(each.want) if each.kept else f"[{each.want}]" for each in digits)
