"""A merge is the union by `_id` in which the target's rows win, byte for byte."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.archive.ids import encode
from storage.archive.merge import MergedFiles, MergedTable, MergeResult, merge
from storage.errors import ArchiveError, Refused
from tests.storage.archive.small_archives import (
    LEGACY,
    UNIFORM,
    convex_zip,
    entries,
    row,
)

IDS = st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=1, max_size=3)
ROWS = st.dictionaries(IDS, st.integers() | st.text(max_size=5), max_size=25)


class Sides:
    """Two archives in a folder, and their merge."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.result: MergeResult | None = None

    def target(self, *given, **options) -> Sides:
        convex_zip(self.folder / "target.zip", entries(*given, **options))
        return self

    def archive(self, *given, **options) -> Sides:
        convex_zip(self.folder / "archive.zip", entries(*given, **options))
        return self

    def merged(self, keep: set[str] | None = None) -> dict[str, bytes]:
        out = io.BytesIO()
        self.result = merge(self.folder / "target.zip", self.folder / "archive.zip", out, keep)
        with zipfile.ZipFile(out) as folder:
            assert folder.testzip() is None
            return {name: folder.read(name) for name in folder.namelist()}


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    return Sides(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("merge")


def lines(rows: dict[str, object], order: random.Random | None) -> list[bytes]:
    """Return the rows in `_id` order as Convex exports them, or in any other order."""
    made = [row(id_, value) for id_, value in sorted(rows.items())]
    if order:
        order.shuffle(made)
    return made


@given(ROWS, ROWS, st.none() | st.randoms(), st.none() | st.randoms())
def test_a_merge_is_the_union_with_the_target_winning(
    folder: Path,
    ours: dict[str, object],
    theirs: dict[str, object],
    our_order: random.Random | None,
    their_order: random.Random | None,
) -> None:
    sides = Sides(folder)
    sides.target({"users": lines(ours, our_order)})
    sides.archive({"users": lines(theirs, their_order)})

    got = sides.merged()["users/documents.jsonl"].splitlines(keepends=True)

    union = {**theirs, **ours}
    assert sorted(got) == sorted(row(id_, value) for id_, value in union.items())
    if (ours and theirs) or not (our_order or their_order):
        assert got == [row(id_, value) for id_, value in sorted(union.items())]
    assert sides.result == MergeResult(
        (MergedTable("", "users", len(ours), len(theirs.keys() - ours.keys())),), ()
    )


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_ids_of_one_table_sort_as_their_text_does(one: bytes, two: bytes) -> None:
    assert (encode(10001, one) < encode(10001, two)) == (one < two)


def test_rows_keep_their_bytes_whatever_a_parser_would_make_of_them(sides: Sides) -> None:
    odd = (
        b'{ "b":1.0e2, "_id" : "a2","z":-0.0 ,"big":123456789012345678901,"u":"\\u00e9\xc3\xa9"}\n'
    )
    sides.target({"t": [b'{"_id":"a1","x":5.0}\n']}).archive({"t": [odd]})

    assert sides.merged()["t/documents.jsonl"] == b'{"_id":"a1","x":5.0}\n' + odd


def test_a_last_line_without_newline_gets_one(sides: Sides) -> None:
    sides.target({"t": [b'{"_id":"a1"}']}).archive({"t": [b'{"_id":"a2"}']})

    assert sides.merged()["t/documents.jsonl"] == b'{"_id":"a1"}\n{"_id":"a2"}\n'


def test_tables_only_in_the_target_are_left_out(sides: Sides) -> None:
    sides.target({"users": [row("a")], "logs": [row("z")]}).archive({"users": [row("b")]})

    got = sides.merged()

    assert not [name for name in got if name.startswith("logs/")]
    assert got["_tables/documents.jsonl"] == b'{"name":"users","id":10001}\n'


def test_tables_only_in_the_archive_are_added_whole(sides: Sides) -> None:
    sides.target({}).archive({"users": [row("a"), row("b")]}, schemas={"users": LEGACY})

    got = sides.merged()

    assert got["users/documents.jsonl"] == row("a") + row("b")
    assert got["users/generated_schema.jsonl"] == LEGACY
    assert sides.result == MergeResult((MergedTable("", "users", 0, 2),), ())


def test_components_are_merged_each_by_itself(sides: Sides) -> None:
    sides.target({"users": [row("a", 1)], "waitlist/inner/users": [row("a", 2)]})
    sides.archive({"users": [row("b")], "waitlist/inner/users": [row("a", 3), row("c")]})

    got = sides.merged()

    inner = "_components/waitlist/_components/inner/"
    assert got[f"{inner}users/documents.jsonl"] == row("a", 2) + row("c")
    assert got[f"{inner}_tables/documents.jsonl"] == b'{"name":"users","id":10001}\n'
    assert got["users/documents.jsonl"] == row("a", 1) + row("b")


def test_only_chosen_tables_take_part(sides: Sides) -> None:
    sides.target({"users": [row("a")], "npd": [row("x")]}, files={"": {}})
    sides.archive({"users": [row("b")], "npd": [row("y")]}, files={"": {"f": b"1"}})

    got = sides.merged({"npd"})

    assert sorted(got) == [
        "README.md",
        "_tables/documents.jsonl",
        "npd/documents.jsonl",
        "npd/generated_schema.jsonl",
    ]


def test_a_chosen_table_that_is_not_there_is_refused(sides: Sides) -> None:
    sides.target({"users": []}).archive({"users": []})

    with pytest.raises(Refused, match="Not in the archive: user"):
        sides.merged({"user"})


def test_the_targets_files_win_and_missing_ones_are_added(sides: Sides) -> None:
    sides.target({}, files={"": {"f1": b"ours", "f3": b"only ours"}})
    sides.archive({}, files={"": {"f1": b"theirs", "f2": b"only theirs"}})

    got = sides.merged()

    blobs = {name: data for name, data in got.items() if name.endswith(".pdf")}
    assert blobs == {
        "_storage/f1.pdf": b"ours",
        "_storage/f2.pdf": b"only theirs",
        "_storage/f3.pdf": b"only ours",
    }
    assert [line[:11] for line in got["_storage/documents.jsonl"].splitlines()] == [
        b'{"_id":"f1"',
        b'{"_id":"f2"',
        b'{"_id":"f3"',
    ]
    assert sides.result == MergeResult((), (MergedFiles("", 2, 1),))


def test_files_stay_out_when_the_archive_was_taken_without(sides: Sides) -> None:
    sides.target({"t": []}, files={"": {"f1": b"ours"}}).archive({"t": []})

    assert not [name for name in sides.merged() if "_storage" in name]


def test_an_archive_with_no_file_keeps_all_of_the_targets(sides: Sides) -> None:
    sides.target({}, files={"": {"f1": b"ours"}}).archive({}, files={"": {}})

    assert sides.merged()["_storage/f1.pdf"] == b"ours"
    assert sides.result == MergeResult((), (MergedFiles("", 1, 0),))


def test_files_are_refused_when_the_targets_own_were_not_exported(sides: Sides) -> None:
    sides.target({"t": []}).archive({"t": []}, files={"": {"f1": b"theirs"}})

    with pytest.raises(Refused, match="own files would be lost"):
        sides.merged()


def test_other_numbers_for_one_table_are_refused(sides: Sides) -> None:
    sides.target({"users": [row("a")]}, numbers={"users": 10009}).archive({"users": [row("b")]})

    with pytest.raises(Refused, match="10001 in the archive and 10009") as refused:
        sides.merged()

    assert "--mode replace" in refused.value.hint
    assert "--mode replace-all" in refused.value.hint


def test_a_number_that_another_table_of_the_target_has_is_refused(sides: Sides) -> None:
    sides.target({"logs": [row("a")]}).archive({"users": [row("b")]})

    with pytest.raises(Refused, match="for its table 'logs'"):
        sides.merged()


@pytest.mark.parametrize("legacy", ["target", "archive"])
def test_the_older_encoding_is_refused_where_rows_would_mix(sides: Sides, legacy: str) -> None:
    schemas = {"target": UNIFORM, "archive": UNIFORM, legacy: LEGACY}
    sides.target({"users": [row("a")]}, schemas={"users": schemas["target"]})
    sides.archive({"users": [row("b")]}, schemas={"users": schemas["archive"]})

    with pytest.raises(Refused, match=f"before 2026-03 in the {legacy}"):
        sides.merged()


def test_an_empty_side_brings_no_encoding(sides: Sides) -> None:
    sides.target({"t": [row("a")]}).archive({"t": []}, schemas={"t": b'"\\"never\\""\n'})

    got = sides.merged()

    assert got["t/documents.jsonl"] == row("a")
    assert got["t/generated_schema.jsonl"] == UNIFORM
    assert sides.result == MergeResult((MergedTable("", "t", 1, 0),), ())


@pytest.mark.parametrize("side", ["target", "archive"])
def test_a_row_twice_in_one_side_is_never_dropped_silently(sides: Sides, side: str) -> None:
    tables = {"target": [row("a")], "archive": [row("b")]}
    tables[side] = [row("c", 1), row("b"), row("c", 2)]
    sides.target({"t": tables["target"]}).archive({"t": tables["archive"]})

    with pytest.raises(ArchiveError, match="twice"):
        sides.merged()


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b" \n",
        b"{}\n",
        b'{"_id":5}\n',
        b'["a"]\n',
        b"nonsense\n",
        b'{"_id":"b"}{"_id":"c"}\n',
        b'{"_id":"b"}{"_id":"c"}\n\n',
        b'{"_id":\n"b"}\n',
    ],
)
def test_a_line_that_is_no_row_is_named_by_its_number(sides: Sides, line: bytes) -> None:
    sides.target({"t": [row("a")]}).archive({"t": [row("b"), line, row("d")]})

    with pytest.raises(ArchiveError, match=r"Line 2 of 't/documents\.jsonl'"):
        sides.merged()


