"""How a job ended, in a sentence and in numbers; the same for its card and for the full report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.messages import copies, pruning
from bot.messages.parts import Listed, Part, Said, listed
from bot.messages.text import at, bold, code, said, told
from bot.messages.typed import COMMAND, in_slack
from bot.words import chosen, counted, duration, holds, number, saw
from commands.copy_events import BackupCopied, VaultsSynced
from commands.events import (
    BackupFinished,
    BackupVerified,
    JobFailed,
    RestoreDryRun,
    RestoreFinished,
    Result,
)
from commands.retention_events import Pruned
from commands.thaw_events import ArchiveThawed
from storage.errors import LifeboatError
from storage.finding import Finding, LookedAt

SAFE = "Every whole backup is as it was."  # True of every failure: no verb changes one.
NEXT = f"Type `{COMMAND} doctor`."
FINDING_MAX = 400


def verdict(result: Result) -> str:
    """Return in one sentence whether all is well, and about what."""
    match result:
        case BackupFinished():
            word = _taken(result)
        case BackupVerified():
            word = f"{_sound(result)}: {code(result.id)}"
        case BackupCopied() | VaultsSynced():
            word = copies.verdict(result)
        case RestoreFinished():
            word = _restored(result)
        case ArchiveThawed(id, target):
            word = f"Thawed: {code(id)} can be read. Its restore into {bold(target)} goes on."
        case Pruned():
            word = pruning.verdict(result)
        case RestoreDryRun(plan):
            can = "This can't be done" if plan.conflicts else "This is what it would do"
            word = f"{can} in {bold(plan.target)}. Nothing was touched."
        case _:
            word = "Done." if result.exit_code == 0 else "Done, but somebody should look at it."
    return word


def numbers(result: Result) -> str:
    """Return the numbers that a result comes to, on one line; empty where it has none."""
    match result:
        case BackupFinished(manifest, _, seconds):
            part = f" · {said(chosen(manifest) or '')}" if manifest.chosen is not None else ""
            taken = f"snapshot of {at(manifest.snapshot.taken_at)}"
            return f"{said(holds(manifest))}{part} · {taken} · took {duration(seconds)}"
        case BackupVerified():
            found = f"; {counted(len(result.findings), 'finding')}" if result.findings else ""
            where = f" in {said(result.vault)}" if result.vault else ""
            return f"Looked at {looked(result)}{where}{found} · took {duration(result.seconds)}"
        case RestoreFinished():
            rows = counted(result.rows_written, "row")
            return f"{rows} written · took {duration(result.seconds)}"
        case Pruned():
            return pruning.numbers(result)
        case RestoreDryRun(plan):
            return f"{counted(len(plan.tables), 'table')} · {said(plan.mode)}"
        case _:
            copied = (BackupCopied, VaultsSynced)
            return copies.numbers(result) if isinstance(result, copied) else ""


def failed(failure: JobFailed | LifeboatError) -> Iterator[Part]:
    """Yield what happened, what is safe now and what to do next."""
    yield Said(f"*What happened:* {told(failure.what) or _kind(failure)}")
    yield Said(f"*What is safe:* {told(failure.safe or SAFE)}")
    yield Said(f"*What to do:* {told(failure.hint or NEXT)}")


def findings(found: Iterable[Finding]) -> Listed:
    """Return each finding with its check and place, damage first."""
    ordered = sorted(found, key=lambda finding: finding.severity != "damage")
    return listed(_finding, ordered, "findings")


def looked(event: BackupVerified) -> str:
    """Return what a verification looked at, and what it did not."""
    only = "; size and SHA-256 only, no row was read" if event.depth == "manifest" else ""
    return saw(event.looked_at) + only


def way_back(event: RestoreFinished) -> str:
    """Return the safety backup and the words that put it back."""
    undo = in_slack(event.undo)
    spelled = code(undo.strip("`"), 300) if undo != event.undo else told(event.undo)
    until = f", until {at(event.undo_until)}" if event.undo_until else ""
    return f"*Safety backup:* {code(event.safety_backup)}\n*To undo{until}:* {spelled}"


def quoted(label: str) -> str:
    """Return a label in quotes, empty where there is none."""
    return f"“{said(label)}”" if label.strip() else ""


def _taken(event: BackupFinished) -> str:
    id = f"{code(event.manifest.id)} {quoted(event.manifest.label)}".rstrip()
    found = counted(len(event.findings), "finding")
    if event.damaged:
        return f"Backup taken, but the snapshot is DAMAGED ({found}): {id}"
    if event.findings:
        return f"Backup taken, with {found} to look at: {id}"
    return f"Backup taken: {id}"


def _sound(event: BackupVerified) -> str:
    if event.looked_at == LookedAt():
        return "COULD NOT LOOK"
    if any(finding.severity == "damage" for finding in event.findings):
        return "NOT SOUND"
    return "Readable, but look at it" if event.findings else "Sound"


def _restored(event: RestoreFinished) -> str:
    target = bold(event.plan.target)
    again = " (by an earlier run that was stopped)" if event.resumed else ""
    if event.kept_every_promise:
        agree = counted(len(event.counted), "count agrees", "counts agree")
        return f"Restored{again}: {target} holds what was promised ({agree})."
    broken = sum(not each.kept_its_promise for each in event.counted)
    what = f"{number(broken)} of {counted(len(event.counted), 'count')} in {target} differ"
    if not event.counted:
        what = f"NOTHING could be counted in {target}"
    elif not broken:
        what = f"{counted(len(event.findings), 'finding')} in {target}"
    return f"Imported{again}, but NOT as promised: {what}."


def _finding(finding: Finding) -> str:
    word = "DAMAGE" if finding.severity == "damage" else "WARNING"
    where = f" in {code(finding.where)}" if finding.where else ""
    return f"• {word} · {said(finding.check)}{where}: {told(finding.what, FINDING_MAX)}"


def _kind(failure: JobFailed | LifeboatError) -> str:
    return said(failure.kind if isinstance(failure, JobFailed) else type(failure).__name__)
