"""What verbs tell while they work and when they are done: frozen facts, in the past tense.

A terminal, a Slack thread, an audit log and metrics all listen to the same events. How an event
is shown is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from commands.approval import Approval
from commands.audit_story import Story
from commands.copies import CopyTold
from commands.known import Known
from commands.standings import DeploymentStanding
from commands.trouble import Trouble
from storage.audit import Entry as AuditEntry
from storage.audit import Head
from storage.catalog import Copy, Entry
from storage.finding import Finding, LookedAt
from storage.manifest import Check, Manifest


@dataclass(frozen=True)
class Event:
    """One thing that happened in a job."""


@dataclass(frozen=True)
class StepBegan(Event):
    step: str


@dataclass(frozen=True)
class StepFinished(Event):
    step: str
    seconds: float


@dataclass(frozen=True)
class Progressed(Event):
    """How far a step is; `total` is None where nobody knows."""

    step: str
    done: int
    total: int | None
    unit: str


@dataclass(frozen=True)
class Noted(Event):
    """Something worth knowing that is not wrong: a wait, a retry, Convex's own progress."""

    text: str


@dataclass(frozen=True)
class Warned(Event):
    """Something a person should look at, though the job goes on."""

    text: str
    vault: str = ""  # That could not be used, if that is what it is about.


@dataclass(frozen=True)
class Result(Event):
    """The last event of a verb that did what it was asked."""

    @property
    def exit_code(self) -> int:
        """0 good, 1 somebody should look, 2 worse."""
        return 0


@dataclass(frozen=True)
class JobFailed(Event):
    """The last event of a verb that could not: what happened, what is safe, what to type next."""

    what: str
    safe: str
    hint: str
    kind: str
    exit_code: int


@dataclass(frozen=True)
class BackupFinished(Result):
    """A backup exists, in `vault`; `copies` are those in the other vaults."""

    manifest: Manifest
    vault: str
    seconds: float
    findings: tuple[Finding, ...] = ()
    copies: tuple[CopyTold, ...] = ()

    @property
    def damaged(self) -> bool:
        """Whether the snapshot itself holds something that is not right."""
        return any(finding.severity == "damage" for finding in self.findings)

    @property
    def uncopied(self) -> tuple[CopyTold, ...]:
        """The copies that failed; the backup stands all the same."""
        return tuple(copy for copy in self.copies if copy.state == "failed")

    @property
    def exit_code(self) -> int:
        return 1 if self.damaged or self.uncopied else 0


@dataclass(frozen=True)
class BackupsListed(Result):
    entries: tuple[Entry, ...]
    now: datetime
    unreadable: tuple[tuple[str, str], ...] = ()
    more: int = 0  # Backups that --limit left out.
    troubles: tuple[str, ...] = ()  # Whole vaults that could not be looked at, told as warnings.
    vaults: tuple[str, ...] = ()  # Those of the settings, when there are several.

    @property
    def exit_code(self) -> int:
        return 1 if self.unreadable or self.troubles else 0


@dataclass(frozen=True)
class BackupShown(Result):
    """Everything about one backup; `vaults` are those of the settings, when there are several."""

    manifest: Manifest
    checks: tuple[Check, ...]
    vault: str
    now: datetime
    holds: tuple[str, ...] = ()  # Why, who and when, of each hold that stands.
    copies: tuple[Copy, ...] = ()
    vaults: tuple[str, ...] = ()


@dataclass(frozen=True)
class BackupVerified(Result):
    """How a verification ended. `looked_at` all zero is never sound.

    `vault` is where the copy lies that was read, when there are several.
    """

    id: str
    depth: str
    looked_at: LookedAt
    findings: tuple[Finding, ...]
    compared_with: tuple[str, ...]
    seconds: float
    recorded: bool
    vault: str = ""

    @property
    def exit_code(self) -> int:
        return 1 if self.findings else 0


@dataclass(frozen=True)
class TablePlan:
    """One table of a restore: rows now, rows in the archive, rows promised afterwards.

    `after` is None where only the work itself can tell (merge, until it has been built).
    """

    component: str
    table: str
    before: int
    archive: int
    after: int | None
    fate: str  # replaced, created, added to, merged, deleted, kept


@dataclass(frozen=True)
class FilesPlan:
    """The stored files of one component; `archive` is None when it holds none of its files."""

    component: str
    before: int
    archive: int | None
    after: int | None
    fate: str


