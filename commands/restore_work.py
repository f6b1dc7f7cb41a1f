"""The doing of a restore, in the order that leaves a way back from every moment.

safety backup -> verify the archive -> build what is imported -> stage -> compare Convex's own
change summary -> remember -> confirm by the import's id -> follow -> count again. Before the
confirm every way out cancels the import; after it every message names the safety backup. Nothing
here is ever done twice: what a killed restore left is settled in `restore_settle.py`.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from commands import audited, checks, copying, progress, restore_count, sealing
from commands.backup import Request as BackupRequest
from commands.backup import room_for, take
from commands.events import ImportConfirmed, Noted, Plan, RestoreFinished, Warned
from commands.fallback import first_sound
from commands.verb import Context
from storage import typed
from storage.archive.choose import choose
from storage.archive.inspect import Inspection, inspect
from storage.archive.merge import merge
from storage.convex import facts, imports
from storage.convex.deployment import Deployment
from storage.convex.imports import ImportMode
from storage.errors import (
    ArchiveError,
    Cancelled,
    ConvexError,
    ImportFailed,
    LifeboatError,
    Refused,
    VaultError,
)
from storage.manifest import Manifest
from storage.records import Job
from storage.vaults.vault import Vault

STOPPED = ("Cancelled", "Stopped")  # By a person, in Slack or in a terminal.
CONVEX_MODE: dict[str, ImportMode] = {
    "replace-all": "replaceAll",
    "replace": "replace",
    "append": "append",
    "merge": "replace",  # What is imported already holds the target's own rows.
}


@dataclass(frozen=True)
class Work:
    """One restore under way: what was promised, from what, into what, and its record."""

    plan: Plan
    manifest: Manifest
    target: Deployment
    ctx: Context
    job: Job
    approval: str = ""  # The id of the approval that it was begun by.

    def note(self, step: str, **data: object) -> None:
        """Write one fact into the job's record; a killed job that goes on has some already."""
        if step == "staging" or self.job.last(step) is None:
            audited.restore_step(self, step, data)
            self.job.write(step, self.ctx.now(), **data)


class Staged(msgspec.Struct, frozen=True):
    """An import that waits for a confirm, and the plan it was built by."""

    import_id: str
    plan: Plan


def restore(work: Work, replan: Callable[[], Plan]) -> RestoreFinished:
    """Do it. `replan` reads the target again right before anything is staged.

    A killed job that goes on comes through here again: what was kept is not done twice, an import
    that waits is compared and confirmed, one that was confirmed is only followed.
    """
    ctx = work.ctx
    began = ctx.monotonic()
    _refuse_settled(work)
    staged, confirming = work.job.last("staged"), work.job.last("confirming")
    if staged is not None and confirming is not None:
        work = replace(work, plan=typed.convert(staged.data["plan"], Plan))
        ctx.tell(ImportConfirmed(staged.data["import_id"]))
        finished = _confirm(work, staged.data["import_id"], staged.data["safety"])
    else:
        finished = _restore(work, replan)
    if ctx.copy_later is None:
        copying.safety(finished.safety_backup, work.target.name, ctx)
    return replace(finished, seconds=ctx.monotonic() - began)


def _restore(work: Work, replan: Callable[[], Plan]) -> RestoreFinished:
    ctx = work.ctx
    with _target_as_it_was(work), taken_back_if_given_up(work):
        work.note("asked", plan=msgspec.to_builtins(work.plan), **who(ctx))
        safety = _safety_backup(work)
        with _upload_cancelled_if_given_up(work):
            staged = ctx.kept("stage", lambda: _build_and_stage(work, safety, replan), Staged)
        work = replace(work, plan=staged.plan)
        with _cancelled_if_given_up(work, staged.import_id):
            ctx.step("compare", lambda: _compare(work, staged.import_id))
            work.note(
                "staged",
                import_id=staged.import_id,
                safety=safety.id,
                plan=msgspec.to_builtins(work.plan),
            )
            ctx.tell(ImportConfirmed(staged.import_id))
            work.note("confirming", import_id=staged.import_id)
    return _confirm(work, staged.import_id, safety.id)


