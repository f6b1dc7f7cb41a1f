"""One of every event, with plausible contents, and ways to print it, for tests."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bot.terminal import printer, show
from bot.terminal.layout import Reader
from commands import alert_events, copy_events, events, key_events, retention_events
from commands.approval import Approval, State
from commands.audit_story import stories
from commands.copies import CopyTold, VaultSynced
from commands.events import Event
from commands.known import Known
from commands.schedule_events import (
    ScheduleBegan,
    SchedulePaused,
    ScheduleResumed,
    ScheduleRun,
)
from commands.standings import DeploymentStanding
from commands.thaw_events import ArchiveThawed
from commands.trouble import Trouble
from storage.audit import Entry as AuditEntry
from storage.audit import Head
from storage.catalog import Copy, Entry
from storage.finding import Finding, LookedAt
from storage.manifest import (
    ArchiveFacts,
    Asked,
    Check,
    Contents,
    DeploymentFacts,
    FileFacts,
    Manifest,
    SnapshotFacts,
    StepTook,
    StorageFacts,
    TableFacts,
)
from storage.retention import Backup, Decision, decide
from storage.retention_policy import Policies, Policy

AT = datetime(2026, 11, 24, 2, 0, 13, tzinfo=UTC)
NOW = AT + timedelta(hours=3)
ID = "production-2026-11-24-0200"
LOOKED_AT = LookedAt(bytes=1_234_567, entries=34, tables=2, documents=210, files=1)
DAMAGE = Finding(check="rows", what="Row 3 is not JSON.", where="npd/documents.jsonl:3")
WARNING = Finding(check="against the last backups", what="It shrank by 40 %.", severity="warning")


def manifest(**changes: Any) -> Manifest:
    """Return a manifest of a small production backup."""
    tables = (
        TableFacts(
            name="npd",
            number=10_001,
            documents=200,
            bytes=50_000,
            sha256="1" * 64,
            first_creation=1_700_000_000_000.5,
            last_creation=1_763_949_000_000.0,
        ),
        TableFacts(
            name="entries",
            component="waitlist/inner",
            number=10_002,
            documents=10,
            bytes=900,
            sha256="2" * 64,
        ),
    )
    file = FileFacts(id="kg2abc", sha256="3" * 64, bytes=4096)
    made = Manifest(
        id=ID,
        deployment=DeploymentFacts(
            name="production",
            url="https://happy-animal-123.convex.cloud",
            convex_name="happy-animal-123",
            backend_version="1.2.3",
            package_version="1.48.0",
            info={"region": "aws-us-east-1"},
            env_names=("SITE_URL", "SMTP_HOST"),
            schemas={"": "{}"},
        ),
        snapshot=SnapshotFacts(
            timestamp_ns=int(AT.timestamp()) * 10**9,
            export_id="jd7export",
            bytes=1_234_567,
            sha256="4" * 64,
            with_files=True,
        ),
        kind="manual",
        label="before the migration",
        asked=Asked(by="rizal", door="terminal", at=AT),
        finished=AT + timedelta(seconds=9),
        app_version="c0ffee1",
        lifeboat_version="0.1.0",
        archive=ArchiveFacts(
            name=f"backups/production/{ID}/archive.zip", bytes=1_234_567, sha256="4" * 64
        ),
        contents=Contents(
            tables=tables,
            storage=(StorageFacts(count=1, bytes=4096, sha256="5" * 64, files=(file,)),),
            components=("", "waitlist/inner"),
        ),
        check=Check(at=AT, by="rizal", door="terminal", looked_at=LOOKED_AT),
        steps=(StepTook(step="export", seconds=1.2), StepTook(step="download", seconds=0.3)),
    )
    return msgspec.structs.replace(made, **changes)


def entry(**changes: Any) -> Entry:
    """Return the catalog's row of that backup."""
    facts: dict[str, Any] = {
        "id": ID,
        "deployment": "production",
        "taken_at": AT,
        "kind": "manual",
        "label": "",
        "bytes": 1_234_567,
        "documents": 210,
        "tables": 2,
        "files": 1,
        "verified_at": AT,
        "verified_by": "rizal",
        "verified_findings": 0,
        "asked_by": "rizal",
        "vault": "local",
    }
    return Entry(**{**facts, **changes})


def backup_finished(**changes: Any) -> events.BackupFinished:
    """Return the result of `now`."""
    return events.BackupFinished(
        **{"manifest": manifest(), "vault": "local", "seconds": 9, **changes}
    )


