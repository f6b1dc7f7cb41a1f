"""A restore from the plan to the count, in each mode, and back again by the command it names."""

import re
import shlex

import pytest

from storage.errors import Cancelled
from tests.journeys import house as of
from tests.journeys.house import RESTORE_STEPS, Clock

SEALED = True
INTO = ("--to", "staging", "--yes")


def restored(house, *words):
    """Restore in this process and return how it ended, which must be well."""
    ended = house.run("restore", *words, *INTO, "--json")

    assert ended.code == 0, ended.out
    return ended.last


def only(rows, *tables):
    """Return the rows of these tables alone."""
    return {n: b for n, b in rows.items() if n.removesuffix("/documents.jsonl") in tables}


def without(rows, *tables):
    return {n: b for n, b in rows.items() if n.removesuffix("/documents.jsonl") not in tables}


def test_a_backup_is_restored_and_every_table_counted(house):
    held = of.rows(house.production)
    id_ = house.process("now", "--json").last["manifest"]["id"]
    ended = house.process("restore", "latest:production", "--to", "staging", "--yes")
    counted = re.findall(r"^  (\S.*?)  +\d+ +(\d+) +(\d+)  kept$", ended.out, re.MULTILINE)
    safety = house.do("list", "--kind", "safety").entries[0].id

    assert ended.code == 0
    assert ended.out.startswith("Restored: staging holds what was promised (14 counts agree).")
    assert ("npd", "40", "40") in counted
    assert len(counted) == 14
    assert id_ in ended.out
    assert ended.out.splitlines()[-1] == (
        f"Safety backup: {safety}. To undo: lifeboat restore {safety} --to staging "
        f"--mode replace-all"
    )
    assert of.rows(house.staging) == held


def test_the_steps_are_told_in_their_safe_order(house):
    house.backup()
    ended = house.run("restore", "latest", *INTO, "--json")

    assert ended.steps == RESTORE_STEPS
    assert ended.err == ""
    assert ended.last["event"] == "RestoreFinished"
    assert ended.last["exit_code"] == ended.code == 0


def test_what_a_restore_asked_of_convex_is_one_export_and_one_import_confirmed_once(house):
    house.backup()
    restored(house, "latest")

    assert of.changes(house.staging) == [
        "/api/export/request/zip",
        "/api/import/start_upload",
        "/api/import/upload_part",
        "/api/import/finish_upload",
        "/api/perform_import",
    ]
    assert of.confirmed(house.staging) == 1
    assert of.changes(house.production) == ["/api/export/request/zip"]


def test_a_restore_leaves_its_record_and_nothing_in_the_spool(house):
    house.backup()
    job = restored(house, "latest")["job_id"]

    assert house.jobs() == {
        job: ["asked", "safety", "staging", "staged", "confirming", "ended"],
    }
    assert house.scratch() == []


def test_the_target_is_the_settings_restore_to_when_none_is_named(house):
    house.backup()
    ended = house.run("restore", "latest", "--yes", "--json")

    assert (ended.code, ended.last["plan"]["target"]) == (0, "staging")


def test_without_a_target_it_is_refused_with_the_names_there_are(house):
    house.write(production={"restore_to": None})
    house.backup()
    ended = house.run("restore", "latest", "--yes")

    assert ended.code == 2
    assert "Add --to with one of: production, staging." in ended.err


def test_replace_all_takes_tables_away_that_the_backup_has_not(house):
    held = of.rows(house.production)
    house.backup()
    house.staging.put_table("ghosts", [{"x": 1.0}])
    plan = house.run("restore", "latest", "--dry-run").out
    restored(house, "latest")

    assert re.search(r"ghosts +1 +0 +0 +deleted", plan)
    assert of.rows(house.staging) == held


def test_replace_leaves_tables_that_the_backup_has_not(house):
    held = of.rows(house.production)
    house.backup()
    house.staging.put_table("ghosts", [{"x": 1.0}])
    ghosts = only(of.rows(house.staging), "ghosts")
    restored(house, "latest", "--mode", "replace")
    after = of.rows(house.staging)

    assert only(after, "ghosts") == ghosts
    assert without(after, "ghosts", "_tables") == without(held, "_tables")


def test_chosen_tables_are_swapped_and_no_byte_of_another(house):
    theirs, ours = of.rows(house.production), of.rows(house.staging)
    house.backup()
    ended = restored(house, "latest", "--tables", "npd,waitlist/entries")
    chosen = ("npd", "_components/waitlist/entries")

    assert ended["plan"]["mode"] == "replace"
    assert only(of.rows(house.staging), *chosen) == only(theirs, *chosen)
    assert without(of.rows(house.staging), *chosen) == without(ours, *chosen)


