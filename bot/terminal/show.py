"""Every result as lines of text: the one table of which result is shown how.

Pure: a result and a reader in, lines out. No stream and no clock is in reach, and colour is only
ever added to words that say the same without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rich.text import Text

from bot.terminal import (
    show_alerts,
    show_audit,
    show_backup,
    show_copies,
    show_keys,
    show_manifest,
    show_prune,
    show_restore,
    show_schedule,
    show_status,
    show_summary,
)
from bot.terminal.layout import BAD, DOUBTFUL, GAP, GOOD, LOUD, QUIET, Reader, line
from commands.alert_events import AlertsTold, AlertTaken, AlertTested
from commands.copy_events import BackupCopied, VaultsSynced
from commands.events import (
    ApprovalEnded,
    AuditTold,
    AuditVerified,
    BackupFinished,
    BackupShown,
    BackupsListed,
    BackupVerified,
    CancelAsked,
    DeploymentPaused,
    DeploymentResumed,
    DoctorLooked,
    Event,
    JobFailed,
    RestoreDryRun,
    RestoreFinished,
    RestorePlanned,
    StatusTold,
)
from commands.key_events import KeyCreated, KitTold
from commands.retention_events import (
    BackupRemoved,
    HoldChanged,
    Pruned,
    PruneDryRun,
    PrunePlanned,
)
from commands.schedule_events import (
    ScheduleBegan,
    SchedulePaused,
    ScheduleResumed,
    ScheduleRun,
    SchedulesTold,
)
from commands.summary_events import SummaryTold
from commands.thaw_events import ArchiveThawed

STATES = {"OK": GOOD, "WARN": DOUBTFUL, "FAIL": BAD}
SAFE = "Every whole backup is as it was."  # True of every failure: no verb changes one.
NEXT = "Type `lifeboat doctor`."


def lines(event: Event, reader: Reader) -> Iterator[Text]:
    """Yield an event's lines; an event that nobody told us how to show is shown by name."""
    show = SHOWN.get(type(event))
    if show is None:
        yield line(type(event).__name__)
    else:
        yield from show(event, reader)


def plain(event: Event, reader: Reader) -> str:
    """Return an event as text without any style."""
    return "".join(f"{each.plain}\n" for each in lines(event, reader))


def looked(event: DoctorLooked) -> Iterator[Text]:
    """Yield a line for each look, its hint under it, and the tally."""
    widest = max((len(each.name) for each in event.lines), default=0)
    for each in event.lines:
        state = (f"{each.state:<4}", STATES.get(each.state, BAD))
        first, *more = each.what.splitlines() or [""]
        yield line(state, GAP, (each.name.ljust(widest), LOUD), GAP, first)
        for further in more:
            yield line(" " * (widest + 8), further)
        if each.hint:
            yield line(" " * (widest + 8), (each.hint, QUIET))
    tally = {state: sum(each.state == state for each in event.lines) for state in STATES}
    if not event.lines:
        yield line(("FAIL", BAD), GAP, "Nothing was looked at.")
    yield line(", ".join(f"{count} {state}" for state, count in tally.items()))


def failed(event: JobFailed) -> Iterator[Text]:
    """Yield what happened, what is safe now and what to type next, a line each.

    What happened may itself be a list, such as every mistake in the settings.
    """
    first, *more = event.what.splitlines() or [event.kind]
    yield line(("What happened: ", BAD), first)
    for further in more:
        yield line(further)
    yield line(("What is safe:  ", LOUD), event.safe or SAFE)
    yield line(("What to do:    ", LOUD), event.hint or NEXT)


SHOWN: dict[type[Event], Callable[[Any, Reader], Iterator[Text]]] = {
    BackupFinished: show_backup.finished,
    BackupsListed: show_backup.listed,
    BackupShown: show_manifest.shown,
    BackupVerified: show_backup.verified,
    BackupCopied: show_copies.copied,
    VaultsSynced: show_copies.synced,
    RestorePlanned: lambda event, reader: show_restore.planned(event.plan, reader),
    RestoreDryRun: show_restore.dry_run,
    RestoreFinished: show_restore.finished,
    PrunePlanned: show_prune.planned,
    PruneDryRun: show_prune.dry_run,
    BackupRemoved: show_prune.removed,
    Pruned: show_prune.pruned,
    HoldChanged: show_prune.hold_changed,
    StatusTold: show_status.told,
    SummaryTold: show_summary.told,
    CancelAsked: show_status.cancelled,
    SchedulesTold: show_schedule.told,
    SchedulePaused: show_schedule.paused,
    ScheduleResumed: show_schedule.resumed,
    ScheduleBegan: lambda event, _reader: show_schedule.began(event),
    ScheduleRun: lambda event, _reader: show_schedule.run(event),
    AlertsTold: show_alerts.told,
    AlertTaken: show_alerts.taken,
    AlertTested: lambda event, _reader: show_alerts.tested(event),
    AuditTold: show_audit.told,
    AuditVerified: show_audit.verified,
    KeyCreated: show_keys.created,
    KitTold: lambda event, _reader: show_keys.kit(event),
    DoctorLooked: lambda event, _reader: looked(event),
    ApprovalEnded: lambda event, _reader: show_restore.answered(event),
    ArchiveThawed: lambda event, _reader: show_restore.thawed(event),
    DeploymentPaused: lambda event, _reader: iter([line(f"{event.deployment} is paused.")]),
    DeploymentResumed: lambda event, _reader: iter([line(f"{event.deployment} runs again.")]),
    JobFailed: lambda event, _reader: failed(event),
}
