"""Facts for every view, believable ones and the longest plausible ones; the views made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import msgspec

from bot.messages import (
    answers,
    audited,
    doctor,
    fallback,
    helping,
    job,
    kit,
    listing,
    pruning,
    report,
    shown,
    standing,
    summary,
)
from bot.messages.model import JobView, Message
from commands import VERBS, events, key_events
from commands import kit as kit_page
from commands.audit_story import stories
from commands.copies import CopyTold, VaultSynced
from commands.retention_events import PrunePlan
from commands.standings import DeploymentStanding
from commands.three_two_one import Place, digits
from commands.trouble import Trouble
from storage.audit import Head
from storage.errors import ExportInProgress, Refused
from storage.finding import Finding, LookedAt
from storage.manifest import Contents, FileFacts, SealedFacts, StorageFacts, TableFacts
from storage.retention import decide
from storage.retention_policy import Policies, Policy
from storage.vaults.vault import ByHand
from tests.bot import summary_facts
from tests.bot import terminal_events as made
from tests.bot.messages import alert_facts, schedule_facts
from tests.bot.terminal_events import AT, ID, NOW

ASKER = "U024BE7LH"
HOSTILE = (
    "<!channel> <@U123> <https://evil.example|ok> *bold* _it_ ~no~ `code` ```x``` & \u202e\n"
    "\u200b👩\u200d💻"
)
LONG_LABEL = (HOSTILE * 9)[:200]
LONG_TABLE = "t" * 58 + "{:06}"
FAILURE = events.JobFailed(
    "production answered 503 to the export, 5 times in 2 min.",
    "No new backup was made; earlier backups are untouched.",
    "Run `lifeboat now` again when https://status.convex.dev is green.",
    "ServerTrouble",
    1,
)


def view(**changes: Any) -> JobView:
    """Return a running backup of production."""
    facts: dict[str, Any] = {
        "id": "now-production-4k2f9c",
        "verb": "now",
        "deployment": "production",
        "protected": True,
        "backup": "",
        "asked_by": ASKER,
        "asked_name": "Rizal",
        "asked_at": AT,
        "state": "running",
        "step": "download",
        "done": 12_300_000,
        "total": 45_000_000,
        "unit": "bytes",
        "began_at": AT + timedelta(seconds=2),
    }
    return JobView(**{**facts, **changes})


def restoring(**changes: Any) -> JobView:
    """Return a running restore into staging."""
    facts: dict[str, Any] = {
        "id": "restore-staging-7m1x0a",
        "verb": "restore",
        "deployment": "staging",
        "protected": False,
        "backup": ID,
        "step": "restore",
        "done": 140,
        "total": 210,
        "unit": "documents",
        "noted": "Convex: importing npd",
    }
    return view(**{**facts, **changes})


def ended(state: str, **changes: Any) -> JobView:
    """Return a job that has ended, three minutes after it began."""
    return view(state=state, ended_at=AT + timedelta(seconds=187), **changes)


def differing() -> events.RestoreFinished:
    """Return a restore that did not keep its promise."""
    counted = (
        events.Counted("", "npd", 150, 200, 200),
        events.Counted("waitlist/inner", "entries", 0, 10, 9),
    )
    what = "waitlist/inner/entries holds 9; 10 were promised (0 before)."
    found = (Finding(check="counts after the restore", what=what),)
    return made.restored(counted=counted, findings=found)


@cache
def sealed_manifest() -> Any:
    """Return a manifest of a backup whose archive is sealed, for a person and for a safe."""
    plain = made.manifest().archive
    inside = SealedFacts(
        zip_bytes=plain.bytes - 380,
        zip_sha256="6" * 64,
        recipients=(f"age1{'q' * 58}", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW"),
    )
    archive = msgspec.structs.replace(plain, name=f"{plain.name}.age", sealed=inside)
    return made.manifest(format=2, archive=archive)


def recovery_page() -> str:
    """Return the page of a kit that tells of one sealed backup, in a place with odd words."""
    odd = ByHand(what=f"the folder /srv/{HOSTILE}", root="/srv/vault", copy="cp", list="ls")
    return kit_page.page(
        kit_page.Kit(
            made=NOW,
            host="bot-1",
            lifeboat_version="0.1.0",
            vaults=(kit_page.Place("local", odd),),
            newest=(sealed_manifest(),),
            without=("staging",),
        )
    )


def long_manifest() -> Any:
    """Return a manifest with 10,000 tables, 50,000 files and a hostile label."""
    tables = tuple(
        TableFacts(
            name=LONG_TABLE.format(i),
            component="waitlist/inner" if i % 3 else "",
            number=10_000 + i,
            documents=10**12 + i,
            bytes=10**15,
            sha256="1" * 64,
        )
        for i in range(10_000)
    )
    files = tuple(FileFacts(id=f"kg{i:030}", sha256="3" * 64, bytes=4096) for i in range(50_000))
    storage = (StorageFacts(count=50_000, bytes=10**14, sha256="5" * 64, files=files),)
    whole = made.manifest(
        label=LONG_LABEL,
        contents=Contents(tables=tables, storage=storage),
        notes=(HOSTILE,) * 50,
        chosen=tuple(each.name for each in tables),
        app_version=HOSTILE,
    )
    about = msgspec.structs.replace(
        whole.deployment,
        env_names=tuple(f"SECRET_NAME_{i:040}" for i in range(500)),
        schemas={f"component/{i}": "{}" for i in range(500)},
    )
    return msgspec.structs.replace(whole, deployment=about)


@cache
def findings(count: int) -> tuple[Finding, ...]:
    """Return many findings with much to say."""
    what = f"{HOSTILE} Row is not JSON. " * 20
    where = LONG_TABLE.format(1) + "/documents.jsonl:123456789"
    return tuple(Finding(check=f"check {i}", what=what, where=where) for i in range(count))


@cache
def long_plan() -> events.Plan:
    """Return a plan over 10,000 tables, with everything against it."""
    tables = tuple(
        events.TablePlan(
            "waitlist/inner",
            LONG_TABLE.format(i),
            10**12,
            10**12,
            None,
            "merged" if i else "deleted",
        )
        for i in range(10_000)
    )
    return made.plan(
        tables=tables,
        chosen=tuple(each.table for each in tables),
        conflicts=tuple(events.Conflict(HOSTILE * 20, ("replace", "merge")) for _ in range(1_000)),
        warnings=(HOSTILE * 20,) * 1_000,
    )


@cache
def long_restored() -> events.RestoreFinished:
    """Return the result of a restore of 10,000 tables, of which the last one differs."""
    last = 9_999
    counted = tuple(
        events.Counted("waitlist/inner", LONG_TABLE.format(i), 10**12, 10**12, 10**12 - (i == last))
        for i in range(last + 1)
    )
    return made.restored(plan=long_plan(), counted=counted, findings=findings(1_000))


def long_entry() -> Any:
    """Return a list's row with the longest and worst words."""
    return made.entry(
        id="d" * 40 + "-2026-11-24-0200-12",
        label=LONG_LABEL,
        bytes=10**18,
        documents=10**15,
        tables=10_000,
        files=10**12,
        verified_by=HOSTILE,
        verified_findings=10**6,
    )


