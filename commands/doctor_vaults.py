"""What `doctor` looks at in each vault: whether it works, what is in it, what is missing there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from commands.events import DoctorLine
from commands.unkept import unkept
from commands.verb import Context
from storage import carrying, shelf
from storage.errors import Cancelled, LifeboatError, VaultError
from storage.vaults.vault import LooksAtItself, Vault

LISTED_MAX = 5
Look = Callable[[Vault, Context], Iterator[DoctorLine]]


def looked(ctx: Context) -> Iterator[DoctorLine]:
    """Yield the lines of every vault; one that can't be looked at hides no other."""
    for vault in ctx.vaults.values():
        for look in (_works, _backups, _leftovers):
            yield from _surely(look, vault, ctx)
    if ctx.several:
        yield from _copies(ctx)
        for vault in ctx.vaults.values():
            if vault.name != ctx.first.name:
                yield from _surely(_log, vault, ctx)


def _named(what: str, vault: Vault, ctx: Context) -> str:
    return f"{what} {vault.name}" if ctx.several else what


def _surely(look: Look, vault: Vault, ctx: Context) -> Iterator[DoctorLine]:
    """Do a look; if it can't be done, that is a FAIL of its own."""
    what = {"works": "vault", "log": "audit log"}.get(name := look.__name__.strip("_"), name)
    try:
        yield from look(vault, ctx)
    except Cancelled:
        raise
    except LifeboatError as error:
        yield DoctorLine(_named(what, vault, ctx), "FAIL", error.what, error.hint)


def _works(vault: Vault, ctx: Context) -> Iterator[DoctorLine]:
    """Write, read and delete a small object; a vault that knows more to look at does that too."""
    name, bytes_ = f"doctor/{ctx.now():%Y%m%dT%H%M%S}-{secrets.token_hex(4)}", b"lifeboat doctor\n"
    if isinstance(vault, LooksAtItself):
        failed = False
        for look in vault.looks(f"{name}-looks", ctx.rules.clock_skew_seconds_max):
            failed = failed or look.state == "FAIL"
            what = _named(f"vault {look.name}".strip(), vault, ctx)
            yield DoctorLine(what, look.state, look.what, look.hint)
        if failed:
            return
    yield from _written(vault, name, bytes_, ctx)


def _written(vault: Vault, name: str, bytes_: bytes, ctx: Context) -> Iterator[DoctorLine]:
    """Write it, read it, delete it; and hold a clock that did not look at itself against ours."""
    stored = vault.put(name, [bytes_])
    here = datetime.now(UTC)
    try:
        same = b"".join(vault.open(name)) == bytes_
    finally:
        vault.delete(name)
    if not same:
        raise VaultError(
            "It gave back other bytes than it was given.", hint="Check the vault's disk."
        )
    what = _named("vault", vault, ctx)
    yield DoctorLine(what, "OK", f"{vault.name} can be written and read.")
    skew = abs((stored.modified - here).total_seconds())
    if skew > ctx.rules.clock_skew_seconds_max and not isinstance(vault, LooksAtItself):
        yield DoctorLine(
            _named("vault clock", vault, ctx),
            "WARN",
            f"This machine's clock and that of {vault.name} differ by {skew:.0f} s.",
            "Set both clocks (NTP); what is old enough to be swept follows the vault's.",
        )


def _backups(vault: Vault, ctx: Context) -> Iterator[DoctorLine]:
    what = _named("backups", vault, ctx)
    try:
        refreshed = ctx.catalog.refresh(vault)
    except VaultError:
        ctx.catalog.leave_out(vault)
        raise
    for name, why in refreshed.unreadable:
        yield DoctorLine(what, "FAIL", why, f"Look at {name} in the vault.")
    if refreshed.emptied:
        yield _emptied(vault, ctx)
        return
    yield _counted(vault, ctx)


def _counted(vault: Vault, ctx: Context) -> DoctorLine:
    count = sum(
        copy.vault == vault.name and copy.whole
        for entry in ctx.catalog.backups()
        for copy in entry.copies
    )
    backups = "1 whole backup" if count == 1 else f"{count:,} whole backups"
    return DoctorLine(_named("backups", vault, ctx), "OK", f"{backups} in {vault.name}.")


