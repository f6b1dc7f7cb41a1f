"""A plan says what each mode would do before anything is touched, and what can't work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import plan as planning
from commands.plan import MODES, Target
from storage.convex.facts import LiveTable
from storage.manifest import Contents, StorageFacts, TableFacts
from tests.fakes import make_manifest


def held(name, number, documents=10, component=""):
    return TableFacts(
        name=name, component=component, number=number, documents=documents, bytes=1, sha256="x"
    )


def live(name, number, documents=3, component=""):
    return LiveTable(
        component=component,
        component_id=None,
        name=name,
        number=number,
        documents=documents,
    )


def target(*tables, files=None):
    return Target("staging", "http://127.0.0.1:1", tables, files or {})


def build(mode, archive, there, chosen=None, **manifest):
    contents = Contents(tables=tuple(archive), storage=manifest.pop("storage", ()))
    return planning.build(make_manifest(contents=contents, **manifest), there, mode, chosen)


def fates(plan):
    return {table.table: (table.before, table.after, table.fate) for table in plan.tables}


ARCHIVE = [held("users", 10001), held("npd", 10002, 20)]
THERE = (live("users", 10001), live("drafts", 10009, 5))


def test_replace_all_deletes_what_the_archive_lacks():
    plan = build("replace-all", ARCHIVE, target(*THERE))

    assert fates(plan) == {
        "users": (3, 10, "replaced"),
        "npd": (0, 20, "created"),
        "drafts": (5, 0, "deleted"),
    }


def test_replace_leaves_other_tables_alone():
    plan = build("replace", ARCHIVE, target(*THERE))

    assert fates(plan)["drafts"] == (5, 5, "kept")


def test_append_promises_the_sum():
    plan = build("append", ARCHIVE, target(*THERE))

    assert fates(plan)["users"] == (3, 13, "added to")


def test_a_merge_promises_a_number_only_once_it_is_built():
    plan = build("merge", ARCHIVE, target(*THERE))

    assert fates(plan)["users"] == (3, None, "merged")
    assert fates(plan)["npd"] == (0, 20, "created")


def test_chosen_tables_alone_take_part():
    plan = build("replace", ARCHIVE, target(*THERE), chosen=("npd",))

    assert fates(plan)["users"] == (3, 3, "kept")
    assert fates(plan)["npd"] == (0, 20, "created")


def test_another_deployments_numbers_are_foreseen_with_the_mode_that_works():
    plan = build("replace", [held("users", 10001)], target(live("drafts", 10001)))

    assert "number 10001" in plan.conflicts[0].what
    assert "'drafts'" in plan.conflicts[0].what
    assert plan.conflicts[0].modes_that_work == ("replace-all",)


def test_swapped_numbers_can_be_replaced_but_not_appended_or_merged():
    archive = [held("users", 10001), held("npd", 10002)]
    swapped = target(live("users", 10002), live("npd", 10001))

    assert not build("replace", archive, swapped).conflicts
    assert build("append", archive, swapped).conflicts
    assert build("merge", archive, swapped).conflicts


def test_files_stay_when_the_archive_has_none_of_them():
    plan = build("replace-all", ARCHIVE, target(*THERE, files={"": 4}))

    assert [(part.before, part.after, part.fate) for part in plan.files] == [(4, 4, "kept")]


def test_files_of_the_archive_replace_those_that_are_there():
    storage = (StorageFacts(count=9, bytes=9, sha256="s"),)

    plan = build("replace-all", ARCHIVE, target(*THERE, files={"": 4}), storage=storage)
    assert [(part.before, part.after, part.fate) for part in plan.files] == [(4, 9, "replaced")]


def test_the_fingerprint_follows_every_number():
    first = build("replace-all", ARCHIVE, target(*THERE))
    same = build("replace-all", ARCHIVE, target(*THERE))
    moved = build("replace-all", ARCHIVE, target(live("users", 10001, 4), THERE[1]))

    assert first.fingerprint == same.fingerprint
    assert first.fingerprint != moved.fingerprint


def test_append_warns_that_it_may_stop_half_way():
    plan = build("append", ARCHIVE, target(*THERE))

    assert any("half-way" in warning for warning in plan.warnings)


names = st.sampled_from(["a", "b", "c", "d"])
numbers = st.integers(10001, 10004)
shapes = st.dictionaries(names, numbers, max_size=4).filter(
    lambda shape: len(set(shape.values())) == len(shape)
)


@given(archive=shapes, there=shapes, mode=st.sampled_from(MODES))
def test_every_table_has_exactly_one_fate_and_advice_is_never_a_conflict(archive, there, mode):
    held_tables = [held(name, number) for name, number in archive.items()]
    lives = target(*(live(name, number) for name, number in there.items()))

    plan = build(mode, held_tables, lives)
    assert {table.table for table in plan.tables} == archive.keys() | there.keys()
    assert len(plan.tables) == len(archive.keys() | there.keys())
    for conflict in plan.conflicts:
        assert "replace-all" in conflict.modes_that_work
        for other in conflict.modes_that_work:
            assert not build(other, held_tables, lives).conflicts


@pytest.mark.parametrize("mode", MODES)
def test_the_same_deployment_never_conflicts_on_numbers(mode):
    same = target(*(live(table.name, table.number) for table in ARCHIVE))

    assert not build(mode, ARCHIVE, same).conflicts