def job_standing(**changes: Any) -> events.JobStanding:
    """Return a job that runs."""
    facts: dict[str, Any] = {
        "id": "now-production-4k2f9c",
        "verb": "now",
        "deployment": "production",
        "state": "running",
        "asked_by": "rizal",
        "asked_at": AT,
        "step": "export",
    }
    return events.JobStanding(**{**facts, **changes})


def status(**changes: Any) -> events.StatusTold:
    """Return the standing of three deployments and two jobs."""
    facts: dict[str, Any] = {
        "deployments": (
            DeploymentStanding("production", True, made.entry(), 12),
            DeploymentStanding("staging", False, None, 0),
            DeploymentStanding("dev", False, None, 3),
        ),
        "jobs": (
            job_standing(silent_seconds=300),
            job_standing(
                id="verify-production-9x0b1c", verb="verify", state="queued", step="", place=1
            ),
        ),
        "now": NOW,
    }
    return events.StatusTold(**{**facts, **changes})


def trouble(**changes: Any) -> Trouble:
    """Return a backup that is overdue."""
    facts: dict[str, Any] = {
        "kind": "backup overdue",
        "about": "production",
        "severity": "severe",
        "what": "The newest good backup of production is 1 day 3 h old; it may be at most 1 day "
        "2 h (the schedule daily).",
        "safe": "production-2026-11-24-0200 of 2026-11-24 02:00 UTC is safe, and can be restored.",
        "hint": "Take one now: lifeboat now production",
        "since": AT,
        "deployment": "production",
        "retry": "now production",
    }
    return Trouble(**{**facts, **changes})


