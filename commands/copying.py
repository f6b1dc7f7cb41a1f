"""Copies of a backup in the other vaults: made here and now, or asked of the bot as jobs.

A copy that fails never takes anything from the backup: it is told, and can be made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from commands import audited, progress
from commands.copies import CopyTold
from commands.events import Noted, Warned
from commands.unkept import REMOVED, has_note, unkept
from commands.verb import Context
from storage import carrying, copying
from storage.catalog import Entry
from storage.copying import Road
from storage.errors import (
    ArchiveError,
    Cancelled,
    LifeboatError,
    ManifestError,
    SourceLost,
    VaultError,
)
from storage.finding import LookedAt
from storage.manifest import Check, Manifest
from storage.vaults.vault import Vault


@dataclass(frozen=True)
class Wanted:
    """One copy to be made. `anew` reads one that is there already, and replaces wrong bytes."""

    deployment: str
    id: str
    sources: Sequence[Vault]
    to: Vault
    anew: bool = False


def after(manifest: Manifest, ctx: Context) -> tuple[CopyTold, ...]:
    """Have a backup that was just taken copied into the other vaults, and say what came of it."""
    others = [vault for vault in ctx.vaults.values() if vault.name != ctx.first.name]
    deployment, id = manifest.deployment.name, manifest.id
    try:
        told = tuple(_after(deployment, id, vault, ctx) for vault in others)
        for vault, copy in zip(others, told, strict=True):
            if copy.state in ("copied", "there"):
                log_along(vault, ctx)
        return told
    except Cancelled as stopped:
        stopped.safe = f"The backup {id} stands in {ctx.first.name!r}; not every copy was made."
        stopped.hint = f"Copy it when you like: lifeboat copy {id}"
        raise


def _after(deployment: str, id: str, to: Vault, ctx: Context) -> CopyTold:
    """Have one copy made, here or by a job, unless the vault would let it go at once."""
    why = unwanted(deployment, id, to, ctx)
    if why:
        return CopyTold(to.name, "unkept", why)
    if ctx.copy_later is not None:
        return CopyTold(to.name, "queued", ctx.copy_later(deployment, id, to.name))
    return _surely(Wanted(deployment, id, [ctx.first], to), ctx)


def unwanted(deployment: str, id: str, to: Vault, ctx: Context) -> str:
    """Return why a vault would not keep a backup, "" when it would."""
    entry = next((each for each in ctx.catalog.backups(deployment) if each.id == id), None)
    if entry is None:
        return ""  # Not indexed yet.
    return unkept([entry], to, ctx).get((deployment, id), "")


def log_along(to: Vault, ctx: Context) -> None:
    """Carry what is new in the audit log along with a copy; what can't be carried is told."""
    if ctx.audit is None or to.name == ctx.first.name:
        return
    try:
        for number in carrying.entries(ctx.first, to):
            carrying.carry_entry(ctx.first, to, number)
    except (VaultError, ManifestError) as error:
        ctx.tell(Warned(f"The audit log was not carried along: {error.what} {error.hint}"))


def safety(backup: str, deployment: str, ctx: Context) -> None:
    """Copy a safety backup here and now, after its restore; a copy that fails is told, no more."""
    for vault in ctx.vaults.values():
        if vault.name != ctx.first.name:
            _surely(Wanted(deployment, backup, [ctx.first], vault), ctx)


def sources(entry: Entry, to: Vault, ctx: Context) -> list[Vault]:
    """Return the vaults that a copy can be made from, those that nothing is known against first."""
    whole = [copy for copy in entry.copies if copy.whole and copy.vault != to.name]
    return [ctx.vaults[copy.vault] for copy in sorted(whole, key=lambda copy: not copy.good)]


def wanted(entry: Entry, to: Vault, ctx: Context) -> Wanted:
    """Return what it takes to copy a backup into a vault.

    A copy there that is known to be worse than another one is made anew.
    """
    copies = {copy.vault: copy for copy in entry.copies}
    known = copies.get(to.name)
    anew = known is not None and bool(known.verified_findings)
    anew = anew and any(copy.good for copy in entry.copies)
    return Wanted(entry.deployment, entry.id, sources(entry, to, ctx), to, anew)


