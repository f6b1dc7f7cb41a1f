"""`hold` and `release`: a backup is kept whatever its age, until somebody takes that back.

Both are words in the vault, beside the manifest, and nothing is ever taken back by deleting. Where
the settings say so, a release is two words by two people, known by who Slack says they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from commands import audited, held
from commands.retention_events import HoldChanged, What
from commands.show import BACKUP
from commands.verb import Context, Option, Verb
from commands.words import read
from storage import holds
from storage.errors import Refused
from storage.holds import Act, Hold

REASON_MIN, REASON_MAX = 4, 500
OPTIONS = (Option("reason", "why; it is shown wherever the backup is listed", metavar="text"),)


@dataclass(frozen=True)
class Request:
    backup: str
    reason: str


def hold(request: Request, ctx: Context) -> HoldChanged:
    """Write that the backup stays; one that was removed, with its bytes still there, comes back."""
    backup = _find(request.backup, ctx)
    word = _word("hold", request, ctx)
    vaults = held.write(backup, word, ctx)
    held.bring_back(backup, vaults, ctx)
    held.still_there(backup, vaults)
    locked = held.lock(backup, vaults, ctx)
    audited.afterwards(
        ctx,
        "hold.placed",
        about=backup.id,
        deployment=backup.deployment,
        why=request.reason,
        outcome="held",
    )
    ctx.index()
    standing = holds.standing(holds.read(ctx.vault, backup.deployment, backup.id))
    return replace(_changed("held", backup.id, request, standing, ctx), locked=locked)


def release(request: Request, ctx: Context) -> HoldChanged:
    """End every hold that stands; with two people, the first word only asks for it."""
    entry = ctx.find(request.backup)
    deployment, id = entry.deployment, entry.id
    backup = held.Backup(deployment, id)
    words = holds.read(ctx.vault, deployment, id)
    standing = holds.standing(words)
    if not standing:
        raise Refused(f"{id} is not held.", hint="`lifeboat list` shows which backups are.")
    if ctx.rules.retention.release_needs_second_person:
        _only_in_slack(id, ctx)
        asked = _asked_by_another(words, ctx)
        if asked is None:
            return _ask(backup, request, standing, ctx)
        first = f"asked for by {asked.by_name}: {asked.why}; agreed: {request.reason}"
    else:
        first = request.reason
    audited.entry(
        ctx,
        "hold.released",
        about=id,
        deployment=deployment,
        why=first,
        facts={"holds": "; ".join(each.told for each in standing.values())},
    )
    held.unlock(backup, ctx)
    held.write(backup, _word("release", request, ctx, standing), ctx)
    ctx.index()
    return _changed("released", id, request, standing, ctx)


def _ask(
    backup: held.Backup, request: Request, standing: Mapping[str, Hold], ctx: Context
) -> HoldChanged:
    """Write that somebody wants it released; the same person saying so twice changes nothing."""
    id, deployment = backup.id, backup.deployment
    audited.entry(ctx, "hold.release-asked", about=id, deployment=deployment, why=request.reason)
    word = _word("release asked", request, ctx, standing)
    held.write(backup, word, ctx)
    ctx.index()
    until = word.at + ctx.rules.retention.release_within
    return replace(_changed("release asked", id, request, standing, ctx), until=until)


def _asked_by_another(words: Mapping[str, Hold], ctx: Context) -> Hold | None:
    """Return the newest wish to release by somebody else, if it is not too old."""
    within = ctx.rules.retention.release_within
    others = {
        name: word
        for name, word in words.items()
        if word.act != "release asked"
        or (word.by != ctx.caller.id and word.team == ctx.caller.team and word.door == "slack")
    }
    return holds.release_asked(others, ctx.now(), within)


def _only_in_slack(id: str, ctx: Context) -> None:
    if ctx.caller.door != "slack":
        raise Refused(
            "A hold is released by two people here, and a terminal can't vouch for anybody.",
            hint=f'Type in Slack: /backup release {id} reason "…", and let a second operator type '
            f"the same.",
        )


def _find(backup: str, ctx: Context) -> held.Backup:
    """Return the backup that is named, or one that was removed and can still be brought back."""
    try:
        entry = ctx.find(backup)
    except Refused:
        removed = held.lying(backup, ctx)
        if removed is None:
            raise
        return held.Backup(removed.removed.deployment, backup)
    return held.Backup(entry.deployment, entry.id)


def _word(act: Act, request: Request, ctx: Context, ends: Mapping[str, Hold] | None = None) -> Hold:
    return Hold(
        act=act,
        at=ctx.now(),
        by=ctx.caller.id,
        by_name=ctx.caller.name,
        team=ctx.caller.team,
        door=ctx.caller.door,
        why=request.reason,
        ends=tuple(ends or ()),
    )


def _changed(
    what: What, id: str, request: Request, standing: Mapping[str, Hold], ctx: Context
) -> HoldChanged:
    told = tuple(each.told for each in standing.values())
    return HoldChanged(id, what, ctx.caller.name, request.reason, told)


def _parser(name: str) -> Callable[[Sequence[str]], Request]:
    def parse(words: Sequence[str]) -> Request:
        """Read `hold|release <backup> reason "…"`; Refused for anything else."""
        typed = read(name, words, (BACKUP,), OPTIONS)
        reason = " ".join((typed["reason"] or "").split())
        example = f'For example: lifeboat {name} {typed["backup"]} --reason "the tax audit of 2026"'
        if len(reason) < REASON_MIN:
            raise Refused("It needs a reason that others understand later.", hint=example)
        if len(reason) > REASON_MAX or not reason.isprintable():
            raise Refused(f"A reason is up to {REASON_MAX} printable characters.", hint=example)
        return Request(typed["backup"], reason)

    return parse


HOLD = Verb(
    name="hold",
    about="Keep a backup whatever its age, and say why; brings back one that was just removed.",
    parse=_parser("hold"),
    run=hold,
    arguments=(BACKUP,),
    options=OPTIONS,
    examples=('hold production-2026-11-24-0200 --reason "the tax audit of 2026"',),
)
RELEASE = Verb(
    name="release",
    about="End the hold of a backup; if the settings say so, only when a second person agrees.",
    parse=_parser("release"),
    run=release,
    arguments=(BACKUP,),
    options=OPTIONS,
    examples=('release production-2026-11-24-0200 --reason "the audit is over"',),
)
