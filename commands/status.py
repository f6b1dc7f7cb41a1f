"""`status`: what runs, what waits, and the last good backup of each deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from commands.events import DeploymentStanding, StatusTold
from commands.looking import Looking
from commands.three_two_one import Place, digits
from commands.trouble import Trouble
from commands.verb import Argument, Context, Verb
from commands.words import read
from storage.catalog import Entry

LOOKED_BACK_MAX = 100

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
    jobs = ctx.jobs.standing() if ctx.jobs is not None else None
    return StatusTold(
        deployments=tuple(_standing(name, ctx) for name in names),
        jobs=None
        if jobs is None
        else tuple(job for job in jobs if request.deployment in (None, job.deployment)),
        now=ctx.now(),
        troubles=_troubles(request.deployment, ctx),
    )


def _troubles(deployment: str | None, ctx: Context) -> tuple[Trouble, ...]:
    """Return the troubles that stand now; deployments are not asked, that is for `doctor`."""
    found = Looking(ctx, probes=False, refresh=False).look().troubles
    return tuple(
        each for each in found if deployment is None or each.deployment in ("", deployment)
    )


def _standing(name: str, ctx: Context) -> DeploymentStanding:
    entries = ctx.catalog.backups(deployment=name, include_safety=False)
    last = _last_good(name, {entry.id: entry for entry in entries}, ctx)
    return DeploymentStanding(
        name=name,
        protected=ctx.deployments[name].protected,
        last=last,
        backups=len(entries),
        rule=digits(last, name, ctx.places or {each: Place(each) for each in ctx.vaults}),
    )


def _last_good(name: str, entries: Mapping[str, Entry], ctx: Context) -> Entry | None:
    """Return the newest backup of all tables that is not known to be damaged."""
    ever = datetime.max.replace(tzinfo=UTC)
    for manifest in ctx.catalog.previous(name, before=ever, limit=LOOKED_BACK_MAX):
        entry = entries.get(manifest.id)
        if entry is None or any(f.severity == "damage" for f in manifest.check.findings):
            continue
        looked_again = entry.verified_at is not None and entry.verified_at > manifest.check.at
        if not (looked_again and entry.verified_findings):
            return entry
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