def _confirm(work: Work, import_id: str, safety: str) -> RestoreFinished:
    """Say yes by the import's id, which does nothing the second time, and follow it to its end."""
    with _names_the_way_back(work, safety):
        work.ctx.step("confirm", lambda: imports.confirm(work.target, import_id))
        return follow(work, import_id, safety)


def _refuse_settled(work: Work) -> None:
    """Stop a job that goes on after its restore ended: in an earlier life, or by a later one."""
    ended, staged = work.job.last("ended"), work.job.last("staged")
    if ended is None or ended.data.get("outcome") == "restored":
        return
    name, confirmed = work.target.name, work.job.last("confirming") is not None
    safe = f"{name} is as it was: nothing was restored."
    if staged is not None and confirmed:
        safe = f"The safety backup {staged.data['safety']} holds {name} as it was before."
    if ended.data.get("kind") not in (None, *STOPPED):
        raise LifeboatError(str(ended.data["why"]), safe=safe, hint="Ask again when it is mended.")
    raise Cancelled(
        f"This restore into {name} was brought to its end before ({ended.data['outcome']}).",
        safe=safe,
        hint="Ask for the restore again if it is still wanted.",
    )


def _build_and_stage(work: Work, safety: Manifest, replan: Callable[[], Plan]) -> Staged:
    """Verify the archive on its way here, build what is imported, and upload it."""
    ctx = work.ctx
    before = work.job.last("staging")
    if before is not None:  # This job was killed while it uploaded.
        cancel_dangling(work.target, before.data["known"])
    with ExitStack() as spool:
        archive = spool.enter_context(ctx.spool.file("archive"))
        ctx.step("verify the archive", lambda: _fetch(work.manifest, archive, ctx))
        work = replace(work, plan=_same_plan(work.plan, replan()))
        built = spool.enter_context(ctx.spool.file("import"))
        work, ready = ctx.step("build", lambda: _build(work, archive, built, safety))
        return Staged(ctx.step("stage", lambda: _stage(work, ready)), work.plan)


def follow(work: Work, import_id: str, safety: str) -> RestoreFinished:
    """Wait for a confirmed import, count again, and write down how it ended."""
    ctx, target = work.ctx, work.target
    began = ctx.monotonic()
    listen = progress.convex(ctx, "restore")
    try:
        rows_written = ctx.step("restore", lambda: imports.follow(target, import_id, tell=listen))
    except ImportFailed as error:
        with suppress(VaultError):
            work.note("ended", outcome="failed", **_why(error))
        raise
    tables, files = ctx.step("count", lambda: (facts.tables(target), facts.files(target)))
    counted = restore_count.count(work.plan, tables, files)
    found = (
        *restore_count.broken_promises(work.plan, counted, rows_written),
        *restore_count.wrong_numbers(work.plan, work.manifest, tables),
    )
    for finding in found:
        ctx.tell(Warned(finding.what))
    _note_restored(work, findings=len(found), rows_written=rows_written)
    return RestoreFinished(
        plan=work.plan,
        job_id=work.job.id,
        import_id=import_id,
        rows_written=rows_written,
        counted=counted,
        safety_backup=safety,
        undo=undo(safety, target),
        seconds=ctx.monotonic() - began,
        findings=found,
    )


def _note_restored(work: Work, **data: object) -> None:
    """Write down that it ended; where that fails the next restore finds it out again."""
    try:
        work.note("ended", outcome="restored", **data)
    except VaultError as error:
        work.ctx.tell(
            Warned(f"It could not be written down that this restore has ended: {error.what}")
        )


def undo(safety: str, target: Deployment) -> str:
    """Return the command that puts the target back as the safety backup holds it."""
    why = " --reason 'take it back'" if target.protected else ""
    return f"lifeboat restore {safety} --to {target.name} --mode replace-all{why}"


def job_id(target: Deployment, ctx: Context) -> str:
    """Return a new id, sorting by time among the restores of one target."""
    return f"{job_prefix(target)}{ctx.now():%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def job_prefix(target: Deployment) -> str:
    """Return how the ids of all restores into a target begin; no other target's begin so."""
    return f"restore.{target.name}."


def who(ctx: Context) -> dict[str, object]:
    """Return who is at it and where, for whoever finds the record of a killed restore."""
    return {
        "by": ctx.caller.name,
        "door": ctx.caller.door,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "locks": str(ctx.locks),
    }


