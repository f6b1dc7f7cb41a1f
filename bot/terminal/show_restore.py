"""Restores in a terminal: the plan before, the count after. Result in, lines out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from rich.text import Text

from bot.terminal.layout import (
    BAD,
    DOUBTFUL,
    GAP,
    GOOD,
    LOUD,
    QUIET,
    Part,
    Reader,
    blank,
    columns,
    line,
    pairs,
)
from bot.terminal.show_backup import findings
from bot.words import counted, duration, moment, number, rests, some
from commands.approval import closed
from commands.events import (
    ApprovalEnded,
    Counted,
    Plan,
    RestoreDryRun,
    RestoreFinished,
)
from commands.thaw_events import ArchiveThawed

NAMES_MAX = 12
LOSING = ("deleted", "replaced")  # Fates after which rows that are there now are gone.


def planned(plan: Plan, reader: Reader) -> Iterator[Text]:
    """Yield what a restore would do, table by table, and what stands against it."""
    yield line(
        "Plan: restore ", (plan.backup, LOUD), " into ", (plan.target, LOUD), f", {plan.mode}"
    )
    yield from pairs(
        (
            ("from", f"{plan.source}, as it was at {moment(plan.snapshot_at, reader.zone)}"),
            ("into", f"{plan.target} ({plan.target_url})"),
            ("chosen", f"{some(plan.chosen, NAMES_MAX)} only" if plan.chosen else None),
        )
    )
    yield from columns(("table", "now", "archive", "after", ""), _plan_rows(plan), right=(1, 2, 3))
    untold = [table.after for table in plan.tables] + [part.after for part in plan.files]
    if None in untold:
        yield line((f"{GAP}?: told once the merge has been built", QUIET))
    for warning in plan.warnings:
        yield line(("Warning: ", DOUBTFUL), warning)
    for conflict in plan.conflicts:
        yield line(("Can't be done: ", BAD), conflict.what)
        if conflict.modes_that_work:
            yield line(GAP, f"These modes work here: {', '.join(conflict.modes_that_work)}")


def dry_run(event: RestoreDryRun, reader: Reader) -> Iterator[Text]:
    """Yield the plan, that nothing was touched, and the command that would do it."""
    yield from planned(event.plan, reader)
    yield line((f"fingerprint {event.plan.fingerprint}", QUIET))
    yield blank()
    yield line("Nothing was touched.")
    if event.thaw_hours is not None:
        yield line(("Cold: ", DOUBTFUL), rests(event.thaw_hours))
    if not event.plan.conflicts:
        words = in_slack(event.plan) if event.protected else command(event.plan)
        yield line(("To do it: ", QUIET), words)


def answered(event: ApprovalEnded) -> Iterator[Text]:
    """Yield how a question to other people ended, and what was begun by it."""
    plan, approval = event.plan, event.approval
    yield line(
        "Restore ", (plan.backup, LOUD), " into ", (plan.target, LOUD), f": {approval.state}."
    )
    yield line(GAP, closed(approval))
    if event.job_id:
        yield line(GAP, f"job {event.job_id}")


def thawed(event: ArchiveThawed) -> Iterator[Text]:
    """Yield that an archive can be read again, and which restore goes on."""
    yield line("Thawed: ", (event.id, LOUD), " can be read again.")
    yield line(GAP, f"Its restore into {event.target} goes on as job {event.job_id}")


def command(plan: Plan) -> str:
    """Return the words that carry out exactly this plan."""
    words = ["lifeboat", "restore", plan.backup, "--to", plan.target, "--mode", plan.mode]
    if plan.chosen:
        words += ["--tables", ",".join(plan.chosen)]
    return shlex.join(words)


def in_slack(plan: Plan) -> str:
    """Return the words that ask other people for exactly this plan."""
    words = ["restore", plan.backup, "to", plan.target, "mode", plan.mode]
    if plan.chosen:
        words += ["tables", ",".join(plan.chosen)]
    return f'ask other people, in Slack: /backup {shlex.join(words)} reason "…"'


def finished(event: RestoreFinished, reader: Reader) -> Iterator[Text]:
    """Yield before, promised and after; the last line is the way back."""
    plan = event.plan
    yield _verdict(event)
    yield from columns(
        ("table", "before", "promised", "after", ""),
        (_count_row(each) for each in event.counted),
        right=(1, 2, 3),
    )
    yield from pairs(
        (
            ("backup", f"{plan.backup}, {plan.source} at {moment(plan.snapshot_at, reader.zone)}"),
            ("mode", plan.mode),
            ("import", f"{event.import_id} (job {event.job_id})"),
            ("rows written", number(event.rows_written)),
            ("took", duration(event.seconds)),
        )
    )
    yield from findings(event.findings)
    yield blank()
    yield line(
        "Safety backup: ",
        (event.safety_backup, LOUD),
        f". To undo: {event.undo}",
    )


def _verdict(event: RestoreFinished) -> Text:
    target = event.plan.target
    again = " (by an earlier run that was stopped)" if event.resumed else ""
    if event.kept_every_promise:
        counts = counted(len(event.counted), "count agrees", "counts agree")
        return line((f"Restored{again}: {target} holds what was promised ({counts}).", GOOD))
    broken = sum(not each.kept_its_promise for each in event.counted)
    what = f"{broken} of {counted(len(event.counted), 'count')} in {target} differ"
    if not event.counted:
        what = f"NOTHING could be counted in {target}"
    elif not broken:
        what = f"{counted(len(event.findings), 'finding')} in {target}"
    return line((f"Imported{again}, but NOT as promised: {what}.", BAD))


def _plan_rows(plan: Plan) -> Iterator[Sequence[Part]]:
    for table in plan.tables:
        name = _name(table.component, table.table)
        yield _plan_row(name, table.before, table.archive, table.after, table.fate)
    for part in plan.files:
        name = _name(part.component, "_storage")
        yield _plan_row(name, part.before, part.archive, part.after, part.fate)


def _plan_row(
    name: str, before: int, archive: int | None, after: int | None, fate: str
) -> Sequence[Part]:
    loses = fate in LOSING and before > 0
    return (
        name,
        number(before),
        "-" if archive is None else number(archive),
        "?" if after is None else number(after),
        (fate, DOUBTFUL if loses else ""),
    )


def _count_row(each: Counted) -> Sequence[Part]:
    kept: Part = ("kept", GOOD) if each.kept_its_promise else ("DIFFERS", BAD)
    name = _name(each.component, each.what)
    return (name, number(each.before), number(each.promised), number(each.after), kept)


def _name(component: str, table: str) -> str:
    """Return `table` or `component/path/table`; `_storage` is called what it is."""
    table = "stored files" if table == "_storage" else table
    return f"{component}/{table}" if component else table