def troubles() -> tuple[Trouble, ...]:
    """Return a severe trouble and one that can wait."""
    filling = trouble(
        kind="vault filling",
        about="local",
        severity="warning",
        what="The disk of the vault 'local' has 3.1 GB free; a backup of every deployment takes "
        "1.4 GB, so there is room for 2 more runs.",
        safe="Every backup that is there is whole.",
        hint="Make room on that disk, or see what may go: lifeboat prune --dry-run",
    )
    return filling, trouble()


def long_status() -> events.StatusTold:
    """Return five hundred deployments and as many jobs."""
    names = [f"{'d' * 36}{i:04}" for i in range(500)]
    return status(
        deployments=tuple(
            DeploymentStanding(name, True, long_entry() if i % 2 else None, 10**6)
            for i, name in enumerate(names)
        ),
        jobs=tuple(job_standing(deployment=name, asked_by=HOSTILE, step=HOSTILE) for name in names),
    )


def listed(count: int, **changes: Any) -> events.BackupsListed:
    """Return so many backups, an hour apart."""
    entries = tuple(
        made.entry(id=f"production-2026-11-{24 - i:02}-0200", taken_at=AT - timedelta(days=i))
        for i in range(count)
    )
    return events.BackupsListed(**{"entries": entries, "now": NOW, **changes})


def long_audit() -> events.AuditTold:
    """Return very many entries, their stories, and many that can't be read."""
    entries = tuple(
        made.audit_entry(
            10**9 - i,
            what="restore.confirmed" if i % 2 else "vote.yes",
            by_name=HOSTILE,
            why=HOSTILE * 20,
            outcome=HOSTILE,
            about=LONG_LABEL,
            deployment="d" * 40,
            facts={"job": f"{HOSTILE} {i // 3}", "protected": True},
        )
        for i in range(500)
    )
    unreadable = ((LONG_LABEL, HOSTILE * 90),) * 1_000
    return events.AuditTold(entries, stories(entries), unreadable, more=True)


def looked() -> events.DoctorLooked:
    """Return a look that found something of each kind."""
    return events.DoctorLooked(
        (
            events.DoctorLine("settings", "OK", "Deployments: production, staging. Vault: local."),
            events.DoctorLine("staging key", "FAIL", "The key is unknown.", "Make a new one."),
            events.DoctorLine("spool", "WARN", "0.10 GB free.", "Make room."),
        )
    )


JOBS: dict[str, Callable[[], JobView]] = {
    "queued": lambda: view(state="queued", ahead=2, began_at=None, step="", unit=""),
    "next": lambda: view(state="queued", ahead=0, began_at=None, step="", unit=""),
    "by-the-clock": lambda: view(asked_by="", asked_name="the schedule nightly"),
    "made-up-for": lambda: view(
        asked_by="",
        asked_name="schedule daily",
        why="Due 2026-11-23 19:00 UTC; no bot ran then. Only the newest is made up for; "
        "2 before it were missed.",
    ),
    "running": view,
    "unknown-total": lambda: view(step="export", done=1234, total=None, unit="documents"),
    "just-begun": lambda: view(step="", done=0, total=None, unit=""),
    "cancelling": lambda: view(cancelling=True),
    "late": lambda: view(late=True),
    "picked-up": lambda: view(restarts=2, warned=1),
    "restoring": restoring,
    "closed": lambda: restoring(closed=True),
    "backed-up": lambda: ended("done", result=made.backup_finished()),
    "damaged": lambda: ended("look", result=made.backup_finished(findings=(made.DAMAGE,))),
    "verified": lambda: ended("done", verb="verify", backup=ID, result=made.verified()),
    "copying": lambda: view(verb="copy", backup=ID, step="copy to second"),
    "copied": lambda: ended(
        "done",
        verb="copy",
        backup=ID,
        result=made.copied(copies=(CopyTold("second", "copied"),)),
    ),
    "not-copied": lambda: ended("look", verb="copy", backup=ID, result=made.copied()),
    "synced": lambda: ended("look", verb="sync", deployment="second", result=made.synced()),
    "not-sound": lambda: ended(
        "look", verb="verify", backup=ID, result=made.verified(findings=(made.DAMAGE,))
    ),
    "pruned": lambda: ended("done", verb="prune", result=made.pruned()),
    "pruned-several": lambda: ended("look", verb="prune", result=made.pruned_twice()),
    "restored": lambda: replace(restoring(), state="done", ended_at=NOW, result=made.restored()),
    "differs": lambda: replace(restoring(), state="look", ended_at=NOW, result=differing()),
    "failed": lambda: ended("failed", failure=FAILURE),
    "refused": lambda: ended(
        "failed", failure=events.JobFailed("No.", "Nothing was touched.", "Ask.", "Refused", 2)
    ),
    "cancelled": lambda: ended(
        "cancelled",
        failure=events.JobFailed(
            "It was cancelled.", "No new backup was made.", "Ask again.", "Cancelled", 1
        ),
    ),
    "longest": lambda: view(
        deployment=HOSTILE,
        verb="restore",
        backup=LONG_LABEL,
        asked_by="",
        asked_name=LONG_LABEL,
        step=LONG_LABEL,
        done=10**18,
        total=10**19,
        unit="documents",
        noted=HOSTILE * 50,
        warned=10**9,
        restarts=10**6,
        cancelling=True,
    ),
    "longest-failure": lambda: ended(
        "failed",
        failure=events.JobFailed(HOSTILE * 90, HOSTILE * 90, HOSTILE * 90, "Unreachable", 1),
    ),
    "restored-10000-tables": lambda: replace(
        restoring(), state="look", ended_at=NOW, result=long_restored()
    ),
}

