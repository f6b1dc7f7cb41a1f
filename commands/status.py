"""`status`: what runs, what waits, and the last good backup of each deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from commands import due, target, timetable
from commands.alert_state import Alert
from commands.events import JobStanding, StatusTold
from commands.last_good import last_good
from commands.looking import Looking
from commands.staged import last_staged
from commands.standings import DeploymentStanding, Staged
from commands.three_two_one import Place, digits
from commands.trouble import Trouble
from commands.verb import Argument, Context, Verb
from commands.words import read
from storage import schedule_notes
from storage.errors import LifeboatError
from storage.schedule_notes import Notes

ARGUMENTS = (Argument("deployment", "only this deployment; all of them if left out"),)


@dataclass(frozen=True)
class Request:
    deployment: str | None = None


def parse(words: Sequence[str]) -> Request:
    """Read `status [deployment]`; Refused for anything else."""
    return Request(read("status", words, ARGUMENTS, ())["deployment"])


def run(request: Request, ctx: Context) -> StatusTold:
    """Look into the vaults and ask the engine; nothing is changed."""
    if request.deployment is not None:
        ctx.known_deployment(request.deployment)
    ctx.look()
    names = [request.deployment] if request.deployment else sorted(ctx.deployments)
    staged, notes = last_staged(ctx), notes_of(ctx)
    jobs, unasked = _jobs(ctx)
    opened = open_alerts(ctx)
    return StatusTold(
        deployments=tuple(standing_of(name, ctx, staged, notes, opened) for name in names),
        jobs=None
        if jobs is None
        else tuple(job for job in jobs if request.deployment in (None, job.deployment)),
        jobs_unknown=unasked,
        now=ctx.now(),
        troubles=_troubles(request.deployment, ctx),
    )


def _jobs(ctx: Context) -> tuple[Sequence[JobStanding] | None, str]:
    """Return the jobs, or why nobody can say: backups are told of all the same."""
    if ctx.jobs is None:
        return None, "no bot has run on this data folder."
    try:
        return ctx.jobs.standing(), ""
    except LifeboatError as error:
        return None, " ".join(error.what.split())


def _troubles(deployment: str | None, ctx: Context) -> tuple[Trouble, ...]:
    """Return the troubles that stand now; deployments are not asked, that is for `doctor`."""
    found = Looking(ctx, probes=False, refresh=False).look().troubles
    return tuple(
        each for each in found if deployment is None or each.deployment in ("", deployment)
    )


def standing_of(
    name: str,
    ctx: Context,
    staged: Mapping[str, Staged],
    notes: Mapping[str, Notes],
    opened: Sequence[Alert] | None,
) -> DeploymentStanding:
    """Return how one deployment stands, after a look into the vaults."""
    backups = ctx.catalog.backups(deployment=name, include_safety=False)
    last, now = last_good(name, ctx.catalog), ctx.now()
    stated = ctx.rules.targets.get(name)
    allowed = target.target(ctx.schedules, name, stated)
    backing = [each.name for each in ctx.schedules.values() if target.backs_up(each, name)]
    from_ = last.taken_at if last is not None else target.expected_since(backing, notes)
    return DeploymentStanding(
        name=name,
        protected=ctx.deployments[name].protected,
        last=last,
        backups=len(backups),
        rule=digits(last, name, ctx.places or {each: Place(each) for each in ctx.vaults}),
        target=allowed,
        overdue=target.overdue(from_, allowed, now, stated=stated is not None),
        staged=staged.get(name),
        next=_next(name, ctx, notes),
        alerts=None
        if opened is None
        else sum(any(t.deployment == name for t in alert.troubles) for alert in opened),
    )


def notes_of(ctx: Context) -> dict[str, Notes]:
    """Return what the vault says of each schedule: whether it is paused, and until when."""
    return {name: schedule_notes.read(ctx.vault, name) for name in ctx.schedules}


def _next(name: str, ctx: Context, notes: Mapping[str, Notes]) -> datetime | None:
    """Return when the next backup of all tables is due, after any pause; None where none is."""
    found: list[datetime] = []
    for schedule in ctx.schedules.values():
        if target.backs_up(schedule, name):
            pause = timetable.paused(notes.get(schedule.name, Notes()), ctx.now())
            after = ctx.now() if pause is None or pause.until is None else pause.until
            found += due.upcoming(schedule.calendar, after, 1)
    return min(found, default=None)


def open_alerts(ctx: Context) -> Sequence[Alert] | None:
    """Return the open alerts; None where nobody keeps any, or they can't be read now."""
    try:
        return ctx.alerts.open() if ctx.alerts is not None else None
    except LifeboatError:
        return None


VERB = Verb(
    name="status",
    about="Say what runs, what waits, and how old each deployment's last good backup is.",
    parse=parse,
    run=run,
    role="viewer",
    arguments=ARGUMENTS,
    examples=("status", "status production"),
)
