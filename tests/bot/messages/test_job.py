"""A job's card: the environment first, states in words, one sensible next step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.messages import job
from bot.messages.model import ActionId, JobView, Message
from commands import events
from storage import errors
from tests.bot import terminal_events as made
from tests.bot.messages import facts, inspected
from tests.bot.messages.facts import ended, restoring, view
from tests.bot.terminal_events import AT, ID

NOW = AT + timedelta(seconds=187)


def card(shown: JobView) -> Message:
    return job.card(shown, NOW)


def failed(kind: str) -> JobView:
    return ended("failed", failure=replace(facts.FAILURE, kind=kind))


@pytest.mark.parametrize(
    ("shown", "title"),
    [
        (view(protected=False), "*production* · Backup — Running"),
        (view(), "*production* (protected) · Backup — Running"),
        (view(state="queued"), "*production* (protected) · Backup — Waiting"),
        (restoring(), f"*staging* · Restore of `{ID}` — Running"),
        (
            ended("done", verb="verify", backup=ID, result=made.verified()),
            f"*production* (protected) · Verification of `{ID}` — Done",
        ),
        (
            ended("look", result=made.backup_finished(findings=(made.DAMAGE,))),
            "*production* (protected) · Backup — Done, but look at it",
        ),
        (ended("failed"), "*production* (protected) · Backup — Failed"),
        (ended("cancelled"), "*production* (protected) · Backup — Cancelled"),
    ],
)
def test_the_environment_stands_first_and_the_state_is_a_word(shown: JobView, title: str):
    message = card(shown)

    assert message.text.splitlines()[0] == title
    assert message.blocks[0]["text"]["text"] == title


def test_every_state_has_its_own_word():
    assert len(set(job.STATES.values())) == 6


def test_a_running_step_is_told_in_words_and_numbers():
    message = card(view())

    assert "Downloading the snapshot: 27 %, 12.3 MB of 45.0 MB" in message.text
    assert "█████░" in message.blocks[1]["text"]["text"]
    assert "█" not in message.text


def test_a_step_that_nobody_put_into_words_is_told_by_its_name():
    assert (
        "defragment: 5 rows so far"
        in card(view(step="defragment", done=5, total=None, unit="rows")).text
    )


@pytest.mark.parametrize(
    ("ahead", "told"),
    [(0, "In the queue: next in line."), (1, "1 job ahead"), (2, "2 jobs ahead")],
)
def test_a_waiting_job_tells_its_place(ahead: int, told: str):
    assert told in card(view(state="queued", ahead=ahead)).text


def test_a_person_is_mentioned_and_the_clock_is_named():
    assert f"Asked by <@{facts.ASKER}> " in card(view()).text
    named = card(view(asked_by="", asked_name="the schedule nightly")).text
    assert "Asked by the schedule nightly " in named


def test_the_time_it_took_is_told_and_never_negative():
    assert "running for 3 min 05 s" in card(view()).text
    assert "ran for 3 min 05 s" in card(ended("failed")).text
    assert "running for 0.0 s" in card(view(began_at=NOW + timedelta(hours=1))).text


def test_a_restart_is_told():
    assert "picked up again after a restart ·" in card(view(restarts=1)).text
    assert "picked up again after a restart (2 times)" in card(view(restarts=2)).text


def test_a_job_that_is_asked_to_stop_says_when_and_has_no_second_cancel():
    message = card(view(cancelling=True))

    assert "Cancelling: stops at the next safe point." in message.text
    assert inspected.labels(message) == []


def test_when_it_is_too_late_to_cancel_the_card_says_so_and_has_no_button():
    message = card(restoring(closed=True))

    assert "Too late to cancel" in message.text
    assert inspected.labels(message) == []


@pytest.mark.parametrize("state", ["queued", "running"])
def test_cancel_asks_first_and_carries_only_the_jobs_id(state: str):
    (button,) = inspected.buttons(card(view(state=state)))

    assert button["action_id"] == ActionId.JOB_CANCEL
    assert button["value"] == "now-production-4k2f9c"
    assert "No new backup will exist" in button["confirm"]["text"]["text"]


@pytest.mark.parametrize(
    ("shown", "labels"),
    [
        (ended("done", result=made.backup_finished()), ["Show", "Verify", "Restore…"]),
        (
            ended("look", result=made.backup_finished(findings=(made.DAMAGE,))),
            ["Verify again", "Show"],
        ),
        (ended("done", verb="verify", result=made.verified()), ["Show", "Restore…"]),
        (
            ended("look", verb="verify", result=made.verified(findings=(made.WARNING,))),
            ["Verify again", "Show"],
        ),
        (ended("done", verb="restore", result=made.restored()), ["Undo…"]),
        (ended("look", verb="restore", result=facts.differing()), ["Undo…"]),
        (ended("cancelled"), []),
    ],
)
def test_the_buttons_are_the_sensible_next_steps(shown: JobView, labels: list[str]):
    assert inspected.labels(card(shown)) == labels


def test_undo_takes_a_restore_back_by_its_safety_backup():
    (button,) = inspected.buttons(card(ended("look", verb="restore", result=facts.differing())))

    assert button["action_id"] == ActionId.UNDO
    assert button["value"] == "staging-2026-11-24-0500"


@pytest.mark.parametrize("kind", ["Unreachable", "ExportInProgress", "VaultFull", "CutDownload"])
def test_a_failure_that_may_pass_can_be_tried_again(kind: str):
    (button,) = inspected.buttons(card(failed(kind)))

    assert button["action_id"] == ActionId.JOB_RETRY
    assert button["value"] == "now-production-4k2f9c"


@pytest.mark.parametrize("kind", ["Refused", "WrongKey", "UnknownOutcome", "ImportFailed", "Bug"])
def test_a_failure_that_a_person_has_to_mend_has_no_button(kind: str):
    assert inspected.labels(card(failed(kind))) == []


def test_what_may_pass_is_spelled_as_the_errors_are():
    assert all(hasattr(errors, name) for name in job.PASSING)


def test_a_failure_says_what_happened_what_is_safe_and_what_to_do():
    lines = card(ended("failed", failure=facts.FAILURE)).text.splitlines()

    assert lines[1:4] == [
        "*What happened:* production answered 503 to the export, 5 times in 2 min.",
        "*What is safe:* No new backup was made; earlier backups are untouched.",
        "*What to do:* Run `/backup now` again when https://status.convex.dev is green.",
    ]


def test_a_failure_that_says_little_still_has_its_three_sentences():
    little = events.JobFailed("", "", "", "VaultError", 1)

    assert card(ended("failed", failure=little)).text.splitlines()[1:4] == [
        "*What happened:* VaultError",
        "*What is safe:* Every whole backup is as it was.",
        "*What to do:* Type `/backup doctor`.",
    ]


def test_a_backup_tells_its_id_label_and_numbers():
    text = card(ended("done", result=made.backup_finished())).text

    assert f"Backup taken: `{ID}` “before the migration”" in text
    assert "210 documents in 2 tables, 1 stored file; 1.2 MB" in text
    assert f"`/backup verify {ID}`" in text


def test_a_backup_of_chosen_tables_says_so():
    part = made.backup_finished(manifest=made.manifest(chosen=("npd",)))

    assert "these tables only: npd" in card(ended("done", result=part)).text


def test_damage_is_told_loudly():
    text = card(ended("look", result=made.backup_finished(findings=(made.DAMAGE,)))).text

    assert f"the snapshot is DAMAGED (1 finding): `{ID}`" in text


def test_a_restore_is_called_restored_only_when_every_count_agrees():
    kept = card(ended("done", verb="restore", result=made.restored())).text
    broken = card(ended("look", verb="restore", result=facts.differing())).text
    nothing = card(ended("look", verb="restore", result=made.restored(counted=()))).text

    assert "Restored: *staging* holds what was promised (4 counts agree)." in kept
    assert "Imported, but NOT as promised: 1 of 2 counts in *staging* differ." in broken
    assert "NOTHING could be counted in *staging*" in nothing
    assert "Restored:" not in broken + nothing


def test_a_restore_names_its_safety_backup_and_the_words_of_the_undo():
    text = card(ended("done", verb="restore", result=made.restored())).text

    assert "*Safety backup:* `staging-2026-11-24-0500`" in text
    assert "`/backup restore staging-2026-11-24-0500 to staging mode replace-all`" in text


def test_a_verification_that_saw_nothing_is_not_called_sound():
    blind = made.verified(looked_at=made.LOOKED_AT.__class__(), findings=(made.DAMAGE,))
    text = card(ended("look", verb="verify", result=blind)).text

    assert "COULD NOT LOOK" in text
    assert "Looked at NOTHING" in text
    assert "Sound" not in text


def test_the_job_itself_is_always_named():
    assert all("· job `" in card(make()).text for make in facts.JOBS.values())
