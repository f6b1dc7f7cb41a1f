"""`verify`: read a backup from the vault and report what was found, and what was looked at.

Bytes are held against the manifest, rows against Convex's rules, counts against the last backups
of the same deployment. A check that could not look is an error (exit code 2), never a pass. A
sealed archive that no identity here opens is held against the manifest alone: that is a finding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from commands import audited, checks, progress, sealing, thaw
from commands.aim import Aim
from commands.events import BackupVerified, Warned
from commands.show import BACKUP
from commands.verb import Context, Option, Verb
from commands.words import read
from storage import shelf
from storage.archive.inspect import Inspection, inspect
from storage.catalog import Entry
from storage.errors import ArchiveError, BrokenSeal, NotThere, VaultError
from storage.finding import Finding, LookedAt
from storage.manifest import Check, Manifest
from storage.vaults.vault import Vault

OPTIONS = (
    Option(
        "against-manifest",
        "`only`: compare size and SHA-256 with the manifest and leave the rows unread",
        metavar="only",
        choices=("only",),
        bare="only",
    ),
    Option("vault", "the copy in this vault; the first that has one if left out", metavar="name"),
)


@dataclass(frozen=True)
class Request:
    backup: str
    manifest_only: bool = False
    vault: str | None = None


def parse(words: Sequence[str]) -> Request:
    """Read `verify <backup> [against-manifest only] [vault name]`; Refused for anything else."""
    typed = read("verify", words, (BACKUP,), OPTIONS)
    only = typed["against-manifest"] == "only"
    return Request(typed["backup"], manifest_only=only, vault=typed["vault"])


def aim(request: Request, ctx: Context) -> Aim:
    """Settle which backup is read; Refused when none or several fit."""
    entry = ctx.find(request.backup)
    holder = _holder(request, entry, ctx)
    manifest = shelf.read_manifest(holder, entry.deployment, entry.id)
    settled = replace(request, backup=entry.id)
    # Whoever waits for hours must not hold up tonight's backup.
    apart = thaw.is_cold(manifest, replace(ctx, vault=holder))
    return Aim(entry.deployment, settled, entry.id, apart=apart)


def run(request: Request, ctx: Context) -> BackupVerified:
    """Read the archive from the vault in one pass; VaultError when it can't be looked at."""
    began = ctx.monotonic()
    entry = ctx.find(request.backup)
    holder = _holder(request, entry, ctx)
    ctx = replace(ctx, vault=holder)  # A proof of one copy reads nothing of another.
    with audited.ending(ctx, "verify.ended", deployment=entry.deployment) as end:
        end.about = entry.id
        manifest = shelf.read_manifest(ctx.vault, entry.deployment, entry.id)
        thaw.wait(manifest, ctx)
        previous = _previous(request, manifest, ctx)
        check = ctx.kept("verify", lambda: _check(request, manifest, previous, ctx), Check)
        end.outcome = _outcome(check)
        end.facts = {"depth": check.depth, "findings": len(check.findings), "vault": holder.name}
        recorded = ctx.kept("record", lambda: _record(manifest, check, ctx), bool)
    unread = () if request.manifest_only or check.depth == "full" else _unread(manifest, ctx)
    return BackupVerified(
        id=manifest.id,
        depth=check.depth,
        looked_at=check.looked_at,
        findings=(*check.findings, *unread),
        compared_with=tuple(earlier.id for earlier in previous),
        seconds=ctx.monotonic() - began,
        recorded=recorded,
        vault=holder.name if ctx.several else "",
    )


def _holder(request: Request, entry: Entry, ctx: Context) -> Vault:
    """Return the vault whose copy is read: the one that was named, or the first that has one."""
    there = [copy.vault for copy in entry.copies]
    if request.vault is None:
        whole = [copy.vault for copy in entry.copies if copy.whole]
        return ctx.vaults[next(iter(whole or there or [entry.vault]))]
    named = ctx.known_vault(request.vault)
    if named.name not in there:
        raise NotThere(
            f"The vault {named.name!r} has no copy of {entry.id}, or can't be looked at; there is "
            f"one in {', '.join(there)}.",
            safe="Nothing was changed.",
            hint=f"Make one: lifeboat copy {entry.id} --to {named.name}",
        )
    return named


def _outcome(check: Check) -> str:
    """Return in a word how it ended, for the audit log."""
    if any(finding.severity == "damage" for finding in check.findings):
        return "damaged"
    return "warnings" if check.findings else "sound"


def _check(
    request: Request, manifest: Manifest, previous: Sequence[Manifest], ctx: Context
) -> Check:
    only = request.manifest_only or sealing.why_unopened(manifest.archive, ctx) is not None
    looked_at, found = ctx.step("verify", lambda: _look_or_miss(only, manifest, previous, ctx))
    return Check(
        at=ctx.now(),
        by=ctx.caller.name,
        door=ctx.caller.door,
        depth="manifest" if only else "full",
        looked_at=looked_at,
        findings=tuple(found),
    )


def _unread(manifest: Manifest, ctx: Context) -> tuple[Finding, ...]:
    """Say to whoever asked why no row was read; the vault keeps only what was looked at."""
    why = sealing.why_unopened(manifest.archive, ctx)
    told = f"{why.what} {why.hint}" if why else "No identity was here that opens it."
    what = f"Only the sealed bytes were held against the manifest; no row was read. {told}"
    return (Finding(check="sealed", what=what, severity="warning"),)