def _emptied(vault: Vault, ctx: Context) -> DoctorLine:
    return DoctorLine(
        _named("backups", vault, ctx),
        "WARN",
        f"{vault.name} held backups when it was last looked at, and holds none of them now.",
        "Is its disk mounted?"
        + (f" If it is lost, fill it: lifeboat sync {vault.name}" if ctx.several else ""),
    )


def _leftovers(vault: Vault, ctx: Context) -> Iterator[DoctorLine]:
    what = _named("leftovers", vault, ctx)
    left = list(shelf.leftovers(vault, ctx.now(), ctx.rules.grace))
    removed = [item for item in left if item.kind == "removed by prune"]
    if removed:
        size = sum(item.bytes for item in removed)
        days = ctx.rules.retention.grace.total_seconds() / 86_400
        told = f"{size:,} bytes of removed backups, which stay for {days:g} days after the removal."
        hint = "`lifeboat prune` deletes what is due."
        yield DoctorLine(_named("removed backups", vault, ctx), "OK", told, hint)
    left = [item for item in left if item.kind != "removed by prune"]
    if not left:
        where = vault.name if ctx.several else "the vault"
        yield DoctorLine(what, "OK", f"Nothing in {where} but whole backups.")
        return
    names = ", ".join(item.name for item in left[:LISTED_MAX])
    more = f" and {len(left) - LISTED_MAX} more" if len(left) > LISTED_MAX else ""
    yield DoctorLine(
        what,
        "WARN",
        f"{len(left)} objects that are not part of a whole backup: {names}{more}.",
        f"Archives of stopped jobs are swept by the next `lifeboat now` once they are older than "
        f"{ctx.rules.grace_hours:g} h; move other files away by hand.",
    )


def _copies(ctx: Context) -> Iterator[DoctorLine]:
    """Say which vaults lack backups that others have, and which copies differ."""
    entries = ctx.catalog.backups()
    lacking = False
    for name, vault in ctx.vaults.items():
        lacks = [
            entry
            for entry in entries
            if not any(copy.vault == name and copy.whole for copy in entry.copies)
        ]
        away = unkept(lacks, vault, ctx)
        missing = [entry for entry in lacks if (entry.deployment, entry.id) not in away]
        if missing:
            lacking = True
            yield DoctorLine(
                f"copies {name}",
                "WARN",
                f"{len(missing):,} of {len(entries):,} backups have no copy in {name}.",
                f"Fill it: lifeboat sync {name}",
            )
    for entry in entries:
        other = [copy.vault for copy in entry.copies if copy.differs]
        if other:
            lacking = True
            yield DoctorLine(
                "copies",
                "FAIL",
                f"{entry.id} has another manifest in {', '.join(other)} than in "
                f"{entry.copies[0].vault}.",
                f"Verify each: lifeboat verify {entry.id} --vault {other[0]}",
            )
    if not lacking:
        what = f"Each of {len(entries):,} backups is in every vault that would keep it."
        yield DoctorLine("copies", "OK", what)


def _log(vault: Vault, ctx: Context) -> Iterator[DoctorLine]:
    """Hold the copy of the audit log against the log; one that is longer was the first once."""
    what = _named("audit log", vault, ctx)
    behind = carrying.entries(ctx.first, vault)
    ahead = carrying.entries(vault, ctx.first)
    if ahead:
        yield DoctorLine(
            what,
            "WARN",
            f"{ctx.first.name} lacks entries of the audit log that {vault.name} has: "
            f"{len(ahead):,}.",
            f"Fill it: lifeboat sync {ctx.first.name}",
        )
        return
    newer = "1 newer entry is" if len(behind) == 1 else f"{len(behind):,} newer entries are"
    lag = f"; {newer} in {ctx.first.name} only" if behind else ""
    yield DoctorLine(what, "OK", f"{vault.name} has a copy of the audit log{lag}.")
