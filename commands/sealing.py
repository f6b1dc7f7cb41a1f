"""What passes between an archive and a vault: sealed on the way in, opened on the way out.

Both sides are hashed as they pass, so neither is read twice. The keys are `storage/seal.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from commands import progress
from commands.events import Noted
from commands.verb import Context
from storage import shelf
from storage.archive.inspect import Inspection
from storage.errors import ArchiveError, BrokenSeal, SealError, SpoolError, VaultError
from storage.manifest import ArchiveFacts, Manifest, SealedFacts
from storage.seal import NEEDED, some

BLOCK = 1 << 20


class Tally:
    """Counts and hashes the chunks that pass."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.bytes = 0

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks, counted before they go on."""
        for chunk in chunks:
            self._digest.update(chunk)
            self.bytes += len(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        """The SHA-256 of all that passed so far."""
        return self._digest.hexdigest()


def file_chunks(path: Path) -> Iterator[bytes]:
    """Yield a file in blocks."""
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            yield block


def put(kind: str, name: str, path: Path, inspection: Inspection, ctx: Context) -> ArchiveFacts:
    """Put an archive that was inspected into the vault, sealed if archives are sealed here."""
    chunks = progress.counted(file_chunks(path), ctx, "store", inspection.bytes)
    if not ctx.seal.on:
        shelf.put_as(ctx.first, kind, name, chunks)
        return ArchiveFacts(name=name, bytes=inspection.bytes, sha256=inspection.sha256)
    kept = Tally()
    sealed = ctx.seal.sealed(_as_inspected(chunks, inspection))
    shelf.put_as(ctx.first, kind, name, kept.passing(sealed))
    inside = SealedFacts(
        zip_bytes=inspection.bytes,
        zip_sha256=inspection.sha256,
        recipients=ctx.seal.recipients,
    )
    return ArchiveFacts(name=name, bytes=kept.bytes, sha256=kept.sha256, sealed=inside)


def _as_inspected(chunks: Iterable[bytes], inspection: Inspection) -> Iterator[bytes]:
    """Yield the chunks; SpoolError in place of an end when they are not those inspected."""
    seen = Tally()
    yield from seen.passing(chunks)
    if (seen.bytes, seen.sha256) != (inspection.bytes, inspection.sha256):
        raise SpoolError(
            "The spool gave back other bytes than were written into it.",
            safe="No backup was made of it; earlier backups are untouched.",
            hint="Check the disk that data_folder lies on, then take the backup again.",
        )


def read_back(archive: ArchiveFacts, ctx: Context) -> None:
    """Read the copy in the vault and compare every byte's hash; VaultError if it differs.

    A sealed one is opened on the way where that is possible, and what was sealed compared as well.
    """
    kept, inside = Tally(), Tally()
    stored = progress.counted(ctx.first.open(archive.name), ctx, "read back", archive.bytes)
    chunks = kept.passing(stored)
    opens = archive.sealed is not None and ctx.seal.opens(archive.sealed.recipients)
    if archive.sealed is not None and opens:
        try:
            for _ in inside.passing(ctx.seal.opened(chunks, archive.sealed.recipients)):
                pass
        except BrokenSeal:
            inside = Tally()
    for _ in kept.passing(stored):
        pass
    if (kept.bytes, kept.sha256) != (archive.bytes, archive.sha256):
        raise VaultError(
            f"The vault {ctx.vault.name!r} gave back other bytes than it was given "
            f"({kept.bytes:,} of {archive.bytes:,} bytes).",
            safe="No backup was made of it; earlier backups are untouched.",
            hint="Check the vault's disk, then run `lifeboat now` again.",
        )
    if opens and (inside.bytes, inside.sha256) != (archive.zip_bytes, archive.zip_sha256):
        raise ArchiveError(
            "The sealed archive does not open to the bytes that were sealed.",
            safe="No backup was made of it; earlier backups are untouched.",
            hint="Check this machine's memory, then run `lifeboat now` again.",
        )
    if archive.sealed is not None and not opens:
        ctx.tell(Noted("Read back as it was sealed: no identity is here that opens it."))


def opened(archive: ArchiveFacts, chunks: Iterable[bytes], ctx: Context) -> Iterator[bytes]:
    """Return the ZIP's own bytes; SealError at once when no identity here opens them."""
    if archive.sealed is None:
        return iter(chunks)
    return ctx.seal.opened(chunks, archive.sealed.recipients)


def why_unopened(archive: ArchiveFacts, ctx: Context) -> SealError | None:
    """Return why an archive can't be opened here; None when it can."""
    if archive.sealed is not None:
        try:
            ctx.seal.check(archive.sealed.recipients)
        except SealError as error:
            return error
    return None


def must_open(manifest: Manifest, ctx: Context) -> None:
    """Refuse a restore that could not open its archive, or its safety backup afterwards."""
    if (why := why_unopened(manifest.archive, ctx)) is not None:
        raise why
    if ctx.seal.on and not ctx.seal.opens(ctx.seal.recipients):
        raise SealError(
            f"The safety backup would be sealed for {some(ctx.seal.recipients)}, and no identity "
            f"is here that could open it: there would be no way back.",
            hint=NEEDED,
        )
