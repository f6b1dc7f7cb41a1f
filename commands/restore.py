"""`restore`: put a backup's rows and files into a deployment, in the safe order.

Here are the words, the plan and the question whether to go on. The doing is in `restore_work.py`,
what a killed one leaves to the next in `restore_settle.py`. A protected deployment is never
restored from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from commands import break_glass, restore_thawed, restore_work, sealing, thaw
from commands import plan as planning
from commands.aim import Aim
from commands.asked import Request as Question
from commands.backup import preflight
from commands.events import Plan, RestoreDryRun, RestoreFinished, RestorePlanned
from commands.make_plan import make_plan
from commands.plan import MODES, Mode
from commands.restore_settle import Wanted, settle_killed
from commands.show import BACKUP
from commands.verb import Context, Option, Verb
from commands.words import Typed, closest, read
from storage import shelf
from storage.catalog import Entry
from storage.convex import facts
from storage.convex.deployment import Deployment
from storage.errors import Cancelled, Refused
from storage.manifest import Manifest
from storage.records import Job

REASON_MIN = 5

OPTIONS = (
    Option(
        "to",
        "the deployment to restore into; the settings' restore_to if left out",
        metavar="deployment",
    ),
    Option(
        "tables",
        "only these tables (and _storage, to name the stored files)",
        metavar="a,b",
        many=True,
        also=("table",),
    ),
    Option(
        "mode",
        "replace-all: exactly the backup, other tables deleted (default for a whole backup); "
        "replace: swap the backup's tables, leave others (default with --tables); "
        "append: only insert; merge: keep rows that are there, add those that are missing",
        metavar="mode",
        choices=MODES,
    ),
    Option("replace-all", "the same as --mode replace-all"),
    Option("replace", "the same as --mode replace"),
    Option("append", "the same as --mode append"),
    Option("merge", "the same as --mode merge"),
    Option("dry-run", "show the plan and touch nothing"),
    Option("yes", "do not ask before restoring"),
    Option("reason", "why; needed for a protected deployment", metavar="text"),
    Option(
        "break-glass",
        "restore a protected deployment alone, from a terminal, when Slack is gone; only if the "
        "settings allow it",
    ),
    Option("take-over", "settle a restore that another, dead machine left half-way"),
)


@dataclass(frozen=True)
class Request:
    """What was asked for; `mode` None takes the one that fits what is restored."""

    backup: str
    to: str | None = None
    tables: tuple[str, ...] | None = None
    mode: Mode | None = None
    dry_run: bool = False
    yes: bool = False
    take_over: bool = False
    reason: str = ""
    break_glass: bool = False


def parse(words: Sequence[str]) -> Request:
    """Read `restore <backup> [to …] [tables …] [mode …]`; Refused for anything else."""
    typed = read("restore", words, (BACKUP,), OPTIONS)
    mode = _mode(typed)
    if typed["tables"] == ():
        raise Refused("--tables names no table.", hint="Name some: --tables npd,sp2d.")
    if typed["tables"] and mode == "replace-all":
        raise Refused(
            "--tables with replace-all would delete every table that is not named.",
            hint="Use --mode replace: it swaps the named tables and leaves the others alone.",
        )
    return Request(
        backup=typed["backup"],
        to=typed["to"],
        tables=typed["tables"],
        mode=mode,
        dry_run=typed["dry-run"],
        yes=typed["yes"],
        take_over=typed["take-over"],
        reason=" ".join((typed["reason"] or "").split()),
        break_glass=typed["break-glass"],
    )


def aim(request: Request, ctx: Context) -> Aim:
    """Settle backup, target and tables; Refused for what could not be restored anyway.

    From Slack a protected target is aimed at by a question to other people.
    """
    entry = ctx.find(request.backup)
    target = _target(request, entry, ctx)
    manifest = shelf.read_manifest(ctx.vault, entry.deployment, entry.id)
    chosen = _chosen(request, manifest)
    sealing.must_open(manifest, ctx)
    settled = replace(request, backup=entry.id, to=target.name, tables=chosen)
    if not target.protected:
        cold = thaw.is_cold(manifest, ctx)
        waiting = restore_thawed.Request.before(settled, entry.deployment) if cold else None
        return Aim(target.name, settled, entry.id, thawing=waiting)
    if ctx.caller.door != "slack":
        raise needs_another(target, entry.id, ctx)
    if len(request.reason) < REASON_MIN:
        raise Refused(
            f"To restore {target.name} you have to say why.",
            hint=f'For example: /backup restore {entry.id} to {target.name} reason "rows are gone"',
        )
    question = Question(
        backup=entry.id,
        source=entry.deployment,
        to=target.name,
        mode=fitting(request, manifest),
        tables=chosen,
        reason=request.reason,
    )
    return Aim(target.name, settled, entry.id, question)


def run(request: Request, ctx: Context) -> RestoreFinished | RestoreDryRun:
    """Plan, ask, restore, count again. After an error its words say what the target holds."""
    entry = ctx.find(request.backup)
    target = _target(request, entry, ctx)
    if target.protected and not (request.dry_run or request.break_glass):
        raise needs_another(target, entry.id, ctx)
    if target.protected and not request.dry_run:
        break_glass.check(target, request.reason, ctx)
    manifest = shelf.read_manifest(ctx.vault, entry.deployment, entry.id)
    chosen = _chosen(request, manifest)
    mode = fitting(request, manifest)
    ctx.kept(
        "preflight",
        lambda: ctx.step("preflight", lambda: preflight(target, facts.RESTORE_NEEDS, ctx)),
        type(None),
    )

    def replan() -> Plan:
        return make_plan(manifest, target, mode, chosen)

    if request.dry_run:
        sealing.must_open(manifest, ctx)
        return _told_only(ctx.step("plan", replan), target, manifest, ctx)
    with ctx.only_one(f"restore-{target.name}", f"a restore into {target.name}"):
        own = ctx.kept("name", lambda: restore_work.job_id(target, ctx), str)
        wanted = Wanted(manifest, mode, chosen, request.take_over)
        resumed = settle_killed(wanted, target, ctx, but=own)
        if resumed is not None:
            return resumed
        job = Job(ctx.first, own)
        if job.last("staged") is None:  # One that goes on from there opens nothing any more.
            sealing.must_open(manifest, ctx)
            thaw.must_be_warm(manifest, ctx)
        plan = ctx.kept("plan", lambda: ctx.step("plan", replan), Plan)
        work = restore_work.Work(plan, manifest, target, ctx, job)
        with restore_work.taken_back_if_given_up(work):
            ctx.tell(RestorePlanned(plan))
        _refuse_conflicts(plan)
        if target.protected:
            return break_glass.restore_alone(work, replan, request.reason)
        if not request.yes and not ctx.confirm(
            f"Restore {plan.backup} into {plan.target} ({plan.mode})?"
        ):
            raise Cancelled("You did not confirm.", safe=f"Nothing was changed in {plan.target}.")
        return restore_work.restore(work, replan)


def _told_only(plan: Plan, target: Deployment, manifest: Manifest, ctx: Context) -> RestoreDryRun:
    """Return the plan with what its restore would wait for; nothing is thawed."""
    takes = thaw.takes(manifest, ctx)
    hours = takes / timedelta(hours=1) if takes is not None else None
    return RestoreDryRun(plan, target.protected, hours)


def fitting(request: Request, manifest: Manifest) -> Mode:
    """Return the mode that was named, or the one that fits what is restored."""
    whole = request.tables is None and _whole(manifest)
    return request.mode or ("replace-all" if whole else "replace")


def needs_another(target: Deployment, backup: str, ctx: Context) -> Refused:
    """Return the refusal of a protected deployment to one person alone."""
    glass = (
        " When Slack is gone: --break-glass --reason '…'."
        if ctx.rules.approvals.break_glass and ctx.caller.door == "terminal"
        else ""
    )
    return Refused(
        f"{target.name} is protected: it is restored only after a second person has approved "
        f"exactly this plan in Slack.",
        hint=f'Ask there: /backup restore {backup} to {target.name} reason "…". Or restore to '
        f"staging: lifeboat restore {backup} --to {_unprotected(ctx) or 'staging'}.{glass}",
    )


def _whole(manifest: Manifest) -> bool:
    return manifest.chosen is None


def _mode(typed: Typed) -> Mode | None:
    """Return the one mode that was named, by --mode or by the guide's short words."""
    named = {mode for mode in MODES if typed[mode]} | ({typed["mode"]} - {None})
    if len(named) > 1:
        raise Refused(
            f"Two modes were named: {' and '.join(sorted(named))}.", hint="Name one of them."
        )
    return next(iter(named), None)


