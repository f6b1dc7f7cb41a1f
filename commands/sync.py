"""`sync`: fill a new or recovered vault with everything that is missing there.

Backups newest first, then checks and holds, the audit log and the records of restores. What is
there already is left alone, so a run that was killed is simply run again. One backup that can't be
copied hides no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from commands import audited, copying
from commands.aim import EVERY, Aim, queue_of
from commands.copies import VaultSynced
from commands.copy_events import VaultsSynced
from commands.events import Noted, Warned
from commands.unkept import removed, unkept
from commands.verb import Argument, Context, Option, Verb
from commands.words import read
from storage import carrying
from storage import copying as objects
from storage.audit_entry import name_of
from storage.catalog import Entry
from storage.errors import Cancelled, LifeboatError, Refused, VaultError, VaultFull
from storage.vaults.vault import Vault

ARGUMENTS = (Argument("vault", "only this vault; every one if left out"),)
OPTIONS = (Option("dry-run", "say what would be copied, and copy nothing"),)


@dataclass(frozen=True)
class Request:
    vault: str | None = None
    dry_run: bool = False


@dataclass
class _Filling:
    """One vault while it is filled; becomes a `VaultSynced`."""

    to: Vault
    dry_run: bool
    copied: list[str] = field(default_factory=list)
    bytes: int = 0
    there: int = 0
    beside: int = 0
    entries: int = 0
    records: int = 0
    unkept: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    planned: set[str] = field(default_factory=set)  # In a dry run, what a source before has.

    def given(self, source: Vault, name: str) -> bool:
        """Copy a small object, or only count it; False if that was done already."""
        if not self.dry_run:
            return objects.small(source, self.to, name)
        new = name not in self.planned
        self.planned.add(name)
        return new

    def told(self) -> VaultSynced:
        return VaultSynced(
            self.to.name,
            tuple(self.copied),
            self.bytes,
            self.there,
            self.beside,
            self.entries,
            self.records,
            tuple(self.failed),
            self.unkept,
        )


def parse(words: Sequence[str]) -> Request:
    """Read `sync [vault] [dry-run]`; Refused for anything else."""
    typed = read("sync", words, ARGUMENTS, OPTIONS)
    return Request(typed["vault"], dry_run=typed["dry-run"])


def aim(request: Request, ctx: Context) -> Aim:
    """Settle which vault is filled; Refused when there is only one."""
    _targets(request, ctx)
    name = request.vault or EVERY
    return Aim(name, request, queue=queue_of(name))


def run(request: Request, ctx: Context) -> VaultsSynced:
    """Fill each vault from the others; what could not be copied is in the result."""
    began = ctx.monotonic()
    targets = _targets(request, ctx)
    ctx.look()
    if request.dry_run:
        told = tuple(_fill(to, ctx, dry_run=True) for to in targets)
        return VaultsSynced(told, ctx.monotonic() - began, dry_run=True)
    with audited.ending(ctx, "sync.ended") as end:
        end.about = request.vault or EVERY
        told = tuple(_fill(to, ctx, dry_run=False) for to in targets)
        result = VaultsSynced(told, ctx.monotonic() - began)
        end.outcome = "failed" if result.exit_code else "synced"
        end.facts = {"copied": sum(len(vault.copied) for vault in told)}
    for to, row in zip(targets, told, strict=True):
        if not row.failed:
            copying.log_along(to, ctx)  # What has just been written into it as well.
    ctx.index()
    return result


def _targets(request: Request, ctx: Context) -> list[Vault]:
    if not ctx.several:
        raise Refused(
            "The settings name one vault only, so there is nothing to fill it from.",
            hint="Add another [vaults.<name>] to the settings first.",
        )
    if request.vault is not None:
        return [ctx.known_vault(request.vault)]
    return list(ctx.vaults.values())


def _fill(to: Vault, ctx: Context, *, dry_run: bool) -> VaultSynced:
    filling = _Filling(to, dry_run)
    try:
        _reach(to)
        sources = list(_sources(filling, ctx))
        # The log before all else: what is written down from here on has to go on with it.
        for source in sources:
            _surely(filling, source, "the audit log", ctx, lambda s: _log(filling, s, ctx))
            _surely(filling, source, "records", ctx, lambda s: _records(filling, s, ctx))
        _backups(filling, ctx)
        for source in sources:
            _surely(filling, source, "checks", ctx, lambda s: _beside(filling, s, ctx))
    except Cancelled:
        raise
    except VaultError as error:
        filling.failed.append((to.name, error.what))
        ctx.tell(Warned(f"{to.name!r} could not be filled: {error.what} {error.hint}"))
    return filling.told()


def _reach(vault: Vault) -> None:
    """Raise the vault's trouble if it can't be looked at."""
    next(iter(vault.list()), None)


def _sources(filling: _Filling, ctx: Context) -> Iterator[Vault]:
    """Yield the other vaults that can be looked at; the catalog's look has told of the rest."""
    for vault in ctx.vaults.values():
        if vault is filling.to:
            continue
        try:
            _reach(vault)
        except VaultError as error:
            filling.failed.append((vault.name, error.what))
        else:
            yield vault