@dataclass(frozen=True)
class Conflict:
    """Why this mode can't work here, and the modes that can."""

    what: str
    modes_that_work: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What a restore would do; `fingerprint` changes when any of it does."""

    backup: str
    archive_sha256: str
    snapshot_at: datetime
    source: str
    target: str
    target_url: str
    mode: str
    chosen: tuple[str, ...] | None
    tables: tuple[TablePlan, ...]
    files: tuple[FilesPlan, ...]
    conflicts: tuple[Conflict, ...] = ()
    warnings: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True)
class RestorePlanned(Event):
    plan: Plan


@dataclass(frozen=True)
class RestoreDryRun(Result):
    """A plan that was only asked about; `protected` if other people would have to approve it.

    `thaw_hours` is how long the archive has to be thawed first at most; None if it can be read.
    """

    plan: Plan
    protected: bool = False
    thaw_hours: float | None = None

    @property
    def exit_code(self) -> int:
        return 1 if self.plan.conflicts else 0


@dataclass(frozen=True)
class Counted:
    """Rows of one table, or files of one component, before, promised and found after."""

    component: str
    what: str
    before: int
    promised: int
    after: int

    @property
    def kept_its_promise(self) -> bool:
        return self.after == self.promised


@dataclass(frozen=True)
class RestoreFinished(Result):
    """A restore whose import is done; green only when every count kept its promise."""

    plan: Plan
    job_id: str
    import_id: str
    rows_written: int
    counted: tuple[Counted, ...]
    safety_backup: str
    undo: str
    seconds: float
    findings: tuple[Finding, ...] = ()
    resumed: bool = False
    undo_until: datetime | None = None  # Of a protected deployment.

    @property
    def kept_every_promise(self) -> bool:
        """Whether every count is what was promised, and something was counted at all."""
        kept = all(each.kept_its_promise for each in self.counted)
        return bool(self.counted) and kept and not self.findings

    @property
    def exit_code(self) -> int:
        return 0 if self.kept_every_promise else 1


@dataclass(frozen=True)
class ImportConfirmed(Event):
    """Convex was told to carry the import out: from here a restore can't be cancelled."""

    import_id: str


@dataclass(frozen=True)
class ApprovalAsked(Event):
    """A question was put to other people; `approval` says who may answer, and until when."""

    approval: Approval
    plan: Plan
    known: Known
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ApprovalChanged(Event):
    """Somebody's word counted, or the list of approvers changed."""

    approval: Approval


@dataclass(frozen=True)
class BallotRefused(Event):
    """Somebody's word did not count; told to nobody but them."""

    by: str
    what: str
    hint: str = ""


@dataclass(frozen=True)
class ApprovalEnded(Result):
    """How a question ended; `job_id` is the restore that was begun, "" when none was."""

    approval: Approval
    plan: Plan
    job_id: str = ""

    @property
    def exit_code(self) -> int:
        return 0 if self.job_id else 1


@dataclass(frozen=True)
class DeploymentPaused(Event):
    """A deployment was paused for its restore."""

    deployment: str


@dataclass(frozen=True)
class DeploymentResumed(Event):
    """A deployment that was paused for its restore runs again."""

    deployment: str


@dataclass(frozen=True)
class JobStanding:
    """One job that has not ended; `place` counts the jobs before it in its deployment's queue."""

    id: str
    verb: str
    deployment: str
    state: Literal["queued", "running"]
    asked_by: str
    asked_at: datetime
    step: str = ""
    place: int = 0
    silent_seconds: float = 0.0  # Since it last told anything.


@dataclass(frozen=True)
class StatusTold(Result):
    """What runs, what waits, and the last good backup of each deployment.

    `jobs` None: nobody could say, and `jobs_unknown` is why. `troubles` are those that stand
    now, as far as they are seen without asking a deployment; None: nobody looked.
    """

    deployments: tuple[DeploymentStanding, ...]
    jobs: tuple[JobStanding, ...] | None
    now: datetime
    troubles: tuple[Trouble, ...] | None = None
    jobs_unknown: str = ""

    @property
    def exit_code(self) -> int:
        severe = any(trouble.severity == "severe" for trouble in self.troubles or ())
        return (
            1
            if severe or any(each.last is None or each.overdue for each in self.deployments)
            else 0
        )


@dataclass(frozen=True)
class CancelAsked(Result):
    """A job was told to stop; `was` is the state it was in."""

    job_id: str
    was: Literal["queued", "running"]


@dataclass(frozen=True)
class AuditTold(Result):
    """Entries of the audit log, newest first, and what they say of each restore among them."""

    entries: tuple[AuditEntry, ...]
    stories: tuple[Story, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    more: bool = False  # --limit left older ones out.

    @property
    def exit_code(self) -> int:
        return 1 if self.unreadable else 0


@dataclass(frozen=True)
class AuditVerified(Result):
    """How a walk along the audit log ended; `expected` is a head that was held against it."""

    looked_at: LookedAt
    findings: tuple[Finding, ...]
    head: Head | None
    expected: Head | None = None

    @property
    def exit_code(self) -> int:
        return 2 if not self.looked_at.entries else 1 if self.findings else 0


@dataclass(frozen=True)
class DoctorLine:
    name: str
    state: str  # OK, WARN or FAIL
    what: str
    hint: str = ""


@dataclass(frozen=True)
class DoctorLooked(Result):
    lines: tuple[DoctorLine, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        states = {line.state for line in self.lines}
        return 2 if "FAIL" in states else 1 if "WARN" in states else 0
