"""The thread of a job: everything about how it ended, what loses rows first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.messages import report, report_restore
from bot.messages.job import STEPS
from commands import events
from commands.events import Event, Result
from tests.bot import terminal_events as made
from tests.bot.messages import facts
from tests.bot.messages.facts import view
from tests.bot.terminal_events import ID


def rows(event: Event) -> list[str]:
    """Return the rows of the table in a report."""
    text = report.full(event).text
    return text.split("```")[1].strip("\n").splitlines()[1:]


def below(kind: type) -> set[type]:
    return {each for child in kind.__subclasses__() for each in (child, *below(child))}


def test_every_event_can_be_reported_and_results_by_more_than_their_name():
    reported = {type(event): report.full(event).text for event in made.one_of_each()}

    assert all(reported.values())
    for kind, text in reported.items():
        assert not issubclass(kind, Result) or kind.__name__ not in text


def test_a_job_that_begins_says_who_asked_and_where_it_waits():
    text = report.begun(view(state="queued", ahead=2)).text

    assert "*production* (protected) · Backup. In the queue: 2 jobs ahead." in text
    assert f"<@{facts.ASKER}>" in text


def test_a_warning_is_called_one_and_a_note_is_not():
    assert report.noted(events.Warned("The clocks differ.")).text == "*Warning:* The clocks differ."
    assert report.noted(events.Noted("A wait.")).text == "A wait."


def test_a_picked_up_job_says_where_it_goes_on_and_that_nothing_is_done_twice():
    text = report.picked_up(view()).text

    assert "goes on at the step “Downloading the snapshot”" in text
    assert "What was done is not done twice." in text


def test_a_cancelled_job_says_what_was_left():
    text = report.cancelled(view(), "No new backup was made.").text

    assert "Backup — Cancelled. No new backup was made." in text


def test_a_silent_job_says_how_long_and_what_can_be_typed():
    text = report.silent(view(), 1_800).text

    assert "has told nothing for 30 min 00 s" in text
    assert "`/backup cancel now-production-4k2f9c`" in text


def test_a_backup_is_reported_with_its_hash_place_findings_and_tables():
    event = made.backup_finished(findings=(made.WARNING, made.DAMAGE))
    text = report.full(event).text

    assert "4" * 64 in text
    assert f"backups/production/{ID}/archive.zip" in text
    assert text.index("DAMAGE · rows in `npd/documents.jsonl:3`") < text.index("WARNING · against")
    assert [row.split()[0] for row in rows(event)] == ["npd", "waitlist/inner/entries"]


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ((), "Sound: "),
        ((made.WARNING,), "Readable, but look at it: "),
        ((made.WARNING, made.DAMAGE), "NOT SOUND: "),
    ],
)
def test_a_verification_says_how_it_ended_and_what_was_looked_at(findings: tuple, verdict: str):
    text = report.full(made.verified(findings=findings)).text

    assert text.startswith(f"{verdict}`{ID}`")
    assert "1.2 MB, 34 entries, 2 tables, 210 documents, 1 stored file" in text
    assert all(finding.what in text for finding in findings)


def test_a_verification_that_read_no_row_says_so():
    text = report.full(made.verified(depth="manifest", recorded=False)).text

    assert "size and SHA-256 only, no row was read" in text
    assert "the vault could not be written" in text


def test_a_plan_shows_what_is_lost_first_and_the_totals():
    event = events.RestorePlanned(made.plan())

    assert [row.split()[-1] for row in rows(event)] == [
        "deleted",
        "replaced",
        "replaced",
        "created",
    ]
    assert "3 tables: 1 deleted, 1 replaced, 1 created; 157 rows now" in report.full(event).text


def test_the_rows_that_are_lost_are_seen_in_a_plan_of_ten_thousand_tables():
    assert rows(events.RestorePlanned(facts.long_plan()))[0].endswith("deleted")


def test_a_dry_run_says_that_nothing_was_touched_and_what_would_do_it():
    text = report.full(events.RestoreDryRun(made.plan())).text

    assert "Nothing was touched." in text
    assert f"`/backup restore {ID} to staging mode replace-all`" in text
    assert "f" * 64 in text


def test_a_dry_run_into_a_protected_deployment_asks_for_a_reason():
    text = report.full(events.RestoreDryRun(made.plan(), protected=True)).text

    assert f'`/backup restore {ID} to staging mode replace-all reason "…"`' in text


def test_a_plan_with_conflicts_names_the_modes_that_work_and_offers_no_words():
    conflict = events.Conflict("Table 'npd' has number 1 there.", ("replace", "merge"))
    text = report.full(events.RestoreDryRun(made.plan(conflicts=(conflict,)))).text

    assert "*Can't be done:* Table 'npd' has number 1 there." in text
    assert "These modes work here: replace, merge." in text
    assert "To do it" not in text


def test_a_merge_says_that_its_numbers_come_later():
    tables = (events.TablePlan("", "npd", 150, 200, None, "merged"),)
    text = report.full(events.RestorePlanned(made.plan(mode="merge", tables=tables))).text

    assert "150 rows now, 200 from the archive, ? after" in text
    assert "?: told once the merge has been built" in text


def test_a_restore_counts_before_promised_and_after():
    assert [row.split() for row in rows(made.restored())][:2] == [
        ["npd", "150", "200", "200", "kept"],
        ["waitlist/inner/entries", "0", "10", "10", "kept"],
    ]


def test_the_count_that_differs_is_seen_among_ten_thousand():
    first, *others = rows(facts.long_restored())

    assert first.endswith("DIFFERS")
    assert all(row.endswith("kept") for row in others)


def test_a_restore_tells_the_way_back_however_long_it_is():
    text = report.full(facts.long_restored()).text

    assert "`/backup restore staging-2026-11-24-0500 to staging mode replace-all`" in text
    assert "`kh7import`, job `restore.staging.20261124T050013-abcd`" in text


def test_a_restore_that_an_earlier_run_did_says_so():
    text = report.full(made.restored(resumed=True)).text

    assert text.startswith("Restored (by an earlier run that was stopped): ")


def test_a_restore_says_how_long_each_phase_took():
    took = {"plan": 0.2, "export": 60.0, "download": 5.0, "confirm": 0.1, "restore": 8.0}
    text = report.full(made.restored(), took).text

    assert "*Phases:* plan 0.2 s, safety backup 1 min 05 s, import 8.1 s\n" in text


def test_every_step_of_a_restore_is_part_of_a_phase():
    steps = [step for steps in report_restore.PHASES.values() for step in steps]

    copies = {"copy", "read the copy back", "label the copy"}
    others = {"verify", "thaw", "remove", "delete bytes", "cold", *copies}  # Steps of other verbs.

    assert sorted(steps) == sorted(set(STEPS) - others)


def test_an_undo_says_until_when_it_may_be_asked_for():
    text = report.full(made.restored(undo_until=made.AT)).text

    assert "*To undo, until <!date^1795485613^" in text


def test_a_refusal_in_a_job_is_reported_in_its_three_sentences():
    text = report.full(replace(facts.FAILURE, kind="Refused")).text

    assert [line.split(":*")[0] for line in text.splitlines()] == [
        "*What happened",
        "*What is safe",
        "*What to do",
    ]
