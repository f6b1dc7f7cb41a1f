"""What verbs write into the audit log, and what follows when the vault can't take it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from commands import audited
from commands.events import Plan, Warned
from storage.audit import Audit
from storage.errors import Cancelled, Refused, Unreachable, VaultUnreachable
from storage.records import Job
from storage.vaults.local import LocalFolder
from tests.bot import terminal_events as made
from tests.commands.audit_contexts import Asking, context
from tests.storage.audit_logs import Meddling, Ticking


@dataclass(frozen=True)
class Target:
    name: str = "staging"
    protected: bool = False


@dataclass(frozen=True)
class Work:
    """A restore under way, as far as the log wants to know."""

    ctx: Any
    job: Job
    plan: Plan
    target: Target = Target()
    approval: str = ""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "vault"


def entries(ctx) -> list[Any]:
    return list(reversed(list(ctx.audit.entries())))


def away(_name):
    raise VaultUnreachable("The disk is gone.")


def without_vault(folder, told=None, **changes):
    """Return a context whose log can't be written."""
    broken = Audit(Meddling(LocalFolder(folder), away), Ticking())
    return context(folder, told, audit=broken, **changes)


def work(ctx, **changes) -> Work:
    job = Job(ctx.vault, "restore.staging.1")
    return Work(ctx, job, made.plan(), **changes)


def test_an_entry_is_of_whoever_asked_unless_somebody_else_did_it(folder):
    ctx = context(folder)
    audited.entry(ctx, "restore.asked", about="b1", deployment="staging", why="npd is gone")
    audited.entry(ctx, "vote.yes", by="U2", by_name="Sari", team="T1")
    asked, voted = entries(ctx)

    assert (asked.by, asked.by_name, asked.team, asked.door) == (
        "U024BE7LH",
        "Rizal",
        "T0",
        "slack",
    )
    assert (asked.about, asked.deployment, asked.why) == ("b1", "staging", "npd is gone")
    assert (voted.by, voted.by_name, voted.team) == ("U2", "Sari", "T1")


def test_an_entry_of_the_bots_job_names_it(folder):
    ctx = context(folder, asking=Asking())
    audited.entry(ctx, "x", facts={"rows": 1})

    assert entries(ctx)[0].facts == {"job": "now-production-4k2f9c", "rows": 1}


def test_a_job_that_goes_on_writes_its_entry_once(folder):
    ctx = context(folder)
    first = audited.entry(ctx, "x", once="job x")
    later = replace(ctx, asked_at=first.at)

    assert audited.entry(later, "x", once="job x") == first
    assert entries(ctx) == [first]


def test_an_entry_of_a_job_that_began_long_ago_is_found(folder):
    ctx = context(folder)
    first = audited.entry(ctx, "x", once="job x")
    ctx.now.at += timedelta(days=3)

    assert audited.entry(ctx, "x", once="job x", began=first.at) == first


def test_without_a_log_nothing_is_written(folder):
    ctx = context(folder, audit=None)

    assert audited.entry(ctx, "x") is None
    assert list(ctx.vault.list()) == []


def test_whoever_needs_an_entry_sees_that_there_is_none(folder):
    with pytest.raises(VaultUnreachable):
        audited.entry(without_vault(folder), "x")


def test_what_has_happened_anyway_is_told_when_it_can_not_be_written(folder):
    told: list[Any] = []
    audited.afterwards(without_vault(folder, told), "backup.ended")

    assert told == [Warned("The audit log could not be written (backup.ended): The disk is gone.")]


def test_a_cancel_does_not_undo_what_has_happened(folder):
    def cancelled(_event):
        raise Cancelled("It was cancelled on request.")

    audited.afterwards(replace(without_vault(folder), tell=cancelled), "backup.ended")


# How something ended.


def test_an_end_says_what_the_block_found_out(folder):
    ctx = context(folder)
    with audited.ending(ctx, "backup.ended", deployment="production") as end:
        end.about, end.outcome, end.facts = "b1", "taken", {"kind": "manual"}
    (entry,) = entries(ctx)

    assert (entry.what, entry.deployment) == ("backup.ended", "production")
    assert (entry.about, entry.outcome, entry.facts) == ("b1", "taken", {"kind": "manual"})


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(Unreachable("No answer."), "failed"), (Cancelled("You stopped it."), "cancelled")],
)
def test_an_end_that_was_none_says_why(folder, error, outcome):
    ctx = context(folder)
    with pytest.raises(type(error)), audited.ending(ctx, "backup.ended", deployment="production"):
        raise error
    (entry,) = entries(ctx)

    assert (entry.outcome, entry.why) == (outcome, error.what)


