"""The one message of each job in a channel: drawn again and again while the job goes on.

The environment stands first, because that is what a person must never get wrong. Every state is a
word; a bar only repeats the numbers beside it. A button is there when it is the sensible next
thing, and carries one id.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from slack_sdk.models.blocks import ButtonElement, ConfirmObject, PlainTextObject

from bot.messages.model import ActionId, JobState, JobView, Message
from bot.messages.parts import Part, Pressed, Said, button, message, small
from bot.messages.text import at, bar, bold, code, far, mention, said, told
from bot.messages.typed import command
from bot.messages.verdict import SAFE, failed, numbers, verdict, way_back
from bot.words import counted, duration
from commands.copy_events import BackupCopied, VaultsSynced
from commands.events import BackupFinished, BackupVerified, RestoreFinished, Result
from storage import errors

STATES: dict[JobState, str] = {
    "queued": "Waiting",
    "running": "Running",
    "done": "Done",
    "look": "Done, but look at it",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
VERBS = {
    "now": "Backup",
    "verify": "Verification",
    "copy": "Copy",
    "sync": "Filling of a vault",
    "restore": "Restore",
    "prune": "Prune",
    "summary": "Summary",
    "ask": "Restore (to be approved)",
    "approved": "Approved restore",
    "thaw": "Restore (from cold storage)",
}
STEPS = {
    "preflight": "Checking the key and what it may do",
    "describe": "Asking the deployment about itself",
    "export": "Convex is making the snapshot",
    "download": "Downloading the snapshot",
    "read": "Reading the snapshot",
    "choose tables": "Taking out the chosen tables",
    "store": "Putting the archive into the vault",
    "read back": "Reading the copy back",
    "manifest": "Writing the manifest",
    "verify": "Reading the archive",
    "thaw": "Thawing the archive",
    "plan": "Making the plan",
    "verify the archive": "Verifying the archive",
    "build": "Building what is imported",
    "stage": "Uploading to Convex",
    "compare": "Comparing Convex's summary with the plan",
    "confirm": "Confirming the import",
    "restore": "Convex is importing",
    "count": "Counting again",
    "remove": "Removing backups",
    "delete bytes": "Deleting the bytes of removed backups",
    "cold": "Moving backups to cold storage",
    "copy": "Copying the archive",
    "read the copy back": "Reading the copy back",
    "label the copy": "Writing the copy's manifest",
}
CANCEL = {
    "now": "No new backup will exist; earlier ones stay as they are.",
    "verify": "The backup stays as it is.",
    "prune": "What is removed by then stays removed; everything else is kept.",
    "copy": "The backup stays as it is; an unfinished copy does not count.",
    "sync": "What was copied stays; an unfinished copy does not count.",
    "ask": "Nobody can approve it any more.",
    "thaw": "Nothing is restored; what was thawed goes cold again by itself.",
    "approved": "Until the import is confirmed the deployment stays as it is; after that the job "
    "goes on to its end.",
    "restore": "Until the import is confirmed the deployment stays as it is; after that the job "
    "goes on to its end.",
}
LATE = "Posted late: Slack was not to be reached when this began"
COPY_TO = "copy to "
ASKED_ANEW = ("ask", "approved", "thaw")  # What one of them was for is used once.
# Failures that may have gone away by themselves.
PASSING = {
    kind.__name__
    for kind in (
        errors.Unreachable,
        errors.ServerTrouble,
        errors.ExportInProgress,
        errors.ExportFailed,
        errors.CutDownload,
        errors.SpoolError,
        errors.VaultFull,
        errors.VaultUnreachable,
        errors.SourceLost,
    )
}


def card(view: JobView, now: datetime) -> Message:
    """Return a job's message as it stands at a moment."""
    return message(_card(view, now))


def title(view: JobView) -> str:
    """Return which job it is, its environment first: `*production* (protected) · Backup`."""
    guard = " (protected)" if view.protected else ""
    about = f" of {code(view.backup)}" if view.backup and view.verb != "now" else ""
    return f"{bold(view.deployment)}{guard} · {VERBS.get(view.verb) or said(view.verb)}{about}"


def step(name: str) -> str:
    """Return a step in a person's words."""
    if name.startswith(COPY_TO):
        return f"Copying to {said(name.removeprefix(COPY_TO))}"
    return STEPS.get(name) or said(name)


def asked_by(view: JobView) -> str:
    """Return who asked: a mention if it was a person in Slack."""
    return mention(view.asked_by, view.asked_name)


def place(ahead: int) -> str:
    """Return a place in the queue."""
    return f"{counted(ahead, 'job')} ahead" if ahead > 0 else "next in line"


def _card(view: JobView, now: datetime) -> Iterator[Part]:
    yield Said(f"{title(view)} — {STATES[view.state]}")
    match view.state:
        case "queued":
            yield Said(f"In the queue: {place(view.ahead)}.")
        case "running":
            yield from _running(view)
        case _:
            yield from _ended(view)
    if view.cancelling and view.state in ("queued", "running"):
        yield Said("Cancelling: stops at the next safe point.")
    if view.why:
        yield small(told(view.why))
    if view.late:
        yield small(LATE)
    yield from _circumstances(view, now)
    yield Pressed(_buttons(view))