REPORTS: dict[str, Callable[[], Message]] = {
    "begun": lambda: report.begun(JOBS["queued"]()),
    "noted": lambda: report.noted(events.Noted("Waiting for another export to end.")),
    "warned": lambda: report.noted(events.Warned("The clocks differ by 40 s.")),
    "picked-up": lambda: report.picked_up(view(restarts=1)),
    "cancelled": lambda: report.cancelled(view(), "No new backup was made."),
    "silent": lambda: report.silent(view(), 1_800),
    "backup": lambda: report.full(made.backup_finished(findings=(made.WARNING, made.DAMAGE))),
    "backup-longest": lambda: report.full(
        events.BackupFinished(long_manifest(), HOSTILE, 10**6, findings(1_000))
    ),
    "verified": lambda: report.full(made.verified()),
    "verified-longest": lambda: report.full(made.verified(findings=findings(1_000))),
    "copied": lambda: report.full(made.copied()),
    "synced": lambda: report.full(made.synced()),
    "sync-dry-run": lambda: report.full(
        made.synced(vaults=(VaultSynced("second", (ID,) * 3, 9, there=2),), dry_run=True)
    ),
    "synced-longest": lambda: report.full(
        made.synced(
            vaults=tuple(
                VaultSynced("v" * 40, (ID,) * 500, 10**12, failed=((HOSTILE, HOSTILE * 40),) * 500)
                for _ in range(9)
            )
        )
    ),
    "backup-several": lambda: report.full(
        replace(
            made.backup_finished(),
            copies=(
                CopyTold("second", "queued", f"copy-second-{ID}"),
                *made.copied().copies,
            ),
        )
    ),
    "planned": lambda: report.full(events.RestorePlanned(made.plan())),
    "planned-longest": lambda: report.full(events.RestorePlanned(long_plan())),
    "dry-run": lambda: report.full(events.RestoreDryRun(made.plan())),
    "dry-run-cold": lambda: report.full(events.RestoreDryRun(made.plan(), thaw_hours=12)),
    "dry-run-conflict": lambda: report.full(
        events.RestoreDryRun(
            made.plan(
                conflicts=(events.Conflict("Table 'npd' has number 1 there.", ("replace",)),),
                warnings=("The archive holds no documents at all.",),
            )
        )
    ),
    "dry-run-longest": lambda: report.full(
        events.RestoreDryRun(replace(long_plan(), conflicts=()))
    ),
    "restored": lambda: report.full(made.restored()),
    "restored-differs": lambda: report.full(differing()),
    "restored-longest": lambda: report.full(long_restored()),
    "pruned": lambda: report.full(made.pruned()),
    "pruned-several": lambda: report.full(made.pruned_twice()),
    "pruned-nothing": lambda: report.full(
        made.pruned(removed=(), spared=(), bytes_gone=(), waiting=0)
    ),
    "pruned-longest": lambda: report.full(
        made.pruned(
            vault=LONG_LABEL,
            removed=(LONG_LABEL,) * 3_000,
            spared=((LONG_LABEL, HOSTILE * 40),) * 3_000,
            bytes_gone=(LONG_LABEL,) * 3_000,
        )
    ),
    "failed": lambda: report.full(FAILURE),
}