def verified(**changes: Any) -> events.BackupVerified:
    """Return the result of `verify`."""
    facts: dict[str, Any] = {
        "id": ID,
        "depth": "full",
        "looked_at": LOOKED_AT,
        "findings": (),
        "compared_with": ("production-2026-11-23-0200",),
        "seconds": 0.42,
        "recorded": True,
    }
    return events.BackupVerified(**{**facts, **changes})


def plan(**changes: Any) -> events.Plan:
    """Return the plan of a restore into staging."""
    facts: dict[str, Any] = {
        "backup": ID,
        "archive_sha256": "4" * 64,
        "snapshot_at": AT,
        "source": "production",
        "target": "staging",
        "target_url": "https://calm-otter-456.convex.cloud",
        "mode": "replace-all",
        "chosen": None,
        "tables": (
            events.TablePlan("", "npd", 150, 200, 200, "replaced"),
            events.TablePlan("waitlist/inner", "entries", 0, 10, 10, "created"),
            events.TablePlan("", "scratch", 7, 0, 0, "deleted"),
        ),
        "files": (events.FilesPlan("", 3, 1, 1, "replaced"),),
        "fingerprint": "f" * 64,
    }
    return events.Plan(**{**facts, **changes})


def restored(**changes: Any) -> events.RestoreFinished:
    """Return the result of a restore that kept its promises."""
    facts: dict[str, Any] = {
        "plan": plan(),
        "job_id": "restore.staging.20261124T050013-abcd",
        "import_id": "kh7import",
        "rows_written": 210,
        "counted": (
            events.Counted("", "npd", 150, 200, 200),
            events.Counted("waitlist/inner", "entries", 0, 10, 10),
            events.Counted("", "scratch", 7, 0, 0),
            events.Counted("", "_storage", 3, 1, 1),
        ),
        "safety_backup": "staging-2026-11-24-0500",
        "undo": "lifeboat restore staging-2026-11-24-0500 --to staging --mode replace-all",
        "seconds": 12.5,
    }
    return events.RestoreFinished(**{**facts, **changes})


def status(**changes: Any) -> events.StatusTold:
    """Return a status with one covered deployment, one bare one, and two jobs."""
    job = events.JobStanding(
        "now-production-4k2f9c", "now", "production", "running", "Rizal", AT, step="download"
    )
    facts = {
        "deployments": (
            DeploymentStanding("production", True, entry(), 3),
            DeploymentStanding("staging", False, None, 0),
        ),
        "jobs": (job, replace(job, id="verify-production-8m1t0x", state="queued", place=1)),
        "now": NOW,
    }
    return events.StatusTold(**{**facts, **changes})


def trouble(**changes: Any) -> Trouble:
    """Return a backup that is overdue."""
    facts: dict[str, Any] = {
        "kind": "backup overdue",
        "about": "production",
        "severity": "severe",
        "what": "The newest good backup of production is 1 day 3 h old.",
        "safe": "It is safe, and can be restored.",
        "hint": "Take one now: lifeboat now production",
        "since": AT,
    }
    return Trouble(**{**facts, **changes})


def audit_entry(number: int = 12, **changes: Any) -> AuditEntry:
    """Return an entry of the audit log: the confirm of a restore into staging."""
    facts: dict[str, Any] = {
        "what": "restore.confirmed",
        "by": "terminal:rizal@backup-1",
        "by_name": "rizal",
        "door": "terminal",
        "about": ID,
        "deployment": "staging",
        "fingerprint": "f" * 64,
        "facts": {"job": "restore.staging.20261124T050013-abcd", "protected": False},
        "number": number,
        "at": AT,
        "nonce": "0a1b2c3d",
        "before": "0" * 64,
    }
    return AuditEntry(**{**facts, **changes})


def audit_told(**changes: Any) -> events.AuditTold:
    """Return two entries of one restore, and its story."""
    why = "npd lost its rows"
    entries = (audit_entry(), audit_entry(11, what="restore.asked", why=why, outcome=""))
    facts = {"entries": entries, "stories": stories(entries)}
    return events.AuditTold(**{**facts, **changes})


def audit_verified(**changes: Any) -> events.AuditVerified:
    """Return a walk along a whole log of twelve entries."""
    facts: dict[str, Any] = {
        "looked_at": LookedAt(bytes=9_600, entries=12),
        "findings": (),
        "head": Head(12, "a" * 64),
    }
    return events.AuditVerified(**{**facts, **changes})