def _safety_backup(work: Work) -> Manifest:
    """Back the target up whole and prove it; a damaged safety backup is no way back."""
    work.ctx.tell(Noted(f"Taking a safety backup of {work.target.name} first."))
    request = BackupRequest(
        deployment=work.target.name, kind="safety", label=f"before restoring {work.plan.backup}"
    )
    taken = take(request, work.target, work.ctx)
    work.note("safety", backup=taken.manifest.id)
    if work.ctx.copy_later is not None:  # In a terminal it is copied when the restore is done.
        copying.after(taken.manifest, work.ctx)
    work.ctx.index()
    if taken.damaged:
        damage = next(f for f in taken.findings if f.severity == "damage")
        raise ArchiveError(
            f"The safety backup {taken.manifest.id} of {work.target.name} is damaged: "
            f"{damage.what}",
            hint=f"Look at it with `lifeboat verify {taken.manifest.id}`. A restore needs a way "
            f"back.",
        )
    return taken.manifest


def _fetch(manifest: Manifest, path: Path, ctx: Context) -> Inspection:
    """Bring the first copy that is sound; the first one's trouble when none is."""
    room_for(manifest.archive.zip_bytes, ctx)
    return first_sound(lambda vault: _fetch_from(vault, manifest, path, ctx), ctx)


def _fetch_from(vault: Vault, manifest: Manifest, path: Path, ctx: Context) -> Inspection:
    """Copy the archive from a vault, reading it whole on the way; ArchiveError if not sound."""
    archive = manifest.archive
    stored = vault.open(archive.name)
    counted = progress.counted(stored, ctx, "verify the archive", archive.bytes)
    chunks = sealing.opened(archive, counted, ctx)
    with ctx.spool.writer(path) as sink:

        def kept() -> Iterator[bytes]:
            for chunk in chunks:
                sink.write(chunk)
                yield chunk

        inspection = inspect(kept())
    found = [*inspection.findings, *checks.against_manifest(inspection.contents, manifest)]
    damage = [finding.what for finding in found if finding.severity == "damage"]
    if inspection.sha256 != archive.zip_sha256:
        damage.insert(0, "Its SHA-256 is not the manifest's.")
    if damage:
        raise ArchiveError(
            f"The archive of {manifest.id} is not sound: {damage[0]}"
            + (f" ({len(damage) - 1} more findings.)" if len(damage) > 1 else ""),
            hint=f"Run `lifeboat verify {manifest.id}` for all of it, and choose another backup.",
        )
    return inspection


def _same_plan(plan: Plan, fresh: Plan) -> Plan:
    """Return the fresh plan if only its row counts moved; Refused if what it would do changed."""
    shape = [(t.component, t.table, t.archive, t.fate) for t in plan.tables]
    now = [(t.component, t.table, t.archive, t.fate) for t in fresh.tables]
    if fresh.conflicts or sorted(shape) != sorted(now):
        raise Refused(
            f"{plan.target} changed while its safety backup was taken: it has other tables now "
            f"than the plan was made for.",
            hint="Run the same command again to see the new plan.",
        )
    return fresh


def _build(work: Work, archive: Path, built: Path, safety: Manifest) -> tuple[Work, Path]:
    """Make the ZIP that is imported: the archive itself, some of its tables, or the merge."""
    plan, ctx = work.plan, work.ctx
    if plan.mode != "merge":
        if plan.chosen is None:
            return work, archive
        with ctx.spool.writer(built) as sink:
            choose(archive, sink.file, plan.chosen)
        return work, built
    with ctx.spool.file("target") as target:
        _fetch(safety, target, ctx)
        with ctx.spool.writer(built) as sink:
            result = merge(target, archive, sink.file, plan.chosen)
    promised = {
        **{(t.component, t.table): t.kept + t.added for t in result.tables},
        **{(f.component, "_storage"): f.kept + f.added for f in result.files},
    }
    return replace(work, plan=restore_count.merged(plan, promised)), built


def _stage(work: Work, ready: Path) -> str:
    """Upload, and note first which imports were there, so that a killed one can be told apart."""
    work.note("staging", known=[row.id for row in imports.recent(work.target)])
    listen = progress.convex(work.ctx, "stage")
    return imports.stage(work.target, ready, CONVEX_MODE[work.plan.mode], tell=listen)