def test_a_damaged_row_is_found_while_it_is_copied(sides: Sides, tmp_path: Path) -> None:
    sides.target({"t": [row("a")]}).archive({"t": [row("b", "x" * 40)]})
    path = tmp_path / "archive.zip"
    whole = bytearray(path.read_bytes())
    at = whole.index(b"t/documents.jsonl", whole.index(b"_tables/documents.jsonl") + 30)
    whole[at + 40] ^= 1
    path.write_bytes(bytes(whole))

    with pytest.raises(ArchiveError):
        sides.merged()


def test_a_merge_can_be_merged_again_to_the_same_bytes(sides: Sides, tmp_path: Path) -> None:
    sides.target({"t": [row("a")]}, files={"": {"f": b"1"}})
    sides.archive({"t": [row("b")]}, files={"": {"g": b"2"}})
    once, twice = tmp_path / "once.zip", tmp_path / "twice.zip"
    with once.open("wb") as out:
        merge(tmp_path / "target.zip", tmp_path / "archive.zip", out)

    with twice.open("wb") as out:
        merge(once, tmp_path / "archive.zip", out)

    assert twice.read_bytes() == once.read_bytes()


def test_nothing_is_left_of_a_table_that_turned_out_to_be_unsorted(sides: Sides) -> None:
    many = [row(f"b{n:06}", n) for n in range(30_000)]
    sides.target({"t": [*many, row("a")]}).archive({"t": [row("c")]})

    got = sides.merged()["t/documents.jsonl"]

    assert got == b"".join([row("a"), *many, row("c")])
