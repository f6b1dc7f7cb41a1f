"""`copy`: put a copy of a backup into another vault, proven there before it counts.

In the bot a copy is a job of its own, in the queue of its vault; one that fails in passing is
tried again, after longer and longer pauses, and says so each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import msgspec

from commands import copying, thaw
from commands.aim import Aim, queue_of
from commands.copies import CopyTold
from commands.copy_events import BackupCopied
from commands.events import Noted, Warned
from commands.show import BACKUP
from commands.verb import Context, Option, Verb
from commands.words import read
from storage import shelf
from storage.catalog import Entry
from storage.errors import Cancelled, LifeboatError, Refused, VaultError
from storage.manifest import Manifest
from storage.vaults.vault import Vault

T = TypeVar("T")
WAKE = "vote"  # What wakes a waiting job, so that a cancel is heeded at once.
RETRY_SECONDS_MAX = 3600.0
OPTIONS = (Option("to", "the vault it goes to; every other vault if left out", metavar="vault"),)


@dataclass(frozen=True)
class Request:
    backup: str
    to: str | None = None


class Made(msgspec.Struct, frozen=True):
    """What is remembered of a copy by a job that goes on."""

    told: CopyTold
    bytes: int


def parse(words: Sequence[str]) -> Request:
    """Read `copy <backup> [to vault]`; Refused for anything else."""
    typed = read("copy", words, (BACKUP,), OPTIONS)
    return Request(typed["backup"], typed["to"])


def aim(request: Request, ctx: Context) -> Aim:
    """Settle which backup goes where; Refused when there is nowhere to go."""
    entry = ctx.find(request.backup)
    targets = _targets(request, entry, ctx)
    settled = replace(request, backup=entry.id)
    queue = queue_of(targets[0].name)
    # Whoever waits for hours must not hold up what is copied there tonight.
    apart = thaw.may_be_cold(ctx) and thaw.is_cold(_manifest(entry, ctx), ctx)
    return Aim(entry.deployment, settled, entry.id, apart=apart, queue=queue)


def run(request: Request, ctx: Context) -> BackupCopied:
    """Copy it; every vault gets its try before the first one's error is raised."""
    began = ctx.monotonic()
    find = f"{request.backup} can't be looked for"
    entry = _patiently(find, lambda: ctx.find(request.backup), Entry, ctx)
    names = ctx.kept("targets", lambda: [v.name for v in _targets(request, entry, ctx)], list)
    if thaw.may_be_cold(ctx):
        thaw.wait(_patiently(find, lambda: _manifest(entry, ctx), Manifest, ctx), ctx)
    told: list[CopyTold] = []
    failed: list[LifeboatError] = []
    for to in map(ctx.known_vault, names):
        try:
            told.append(_copied(entry, to, ctx))
        except Cancelled:
            raise
        except LifeboatError as error:
            failed.append(error)
            told.append(CopyTold(to.name, "failed", error.what, error.hint))
    if len(failed) == len(told):
        raise failed[0]
    if all(copy.state == "unkept" for copy in told):
        raise _nowhere(entry, told)
    for copy in told:
        if copy.state in ("copied", "there"):
            copying.log_along(ctx.known_vault(copy.vault), ctx)
    ctx.index()
    return BackupCopied(entry.id, entry.bytes, tuple(told), ctx.monotonic() - began)


def _manifest(entry: Entry, ctx: Context) -> Manifest:
    return shelf.read_manifest(ctx.vault, entry.deployment, entry.id)


def _targets(request: Request, entry: Entry, ctx: Context) -> list[Vault]:
    if request.to is not None:
        to = ctx.known_vault(request.to)
        if not copying.sources(entry, to, ctx):
            raise Refused(
                f"The only copy of {entry.id} is the one in {to.name!r}.",
                hint=f"Name another vault: {', '.join(n for n in ctx.vaults if n != to.name)}."
                if ctx.several
                else "Add another [vaults.<name>] to the settings first.",
            )
        return [to]
    there = {copy.vault for copy in entry.copies if copy.whole}
    lacking = [vault for name, vault in ctx.vaults.items() if name not in there]
    if ctx.several:
        return lacking or [vault for name, vault in ctx.vaults.items() if name != entry.vault]
    raise Refused(
        "The settings name one vault only, so there is nowhere to copy to.",
        hint="Add another [vaults.<name>] to the settings first.",
    )


def _nowhere(entry: Entry, told: Sequence[CopyTold]) -> Refused:
    """Return that no vault would keep the copy, and what to do about it."""
    why = "; ".join(f"{copy.vault!r}: {copy.what}" for copy in told)
    return Refused(
        f"{entry.id} was not copied, for it would not be kept. {why}.",
        safe=f"It is as it was in {entry.vault!r}.",
        hint=f'To keep every copy: lifeboat hold {entry.id} --reason "why it is needed"',
    )


def _copied(entry: Entry, to: Vault, ctx: Context) -> CopyTold:
    what = f"The backup itself stands in {entry.vault!r}; the copy to {to.name!r} failed"

    def making() -> Made:
        why = copying.unwanted(entry.deployment, entry.id, to, ctx)
        if why:
            return Made(CopyTold(to.name, "unkept", why), 0)
        return Made(*copying.one(copying.wanted(entry, to, ctx), ctx))

    return _patiently(what, making, Made, ctx).told


def _patiently(what: str, doing: Callable[[], T], kind: type[T], ctx: Context) -> T:
    """Do it; a job of the bot tries again after what may have been mended meanwhile."""
    tries = ctx.rules.copy_tries if ctx.asking is not None else 1
    pause = ctx.rules.copy_retry_seconds
    for left in reversed(range(tries)):
        again = f"It is tried {left} more times, next in {pause:,.0f} s." if left else ""
        try:
            return ctx.kept("copy", partial(_aloud, what, doing, again, ctx), kind)
        except VaultError:
            if not left or ctx.asking is None:
                raise
            ctx.asking.wait(WAKE, pause)
            ctx.stop_if_asked()
            pause = min(RETRY_SECONDS_MAX, pause * 2)
    raise AssertionError("unreachable")


def _aloud(what: str, doing: Callable[[], T], again: str, ctx: Context) -> T:
    """Do it; what fails is said right here, so that a job that goes on does not say it twice."""
    try:
        return doing()
    except VaultError as error:
        if again:
            ctx.tell(Warned(f"{what}: {error.what} {again}"))
            ctx.tell(Noted(f"{what}. {again}"))
        raise


VERB = Verb(
    name="copy",
    about="Copy a backup into another vault, and prove the copy there.",
    parse=parse,
    run=run,
    aim=aim,
    queue=lambda request: queue_of(request.to),
    request=Request,
    arguments=(BACKUP,),
    options=OPTIONS,
    examples=("copy latest", "copy latest:production --to second"),
)