def test_a_backup_of_chosen_tables_is_restored_by_replace(house):
    theirs, ours = of.rows(house.production), of.rows(house.staging)
    house.backup("--tables", "npd")
    ended = restored(house, "latest")

    assert ended["plan"]["mode"] == "replace"
    assert only(of.rows(house.staging), "npd") == only(theirs, "npd")
    assert without(of.rows(house.staging), "npd") == without(ours, "npd")


def test_a_backup_of_chosen_tables_says_before_replace_all_what_that_deletes(house):
    house.backup("--tables", "npd")
    ended = house.run("restore", "latest", "--mode", "replace-all", "--dry-run")

    assert "replace-all deletes every other table" in ended.out
    assert re.search(r"users +\d+ +0 +0 +deleted", ended.out)


def test_stored_files_can_be_chosen_alone(house):
    theirs, ours = of.rows(house.production), of.rows(house.staging)
    house.backup()
    restored(house, "latest", "--tables", "_storage")

    def of_root(rows):
        return {n: b for n, b in rows.items() if n.startswith("_storage/")}

    assert of_root(of.rows(house.staging)) == of_root(theirs) != of_root(ours)


def test_a_backup_without_files_leaves_the_targets_files_alone(house):
    ours = of.rows(house.staging)
    house.backup("--without-files")
    restored(house, "latest")

    def files(rows):
        return {n: b for n, b in rows.items() if "_storage/" in n}

    assert files(of.rows(house.staging)) == files(ours)


def test_append_adds_to_an_empty_table(house):
    house.production.put_table("drafts", [{"x": 1.0}, {"x": 2.0}])
    house.backup("--tables", "drafts")
    ended = restored(house, "latest", "--append")

    assert ended["rows_written"] == 2
    assert of.table(house.staging, "drafts") == of.table(house.production, "drafts")


def test_an_append_of_rows_that_are_there_fails_and_names_the_way_back(house):
    before = of.rows(house.staging)
    house.production.put_table("aaa", [{"x": 1.0}])
    house.backup()
    ended = house.run("restore", "latest", *INTO, "--append", "--json")

    assert ended.code == 1
    assert "Some rows may have been added." in ended.failure
    undo = re.search(r"To go back: lifeboat (restore .*)$", ended.failure)[1]
    house.run(*shlex.split(undo), "--yes")
    assert of.rows(house.staging) == before


def test_merge_keeps_rows_that_are_there_and_adds_those_that_are_missing(house):
    house.backup("staging")
    before = of.table(house.staging, "npd")
    house.staging.mutate("npd", "delete", 7)
    house.staging.mutate("npd", "patch", 3)
    house.staging.mutate("npd", "insert", 2)
    live = of.table(house.staging, "npd")
    ended = restored(house, "latest:staging", "--merge", "--tables", "npd")

    assert of.table(house.staging, "npd") == {**before, **live}
    assert ended["counted"][[c["what"] for c in ended["counted"]].index("npd")]["after"] == len(
        {**before, **live}
    )


def test_a_merge_of_everything_leaves_tables_and_files_that_are_only_there(house):
    house.backup()
    house.staging.put_table("ghosts", [{"x": 1.0}])
    ours, theirs = of.rows(house.staging), of.rows(house.production)
    restored(house, "latest:production", "--mode", "merge")
    after = of.rows(house.staging)

    assert after["ghosts/documents.jsonl"] == ours["ghosts/documents.jsonl"]
    assert {n for n in after if "_storage/" in n} == {
        n for n in (*ours, *theirs) if "_storage/" in n
    }
    assert set(after["npd/documents.jsonl"].splitlines()) == {
        *ours["npd/documents.jsonl"].splitlines(),
        *theirs["npd/documents.jsonl"].splitlines(),
    }


