"""What `doctor` says of the seal: whom archives are sealed for, and what can be opened here."""

from __future__ import annotations

from collections.abc import Iterator

from commands.events import DoctorLine
from commands.verb import Context
from storage.errors import SealError
from storage.seal import some

LISTED_MAX = 5


def encryption(ctx: Context) -> Iterator[DoctorLine]:
    """Look at the recipients, the identity file, and the sealed backups that there are."""
    sealed = [entry for entry in ctx.catalog.backups() if entry.sealed]
    if ctx.seal.on:
        what = f"New archives are sealed for {some(ctx.seal.recipients)}."
        yield DoctorLine("encryption", "OK", what)
    else:
        yield DoctorLine(
            "encryption",
            "WARN",
            "New archives are kept plain: whoever can read the vault can read the data.",
            "Type `lifeboat keys new`, and copy what it prints into [encryption].",
        )
    if ctx.seal.on or sealed:
        yield _identity(ctx)
    yield from _lost(ctx)


def _identity(ctx: Context) -> DoctorLine:
    if ctx.seal.identity_file is None:
        return DoctorLine(
            "identity",
            "OK",
            "No identity_file is named: backups are taken and stored here, and can't be restored "
            "or verified row by row.",
            "Keep the identity where a restore would be done, and name it in [encryption] there.",
        )
    try:
        known = ctx.seal.identities()
    except SealError as error:
        there = ctx.seal.identity_file.exists()
        return DoctorLine("identity", "FAIL" if there else "WARN", error.what, error.hint)
    names = some([identity.recipient or "an SSH key" for identity in known])
    if ctx.seal.on and not ctx.seal.opens(ctx.seal.recipients):
        return DoctorLine(
            "identity",
            "FAIL",
            f"{ctx.seal.identity_file} opens nothing that is sealed from now on, but {names}.",
            "Name in recipients the key that fits it, or name the file that fits them.",
        )
    return DoctorLine(
        "identity", "OK", f"{ctx.seal.identity_file} opens what is sealed for {names}."
    )


def _lost(ctx: Context) -> Iterator[DoctorLine]:
    """Name the sealed backups that the identities here do not open, where there are any."""
    try:
        ctx.seal.identities()
    except SealError:
        return
    entries = [entry for entry in ctx.catalog.backups() if entry.sealed]
    opens = {keys: ctx.seal.opens(keys) for keys in {entry.sealed_for for entry in entries}}
    lost = [entry for entry in entries if not opens[entry.sealed_for]]
    if not lost:
        return
    names = ", ".join(entry.id for entry in lost[:LISTED_MAX])
    more = f" and {len(lost) - LISTED_MAX} more" if len(lost) > LISTED_MAX else ""
    keys = some(sorted({key for entry in lost for key in entry.sealed_for}))
    yield DoctorLine(
        "sealed backups",
        "WARN",
        f"{len(lost)} can't be opened here: {names}{more}. They are sealed for {keys}.",
        "Add the identity that fits to the identity file; keep old ones when you make a new one.",
    )
