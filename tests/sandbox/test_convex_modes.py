"""What each import mode does to tables, numbers, components and files: Convex's own outcomes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.convex_ids import fresh
from sandbox.world import Stand, World
from tests.sandbox import wire

MODES = ("append", "replace", "replaceAll", "requireEmpty")
Row = dict[str, Any]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stand]:
    with World(tmp_path, deployments=("production",), seed="empty") as world:
        yield world["production"]


def row(number: int, **values: Any) -> Row:
    return {"_creationTime": 1762000000000.0, "_id": fresh(number), **values}


ONE, TWO = row(10001, a=1), row(10002, b=2)
UPLOAD = wire.table_archive(t1=(10001, [ONE]), t2=(10002, [TWO]))


def rows(here: Stand, table: str, component: str = "") -> list[Row]:
    prefix = "".join(f"_components/{name}/" for name in component.split("/") if name)
    body = wire.snapshot(here).get(f"{prefix}{table}/documents.jsonl")

    assert body is not None, f"there is no table {table}"
    return [json.loads(line) for line in body.splitlines()]


def numbers(here: Stand) -> dict[str, int]:
    body = wire.snapshot(here)["_tables/documents.jsonl"]
    return {told["name"]: told["id"] for told in map(json.loads, body.splitlines())}


def same(here: Stand) -> None:
    here.put_table("t1", [ONE], number=10001)
    here.put_table("t2", [TWO], number=10002)


def clone(here: Stand) -> None:
    here.put_table("t1", [row(10001)], number=10001)
    here.put_table("t2", [row(10002)], number=10002)


def swapped(here: Stand) -> None:
    here.put_table("t1", [row(10002)], number=10002)
    here.put_table("t2", [row(10001)], number=10001)


def unrelated(here: Stand) -> None:
    here.put_table("u1", [row(10001)], number=10001)
    here.put_table("u2", [row(10002)], number=10002)


MATRIX: list[tuple[Callable[[Stand], None], str]] = [
    (lambda here: None, "append replace replaceAll requireEmpty"),
    (same, "replace replaceAll"),
    (clone, "append replace replaceAll"),
    (swapped, "replace replaceAll"),
    (unrelated, "replaceAll"),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("target", "good"), MATRIX, ids=["empty", "same", "clone", "swapped", "unrelated"]
)
def test_the_official_outcomes(
    here: Stand, target: Callable[[Stand], None], good: str, mode: str
) -> None:
    target(here)
    state = wire.restore(here, UPLOAD, mode)

    assert state["state"] == ("completed" if mode in good.split() else "failed"), state
    if state["state"] == "completed":
        assert state["num_rows_written"] == 2


def test_an_archive_without_a_mode_needs_empty_tables(here: Stand) -> None:
    clone(here)
    state = wire.restore(here, UPLOAD, None)

    assert state["error_message"] == (
        "Hit an error while importing:\nTable t1 already exists. Please choose a new table name "
        "or use replace/append modes."
    )


def test_replace_takes_the_rows_and_numbers_of_the_archive(here: Stand) -> None:
    swapped(here)
    wire.restore(here, UPLOAD, "replace")

    assert rows(here, "t1") == [ONE]
    assert numbers(here) == {"t1": 10001, "t2": 10002}


def test_replace_leaves_other_tables_alone(here: Stand) -> None:
    here.put_table("other", [{"x": 1}], number=10009)
    wire.restore(here, UPLOAD, "replace")

    assert here.counts()["tables"] == {"other": 1, "t1": 1, "t2": 1}


def test_append_adds_to_what_is_there(here: Stand) -> None:
    clone(here)
    wire.restore(here, UPLOAD, "append")

    assert here.counts()["tables"] == {"t1": 2, "t2": 2}


def test_a_table_named_in_the_mapping_without_rows_is_emptied(here: Stand) -> None:
    here.put_table("npd", [{}, {}], number=10001)
    here.put_table("sp2d", [{}], number=10002)
    mapping = '{"name":"npd","id":10001}\n{"name":"sp2d","id":10002}\n'
    kept = json.dumps(row(10001)) + "\n"
    upload = {"_tables/documents.jsonl": mapping, "npd/documents.jsonl": kept}
    wire.restore(here, wire.archive(upload), "replace")

    assert here.counts()["tables"] == {"npd": 1, "sp2d": 0}


def test_a_table_left_out_of_the_mapping_too_is_not_touched(here: Stand) -> None:
    here.put_table("npd", [{}, {}], number=10001)
    here.put_table("sp2d", [{}], number=10002)
    wire.restore(here, wire.table_archive(npd=(10001, [])), "replace")

    assert here.counts()["tables"] == {"npd": 0, "sp2d": 1}


def test_a_table_that_stays_and_has_the_number_is_named(here: Stand) -> None:
    unrelated(here)
    state = wire.restore(here, UPLOAD, "replace")

    assert state["error_message"] == (
        "Hit an error while importing:\nNew table `t1` has IDs that conflict with existing table "
        "`u1`. To delete all existing tables, import with `npx convex import --replace-all`."
    )
    assert here.counts()["tables"] == {"u1": 1, "u2": 1}


def test_rows_of_another_number_are_refused_by_their_id(here: Stand) -> None:
    swapped(here)
    state = wire.restore(here, UPLOAD, "append")

    assert f"_id {ONE['_id']} cannot be imported into 't1'" in state["error_message"]


def test_two_tables_with_one_number_conflict_within_the_archive(here: Stand) -> None:
    upload = wire.table_archive(a=(10001, []), b=(10001, []))
    state = wire.restore(here, upload, "replaceAll")

    assert state["error_message"].endswith("conflict between `a` and `b` with number 10001")


def test_without_a_mapping_the_number_comes_from_the_first_row(here: Stand) -> None:
    upload = {"t1/documents.jsonl": json.dumps(row(10007)) + "\n"}
    wire.restore(here, wire.archive(upload), "replace")

    assert numbers(here) == {"t1": 10007}


def test_without_ids_a_table_keeps_its_number_or_takes_the_first_free_one(here: Stand) -> None:
    here.put_table("old", [{}], number=10005)
    here.put_table("first", [{}], number=10001)
    upload = {"old/documents.jsonl": '{"a":1.0}\n', "new/documents.jsonl": '{"a":1.0}\n'}
    wire.restore(here, wire.archive(upload), "replace")

    assert numbers(here) == {"first": 10001, "new": 10002, "old": 10005}


def test_replace_all_deletes_what_the_archive_has_not_in_every_component(here: Stand) -> None:
    here.put_table("other", [{}], number=10009)
    here.put_table("entries", [{}, {}], component="waitlist")
    wire.restore(here, UPLOAD, "replaceAll")

    assert here.counts()["tables"] == {"t1": 1, "t2": 1}


def test_replace_all_of_one_table_deletes_all_others(here: Stand) -> None:
    here.put_table("other", [{}], number=10009)
    wire.restore(here, b'{"a":1}\n', "replaceAll", format="jsonLines", tableName="only")

    assert here.counts()["tables"] == {"only": 1}


def test_replace_all_empties_a_table_of_the_active_schema(tmp_path: Path) -> None:
    with World(tmp_path, deployments=("production",), seed="small") as world:
        here = world["production"]
        wire.restore(here, wire.table_archive(new=(10050, [])), "replaceAll")
        counts = here.counts()["tables"]

    # `counters` is in no schema; the others are in the root's or in waitlist's.
    assert counts["npd"] == counts["waitlist/entries"] == 0
    assert "waitlist/inner/counters" not in counts


def test_a_table_that_is_emptied_for_the_schema_keeps_its_number(tmp_path: Path) -> None:
    with World(tmp_path, deployments=("production",), seed="small") as world:
        here = world["production"]
        state = wire.restore(here, wire.table_archive(new=(10003, [])), "replaceAll")

    assert "conflict between `new` and `npd` with number 10003" in state["error_message"]


def test_a_component_that_is_not_there_is_made_unmounted(here: Stand) -> None:
    name = "_components/a/_components/b/t/documents.jsonl"
    wire.restore(here, wire.archive({name: '{"x":1.0}\n'}), "replace")
    listed = wire.ask(here, "_system/frontend/components:list")

    assert here.counts()["tables"] == {"a/b/t": 1}
    assert [c["state"] for c in listed if c["path"] == "a/b"] == ["unmounted"]


def test_a_component_path_puts_the_whole_archive_into_it(here: Stand) -> None:
    wire.restore(here, UPLOAD, "replace", componentPath="a")

    assert here.counts()["tables"] == {"a/t1": 1, "a/t2": 1}


def test_numbers_are_per_component(here: Stand) -> None:
    unrelated(here)
    state = wire.restore(here, UPLOAD, "replace", componentPath="a")

    assert state["state"] == "completed"


def test_a_leading_folder_and_system_tables_are_passed_over(here: Stand) -> None:
    upload = wire.archive(
        {
            "snapshot/t/documents.jsonl": '{"x":1.0}\n',
            "snapshot/_scheduled_functions/documents.jsonl": '{"x":1.0}\n',
            "snapshot/README.md": "hello",
        }
    )
    state = wire.restore(here, upload, "replace")

    assert here.counts()["tables"] == {"t": 1}
    assert state["num_rows_written"] == 1


def test_double_ids_are_refused(here: Stand) -> None:
    state = wire.restore(here, wire.table_archive(t1=(10001, [ONE, ONE])), "replace")

    assert state["error_message"].endswith('Objects in table "t1" have duplicate _id fields')


def test_a_failed_replace_leaves_everything_as_it_was(here: Stand) -> None:
    same(here)
    before = wire.snapshot(here)
    wrong = wire.table_archive(t1=(10001, [row(10001)]), t2=(10002, [row(10009)]))
    state = wire.restore(here, wrong, "replaceAll")

    assert state["state"] == "failed"
    assert wire.snapshot(here) == before


def test_a_failed_append_keeps_what_went_in_before(here: Stand) -> None:
    clone(here)
    wrong = wire.table_archive(t1=(10001, [ONE]), t2=(10002, [row(10009)]))
    state = wire.restore(here, wrong, "append")

    assert state["state"] == "failed"
    assert here.counts()["tables"] == {"t1": 2, "t2": 1}