def test_a_merge_twice_changes_nothing_the_second_time(house):
    id_ = house.backup()
    restored(house, id_, "--mode", "merge")
    once = of.rows(house.staging)
    again = restored(house, id_, "--mode", "merge")

    assert of.rows(house.staging) == once
    assert all(part["before"] == part["after"] for part in again["counted"])


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        (("--replace-all",), "replace-all"),
        (("replace-all",), "replace-all"),
        (("--replace", "--table", "npd"), "replace"),
        (("tables", "npd,users", "replace"), "replace"),
        (("--append", "--tables=npd"), "append"),
        (("merge",), "merge"),
        (("mode", "merge"), "merge"),
        (("--table", "npd", "--table", "users"), "replace"),
        ((), "replace-all"),
    ],
)
def test_the_guides_words_name_the_modes(house, words, mode):
    house.backup()
    ended = house.run("restore", "latest", "to", "staging", *words, "dry-run", "--json")

    assert ended.last["event"] == "RestoreDryRun"
    assert ended.last["plan"]["mode"] == mode


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--replace", "--merge"), "Two modes were named: merge and replace."),
        (("--replace-all", "--tables", "npd"), "would delete every table that is not named"),
        (("--mode", "overwrite"), "replace-all"),
        (("--tables", ""), "--tables names no table"),
        (("--tables", "nppd"), "has no table 'nppd'. Did you mean 'npd'?"),
        (("--tables", "waitlist/entrys"), "Did you mean 'waitlist/entries'?"),
        (("--to", "stagng"), "Did you mean 'staging'?"),
        (("--dryrun",), "Did you mean 'dry-run'?"),
    ],
)
def test_words_that_make_no_sense_are_refused_before_anything_is_asked(house, words, said):
    house.backup()
    ended = house.run("restore", "latest", *words, "--yes")

    assert ended.code == 2
    assert said in ended.err
    assert house.staging.log() == []


def test_a_dry_run_touches_nothing(house):
    house.backup()
    files, before = house.files(), of.rows(house.staging)
    exported = len(of.changes(house.staging))
    ended = house.process("restore", "latest", "--dry-run")

    assert ended.code == 0
    assert "Nothing was touched." in ended.out
    assert of.changes(house.staging)[exported:] == []
    assert of.changes(house.production) == ["/api/export/request/zip"]
    assert house.files() == files
    assert of.rows(house.staging) == before


def test_the_command_that_a_dry_run_prints_does_what_it_planned(house):
    house.backup()
    words = ("--merge", "--tables", "npd,waitlist/entries")
    planned = house.run("restore", "latest", *words, "--dry-run").out
    command = re.search(r"^To do it: lifeboat (.*)$", planned, re.MULTILINE)[1]
    ended = house.run(*shlex.split(command), "--yes", "--json")

    assert ended.code == 0
    assert ended.last["plan"]["mode"] == "merge"
    assert ended.last["plan"]["chosen"] == ["npd", "waitlist/entries"]


def test_the_fingerprint_of_a_plan_stays_until_something_changes(house):
    house.backup()

    def fingerprint():
        return house.run("restore", "latest", "--dry-run", "--json").last["plan"]["fingerprint"]

    first, second = fingerprint(), fingerprint()
    house.staging.mutate("npd", "delete")
    third = fingerprint()

    assert first == second != third


def test_a_protected_deployment_is_refused_with_who_it_takes(house):
    house.backup()
    ended = house.process("restore", "latest", "--to", "production", "--yes")

    assert ended.code == 2
    assert "production is protected" in ended.err
    assert "a second person" in ended.err
    assert "Nothing was touched." in ended.err
    assert f"lifeboat restore {next(iter(house.manifests()))} --to staging" in ended.err
    assert of.changes(house.production) == ["/api/export/request/zip"]


def test_a_restore_into_a_protected_deployment_can_be_planned_and_touches_nothing(house):
    house.backup()
    before = of.changes(house.production)
    ended = house.run("restore", "latest", "--to", "production", "--dry-run")

    assert ended.code == 0
    assert of.changes(house.production) == before


def test_one_person_alone_is_refused_a_protected_deployment_unless_the_settings_allow_it(house):
    house.backup()
    before = of.changes(house.production)
    ended = house.run("restore", "latest", "--to", "production", "--break-glass", "--yes")

    assert ended.code == 2
    assert "do not allow production to be restored by one person" in ended.err
    assert of.changes(house.production) == before


def test_where_nobody_can_answer_it_is_refused_and_nothing_is_done(house):
    house.backup()
    files = house.files()
    ended = house.process("restore", "latest")

    assert ended.code == 2
    assert "Nobody is there to answer" in ended.err
    assert "--yes" in ended.err
    assert of.changes(house.staging) == []
    assert house.files() == files


def test_a_person_who_says_no_is_believed(house):
    house.backup()
    files, asked = house.files(), []
    with pytest.raises(Cancelled, match="You did not confirm") as caught:
        house.do("restore", "latest", confirm=asked.append)

    assert asked == [f"Restore {next(iter(house.manifests()))} into staging (replace-all)?"]
    assert "Nothing was changed in staging." in str(caught.value)
    assert of.changes(house.staging) == []
    assert house.files() == files


