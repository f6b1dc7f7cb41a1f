"""`show`: everything one backup's manifest says, and each time it was verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commands.events import BackupShown
from commands.verb import Argument, Context, Verb
from commands.words import read
from storage import holds, shelf
from storage.errors import ManifestError

BACKUP = Argument("backup", "an id, the start of one, latest or latest:deployment", required=True)


@dataclass(frozen=True)
class Request:
    backup: str


def parse(words: Sequence[str]) -> Request:
    """Read `show <backup>`; Refused for anything else."""
    return Request(read("show", words, (BACKUP,), ())["backup"])


def run(request: Request, ctx: Context) -> BackupShown:
    """Read the manifest from the vault itself, not from the catalog."""
    entry = ctx.find(request.backup)
    return BackupShown(
        manifest=shelf.read_manifest(ctx.vault, entry.deployment, entry.id),
        checks=tuple(shelf.read_checks(ctx.vault, entry.deployment, entry.id)),
        vault=entry.vault,
        now=ctx.now(),
        holds=_holds(entry.deployment, entry.id, ctx),
        copies=entry.copies if ctx.several else (),
        vaults=ctx.several,
    )


def _holds(deployment: str, id: str, ctx: Context) -> tuple[str, ...]:
    """Return why it is held; a word that can't be read holds too, and says so."""
    try:
        words = holds.read(ctx.vault, deployment, id)
    except ManifestError as error:
        return (error.what,)
    told = [hold.told for hold in holds.standing(words).values()]
    policies = ctx.rules.retention
    wish = holds.release_asked(words, ctx.now(), policies.release_within)
    if wish is not None and policies.release_needs_second_person:
        told.append(f"its release waits for a second operator: {wish.told}")
    return tuple(told)


VERB = Verb(
    name="show",
    about="Show everything about one backup.",
    parse=parse,
    run=run,
    role="viewer",
    arguments=(BACKUP,),
    examples=("show latest", "show latest:production", "show production-2026-11-24-0200"),
)
