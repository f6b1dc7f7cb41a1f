"""Convex's own numbers are held against the plan, before the confirm and after the import."""

from commands import restore_count
from commands.events import FilesPlan, Plan, TablePlan
from storage.convex.facts import LiveTable
from storage.convex.imports import Checkpoint
from tests.fakes import make_manifest


def plan(mode="replace-all", files=()):
    manifest = make_manifest()
    return Plan(
        backup=manifest.id,
        archive_sha256="x",
        snapshot_at=manifest.snapshot.taken_at,
        source="production",
        target="staging",
        target_url="http://127.0.0.1:1",
        mode=mode,
        chosen=None,
        tables=(
            TablePlan("", "users", 3, 10, 10, "replaced"),
            TablePlan("", "drafts", 5, 0, 0, "deleted"),
        ),
        files=files,
    )


def point(table, to_write, to_delete, component=""):
    return Checkpoint(
        component=component, table=table, to_write=to_write, existing=to_delete, to_delete=to_delete
    )


def live(name, documents, number=10001):
    return LiveTable(component="", component_id=None, name=name, number=number, documents=documents)


GOOD = [point("users", 10, 3), point("drafts", 0, 5)]


def test_equal_numbers_agree():
    assert restore_count.disagreements(plan(), GOOD) == []


def test_a_table_that_convex_would_delete_unplanned_is_said():
    found = restore_count.disagreements(plan(), [*GOOD, point("secrets", 0, 9)])

    assert found == ["secrets: the plan would delete 0 rows, Convex would delete 9."]


def test_a_row_less_to_write_is_said():
    found = restore_count.disagreements(plan(), [point("users", 9, 3), GOOD[1]])

    assert "write 10 rows, Convex would write 9" in found[0]


def test_a_table_that_convex_forgot_is_said():
    assert len(restore_count.disagreements(plan(), [GOOD[1]])) == 2


def test_files_agree_under_either_of_their_names():
    files = (FilesPlan("", 2, 4, 4, "replaced"),)

    for name in ("_storage", "_file_storage"):
        assert restore_count.disagreements(plan(files=files), [*GOOD, point(name, 4, 2)]) == []


def test_append_deletes_nothing():
    assert restore_count.to_delete(plan("append")) == {}


def test_every_count_as_promised_is_kept():
    counted = restore_count.count(plan(), [live("users", 10)], {})

    assert all(part.kept_its_promise for part in counted)
    assert list(restore_count.broken_promises(plan(), counted, 10)) == []


def test_a_row_too_few_is_a_finding():
    counted = restore_count.count(plan(), [live("users", 9)], {})

    found = list(restore_count.broken_promises(plan(), counted, 10))
    assert "holds 9; 10 were promised" in found[0].what


def test_a_table_that_stayed_though_it_should_be_gone_is_a_finding():
    counted = restore_count.count(plan(), [live("users", 10), live("drafts", 5)], {})

    assert len(list(restore_count.broken_promises(plan(), counted, 10))) == 1


def test_a_table_nobody_planned_is_a_finding():
    counted = restore_count.count(plan(), [live("users", 10), live("ghosts", 1)], {})

    assert "ghosts" in next(iter(restore_count.broken_promises(plan(), counted, 10))).what


def test_another_number_of_rows_written_is_a_finding():
    counted = restore_count.count(plan(), [live("users", 10)], {})

    assert len(list(restore_count.broken_promises(plan(), counted, 11))) == 1


def test_a_merge_promises_what_was_built():
    merged = restore_count.merged(plan("merge"), {("", "users"): 12})

    assert merged.tables[0].after == 12