def _target(request: Request, entry: Entry, ctx: Context) -> Deployment:
    source = ctx.deployments.get(entry.deployment)
    name = request.to or (source.restore_to if source else None)
    if name is None:
        raise Refused(
            f"No deployment to restore into was named, and the settings give "
            f"{entry.deployment} no restore_to.",
            hint=f"Add --to with one of: {', '.join(sorted(ctx.deployments))}.",
        )
    return ctx.known_deployment(name)


def _unprotected(ctx: Context) -> str | None:
    return next((name for name, d in sorted(ctx.deployments.items()) if not d.protected), None)


def _chosen(request: Request, manifest: Manifest) -> tuple[str, ...] | None:
    if request.tables is None:
        return None
    tables, storage = planning.paths(manifest)
    for name in request.tables:
        if name not in tables and name not in storage:
            raise Refused(
                f"The backup {manifest.id} has no table {name!r}.{closest(name, tables)}",
                hint=f"It has: {', '.join(tables) or 'no tables at all'}.",
            )
    return request.tables


def _refuse_conflicts(plan: Plan) -> None:
    if not plan.conflicts:
        return
    working = plan.conflicts[0].modes_that_work
    raise Refused(
        " ".join(conflict.what for conflict in plan.conflicts),
        safe=f"Nothing was changed in {plan.target}.",
        hint=f"These modes work here: {', '.join(working)}."
        if working
        else "No mode works for this choice; restore all tables with --mode replace-all.",
    )


VERB = Verb(
    name="restore",
    about="Restore a backup into a deployment, after a plan and a safety backup.",
    parse=parse,
    run=run,
    aim=aim,
    request=Request,
    arguments=(BACKUP,),
    options=OPTIONS,
    examples=(
        "restore latest:production --dry-run",
        "restore latest:production --to staging",
        "restore production-2026-11-24-0200 --to staging --tables npd,sp2d",
        "restore latest --to staging --mode merge",
    ),
)
