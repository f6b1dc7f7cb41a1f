"""`now`: take a backup, prove that it can be read, keep it, and only then say so.

The order of the writes is that of docs/format.md: the archive first, the manifest last. A restore
takes its safety backup through `take` too, so there is one way for a backup to come to exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from commands import audited, checks, copying, progress, sealing
from commands.aim import Aim
from commands.events import BackupFinished, Noted, Warned
from commands.verb import Argument, Context, Option, Verb
from commands.words import read
from storage import shelf
from storage.archive.choose import choose
from storage.archive.inspect import Inspection, inspect
from storage.convex import exports, facts
from storage.convex.deployment import Deployment
from storage.convex.exports import Export
from storage.errors import (
    AlreadyThere,
    ArchiveError,
    Refused,
    SpoolError,
    VaultError,
)
from storage.finding import Finding
from storage.manifest import (
    PLAIN_FORMAT,
    SEALED_FORMAT,
    ArchiveFacts,
    Asked,
    Check,
    Contents,
    DeploymentFacts,
    Facts,
    Kind,
    Manifest,
    SnapshotFacts,
    StepTook,
)
from storage.vaults.several import way_out

T = TypeVar("T")
READ_TRIES = 2  # A download of the right length that can't be read is fetched once more.
LABEL_MAX = 200

ARGUMENTS = (Argument("deployment", "which deployment; the settings' default if left out"),)
OPTIONS = (
    Option(
        "tables",
        "only these tables; component/path/table below the root",
        metavar="a,b",
        many=True,
        also=("table",),
    ),
    Option("without-files", "leave stored files out; they are included otherwise"),
    Option(
        "kind",
        "what it is for, which decides how long it is kept (manual if left out)",
        metavar="kind",
        choices=("manual", "pre-deploy", "daily", "weekly", "monthly"),
    ),
    Option("label", "a few words to know it by", metavar="text"),
    Option(
        "app-version", "git commit of the app; from CI's variables if left out", metavar="commit"
    ),
)


@dataclass(frozen=True)
class Request:
    """What was asked for; `tables` None means the whole deployment."""

    deployment: str | None = None
    tables: tuple[str, ...] | None = None
    with_files: bool = True
    kind: Kind = "manual"
    label: str = ""
    app_version: str | None = None


def parse(words: Sequence[str]) -> Request:
    """Read `now [deployment] [tables …] [kind …] [label …]`; Refused for anything else."""
    typed = read("now", words, ARGUMENTS, OPTIONS)
    label = " ".join((typed["label"] or "").split())
    if len(label) > LABEL_MAX:
        raise Refused(
            f"A label is up to {LABEL_MAX} printable characters; this one has {len(label)}.",
            hint='Shorten it, for example: --label "before the migration".',
        )
    if not label.isprintable():
        raise Refused(
            "The label holds characters that can't be seen.",
            hint='Type it anew, for example: --label "before the migration".',
        )
    if typed["tables"] == ():
        raise Refused("--tables names no table.", hint="Name some: --tables npd,sp2d.")
    return Request(
        deployment=typed["deployment"],
        tables=typed["tables"],
        with_files=not typed["without-files"],
        kind=typed["kind"] or "manual",
        label=label,
        app_version=typed["app-version"],
    )


def aim(request: Request, ctx: Context) -> Aim:
    """Settle which deployment is backed up; Refused when there is none of that name."""
    name = ctx.deployment(request.deployment).name
    return Aim(name, replace(request, deployment=name))


def run(request: Request, ctx: Context) -> BackupFinished:
    """Take the backup; after any error no new backup exists."""
    deployment = ctx.deployment(request.deployment)
    with audited.ending(ctx, "backup.ended", deployment=deployment.name) as end:
        sweep(ctx)
        finished = take(request, deployment, ctx)
        end.about = finished.manifest.id
        end.outcome = "damaged" if finished.damaged else "taken"
        end.facts = {"kind": request.kind, "findings": len(finished.findings)}
        ctx.index()
    return replace(finished, copies=copying.after(finished.manifest, ctx))


class Taken(Facts, frozen=True, kw_only=True):
    """What is remembered of a backup whose archive is in the vault and was read back."""

    id: str
    snapshot: SnapshotFacts
    archive: ArchiveFacts
    contents: Contents
    check: Check
    steps: tuple[StepTook, ...]


def take(request: Request, deployment: Deployment, ctx: Context) -> BackupFinished:
    """Take, prove and keep one backup of a deployment; its manifest is the last thing written.

    A killed job that goes on does not ask Convex for a second export, and a backup that came to
    exist before the kill is found again and is the result.
    """
    began = ctx.monotonic()
    asked = Asked(by=ctx.caller.name, door=ctx.caller.door, at=ctx.asked_at or ctx.now())
    timed = Timed(ctx)
    ctx.kept(
        "preflight",
        lambda: timed("preflight", lambda: preflight(deployment, facts.BACKUP_NEEDS, ctx)),
        type(None),
    )
    about = ctx.kept(
        "describe",
        lambda: timed("describe", lambda: facts.describe(deployment)),
        DeploymentFacts,
    )
    export = ctx.kept(
        "export", lambda: timed("export", lambda: _export(request, deployment, ctx)), Export
    )
    with _archive_taken_back_if_given_up(timed):
        taken = ctx.kept(
            "archive", lambda: _archive(request, deployment, export, asked, timed), Taken
        )
        timed.stored.append(taken.archive.name)
        manifest = Manifest(
            format=SEALED_FORMAT if taken.archive.sealed else PLAIN_FORMAT,
            id=taken.id,
            deployment=about,
            snapshot=taken.snapshot,
            kind=request.kind,
            label=request.label,
            asked=asked,
            finished=ctx.now(),
            app_version=request.app_version or ctx.rules.app_version,
            lifeboat_version=ctx.rules.lifeboat_version,
            archive=taken.archive,
            chosen=request.tables,
            contents=taken.contents,
            check=taken.check,
            steps=taken.steps,
        )
        manifest = ctx.step("manifest", lambda: _label(manifest, ctx))
    return BackupFinished(
        manifest, ctx.vault.name, ctx.monotonic() - began, manifest.check.findings
    )


def _archive(
    request: Request, deployment: Deployment, export: Export, asked: Asked, timed: Timed
) -> Taken:
    """Bring the snapshot here, read it whole, put it into the vault and read it back."""
    ctx = timed.ctx
    with ctx.spool.file("snapshot") as whole, ctx.spool.file("chosen") as part:
        snapshot, inspection = timed("download", lambda: _fetch(deployment, export, whole, ctx))
        archive = whole
        if request.tables is not None:
            archive = part
            inspection = timed("choose tables", lambda: _choose(request, whole, part, ctx))
        found = _judge(request, deployment, export, inspection, ctx)

        def put(name: str) -> ArchiveFacts:
            return sealing.put(request.kind, name, archive, inspection, ctx)

        backup_id, stored = timed("store", lambda: _store(deployment.name, asked, put, timed))
        timed("read back", lambda: sealing.read_back(stored, ctx))
    return Taken(
        id=backup_id,
        snapshot=snapshot,
        archive=stored,
        contents=inspection.contents,
        check=Check(
            at=ctx.now(),
            by=ctx.caller.name,
            door=ctx.caller.door,
            looked_at=inspection.looked_at,
            findings=found,
        ),
        steps=tuple(timed.took),
    )


@contextmanager
def _archive_taken_back_if_given_up(timed: Timed) -> Iterator[None]:
    """Leave no archive without a manifest behind an error; only a kill leaves one."""
    try:
        yield
    except Exception:
        for name in timed.stored:
            with suppress(VaultError):
                shelf.take_back(timed.ctx.first, name)
        raise


class Timed:
    """A job's steps, with how long each one took, and the archive they put into the vault."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.took: list[StepTook] = []
        self.stored: list[str] = []

    def __call__(self, name: str, doing: Callable[[], T]) -> T:
        """Do the step and note its seconds."""
        began = self.ctx.monotonic()
        result = self.ctx.step(name, doing)
        seconds = round(self.ctx.monotonic() - began, 3)
        self.took.append(StepTook(step=name, seconds=seconds))
        return result