def approval(**changes: Any) -> Approval:
    """Return a question that waits for one of two people."""
    facts = {
        "id": "ask-production-4k2f9c",
        "fingerprint": "5" * 64,
        "asked_by": "U1",
        "asked_name": "Rizal",
        "asked_at": AT,
        "quorum": 1,
        "approvers": frozenset({"U1", "U2", "U3"}),
        "approve_until": AT + timedelta(hours=1),
        "use_within": timedelta(minutes=30),
        "reason": "rows were lost",
    }
    return Approval(**{**facts, **changes})


def known(**changes: Any) -> Known:
    """Return what is known of a backup that was in staging yesterday."""
    facts = {
        "taken_at": AT,
        "bytes": 1_234_567,
        "verified_at": AT,
        "verified_findings": 0,
        "staged_at": AT,
        "staged_in": "staging",
    }
    return Known(**{**facts, **changes})


def decisions() -> tuple[Decision, ...]:
    """Return what a policy makes of four backups, one of them held."""
    backups = [
        Backup(
            id=f"production-{NOW - timedelta(days=days):%Y-%m-%d-%H%M}",
            deployment="production",
            vault="local",
            taken_at=NOW - timedelta(days=days),
            kind=kind,
            bytes=12_300_000,
            proven_at=NOW,
            held="the tax audit (Rizal, 2026-11-24)" if days == 500 else "",
        )
        for days, kind in ((1, "daily"), (100, "manual"), (400, "pre-deploy"), (500, "manual"))
    ]
    return decide(backups, Policies(usual=Policy(floor=1)), NOW)


def prune_plan(**changes: Any) -> retention_events.PrunePlan:
    """Return a plan in which two backups go, and two that went before."""
    waiting = [
        retention_events.Waiting(
            id,
            "production",
            5_000_000,
            NOW - timedelta(days=days),
            NOW + timedelta(days=7 - days),
            due,
        )
        for id, days, due in (
            ("production-2024-01-01-0200", 9, True),
            ("production-2024-01-02-0200", 2, False),
        )
    ]
    facts = {
        "vault": "local",
        "deployment": None,
        "now": NOW,
        "decisions": decisions(),
        "waiting": tuple(waiting),
        "grace": timedelta(days=7),
        "fingerprint": "3f2a9c01" * 8,
    }
    return retention_events.PrunePlan(**{**facts, **changes})


def prune_plans() -> retention_events.PrunePlan:
    """Return the plans of two vaults."""
    return prune_plan(more=(prune_plan(vault="second", waiting=()),))


def pruned_twice() -> retention_events.Pruned:
    """Return a prune of two vaults, and a third that could not be looked at."""
    other = pruned(vault="second", removed=("production-2025-10-20-0200",), spared=(), waiting=0)
    lost = ("attic", "The vault 'attic' can't be used.")
    return pruned(more=(other,), failed=(lost,))


def pruned(**changes: Any) -> retention_events.Pruned:
    """Return a prune that removed two backups and spared one."""
    facts = {
        "vault": "local",
        "removed": ("production-2026-08-16-0200", "production-2025-10-20-0200"),
        "removed_bytes": 24_600_000,
        "spared": (("production-2025-07-12-0200", "it changed, and is kept: held"),),
        "bytes_gone": ("production-2024-01-01-0200",),
        "freed_bytes": 5_000_000,
        "waiting": 3,
        "waiting_bytes": 29_600_000,
        "grace": timedelta(days=7),
        "kept": 2,
    }
    return retention_events.Pruned(**{**facts, **changes})


def hold_changed(**changes: Any) -> retention_events.HoldChanged:
    """Return a hold that was placed."""
    facts = {
        "id": "production-2026-11-24-0200",
        "what": "held",
        "by": "Rizal",
        "why": "the tax audit",
        "holds": ("the tax audit (Rizal, 2026-11-24)",),
        "locked": True,
    }
    return retention_events.HoldChanged(**{**facts, **changes})


def copied(**changes: Any) -> copy_events.BackupCopied:
    """Return a copy that was made, and one that failed."""
    facts: dict[str, Any] = {
        "id": ID,
        "bytes": 1_234_567,
        "copies": (
            CopyTold("second", "copied"),
            CopyTold("attic", "failed", "The vault 'attic' can't be used.", "Is its disk mounted?"),
        ),
        "seconds": 2.0,
    }
    return copy_events.BackupCopied(**{**facts, **changes})