def test_a_person_who_says_yes_is_believed(house):
    house.backup()

    assert house.do("restore", "latest", confirm=lambda _: True).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--mode", "replace"),
        ("--mode", "merge"),
        ("--tables", "npd,_storage"),
        ("--tables", "waitlist/entries", "--merge"),
    ],
    ids=" ".join,
)
def test_the_undo_that_is_printed_really_brings_the_target_back(house, words):
    house.backup()
    house.staging.put_table("ghosts", [{"x": 1.0}])
    house.staging.put_table("more", [{"y": 2}], component="waitlist")
    before = of.rows(house.staging)
    undo = restored(house, "latest", *words)["undo"]
    changed = of.rows(house.staging) != before
    ended = house.run(*shlex.split(undo)[1:], "--yes")

    assert changed
    assert ended.code == 0
    assert of.rows(house.staging) == before


def test_an_undo_can_be_undone(house):
    house.backup()
    first = restored(house, "latest")["undo"]
    after = of.rows(house.staging)
    second = house.run(*shlex.split(first)[1:], "--yes", "--json").last["undo"]
    house.run(*shlex.split(second)[1:], "--yes")

    assert of.rows(house.staging) == after


def test_rows_that_convex_lost_make_the_restore_red(house):
    house.backup()
    house.staging.trouble(kind="import_loses_rows", count=3)
    ended = house.process("restore", "latest", *INTO)

    assert ended.code == 1
    assert ended.out.startswith("Imported, but NOT as promised: ")
    assert "DIFFERS" in ended.out
    assert re.search(r"holds \d+; \d+ were promised", ended.out + ended.err)
    assert ended.out.splitlines()[-1].startswith("Safety backup: staging-")


def test_a_change_summary_that_is_not_the_plan_cancels_the_import(house):
    house.backup()
    before = of.rows(house.staging)
    house.staging.trouble(kind="wrong_checkpoints", table="npd", by=-1)
    ended = house.run("restore", "latest", *INTO, "--json")

    assert ended.code == 1
    assert "npd: the plan would write 40 rows, Convex would write 39." in ended.failure
    assert "staging is as it was: nothing was restored." in ended.failure
    assert of.imports(house.staging) == ["failed"]
    assert of.confirmed(house.staging) == 0
    assert of.rows(house.staging) == before
    assert [steps[-1] for steps in house.jobs().values()] == ["ended"]


def test_an_import_that_fails_leaves_the_target_and_names_the_safety_backup(house):
    house.backup()
    before = of.rows(house.staging)
    house.staging.trouble(kind="import_fails", message="Hit an error while importing:\nno luck")
    ended = house.run("restore", "latest", *INTO, "--json")
    safety = house.do("list", "--kind", "safety").entries[0].id

    assert ended.code == 1
    assert "no luck" in ended.failure
    assert "staging is as it was" in ended.failure
    assert safety in ended.failure
    assert of.rows(house.staging) == before
    assert [data["outcome"] for data in house.job_data("ended")] == ["failed"]


def test_a_target_that_got_other_tables_meanwhile_is_planned_anew(house):
    house.backup()

    def tell(event):
        if getattr(event, "step", "") == "verify the archive" and not house.staging.counts()[
            "tables"
        ].get("new"):
            house.staging.put_table("new", [{"x": 1.0}])

    with house.inside(tell=tell) as here, pytest.raises(Exception, match="changed while") as caught:
        here.do("restore", "latest", "--yes")

    assert "nothing was restored" in str(caught.value)
    assert of.imports(house.staging) == []


def test_rows_that_were_written_meanwhile_are_seen_in_the_summary(house):
    """The rows that would be deleted are not those of the plan any more."""
    house.backup()
    written = []

    def tell(event):
        if getattr(event, "step", "") == "stage" and not written:
            written.append(house.staging.mutate("npd", "insert", 5))

    with house.inside(tell=tell) as here, pytest.raises(Exception, match="the plan says") as caught:
        here.do("restore", "latest", "--yes")

    assert "npd: the plan would delete" in str(caught.value)
    assert "pause it" in str(caught.value)
    assert of.imports(house.staging) == ["failed"]


def test_a_backup_of_another_day_is_restored_as_well(house):
    first = house.backup()
    held = of.rows(house.production)
    house.production.mutate("npd", "delete", 30)
    with house.inside(clock=Clock()) as here:
        here.ctx.now.jump(days=1)
        here.do("now")
        here.do("restore", first, "--yes")

    assert of.rows(house.staging) == held


def test_a_safety_backup_is_no_latest(house):
    house.backup()
    restored(house, "latest")
    ended = house.run("show", "latest:staging")

    assert ended.code == 2
    assert "There is no backup of staging yet." in ended.err