def _surely(
    filling: _Filling, source: Vault, what: str, ctx: Context, doing: Callable[[Vault], None]
) -> None:
    """Do it; what can't be done is told, and hides nothing else."""
    try:
        doing(source)
    except Cancelled:
        raise
    except LifeboatError as error:
        filling.failed.append((f"{source.name}: {what}", error.what))
        ctx.tell(Warned(f"From {source.name!r}: {error.what} {error.hint}"))


def _log(filling: _Filling, source: Vault, ctx: Context) -> None:
    for number in carrying.entries(source, filling.to):
        ctx.stop_if_asked()
        filling.entries += filling.given(source, name_of(number))


def _records(filling: _Filling, source: Vault, ctx: Context) -> None:
    for name in carrying.records(source, filling.to):
        ctx.stop_if_asked()
        filling.records += filling.given(source, name)


def _beside(filling: _Filling, source: Vault, ctx: Context) -> None:
    for name in carrying.beside(source, filling.to):
        ctx.stop_if_asked()
        filling.beside += filling.given(source, name)


def _backups(filling: _Filling, ctx: Context) -> None:
    """Copy every backup that is not there; VaultError when the vault itself takes no more."""
    to = filling.to
    entries = ctx.catalog.backups()
    lacking = [entry for entry in entries if not _has(entry, to)]
    filling.there = len(entries) - len(lacking)
    away = {**unkept(lacking, to, ctx), **removed(lacking, to)}
    missing = [entry for entry in lacking if (entry.deployment, entry.id) not in away]
    filling.unkept = len(lacking) - len(missing)
    for number, entry in enumerate(missing, start=1):
        if filling.dry_run:
            filling.copied.append(entry.id)
            filling.bytes += entry.bytes
            continue
        ctx.tell(Noted(f"{number:,} of {len(missing):,} into {to.name!r}: {entry.id}"))
        try:
            told, size = copying.one(copying.wanted(entry, to, ctx), ctx)
        except (Cancelled, VaultFull):
            raise
        except LifeboatError as error:
            _reach(to)  # It may be the vault that is gone.
            filling.failed.append((entry.id, error.what))
            ctx.tell(Warned(f"{entry.id} could not be copied to {to.name!r}: {error.what}"))
            continue
        filling.unkept += told.state == "unkept"
        if told.state == "copied":
            filling.copied.append(entry.id)
            filling.bytes += size


def _has(entry: Entry, vault: Vault) -> bool:
    return any(copy.vault == vault.name and copy.whole for copy in entry.copies)


VERB = Verb(
    name="sync",
    about="Fill a new or recovered vault with everything that is missing there.",
    parse=parse,
    run=run,
    aim=aim,
    queue=lambda request: queue_of(request.vault),
    request=Request,
    arguments=ARGUMENTS,
    options=OPTIONS,
    examples=("sync", "sync second", "sync second --dry-run"),
)
