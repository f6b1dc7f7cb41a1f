"""`prune`, `hold` and `release` as lines of text: what goes, what stays, and why."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from bot.terminal.layout import BAD, DOUBTFUL, GAP, GOOD, LOUD, QUIET, Reader, line
from bot.words import counted, size
from commands.retention_events import (
    BackupRemoved,
    HoldChanged,
    Pruned,
    PruneDryRun,
    PrunePlan,
    PrunePlanned,
    Waiting,
)
from storage.retention import Decision

SPARED_SHOWN = 50


def planned(event: PrunePlanned, _reader: Reader) -> Iterator[Text]:
    """Yield what would go, each with its reason, and how much stays."""
    yield from _plan(event.plan, every=False)


def dry_run(event: PruneDryRun, _reader: Reader) -> Iterator[Text]:
    """Yield every backup with what would become of it and why."""
    for plan in event.plan.each:
        yield from _plan(plan, every=True)
    yield line("Nothing was touched.")


def removed(event: BackupRemoved, _reader: Reader) -> Iterator[Text]:
    """Yield that a backup is none any more."""
    yield line(("removed", DOUBTFUL), GAP, (event.id, LOUD))


def pruned(event: Pruned, _reader: Reader) -> Iterator[Text]:
    """Yield how a prune ended in each vault, in numbers."""
    for each in event.each:
        yield from _pruned(each)
    for vault, why in event.failed:
        yield line(("Not pruned whole", BAD), f": {vault}. {why}")


def _pruned(event: Pruned) -> Iterator[Text]:
    nothing = not (event.removed or event.bytes_gone or event.cooled)
    word = "Nothing had to go" if nothing else "Done"
    yield line((word, GOOD), f" in {event.vault}: {counted(event.kept, 'backup')} kept.")
    if event.removed:
        yield line(f"Removed {counted(len(event.removed), 'backup')}, {size(event.removed_bytes)}.")
    if event.bytes_gone:
        gone = counted(len(event.bytes_gone), "backup")
        yield line(f"Deleted the bytes of {gone} removed before: {size(event.freed_bytes)}.")
    if event.cooled:
        yield line(f"Moved {counted(len(event.cooled), 'backup')} to cold storage.")
    for id, why in event.spared[:SPARED_SHOWN]:
        yield line(("kept", LOUD), GAP, (id, LOUD), GAP, why)
    if len(event.spared) > SPARED_SHOWN:
        yield line(f"… and {len(event.spared) - SPARED_SHOWN:,} more were kept after all.")
    if event.waiting:
        backups = f"{counted(event.waiting, 'removed backup')} ({size(event.waiting_bytes)})"
        days = f"{event.grace.total_seconds() / 86_400:g} days"
        yield line(
            (f"The bytes of {backups} stay for {days} after the removal; until then ", QUIET),
            ("lifeboat hold <backup> --reason …", LOUD),
            (" brings one back.", QUIET),
        )


def hold_changed(event: HoldChanged, _reader: Reader) -> Iterator[Text]:
    """Yield what became of a hold, and what it means."""
    match event.what:
        case "held":
            yield line(("Held", GOOD), f": {event.id} is kept until somebody releases it.")
        case "release asked":
            yield line(
                ("Not released yet", DOUBTFUL),
                f": {event.id} stays held until a second operator says the same in Slack, by "
                f"{event.until:%Y-%m-%d %H:%M} UTC.",
            )
        case "released":
            yield line(("Released", GOOD), f": {event.id} is kept no longer than the policy says.")
    yield line(f"By {event.by}: {event.why}")
    for hold in event.holds:
        yield line(("held" if event.what != "released" else "was held", QUIET), GAP, hold)
    if event.locked and event.what == "held":
        yield line("The vault itself refuses to delete it now.")


def _plan(plan: PrunePlan, *, every: bool) -> Iterator[Text]:
    shown = plan.decisions if every else plan.going
    widest = max((len(each.backup.id) for each in shown), default=0)
    for each in shown:
        yield _decision(each, widest)
    for waiting in plan.waiting:
        if every or waiting.due:
            yield _waiting(waiting, widest)
    for id in plan.cooling:
        yield line(("cold  ", DOUBTFUL), GAP, (id.ljust(widest), LOUD), GAP, "to cold storage")
    keep = sum(each.keep for each in plan.decisions)
    going = f"{counted(len(plan.going), 'backup')} would go ({size(plan.going_bytes)})"
    due = f", and the bytes of {len(plan.due):,} removed before" if plan.due else ""
    yield line(
        f"In {plan.vault}: {counted(keep, 'backup')} {'stays' if keep == 1 else 'stay'}, "
        f"{going}{due}."
    )


def _decision(each: Decision, widest: int) -> Text:
    word = ("keep  ", GOOD) if each.keep else ("remove", BAD)
    backup = each.backup
    return line(
        word, GAP, (backup.id.ljust(widest), LOUD), GAP, f"{backup.kind:<10}", GAP, each.why
    )


def _waiting(waiting: Waiting, widest: int) -> Text:
    word = ("bytes ", BAD) if waiting.due else ("gone  ", QUIET)
    when = f"{waiting.removed_at:%Y-%m-%d}"
    then = "its bytes go now" if waiting.due else f"its bytes go {waiting.bytes_go_at:%Y-%m-%d}"
    return line(word, GAP, (waiting.id.ljust(widest), LOUD), GAP, f"removed {when}; {then}")
