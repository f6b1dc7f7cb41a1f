"""`prune`: remove the backups that the retention policy lets go, and say of each why.

Each vault has its own plan, by its own policy; a hold in any of them keeps every copy. A removal is
written into the audit log before it is done; then the label goes, and after the grace period the
bytes. What is planned is planned again right before it is done, and what changed in between is
kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from commands import audited, prune_plan
from commands.aim import Aim
from commands.prune_work import Work
from commands.retention_events import Pruned, PruneDryRun, PrunePlan, PrunePlanned
from commands.verb import Argument, Context, Option, Verb
from commands.words import read
from storage.errors import Cancelled, VaultError
from storage.vaults.vault import Vault

QUEUE = "prune"  # One after another, whatever they are of.
ARGUMENTS = (Argument("deployment", "only this deployment's backups; all of them if left out"),)
OPTIONS = (
    Option("vault", "only what this vault holds; every one if left out", metavar="name"),
    Option("dry-run", "show every backup with what would become of it, and touch nothing"),
    Option("yes", "do not ask before removing; for schedules and scripts"),
)


@dataclass(frozen=True)
class Request:
    """What was asked for; `only` is what a person has said yes to, None: nobody was asked.

    Each of `only` is <vault>/<id>: a backup may go from one vault and stay in another.
    """

    deployment: str | None = None
    vault: str | None = None
    dry_run: bool = False
    yes: bool = False
    only: tuple[str, ...] | None = None


def parse(words: Sequence[str]) -> Request:
    """Read `prune [deployment] [vault name] [dry-run] [yes]`; Refused for anything else."""
    typed = read("prune", words, ARGUMENTS, OPTIONS)
    return Request(typed["deployment"], typed["vault"], dry_run=typed["dry-run"], yes=typed["yes"])


def aim(request: Request, ctx: Context) -> Aim:
    """Settle exactly what is removed; anything else is kept, whatever time it is by then."""
    return settled(request, planned(request, ctx))


def settled(request: Request, plan: PrunePlan) -> Aim:
    """Return the job that does what a plan says, and nothing beyond it."""
    only = tuple(sorted(_refs(plan)))
    about = request.deployment or request.vault or plan.vault
    return Aim(about, replace(request, yes=True, only=only))


def planned(request: Request, ctx: Context) -> PrunePlan:
    """Return what a prune would do right now; Refused for what there is not in the settings."""
    plan = prune_plan.make(_vaults(request, ctx), request.deployment, ctx)
    return replace(plan, within=request.vault)


def run(request: Request, ctx: Context) -> PruneDryRun | Pruned:
    """Plan, ask, plan again, remove. After an error all that is left is whole."""
    vaults = _vaults(request, ctx)
    if request.dry_run:
        return PruneDryRun(planned(request, ctx))
    with ExitStack() as locks:
        for vault in vaults:
            what = f"a prune of {vault.name}"
            locks.enter_context(ctx.only_one(f"prune-{vault.name}", what))
        return _pruned(request, vaults, ctx)


def _pruned(request: Request, vaults: Sequence[Vault], ctx: Context) -> Pruned:
    works = {vault.name: Work(vault, request.deployment, ctx) for vault in vaults}
    failed = dict(prune_plan.known_of(ctx, aloud=False).failed)
    for name, work in works.items():
        if name not in failed:
            work.settle()
    plan = planned(request, ctx)
    for each in plan.each:
        ctx.tell(PrunePlanned(each))
    only = set(request.only) if request.only is not None else _refs(plan)
    if not request.yes and plan.anything and not ctx.confirm(question(plan)):
        raise Cancelled("You did not confirm.", safe="Nothing was removed.")
    with audited.ending(ctx, "prune.ended", deployment=request.deployment or "") as end:
        done = list(_done([works[each.vault] for each in plan.each], only, failed, ctx))
        if not done:
            raise next(iter(failed.values()))
        sentences = tuple((name, failed[name].what) for name in works if name in failed)
        result = replace(done[0], more=tuple(done[1:]), failed=sentences)
        end.outcome = "pruned"
        end.facts = {
            "vault": ", ".join(each.vault for each in done),
            "removed": sum(len(each.removed) for each in done),
            "bytes_gone": sum(len(each.bytes_gone) for each in done),
            "kept": sum(each.kept for each in done),
        }
    return result


def _done(
    works: Sequence[Work], only: Collection[str], failed: dict[str, VaultError], ctx: Context
) -> Iterator[Pruned]:
    """Prune each vault; one that breaks is noted in `failed`, and hides no other."""
    for work in works:
        name = work.vault.name
        mine = {ref.removeprefix(f"{name}/") for ref in only if ref.startswith(f"{name}/")}
        try:
            yield work.do(mine)
        except VaultError as error:
            failed[name] = error
            if len(works) > 1:
                ctx.trouble(name, f"{name!r} was not pruned whole: {error.what}")


def _vaults(request: Request, ctx: Context) -> Sequence[Vault]:
    if request.deployment is not None:
        ctx.known_deployment(request.deployment)
    if request.vault is not None:
        return [ctx.known_vault(request.vault)]
    return list(ctx.vaults.values())


def question(plan: PrunePlan) -> str:
    """Return what a person says yes to, in numbers."""
    return " ".join(_question(each) for each in plan.each if each.anything)


def _question(plan: PrunePlan) -> str:
    parts = []
    if plan.going:
        parts.append(f"remove {len(plan.going):,} backups ({plan.going_bytes:,} bytes)")
    if plan.due:
        gone = sum(each.bytes for each in plan.due)
        parts.append(f"delete {gone:,} bytes of {len(plan.due):,} removed earlier")
    if plan.cooling:
        parts.append(f"move {len(plan.cooling):,} to cold storage")
    asked = " and ".join(parts) or "do nothing"
    return f"{asked[0].upper()}{asked[1:]}, in {plan.vault}?"


def _refs(plan: PrunePlan) -> set[str]:
    """Return all that a plan touches, as <vault>/<id>."""
    return {f"{each.vault}/{id}" for each in plan.each for id in _ids(each)}


def _ids(plan: PrunePlan) -> set[str]:
    going = {each.backup.id for each in plan.going}
    return going | {each.id for each in plan.due} | set(plan.cooling)


VERB = Verb(
    name="prune",
    about="Remove the backups that the retention policy lets go; with the reason for each.",
    parse=parse,
    run=run,
    aim=aim,
    queue=lambda _request: QUEUE,
    request=Request,
    arguments=ARGUMENTS,
    options=OPTIONS,
    examples=(
        "prune --dry-run",
        "prune production --dry-run",
        "prune --vault second --dry-run",
        "prune --yes",
    ),
)