def look(
    manifest: Manifest, previous: Sequence[Manifest], ctx: Context, *, manifest_only: bool = False
) -> tuple[LookedAt, list[Finding]]:
    """Read the archive and return what was looked at and found; nothing looked at is a finding."""
    copy = _Copy(manifest, ctx)
    found: list[Finding] = []
    inspection: Inspection | None = None
    if manifest_only:
        for _ in copy.stored():
            pass
        looked_at = LookedAt(bytes=copy.bytes)
    else:
        inspection = _inspect(copy, found)
        looked_at = inspection.looked_at if inspection else LookedAt(bytes=copy.bytes)
    found += copy.differs()
    if inspection is not None:
        found += _judge(inspection, manifest, previous, ctx)
    if not (looked_at.bytes if manifest_only else looked_at.entries):
        found.append(Finding(check="looked at something", what="Nothing could be read in it."))
    return looked_at, found


def _look_or_miss(
    manifest_only: bool, manifest: Manifest, previous: Sequence[Manifest], ctx: Context
) -> tuple[LookedAt, list[Finding]]:
    """Look at the archive; one that the vault says it does not have is a finding."""
    try:
        return look(manifest, previous, ctx, manifest_only=manifest_only)
    except NotThere:
        gone = f"The manifest is in the vault, and its archive {manifest.archive.name} is not."
        return LookedAt(), [Finding(check="archive there", what=gone)]


class _Copy:
    """The archive's bytes on their way from the vault, counted and hashed as they pass."""

    def __init__(self, manifest: Manifest, ctx: Context) -> None:
        self._manifest, self._ctx = manifest, ctx
        self._digest = hashlib.sha256()
        self._stream: Iterator[bytes] | None = None
        self.bytes = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield the ZIP's own bytes, opened on the way if they are sealed."""
        return sealing.opened(self._manifest.archive, self.stored(), self._ctx)

    def stored(self) -> Iterator[bytes]:
        """Yield the rest of what the vault holds; called again, it goes on where it stopped."""
        archive = self._manifest.archive
        if self._stream is None:
            self._stream = progress.counted(
                self._ctx.vault.open(archive.name), self._ctx, "verify", archive.bytes
            )
        for chunk in self._stream:
            self._digest.update(chunk)
            self.bytes += len(chunk)
            yield chunk

    def differs(self) -> Iterator[Finding]:
        """Find a size or a SHA-256 other than the manifest's; call it after the last chunk."""
        archive = self._manifest.archive
        if self.bytes != archive.bytes:
            yield Finding(
                check="archive hash",
                what=f"The archive has {self.bytes:,} bytes; the manifest says {archive.bytes:,}.",
            )
        elif self._digest.hexdigest() != archive.sha256:
            yield Finding(
                check="archive hash",
                what=f"The archive's SHA-256 is {self._digest.hexdigest()}; the manifest says "
                f"{archive.sha256}.",
            )


def _inspect(copy: _Copy, found: list[Finding]) -> Inspection | None:
    """Read the archive whole; a torn one is a finding, and the rest is still hashed."""
    try:
        inspection = inspect(copy.chunks())
    except ArchiveError as error:
        check = "seal" if isinstance(error, BrokenSeal) else "ZIP structure"
        found.append(Finding(check=check, what=error.what, where=error.where))
        for _ in copy.stored():
            pass
        return None
    found += inspection.findings
    return inspection


def _judge(
    inspection: Inspection, manifest: Manifest, previous: Sequence[Manifest], ctx: Context
) -> Iterator[Finding]:
    contents, archive = inspection.contents, manifest.archive
    if archive.sealed and inspection.sha256 != archive.zip_sha256:
        what = f"The SHA-256 of what was sealed is {inspection.sha256}; the manifest says "
        yield Finding(check="archive hash", what=f"{what}{archive.zip_sha256}.")
    yield from checks.against_manifest(contents, manifest)
    yield from checks.nothing_inside(contents)
    if manifest.chosen is None:
        deployment = ctx.deployments.get(manifest.deployment.name)
        yield from checks.expected(contents, deployment.expected_tables if deployment else None)
        yield from checks.against_previous(contents, inspection.bytes, previous, ctx.rules)


def _previous(request: Request, manifest: Manifest, ctx: Context) -> list[Manifest]:
    if request.manifest_only or manifest.chosen is not None or manifest.kind == "safety":
        return []
    return ctx.catalog.previous(
        manifest.deployment.name, before=manifest.snapshot.taken_at, limit=ctx.rules.compare_with
    )


def _record(manifest: Manifest, check: Check, ctx: Context) -> bool:
    """Keep the check beside the manifest; a vault that can't be written is no finding."""
    try:
        shelf.write_check(ctx.vault, manifest.deployment.name, manifest.id, check)
    except VaultError as error:
        ctx.tell(Warned(f"The result could not be written into the vault: {error.what}"))
        return False
    ctx.index()
    return True


VERB = Verb(
    name="verify",
    about="Read a backup from the vault and check all of it.",
    parse=parse,
    run=run,
    aim=aim,
    request=Request,
    arguments=(BACKUP,),
    options=OPTIONS,
    examples=(
        "verify latest",
        "verify latest:production --vault second",
        "verify latest --against-manifest only",
    ),
    failed_exit_code=2,
)