def cancel_dangling(target: Deployment, known: Collection[str]) -> list[str]:
    """Cancel imports that appeared since `known` and wait for a confirm nobody will give.

    Only one can be ours; if there are more, nobody can tell which, and they are left alone.
    """
    waiting = [
        row.id
        for row in imports.recent(target)
        if row.id not in known and row.state in ("uploaded", "waiting_for_confirmation")
    ]
    if len(waiting) == 1:
        imports.cancel(target, waiting[0])
        return waiting
    return []


def _compare(work: Work, import_id: str) -> None:
    """Hold Convex's own change summary against the plan; ImportFailed if they disagree."""
    listen = progress.convex(work.ctx, "compare")
    checkpoints = imports.wait_staged(work.target, import_id, tell=listen)
    differences = restore_count.disagreements(work.plan, checkpoints)
    if differences:
        raise ImportFailed(
            f"Convex would not do what the plan says. {' '.join(differences[:5])}",
            hint=f"If {work.target.name} is being written to, pause it; then run the same command "
            f"again.",
        )


def _why(error: BaseException) -> dict[str, str]:
    kind = type(error).__name__
    return {"why": error.what if isinstance(error, LifeboatError) else kind, "kind": kind}


@contextmanager
def _target_as_it_was(work: Work) -> Iterator[None]:
    """Say of every error before the confirm that the target is as it was, and end the job."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, LifeboatError):
            error.safe = f"{work.target.name} is as it was: nothing was restored."
        if work.job.open and work.job.last("staging") is None:
            with suppress(VaultError):
                work.note("ended", outcome="stopped before staging", **_why(error))
        raise


@contextmanager
def taken_back_if_given_up(work: Work) -> Iterator[None]:
    """Cancel what an earlier life of this job has staged, when this one ends before its confirm."""
    try:
        yield
    except BaseException as error:
        staging = work.job.last("staging")
        if staging is not None and work.job.open and work.job.last("confirming") is None:
            with suppress(ConvexError, VaultError):
                cancel_dangling(work.target, staging.data["known"])
                work.note("ended", outcome="cancelled", **_why(error))
        raise


@contextmanager
def _upload_cancelled_if_given_up(work: Work) -> Iterator[None]:
    """Cancel what an upload may have begun when the work ends before its id is in hand."""
    try:
        yield
    except BaseException as error:
        staging = work.job.last("staging")
        if staging is not None and work.job.open:
            with suppress(ConvexError, VaultError):
                cancel_dangling(work.target, staging.data["known"])
                work.note("ended", outcome="stopped while staging", **_why(error))
        raise


@contextmanager
def _cancelled_if_given_up(work: Work, import_id: str) -> Iterator[None]:
    """Cancel the staged import whatever goes wrong; keep the job open if that fails too."""
    try:
        yield
    except BaseException as error:
        try:
            imports.cancel(work.target, import_id)
        except ConvexError as failure:
            work.ctx.tell(
                Warned(
                    f"The import {import_id} could not be cancelled ({failure.what}) It waits "
                    f"for a confirmation that nobody will give; the next restore into "
                    f"{work.target.name} cancels it."
                )
            )
        else:
            with suppress(VaultError):
                work.note("ended", outcome="cancelled", **_why(error))
        raise


@contextmanager
def _names_the_way_back(work: Work, safety: str) -> Iterator[None]:
    """Make every error after the confirm name the safety backup and what to type."""
    try:
        yield
    except LifeboatError as error:
        if isinstance(error, ImportFailed) and work.plan.mode != "append":
            error.safe = (
                f"Convex swaps tables in one piece, so {work.target.name} is as it was. "
                f"The safety backup is {safety}."
            )
            error.hint = error.hint or "Run the same command again when the cause is gone."
        elif isinstance(error, ImportFailed):
            error.safe = f"Some rows may have been added. The safety backup is {safety}."
            error.hint = f"To go back: {undo(safety, work.target)}"
        else:
            error.safe = (
                f"The import was confirmed and may still be running at Convex. The safety "
                f"backup {safety} holds {work.target.name} as it was."
            )
            error.hint = (
                f"Run the same command again: it finds out how the import ended and never "
                f"imports twice. To go back afterwards: {undo(safety, work.target)}"
            )
        raise
