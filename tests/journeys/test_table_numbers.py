"""Where the target numbers its tables otherwise: foreseen, and the modes that are named work."""

import json
import re

import pytest

from sandbox.world import World
from tests.journeys import house as of

INTO = ("--to", "staging", "--yes")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shifted")
    with World(folder, step_seconds=0.0, staging_numbers="shifted") as made:
        yield made


def modes_that_work(house, *words):
    """Return the modes that a refusal names; it must refuse with nothing done."""
    changed = of.changes(house.staging)
    ended = house.run("restore", "latest", *words, *INTO, "--json")

    assert ended.code == 2
    assert "Nothing was changed in staging." in ended.failure
    assert of.changes(house.staging) == changed
    return re.findall(r"replace-all|replace|append|merge", ended.last["hint"])


def test_the_whole_backup_is_restored_by_replace_all(house):
    held = of.rows(house.production)
    house.backup()
    ended = house.run("restore", "latest", *INTO, "--json")

    assert (ended.code, ended.last["findings"]) == (0, [])
    assert of.rows(house.staging) == held


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_what_puts_rows_side_by_side_is_refused_and_what_works_is_named(house, mode):
    held = of.rows(house.production)
    house.backup()
    named = modes_that_work(house, "--mode", mode)

    assert named == ["replace-all", "replace"]
    for each in named:
        house.staging.reset()

        assert house.run("restore", "latest", *INTO, "--mode", each).code == 0
        assert of.rows(house.staging) == held


def test_a_table_whose_number_another_one_has_is_refused_by_both_names(house):
    house.backup()
    ended = house.run("restore", "latest", *INTO, "--tables", "npd")

    assert ended.code == 2
    assert re.search(r"'npd' has number 10003 in the archive, .* uses .* table 'users'", ended.err)
    assert "replace-all" in ended.err


def test_the_advice_for_chosen_tables_works(house):
    """No mode puts `npd` beside `users`; all tables together go."""
    house.backup()
    ended = house.run("restore", "latest", *INTO, "--tables", "npd", "--json")
    mode = re.search(r"restore all tables with --mode ([a-z-]+)", ended.last["hint"])[1]

    assert house.run("restore", "latest", *INTO, "--mode", mode).code == 0


def test_a_dry_run_names_conflicts_and_ends_with_1(house):
    house.backup()
    ended = house.run("restore", "latest", "--to", "staging", "--merge", "--dry-run")

    assert ended.code == 1
    assert "Can't be done: " in ended.out
    assert "These modes work here: replace-all, replace" in ended.out
    assert "To do it" not in ended.out


@pytest.mark.parametrize(
    ("tables", "works"),
    [
        # One that is nowhere else keeps its number; one whose number is free can be swapped in.
        ("drafts", False),
        ("waitlist/entries", True),
        ("organizations", True),
        ("_storage", True),
    ],
)
def test_a_plan_that_foresees_nothing_is_carried_out(house, tables, works):
    house.backup()
    planned = house.run("restore", "latest", "--to", "staging", "--tables", tables, "--dry-run")

    assert (planned.code == 0) is works
    if works:
        assert house.run("restore", "latest", *INTO, "--tables", tables).code == 0


def test_after_a_restore_the_tables_have_the_numbers_of_the_rows(house):
    house.backup()
    house.run("restore", "latest", *INTO)
    ours, theirs = (
        {row["name"]: row["id"] for row in map(json.loads, text.splitlines())}
        for text in (
            of.rows(stand)["_tables/documents.jsonl"] for stand in (house.staging, house.production)
        )
    )

    assert ours == theirs


def test_the_undo_brings_the_old_numbers_back(house):
    before = of.rows(house.staging)
    house.backup()
    undo = house.run("restore", "latest", *INTO, "--json").last["undo"].split()
    house.run(*undo[1:], "--yes")

    assert of.rows(house.staging) == before


def test_a_killed_restore_is_counted_against_its_own_backup(house):
    """Another backup is asked for now, whose tables have other numbers."""
    ours = of.rows(house.staging)
    other, _ = house.backup("staging"), house.backup()
    house.staging.trouble(kind="import_slow", seconds=0.2)
    running = house.start("restore", "latest:production", "--yes", "--json")
    running.until("restore")
    running.kill()
    with house.inside() as here:
        result = here.do("restore", other, "--to", "staging", "--yes")

        assert "It was another restore" in here.said
        assert "has table number" not in here.said
    assert result.exit_code == 0
    assert [data.get("findings") for data in house.job_data("ended")] == [0, 0]
    assert of.rows(house.staging) == ours