def synced(**changes: Any) -> copy_events.VaultsSynced:
    """Return two vaults that were filled, one of them not whole."""
    facts: dict[str, Any] = {
        "vaults": (
            VaultSynced("second", (ID,), 1_234_567, there=2, beside=3, entries=12),
            VaultSynced("attic", failed=((ID, "The vault 'attic' can't be used."),)),
        ),
        "seconds": 3.0,
    }
    return copy_events.VaultsSynced(**{**facts, **changes})


def copies() -> tuple[Copy, ...]:
    """Return the copies of the backup in two of three vaults, one with a finding."""
    return (
        Copy(vault="local", verified_at=AT, verified_by="rizal", verified_findings=0),
        Copy(vault="second", verified_at=NOW, verified_by="ayu", verified_findings=1),
    )


def one_of_each() -> list[Event]:
    """Return every kind of event there is, each made once."""
    from tests.bot import summary_facts
    from tests.bot.messages import schedule_facts

    return [
        summary_facts.told(),
        events.StepBegan("export"),
        events.Progressed("export", 10, None, "documents"),
        events.StepFinished("export", 1.2),
        events.Noted("Waiting for another export to end."),
        events.Warned("The clocks differ by 40 s."),
        backup_finished(),
        events.BackupsListed(entries=(entry(),), now=NOW),
        events.BackupShown(manifest(), (manifest().check,), "local", NOW),
        verified(),
        copied(),
        synced(),
        events.RestorePlanned(plan()),
        events.RestoreDryRun(plan()),
        events.ImportConfirmed("km2abc"),
        restored(),
        retention_events.PrunePlanned(prune_plan()),
        retention_events.PruneDryRun(prune_plan()),
        retention_events.BackupRemoved("production-2026-08-16-0200", "it is 100 days old"),
        pruned(),
        retention_events.PruneDryRun(prune_plans()),
        pruned_twice(),
        hold_changed(),
        status(),
        status(troubles=()),
        status(troubles=(trouble(), trouble(severity="warning"))),
        events.CancelAsked("now-production-4k2f9c", "running"),
        schedule_facts.told(),
        SchedulePaused("daily", NOW, "moving", (NOW,)),
        ScheduleResumed("daily", (NOW,)),
        ScheduleBegan("daily", ("sched:daily:production:4k2f9c",)),
        ScheduleRun("daily", 0),
        *alerts_told(),
        audit_told(),
        audit_verified(),
        events.ApprovalAsked(approval(), plan(), known()),
        events.ApprovalChanged(approval()),
        events.BallotRefused("U2", "You have approved this already."),
        events.ApprovalEnded(approval(state=State.DENIED, ended_by="Ayu"), plan()),
        ArchiveThawed(ID, "staging", "restore-staging-4k2f9c"),
        events.DeploymentPaused("production"),
        events.DeploymentResumed("production"),
        key_events.KeyCreated("age1qqq", "lifeboat.identity", ('recipients = ["age1qqq"]',)),
        key_events.KitTold("LIFEBOAT RECOVERY KIT\n\n1. WHERE", ("production-2026-11-24-0200",)),
        events.DoctorLooked((events.DoctorLine("vault", "OK", "It can be written."),)),
        events.JobFailed("It broke.", "Nothing was touched.", "Type it again.", "Refused", 2),
    ]


def said(event: Event, width: int = 100) -> str:
    """Return an event's lines for a reader in UTC."""
    return show.plain(event, Reader(width=width, zone=UTC))


def printed(*told: Event, as_json: bool = False) -> tuple[str, str]:
    """Return what a run without a terminal writes to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    with printer(json=as_json, out=out, err=err) as shown:
        for event in told:
            shown.tell(event)
    return out.getvalue(), err.getvalue()


def results() -> list[Event]:
    """Return one of each event that ends a verb well."""
    return [event for event in one_of_each() if isinstance(event, events.Result)]


def alerts_told() -> list[events.Event]:
    """What `alert` tells, in each of its ways."""
    from tests.bot.messages import alert_facts as alerts

    return [
        alert_events.AlertsTold((alerts.alert(), alerts.TAKEN, alerts.SILENT), alerts.ROADS, NOW),
        alert_events.AlertsTold((alerts.FLAPS, alerts.GONE), alerts.ROADS, NOW),
        alert_events.AlertsTold((), (), NOW),
        alert_events.AlertTaken(alerts.TAKEN, snoozed=False),
        alert_events.AlertTaken(alerts.SILENT, snoozed=True),
        alert_events.AlertTaken(alerts.TAKEN, snoozed=False, unwritten="The disk is full."),
        alert_events.AlertTested(alerts.TESTED),
        alert_events.AlertTested(()),
    ]
