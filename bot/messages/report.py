"""What is told in a job's thread: that it goes on, what was noticed, and in the end everything.

`full` is the one table of which event is reported how.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.messages import (
    approval,
    copies,
    doctor,
    listing,
    pruning,
    report_restore,
    shown,
    standing,
    summary,
)
from bot.messages.job import asked_by, place, step, title
from bot.messages.model import JobView, Message
from bot.messages.parts import Part, Said, facts, message, small
from bot.messages.text import at, bold, code, said, told
from bot.messages.typed import command
from bot.messages.verdict import failed, findings, looked, verdict
from bot.words import chosen, duration, holds, number, some
from commands.copy_events import BackupCopied, VaultsSynced
from commands.events import (
    ApprovalEnded,
    BackupFinished,
    BackupShown,
    BackupsListed,
    BackupVerified,
    DoctorLooked,
    Event,
    JobFailed,
    Noted,
    RestoreDryRun,
    RestoreFinished,
    RestorePlanned,
    Result,
    StatusTold,
    Warned,
)
from commands.retention_events import HoldChanged, Pruned, PruneDryRun
from commands.summary_events import SummaryTold


def begun(view: JobView) -> Message:
    """Say that a job was asked for, and where it stands in the queue."""
    waits = f"In the queue: {place(view.ahead)}." if view.state == "queued" else "It has begun."
    return message(
        (
            Said(f"{title(view)}. {waits}"),
            small(f"Asked by {asked_by(view)} {at(view.asked_at)}", f"job {code(view.id)}"),
        )
    )


def noted(event: Noted | Warned) -> Message:
    """Pass on something worth knowing, or something to look at."""
    warning = "*Warning:* " if isinstance(event, Warned) else ""
    return message([Said(f"{warning}{told(event.text) or 'Nothing was said.'}")])


def picked_up(view: JobView) -> Message:
    """Say that a restarted bot goes on with a job, and where."""
    where = f" at the step “{step(view.step)}”" if view.step else ""
    return message(
        (
            Said(f"Picked up again after a restart: {title(view)} goes on{where}."),
            small("What was done is not done twice.", f"job {code(view.id)}"),
        )
    )


def cancelled(view: JobView, what_was_left: str) -> Message:
    """Say that a job was stopped, and what it left behind."""
    left = told(what_was_left) or "Every whole backup is as it was."
    return message((Said(f"{title(view)} — Cancelled. {left}"), small(f"job {code(view.id)}")))


def silent(view: JobView, seconds: float) -> Message:
    """Say that a job has told nothing for long, and what a person can do."""
    return message(
        (
            Said(
                f"*Warning:* {title(view)} has told nothing for {duration(seconds)}"
                + (f", at the step “{step(view.step)}”." if view.step else ".")
            ),
            Said(
                f"*What to do:* look with {code(command('status'))}, or stop it with "
                f"{code(command('cancel', view.id))}."
            ),
        )
    )


def full(event: Event, took: Mapping[str, float] | None = None, to: str = "") -> Message:
    """Return everything about how a job ended, or about the plan it goes by.

    `took` are the seconds of each step, as far as they are known; `to` are mentions of people who
    have to see it, and stands below the first line.
    """
    match event:
        case BackupsListed():
            return listing.page(event, 1, None)
        case BackupShown():
            return shown.backup(event)
        case StatusTold():
            return standing.status(event)
        case SummaryTold():
            return summary.told(event)
        case DoctorLooked():
            return doctor.looked(event)
        case _:
            first, *rest = _full(event, took or {})
            return message([first, *([Said(to)] if to else ()), *rest])


def _full(event: Event, took: Mapping[str, float]) -> Iterator[Part]:
    match event:
        case BackupFinished():
            yield from _backup(event)
        case BackupVerified():
            yield from _verified(event)
        case BackupCopied() | VaultsSynced():
            yield from copies.report(event)
        case RestorePlanned(plan):
            yield from report_restore.planned(plan)
        case RestoreDryRun():
            yield from report_restore.dry_run(event)
        case RestoreFinished():
            yield from report_restore.finished(event, took)
        case PruneDryRun() | Pruned() | HoldChanged():
            yield from pruning.reported(event)
        case ApprovalEnded():
            yield Said(approval.so_far(event.approval))
        case JobFailed():
            yield from failed(event)
        case Noted(text) | Warned(text):
            yield Said(told(text))
        case Result():
            yield Said(verdict(event))
        case _:
            yield Said(said(type(event).__name__))


def _backup(event: BackupFinished) -> Iterator[Part]:
    manifest = event.manifest
    yield Said(verdict(event))
    yield facts(
        (
            ("Of", f"{bold(manifest.deployment.name)} ({said(manifest.deployment.url)})"),
            ("Snapshot", at(manifest.snapshot.taken_at)),
            ("Holds", said(holds(manifest))),
            ("Took", duration(event.seconds)),
            ("SHA-256", code(manifest.archive.sha256)),
            ("Kept in", f"{said(event.vault)}: {code(manifest.archive.name)}"),
            ("Chosen", said(chosen(manifest) or "", 400)),
        )
    )
    yield copies.each(event.copies)
    yield findings(event.findings)
    yield shown.tables(manifest)
    restore = f"{command('restore', manifest.id)} to …"
    yield small(f"Next: {code(command('verify', manifest.id))} or {code(restore)}")


def _verified(event: BackupVerified) -> Iterator[Part]:
    yield Said(verdict(event))
    yield facts(
        (
            ("Looked at", looked(event)),
            ("Copy in", said(event.vault)),
            ("Findings", number(len(event.findings)) if event.findings else "none"),
            ("Compared with", said(some(event.compared_with, 3)) if event.compared_with else None),
            ("Took", duration(event.seconds)),
            ("Kept", None if event.recorded else "no: the vault could not be written"),
        )
    )
    yield findings(event.findings)