def one(wanted: Wanted, ctx: Context) -> tuple[CopyTold, int]:
    """Make one copy and return what came of it and its bytes; the error when none could be made.

    A source that is broken is told, and the next one is tried.
    """
    to, left = wanted.to, list(wanted.sources)
    with audited.ending(ctx, "copy.ended", deployment=wanted.deployment) as end:
        end.about, end.facts = wanted.id, {"vault": to.name}
        while left:
            source = left.pop(0)
            try:
                if has_note(to, wanted.deployment, wanted.id):
                    end.outcome = "unkept"
                    return CopyTold(to.name, "unkept", f"{REMOVED} {wanted.id}"), 0
                _not_going(source, wanted)
                way = copying.road(source, to, wanted.deployment, wanted.id, _passing(ctx))
                told = _copy(way, ctx, anew=wanted.anew)
            except (ArchiveError, ManifestError, SourceLost) as error:
                if not left:
                    raise
                ctx.tell(Warned(f"{error.what} Trying the copy in {left[0].name!r}."))
                continue
            size = way.manifest.archive.bytes
            end.outcome = told.state
            end.facts |= {"from": source.name, "bytes": size}
            return told, size
        raise LifeboatError(
            f"There is no vault to copy {wanted.id} from.",
            safe="Nothing was changed.",
            hint=f"Run `lifeboat show {wanted.id}` to see where its copies are.",
        )


def _not_going(source: Vault, wanted: Wanted) -> None:
    """Raise ArchiveError for a copy that is being removed: what goes is never brought elsewhere."""
    if has_note(source, wanted.deployment, wanted.id):
        raise ArchiveError(
            f"{wanted.id} is being removed from {source.name!r}.",
            safe=f"Nothing of it was kept in {wanted.to.name!r}.",
            hint=f'To keep it: lifeboat hold {wanted.id} --reason "why it is needed"',
        )


def _copy(way: Road, ctx: Context, *, anew: bool) -> CopyTold:
    to, there = way.to, copying.there(way)
    if there == "whole" and not anew:
        copying.beside(way)
        return CopyTold(to.name, "there")
    used = ctx.step(f"copy to {to.name}", lambda: copying.store(way))
    if used:
        ctx.tell(Noted(f"The archive lay in {to.name!r} already: it was read, and is used."))
    else:
        ctx.step("read the copy back", lambda: copying.prove(way))
    ctx.step("label the copy", lambda: _label(way, ctx))
    return CopyTold(to.name, "copied")


def _label(way: Road, ctx: Context) -> None:
    copying.beside(way)
    proof = Check(
        at=ctx.now(),
        by=ctx.caller.name,
        door=ctx.caller.door,
        depth="manifest",
        looked_at=LookedAt(bytes=way.manifest.archive.bytes),
    )
    copying.label(way, proof)


def _passing(ctx: Context) -> copying.Passing:
    def passing(chunks: Iterable[bytes], step: str, total: int) -> Iterator[bytes]:
        return progress.counted(chunks, ctx, step, total)

    return passing


def _surely(wanted: Wanted, ctx: Context) -> CopyTold:
    """Make one copy; one that fails is told, because the backup stands without it."""
    try:
        return one(wanted, ctx)[0]
    except Cancelled:
        raise
    except LifeboatError as error:
        to, hint = wanted.to.name, f"Mend it, then: lifeboat copy {wanted.id} --to {wanted.to.name}"
        with suppress(Cancelled):  # What follows tells it as well.
            ctx.tell(
                Warned(
                    f"The copy to {to!r} failed: {error.what} The backup itself stands in "
                    f"{ctx.first.name!r}. {hint}"
                )
            )
        return CopyTold(to, "failed", error.what, hint)