def test_what_was_done_stays_done_when_something_fails_after_it(folder):
    ctx = context(folder)
    with pytest.raises(Cancelled), audited.ending(ctx, "backup.ended") as end:
        end.about, end.outcome = "b1", "taken"
        raise Cancelled("You stopped it.")

    assert [(entry.about, entry.outcome) for entry in entries(ctx)] == [("b1", "taken")]


@pytest.mark.parametrize("error", [Refused("No such table."), RuntimeError("held"), SystemExit()])
def test_a_refusal_and_a_stopping_engine_end_nothing(folder, error):
    ctx = context(folder)
    with pytest.raises(type(error)), audited.ending(ctx, "backup.ended"):
        raise error

    assert entries(ctx) == []


def test_a_backup_exists_whether_or_not_the_log_can_say_so(folder):
    told: list[Any] = []
    with audited.ending(without_vault(folder, told), "backup.ended") as end:
        end.outcome = "taken"

    assert len(told) == 1


def test_a_failure_is_not_hidden_by_a_log_that_can_not_be_written(folder):
    with (
        pytest.raises(Unreachable, match="No answer"),
        audited.ending(without_vault(folder), "backup.ended"),
    ):
        raise Unreachable("No answer.")


def test_an_end_of_the_bots_job_is_written_once_however_often_it_is_done(folder):
    ctx = context(folder, asking=Asking())
    for _ in range(3):
        with audited.ending(ctx, "backup.ended") as end:
            end.outcome = "taken"

    assert len(entries(ctx)) == 1


def test_two_ends_in_a_terminal_are_two(folder):
    ctx = context(folder)
    for _ in range(2):
        with audited.ending(ctx, "verify.ended"):
            pass

    assert len(entries(ctx)) == 2


# The steps of a restore.


def test_a_restore_is_asked_for_confirmed_and_ended(folder):
    ctx = context(folder)
    mine = work(ctx)
    for step, data in (
        ("asked", {}),
        ("safety", {"backup": "staging-1"}),
        ("staged", {"import_id": "kh7", "safety": "staging-1"}),
        ("confirming", {"import_id": "kh7"}),
        ("ended", {"outcome": "restored", "findings": 0, "rows_written": 210}),
    ):
        audited.restore_step(mine, step, data)
        mine.job.write(step, ctx.now(), **data)
    asked, confirmed, ended = entries(ctx)

    assert [entry.what for entry in (asked, confirmed, ended)] == [
        "restore.asked",
        "restore.confirmed",
        "restore.ended",
    ]
    assert {entry.about for entry in (asked, confirmed, ended)} == {mine.plan.backup}
    assert {entry.deployment for entry in (asked, confirmed, ended)} == {"staging"}
    assert {entry.fingerprint for entry in (asked, confirmed, ended)} == {"f" * 64}
    assert asked.facts == {
        "job": "restore.staging.1",
        "mode": "replace-all",
        "source": "production",
        "protected": False,
    }
    assert confirmed.facts == {**asked.facts, "safety_backup": "staging-1", "import_id": "kh7"}
    assert ended.outcome == "restored"
    assert ended.facts["rows_written"] == 210
    assert ended.facts["seconds"] > 60


def test_the_restore_of_a_protected_deployment_is_started_and_names_its_approval(folder):
    ctx = context(folder, asking=Asking("restore-production-done"))
    audited.restore_step(
        work(ctx, target=Target("production", True), approval="ask-1"), "asked", {}
    )
    (entry,) = entries(ctx)

    assert entry.what == "restore.started"
    assert entry.facts["approval"] == "ask-1"
    assert entry.facts["bot_job"] == "restore-production-done"


@pytest.mark.parametrize("step", ["asked", "confirming"])
def test_before_the_confirm_no_entry_means_no_restore(folder, step):
    with pytest.raises(VaultUnreachable):
        audited.restore_step(work(without_vault(folder)), step, {})


def test_after_the_confirm_an_entry_that_is_missing_is_told(folder):
    told: list[Any] = []
    audited.restore_step(work(without_vault(folder, told)), "ended", {"outcome": "restored"})

    assert "restore.ended" in told[0].text


@pytest.mark.parametrize("step", ["safety", "staging", "staged"])
def test_other_steps_are_the_records_own(folder, step):
    ctx = context(folder)
    audited.restore_step(work(ctx), step, {})

    assert entries(ctx) == []


def test_a_restore_that_ends_twice_ended_once(folder):
    ctx = context(folder)
    mine = work(ctx)
    mine.job.write("asked", ctx.now())
    audited.restore_step(mine, "ended", {"outcome": "cancelled"})
    audited.restore_step(mine, "ended", {"outcome": "stopped before the confirm"})

    assert [entry.outcome for entry in entries(ctx)] == ["cancelled"]