def long_prune(why: str = "the tax audit") -> PrunePlan:
    """Return a plan of a thousand backups, all held for the same reason or going."""
    four = made.decisions()
    held = msgspec.structs.replace(four[0].backup, held=why)
    many = decide(
        [msgspec.structs.replace(held, id=f"production-{i}") for i in range(500)]
        + [msgspec.structs.replace(four[2].backup, id=f"production-g{i}") for i in range(20)],
        Policies(usual=Policy(floor=1)),
        NOW,
    )
    return made.prune_plan(decisions=many)


PRIVATE: dict[str, Callable[[], Message]] = {
    "list": lambda: listing.page(
        listed(
            12,
            unreadable=(("backups/production/x/manifest.json", "It is not JSON."),),
        ),
        2,
        "production",
    ),
    "list-first": lambda: listing.page(listed(5, more=7), 1, None),
    "list-held": lambda: listing.page(
        events.BackupsListed(
            (msgspec.structs.replace(made.entry(), held="the tax audit (Rizal, 2026-11-24)"),), NOW
        ),
        1,
        None,
    ),
    "shown-held": lambda: shown.backup(
        events.BackupShown(
            made.manifest(), (), "local", NOW, ("the tax audit (Rizal, 2026-11-24)",)
        )
    ),
    "list-empty": lambda: listing.page(listed(0), 1, "production"),
    "list-longest": lambda: listing.page(
        events.BackupsListed(
            (long_entry(),) * 500, NOW, ((LONG_LABEL, HOSTILE * 90),) * 1_000, more=10**9
        ),
        3,
        "d" * 40,
    ),
    "list-several": lambda: listing.page(
        events.BackupsListed(
            (made.entry(copies=made.copies()),), NOW, vaults=("local", "second", "attic")
        ),
        1,
        None,
    ),
    "shown-several": lambda: shown.backup(
        events.BackupShown(
            made.manifest(),
            (),
            "local",
            NOW,
            copies=made.copies(),
            vaults=("local", "second", "attic"),
        )
    ),
    "status-several": lambda: standing.status(
        status(
            deployments=(
                DeploymentStanding(
                    "production",
                    True,
                    made.entry(copies=made.copies()),
                    3,
                    digits(
                        made.entry(copies=made.copies()),
                        "production",
                        {name: Place(name) for name in ("local", "second", "attic")},
                    ),
                ),
            )
        )
    ),
    "shown": lambda: shown.backup(
        events.BackupShown(made.manifest(), (made.manifest().check,), "local", NOW)
    ),
    "shown-longest": lambda: shown.backup(
        events.BackupShown(
            long_manifest(),
            (msgspec.structs.replace(made.manifest().check, findings=findings(50)),) * 500,
            "local",
            NOW,
        )
    ),
    "shown-sealed": lambda: shown.backup(
        events.BackupShown(sealed_manifest(), (made.manifest().check,), "local", NOW)
    ),
    "recovery-kit": lambda: kit.told(key_events.KitTold(recovery_page(), (made.ID,))),
    "status": lambda: standing.status(status()),
    "status-troubles": lambda: standing.status(status(jobs=(), troubles=troubles())),
    "status-quiet": lambda: standing.status(status(jobs=())),
    "status-no-bot": lambda: standing.status(
        status(jobs=None, jobs_unknown="no bot has run on this data folder.")
    ),
    "status-longest": lambda: standing.status(long_status()),
    "help": lambda: helping.overview(VERBS),
    "help-now": lambda: helping.verb(VERBS["now"]),
    "help-restore": lambda: helping.verb(VERBS["restore"]),
    "doctor": lambda: doctor.looked(looked()),
    "doctor-nothing": lambda: doctor.looked(events.DoctorLooked()),
    "doctor-longest": lambda: doctor.looked(
        events.DoctorLooked(
            tuple(
                events.DoctorLine(f"{LONG_LABEL} {i}", "OK" if i else "FAIL", HOSTILE * 40, HOSTILE)
                for i in range(1_000)
            )
        )
    ),
    "audit": lambda: audited.answer(made.audit_told(more=True)),
    "audit-empty": lambda: audited.answer(events.AuditTold(())),
    "audit-longest": lambda: audited.answer(long_audit()),
    "audit-whole": lambda: audited.answer(made.audit_verified()),
    "audit-broken": lambda: audited.answer(
        made.audit_verified(
            findings=(
                Finding(check="numbers", what="Entry 7 is missing.", where="audit/0000000008.json"),
            ),
            expected=Head(11, "b" * 64),
        )
    ),
    "audit-nothing": lambda: audited.answer(
        made.audit_verified(looked_at=LookedAt(), head=None, findings=findings(1))
    ),
    "audit-broken-longest": lambda: audited.answer(made.audit_verified(findings=findings(500))),
    "prune-plan": lambda: pruning.plan(made.prune_plan(), 1),
    "prune-plan-several": lambda: pruning.plan(made.prune_plans(), 1),
    "prune-plan-nothing": lambda: pruning.plan(made.prune_plan(decisions=(), waiting=()), 1),
    "prune-plan-page": lambda: pruning.plan(long_prune(), 3),
    "prune-plan-longest": lambda: pruning.plan(long_prune(HOSTILE * 40), 2),
    "prune-changed": lambda: pruning.changed(made.prune_plan(deployment="production")),
    "hold-placed": lambda: report.full(made.hold_changed()),
    "hold-released": lambda: report.full(made.hold_changed(what="released", locked=False)),
    "hold-release-asked": lambda: report.full(
        made.hold_changed(what="release asked", locked=False, until=NOW)
    ),
    "hold-longest": lambda: report.full(
        made.hold_changed(why=HOSTILE * 40, by=LONG_LABEL, holds=(HOSTILE * 40,) * 500)
    ),
    "refused": lambda: answers.refused(
        Refused("There is no deployment called 'prod'.", hint="Did you mean 'production'?")
    ),
    "refused-usage": lambda: answers.refused(
        Refused("`now` does not understand '--tabels'.", hint="Usage: lifeboat now [--tables a,b]")
    ),
    "refused-convex": lambda: answers.refused(ExportInProgress("Another export runs.", hint="")),
    "refused-longest": lambda: answers.refused(Refused(HOSTILE * 90, hint=HOSTILE * 90)),
    "unknown-verb": lambda: answers.unknown_verb("verfy", VERBS),
    "unknown-verb-hostile": lambda: answers.unknown_verb(HOSTILE, VERBS),
    "started": lambda: answers.started(JOBS["queued"]()),
    "already": lambda: answers.already("now-production-4k2f9c"),
    "already-shown": lambda: answers.already(view()),
    "old-button": answers.old_button,
    "not-allowed": lambda: answers.not_allowed("You are not on the list of operators."),
    "not-in-channel": answers.not_in_channel,
    "cancel-asked": lambda: answers.cancel_asked(events.CancelAsked("now-1", "running")),
    "cancel-asked-queued": lambda: answers.cancel_asked(events.CancelAsked("now-1", "queued")),
    "given-up": lambda: answers.given_up("now-production-4k2f9c"),
    "nobody-can-say": lambda: answers.nobody_can_say("ratelimited"),
    "bug": lambda: answers.bug("9f86d081"),
    "fallback": lambda: fallback.plain(job.card(JOBS["backed-up"](), NOW)),
}


def card(name: str) -> Message:
    """Return the card of one of JOBS, three minutes after the job was asked for."""
    return job.card(JOBS[name](), AT + timedelta(seconds=187))


VIEWS: dict[str, Callable[[], Message]] = {
    **{f"job-{name}": (lambda name=name: card(name)) for name in JOBS},
    **{f"report-{name}": make for name, make in REPORTS.items()},
    **PRIVATE,
    **schedule_facts.views(HOSTILE),
    **alert_facts.VIEWS,
    "summary-well": lambda: summary.told(summary_facts.told()),
    "summary-overdue": lambda: summary.told(summary_facts.one_overdue()),
    "summary-failures": lambda: summary.told(summary_facts.failures()),
    "summary-nothing-yet": lambda: summary.told(summary_facts.nothing_yet()),
    "summary-vault-lost": lambda: summary.told(summary_facts.vault_lost()),
    "summary-longest": lambda: summary.told(summary_facts.longest(HOSTILE)),
    "summary-no-picture": lambda: summary.no_picture(HOSTILE),
}