def preflight(deployment: Deployment, needs: Sequence[facts.Permission], ctx: Context) -> None:
    """Check key, permissions and clock before anything is asked for; raises the reason."""
    ready = facts.preflight(deployment, needs, ctx.now)
    skew = ready.clock_skew_seconds
    if skew is not None and abs(skew) > ctx.rules.clock_skew_seconds_max:
        ctx.tell(
            Warned(
                f"This machine's clock and {deployment.name}'s differ by {abs(skew):.0f} s; "
                f"the settings allow {ctx.rules.clock_skew_seconds_max:g} s. Ids and ages of "
                f"backups follow this machine's clock."
            )
        )


def sweep(ctx: Context) -> None:
    """Remove what killed jobs left behind, once it is older than the grace period."""
    ctx.spool.sweep()
    for vault in ctx.vaults.values():
        where = f" in {vault.name}" if ctx.several else ""
        try:
            for swept in shelf.sweep(vault, ctx.now(), ctx.rules.grace):
                ctx.tell(
                    Noted(f"Swept {swept.name}{where}: left by a job that was stopped half-way.")
                )
        except VaultError as error:
            if vault.name == ctx.first.name:
                with way_out() if ctx.several else nullcontext():
                    raise
            ctx.trouble(vault.name, f"{error.what} It was not swept.")


