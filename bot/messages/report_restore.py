"""Restores in a thread: the plan before, table by table, and the count after.

What loses rows, or did not keep its promise, stands first, so that a cut never hides it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.messages.parts import Listed, Part, Said, facts, listed, small
from bot.messages.tables import table
from bot.messages.text import at, bold, code, said, told
from bot.messages.typed import again
from bot.messages.verdict import findings, numbers, verdict, way_back
from bot.words import counted, duration, number, rests, some
from commands.events import (
    Conflict,
    Counted,
    FilesPlan,
    Plan,
    RestoreDryRun,
    RestoreFinished,
    TablePlan,
)

NAMES_MAX = 12
LOSING = ("deleted", "replaced")  # Fates after which rows that are there now are gone.
FATES = ("deleted", "replaced", "merged", "added to", "created", "kept")
STORAGE = "_storage"
PHASES = {  # What people call it -> the steps it is made of.
    "plan": ("preflight", "plan"),
    "safety backup": (
        "describe",
        "export",
        "download",
        "read",
        "choose tables",
        "store",
        "read back",
        "manifest",
    ),
    "verify the archive": ("verify the archive",),
    "build and upload": ("build", "stage"),
    "compare": ("compare",),
    "import": ("confirm", "restore"),
    "count": ("count",),
}


def planned(plan: Plan) -> Iterator[Part]:
    """Yield what a restore would do, and what stands against it."""
    yield Said(
        f"Plan: restore {code(plan.backup)} into {bold(plan.target)}, mode {said(plan.mode)}."
    )
    yield listed(_conflict, plan.conflicts, "conflicts")
    yield listed(_warning, plan.warnings, "warnings")
    yield from numbered(plan)


def numbered(plan: Plan) -> Iterator[Part]:
    """Yield a plan's places and numbers, table by table."""
    chosen = f"{some(plan.chosen, NAMES_MAX)} only" if plan.chosen else ""
    yield facts(
        (
            ("From", f"{bold(plan.source)}, as it was {at(plan.snapshot_at)}"),
            ("Into", f"{bold(plan.target)} ({said(plan.target_url)})"),
            ("Chosen", said(chosen, 400)),
            ("In all", _totals(plan)),
        )
    )
    yield _plan_table(plan)
    if any(part.after is None for part in _parts(plan)):
        yield small("?: told once the merge has been built")


def dry_run(event: RestoreDryRun) -> Iterator[Part]:
    """Yield the plan, that nothing was touched, and the words that would do it."""
    yield Said(verdict(event))
    yield from planned(event.plan)
    yield small(f"fingerprint {code(event.plan.fingerprint or 'none')}")
    if event.thaw_hours is not None:
        yield Said(f"*Cold:* {rests(event.thaw_hours)}")
    if not event.plan.conflicts:
        why = ' reason "…"' if event.protected else ""
        yield Said(f"*To do it:* {code(again(event.plan) + why, 600)}")


def finished(event: RestoreFinished, took: Mapping[str, float]) -> Iterator[Part]:
    """Yield before, promised and after, how long each step took, and the way back."""
    plan = event.plan
    yield Said(verdict(event))
    yield Said(way_back(event))
    yield facts(
        (
            (
                "Backup",
                f"{code(plan.backup)}, {bold(plan.source)} as it was {at(plan.snapshot_at)}",
            ),
            ("Mode", said(plan.mode)),
            ("Import", f"{code(event.import_id)}, job {code(event.job_id)}"),
            ("In all", numbers(event)),
            ("Phases", _phases(took)),
        )
    )
    yield findings(event.findings)
    rows = sorted(event.counted, key=lambda each: each.kept_its_promise)
    yield table(
        ("table", "before", "promised", "after", ""),
        map(_count_row, rows),
        count=len(rows),
        what="counts",
        right=(1, 2, 3),
    )


def _phases(took: Mapping[str, float]) -> str:
    """Return how long each phase took, of those that were finished."""
    sums = {
        phase: sum(took[step] for step in steps if step in took)
        for phase, steps in PHASES.items()
        if any(step in took for step in steps)
    }
    return ", ".join(f"{phase} {duration(seconds)}" for phase, seconds in sums.items())


def _conflict(conflict: Conflict) -> str:
    modes = conflict.modes_that_work
    works = f" These modes work here: {said(', '.join(modes))}." if modes else ""
    return f"*Can't be done:* {told(conflict.what, 400)}{works}"


def _warning(text: str) -> str:
    return f"*Warning:* {told(text, 400)}"


def _totals(plan: Plan) -> str:
    """Return how many tables meet which fate, and the rows before, in the archive, after."""
    fates = [table.fate for table in plan.tables]
    met = [f"{fates.count(fate):,} {fate}" for fate in FATES if fate in fates]
    after = [table.after for table in plan.tables]
    promised = "?" if None in after else number(sum(each or 0 for each in after))
    return (
        f"{counted(len(plan.tables), 'table')}{': ' if met else ''}{', '.join(met)}; "
        f"{counted(sum(table.before for table in plan.tables), 'row')} now, "
        f"{number(sum(table.archive for table in plan.tables))} from the archive, {promised} after"
    )


def _plan_table(plan: Plan) -> Listed:
    parts = sorted(_parts(plan), key=_gravity)
    return table(
        ("table", "now", "archive", "after", ""),
        map(_plan_row, parts),
        count=len(parts),
        what="tables",
        right=(1, 2, 3),
    )


def _parts(plan: Plan) -> list[TablePlan | FilesPlan]:
    return [*plan.tables, *plan.files]


def _gravity(part: TablePlan | FilesPlan) -> int:
    if part.fate in LOSING and part.before:
        return LOSING.index(part.fate)
    return len(LOSING) + (part.fate == "kept")


def _plan_row(part: TablePlan | FilesPlan) -> Sequence[str]:
    table = part.table if isinstance(part, TablePlan) else STORAGE
    return (
        _name(part.component, table),
        number(part.before),
        number(part.archive or 0) if _takes_part(part) else "-",
        "?" if part.after is None else number(part.after),
        part.fate,
    )


def _takes_part(part: TablePlan | FilesPlan) -> bool:
    """Whether anything of the archive goes there: of a table that was not chosen, nothing does."""
    return part.archive is not None and part.fate not in ("kept", "deleted")


def _count_row(each: Counted) -> Sequence[str]:
    return (
        _name(each.component, each.what),
        number(each.before),
        number(each.promised),
        number(each.after),
        "kept" if each.kept_its_promise else "DIFFERS",
    )


def _name(component: str, table: str) -> str:
    table = "stored files" if table == STORAGE else table
    return f"{component}/{table}" if component else table