def _running(view: JobView) -> Iterator[Part]:
    moved = far(view.done, view.total, view.unit)
    words = step(view.step) if view.step else "About to begin"
    line = " ".join(part for part in (bar(view.done, view.total), moved) if part)
    yield Said(f"{words}\n{line}" if line else words, spoken=f"{words}: {moved}" if moved else None)
    if view.noted:
        yield Said(told(view.noted, 300), "context")
    if view.closed:
        yield Said("Too late to cancel: Convex is carrying the import out.")


def _ended(view: JobView) -> Iterator[Part]:
    if view.failure is not None:
        yield from failed(view.failure)
    elif view.result is not None:
        yield Said("\n".join(part for part in (verdict(view.result), numbers(view.result)) if part))
        yield from _next(view)
    else:
        yield Said(f"Nothing more is known of how it ended. {SAFE}")


def _next(view: JobView) -> Iterator[Part]:
    match view.result:
        case BackupFinished(manifest) if not view.result.damaged:
            restore = f"{command('restore', manifest.id)} to …"
            yield small(f"Next: {code(command('verify', manifest.id))} or {code(restore)}")
        case BackupCopied() | VaultsSynced() if view.result.exit_code:
            yield Said("*What to do:* the thread says what could not be copied, and why.")
        case BackupFinished() | BackupVerified(findings=[_, *_]):
            yield Said("*What to do:* look at the findings in the thread before you rely on it.")
        case RestoreFinished():
            if not view.result.kept_every_promise:
                yield Said("*What to do:* look at the counts in the thread.")
            yield Said(way_back(view.result))


def _circumstances(view: JobView, now: datetime) -> Iterator[Part]:
    times = f" ({view.restarts:,} times)" if view.restarts > 1 else ""
    yield small(
        f"Asked by {asked_by(view)} {at(view.asked_at)}",
        _elapsed(view, now),
        f"picked up again after a restart{times}" if view.restarts else "",
        f"{counted(view.warned, 'warning')} in the thread" if view.warned else "",
        f"job {code(view.id)}",
    )


def _elapsed(view: JobView, now: datetime) -> str:
    """Return how long it waits, runs or ran; a clock that jumped never makes it negative."""
    if view.state == "queued":
        return f"waiting for {duration((now - view.asked_at).total_seconds())}"
    if view.began_at is None:
        return ""
    if view.state == "running":
        return f"running for {duration((now - view.began_at).total_seconds())}"
    ended = view.ended_at or now
    return f"ran for {duration((ended - view.began_at).total_seconds())}"


def _buttons(view: JobView) -> list[ButtonElement | None]:
    if view.state in ("queued", "running"):
        return [] if view.cancelling or view.closed else [_cancel(view)]
    if view.failure is not None:
        again = view.failure.kind in PASSING and view.verb not in ASKED_ANEW
        return [_retry(view)] if again else []
    return _of_result(view.result)


def _of_result(result: Result | None) -> list[ButtonElement | None]:
    match result:
        case BackupFinished(manifest):
            return _of_backup(manifest.id, sound=not result.findings)
        case BackupVerified():
            return _of_backup(result.id, sound=not result.findings, verified=True)
        case BackupCopied():
            return _of_backup(result.id, sound=not result.exit_code)
        case RestoreFinished():
            return [button("Undo…", ActionId.UNDO, result.safety_backup)]
    return []


def _of_backup(id: str, *, sound: bool, verified: bool = False) -> list[ButtonElement | None]:
    show = button("Show", ActionId.BACKUP_SHOW, id)
    restore = button("Restore…", ActionId.BACKUP_RESTORE, id)
    if verified and sound:
        return [show, restore]
    verify = button("Verify" if sound else "Verify again", ActionId.BACKUP_VERIFY, id)
    return [show, verify, restore] if sound else [verify, show]


def _cancel(view: JobView) -> ButtonElement | None:
    what = CANCEL.get(view.verb, "")
    confirm = ConfirmObject(
        title=PlainTextObject(text="Cancel this job?"),
        text=PlainTextObject(text=f"It stops at the next safe point. {what}".strip()),
        confirm=PlainTextObject(text="Cancel the job"),
        deny=PlainTextObject(text="Let it go on"),
        style="danger",
    )
    return button("Cancel", ActionId.JOB_CANCEL, view.id, style="danger", confirm=confirm)


def _retry(view: JobView) -> ButtonElement | None:
    confirm = ConfirmObject(
        title=PlainTextObject(text="Do it again?"),
        text=PlainTextObject(text="The same words as before, as a new job that you ask for."),
        confirm=PlainTextObject(text="Do it again"),
        deny=PlainTextObject(text="Leave it"),
    )
    return button("Retry", ActionId.JOB_RETRY, view.id, confirm=confirm)