def read_file(path: Path, step: str, ctx: Context) -> Inspection:
    """Read an archive in the spool whole."""
    return inspect(
        sealing.file_chunks(path), progress=progress.reading(ctx, step, path.stat().st_size)
    )


def room_for(size: int, ctx: Context) -> None:
    """Raise SpoolError at once when the spool's disk has no room for that many bytes."""
    free = ctx.spool.free_bytes()
    if size > free:
        raise SpoolError(
            f"The spool's disk has {free:,} bytes free, and the archive has {size:,}.",
            safe="Nothing was changed.",
            hint="Make room, or set data_folder in the settings to a bigger disk.",
        )


def _export(request: Request, deployment: Deployment, ctx: Context) -> Export:
    listen = progress.convex(ctx, "export")
    return exports.take(deployment, with_files=request.with_files, tell=listen)


def _fetch(
    deployment: Deployment, export: Export, path: Path, ctx: Context
) -> tuple[SnapshotFacts, Inspection]:
    """Download the snapshot and read it whole; a torn one is fetched once more."""
    listen = progress.convex(ctx, "download")
    room_for(export.bytes, ctx)
    for tries_left in reversed(range(READ_TRIES)):
        with ctx.spool.writer(path) as sink:
            size, sha256 = exports.download(
                deployment, export, sink.write, sink.restart, tell=listen
            )
        try:
            inspection = read_file(path, "read", ctx)
            break
        except ArchiveError as error:
            if not tries_left:
                raise
            ctx.tell(Noted(f"The download can't be read ({error.what}) Fetching it once more."))
    snapshot = SnapshotFacts(
        timestamp_ns=export.timestamp_ns,
        export_id=export.id,
        bytes=size,
        sha256=sha256,
        with_files=export.with_files,
    )
    return snapshot, inspection


def _choose(request: Request, whole: Path, part: Path, ctx: Context) -> Inspection:
    with ctx.spool.writer(part) as sink:
        choose(whole, sink.file, request.tables or ())
    return read_file(part, "choose tables", ctx)


def _judge(
    request: Request,
    deployment: Deployment,
    export: Export,
    inspection: Inspection,
    ctx: Context,
) -> tuple[Finding, ...]:
    """Hold the archive against what a person expects and against the last backups."""
    contents = inspection.contents
    found = [*inspection.findings, *checks.nothing_inside(contents)]
    if request.tables is None and request.kind != "safety":
        previous = ctx.catalog.previous(
            deployment.name, before=export.taken_at, limit=ctx.rules.compare_with
        )
        found += checks.expected(contents, deployment.expected_tables)
        found += checks.against_previous(contents, inspection.bytes, previous, ctx.rules)
    for finding in found:
        ctx.tell(Warned(finding.what))
    return tuple(found)


def _store(
    deployment: str, asked: Asked, put: Callable[[str], ArchiveFacts], timed: Timed
) -> tuple[str, ArchiveFacts]:
    """Put the archive into the vault under the first free id of this minute."""
    ctx = timed.ctx
    refused: set[str] = set()
    while True:
        backup_id = shelf.backup_id(ctx.vault, deployment, asked.at, refused)
        name = shelf.archive_name(deployment, backup_id, sealed=ctx.seal.on)
        try:
            stored = put(name)
            timed.stored.append(name)
            return backup_id, stored
        except AlreadyThere:
            refused.add(backup_id)  # Another backup took the name in between.


def _label(manifest: Manifest, ctx: Context) -> Manifest:
    """Write the manifest, which makes the backup exist; return the one in the vault.

    The archive is looked for once more: a job that goes on may have been killed while it took the
    archive back.
    """
    ctx.first.stat(manifest.archive.name)
    try:
        shelf.write_manifest(ctx.first, manifest)
    except AlreadyThere:
        there = shelf.read_manifest(ctx.first, manifest.deployment.name, manifest.id)
        if (there.snapshot, there.archive) == (manifest.snapshot, manifest.archive):
            return there  # Written right before this job was killed.
        raise
    return manifest


VERB = Verb(
    name="now",
    about="Take a backup now, prove it readable and keep it.",
    parse=parse,
    run=run,
    aim=aim,
    request=Request,
    arguments=ARGUMENTS,
    options=OPTIONS,
    examples=(
        "now",
        'now production --label "before the migration"',
        "now production --tables npd,sp2d",
        "now production --kind pre-deploy --without-files",
    ),
)
