"""Stored files in imports: swapped with `_storage`, checked by hash, left alone without it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.world import Stand, World
from tests.sandbox import wire


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stand]:
    with World(tmp_path, deployments=("production",), seed="small") as world:
        yield world["production"]


def stored(entries: dict[str, bytes]) -> list[str]:
    return [n for n in entries if n.startswith("_storage/") and "documents" not in n]


def test_an_archive_with_files_swaps_all_of_them(here: Stand) -> None:
    before = wire.snapshot(here)
    first = stored(before)[0]
    lines = before["_storage/documents.jsonl"].splitlines(keepends=True)
    id_ = first.split("/")[1].split(".")[0]
    kept = {n: b for n, b in before.items() if n not in stored(before) or n == first}
    kept["_storage/documents.jsonl"] = b"".join(line for line in lines if id_.encode() in line)
    wire.restore(here, wire.archive(kept), "replace")
    after = wire.snapshot(here)

    assert stored(after) == [first]
    assert after[first] == before[first]
    assert after["_storage/documents.jsonl"] == kept["_storage/documents.jsonl"]


def test_an_archive_without_files_leaves_them_alone_even_when_replacing_all(here: Stand) -> None:
    without = wire.archive(wire.snapshot(here, files=False))
    wire.restore(here, without, "replaceAll")

    assert here.counts()["files"] == {"": 8, "waitlist": 1, "waitlist/inner": 0}


def test_an_archive_of_no_files_takes_all_away(here: Stand) -> None:
    names = stored(wire.snapshot(here))
    gone = dict.fromkeys(names)
    upload = wire.archive(
        {n: b for n, b in (wire.snapshot(here) | gone).items() if b is not None}
        | {"_storage/documents.jsonl": b""}
    )
    wire.restore(here, upload, "replace")

    assert here.counts()["files"][""] == 0


def test_a_file_that_is_not_what_its_line_says_fails_the_import(here: Stand) -> None:
    made = wire.snapshot(here)
    name = stored(made)[0]
    state = wire.restore(here, wire.archive(made | {name: made[name] + b"x"}), "replaceAll")

    assert "Sha256Mismatch" in state["error_message"]
    assert wire.snapshot(here) == made


def test_a_line_without_its_file_is_dropped_without_a_word(here: Stand) -> None:
    made = wire.snapshot(here)
    name = stored(made)[0]
    upload = wire.archive({n: b for n, b in made.items() if n != name})
    state = wire.restore(here, upload, "replace")

    assert state["state"] == "completed"
    assert here.counts()["files"][""] == 7


def test_a_file_without_a_line_is_taken_in(here: Stand) -> None:
    made = wire.snapshot(here) | {"_storage/documents.jsonl": b""}
    wire.restore(here, wire.archive(made), "replace")

    rows = wire.snapshot(here)["_storage/documents.jsonl"].splitlines()
    assert len(rows) == 8
    assert all(json.loads(line)["contentType"] is None for line in rows)


def test_files_do_not_count_as_rows_written(here: Stand) -> None:
    made = wire.snapshot(here)
    state = wire.restore(here, wire.archive(made), "replaceAll")

    assert state["num_rows_written"] == sum(here.counts()["tables"].values()) == 232


def test_a_whole_archive_comes_back_byte_for_byte(here: Stand) -> None:
    made = wire.snapshot(here)
    here.mutate("npd", "delete", 5)
    here.mutate("users", "patch", 3)
    wire.restore(here, wire.download(here, wire.export(here)), "replaceAll")
    changed = wire.snapshot(here)
    wire.restore(here, wire.archive(made), "replaceAll")

    assert changed != made
    assert wire.snapshot(here) == made
