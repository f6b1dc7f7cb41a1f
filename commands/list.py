"""`list`: the backups there are, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from commands.events import BackupsListed
from commands.verb import Argument, Context, Option, Verb
from commands.words import read, span, whole_number

KINDS = ("manual", "pre-deploy", "daily", "weekly", "monthly", "safety")
ARGUMENTS = (Argument("deployment", "only this deployment's backups"),)
OPTIONS = (
    Option("kind", "only backups of this kind", metavar="kind", choices=KINDS),
    Option("since", "only those younger than this: 12h, 7d, 2w", metavar="time"),
    Option("limit", "at most this many (50 if left out)", metavar="number"),
)


@dataclass(frozen=True)
class Request:
    deployment: str | None = None
    kind: str | None = None
    since: timedelta | None = None
    limit: int = 50


def parse(words: Sequence[str]) -> Request:
    """Read `list [deployment] [kind …] [since 7d] [limit 20]`; Refused for anything else."""
    typed = read("list", words, ARGUMENTS, OPTIONS)
    return Request(
        deployment=typed["deployment"],
        kind=typed["kind"],
        since=span(typed["since"]) if typed["since"] else None,
        limit=whole_number(typed["limit"] or "50", name="limit"),
    )


def run(request: Request, ctx: Context) -> BackupsListed:
    """Refresh the catalog from the vaults and list; a manifest that can't be read is named."""
    if request.deployment is not None:
        ctx.known_deployment(request.deployment)
    looked = ctx.look()
    entries = ctx.catalog.backups(
        deployment=request.deployment,
        kind=request.kind,
        since=ctx.now() - request.since if request.since else None,
    )
    return BackupsListed(
        entries=tuple(entries[: request.limit]),
        now=ctx.now(),
        unreadable=looked.unreadable,
        more=max(0, len(entries) - request.limit),
        troubles=tuple(sentence for _, sentence in looked.troubles),
        vaults=ctx.several,
    )


VERB = Verb(
    name="list",
    about="List the backups, newest first.",
    parse=parse,
    run=run,
    role="viewer",
    arguments=ARGUMENTS,
    options=OPTIONS,
    examples=("list", "list production --since 7d", "list --kind safety"),
)
