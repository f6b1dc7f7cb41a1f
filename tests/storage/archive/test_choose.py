"""A chosen part of an archive is an archive: exactly what was chosen, byte for byte."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.archive.choose import choose
from storage.archive.zipfolder import opened
from storage.errors import ArchiveError, Refused
from tests.storage.archive.small_archives import (
    contents,
    convex_zip,
    entries,
    plain_zip,
    prefix,
    row,
)

WAITLIST = "_components/waitlist/_components/inner/"
TABLES = {
    "users": [row("a1", 5), row("a2", "é")],
    "npd": [row("b1")],
    "empty": [],
    "waitlist/inner/users": [row("c1", {"n": 1.5})],
    "waitlist/inner/mails": [row("d1")],
}
FILES = {"": {"f1": b"%PDF-1", "f2": b"%PDF-2" * 900}, "waitlist/inner": {"f3": b"%PDF-3"}}
EVERYTHING = [*TABLES, "_storage", "waitlist/inner/_storage"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convex_zip(tmp_path_factory.mktemp("a") / "source.zip", entries(TABLES, files=FILES))


def chosen(source: Path, *keep: str) -> dict[str, bytes]:
    out = io.BytesIO()
    choose(source, out, keep)
    with zipfile.ZipFile(out) as folder:
        assert folder.testzip() is None
        return {name: folder.read(name) for name in folder.namelist()}


def belongs(name: str, kept: set[str]) -> bool:
    """Say independently of the code whether an entry is part of what was chosen."""
    for path in kept:
        component, _, table = path.rpartition("/")
        if name.startswith(f"{prefix(component)}{table}/"):
            return True
    return name == "README.md"


@given(st.sets(st.sampled_from(EVERYTHING), min_size=1))
def test_what_was_chosen_is_there_and_nothing_else(source: Path, keep: set[str]) -> None:
    whole = contents(source)

    got = chosen(source, *keep)

    lists = {name: got.pop(name) for name in list(got) if name.endswith("_tables/documents.jsonl")}
    assert got == {name: data for name, data in whole.items() if belongs(name, keep)}
    for name, data in lists.items():
        component = "waitlist/inner/" if name.startswith("_components") else ""
        names = {path.removeprefix(component) for path in keep if path.startswith(component)}
        lines = [
            n for n in whole[name].splitlines(keepends=True) if n.split(b'"')[3].decode() in names
        ]
        assert data == b"".join(lines) != b""


def test_a_list_of_tables_is_only_there_for_components_that_keep_one(source: Path) -> None:
    got = chosen(source, "waitlist/inner/users", "_storage")

    lists = [name for name in got if name.endswith("_tables/documents.jsonl")]
    assert lists == [f"{WAITLIST}_tables/documents.jsonl"]
    assert got[lists[0]] == b'{"name":"users","id":10001}\n'


def test_nothing_is_compressed_anew(source: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.zip"
    with made.open("wb") as out:
        choose(source, out, ["_storage"])

    with opened(source) as before, opened(made) as after:
        old = {e.name: b"".join(before.raw(e)) for e in before.entries}
        new = {e.name: b"".join(after.raw(e)) for e in after.entries}
    assert new == {name: old[name] for name in new}
    assert "_storage/f2.pdf" in new


def test_a_chosen_part_can_be_chosen_from_again(source: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.zip"
    with part.open("wb") as out:
        choose(source, out, ["users", "npd"])

    assert chosen(part, "npd") == chosen(source, "npd")


def test_the_folder_that_other_tools_put_around_is_left_away(tmp_path: Path) -> None:
    wrapped = [("snapshot/", b""), ("__MACOSX/._x", b"?"), ("snapshot/.DS_Store", b"?")]
    wrapped += [(f"snapshot/{name}", data) for name, data in entries(TABLES, files=FILES)]
    source = plain_zip(tmp_path / "a.zip", wrapped)

    assert set(chosen(source, "npd")) == {
        "README.md",
        "_tables/documents.jsonl",
        "npd/documents.jsonl",
        "npd/generated_schema.jsonl",
    }


def test_parts_in_two_folders_are_no_archive(tmp_path: Path) -> None:
    two = [("one/users/documents.jsonl", row("a1")), ("two/users/documents.jsonl", row("a1"))]
    source = plain_zip(tmp_path / "a.zip", two)

    with pytest.raises(ArchiveError, match="another folder"):
        chosen(source, "users")


def test_a_single_table_is_not_taken_for_a_folder_around_everything(tmp_path: Path) -> None:
    only = [("users/documents.jsonl", row("a1")), ("users/generated_schema.jsonl", b'"uniform"\n')]
    source = plain_zip(tmp_path / "a.zip", only)

    with pytest.raises(ArchiveError, match="'users' is not listed in _tables"):
        chosen(source, "users")


def test_an_unknown_table_is_refused_with_close_names_first(source: Path) -> None:
    with pytest.raises(Refused) as refused:
        chosen(source, "users", "ndp")

    assert refused.value.what == "Not in the archive: ndp."
    assert refused.value.hint.startswith("In it are: npd, ")
    assert "waitlist/inner/mails" in refused.value.hint


def test_stored_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    source = convex_zip(tmp_path / "a.zip", entries(TABLES))

    with pytest.raises(Refused, match="no stored files"):
        chosen(source, "_storage")


def test_no_table_at_all_is_refused(source: Path) -> None:
    with pytest.raises(Refused, match="No table was chosen"):
        chosen(source)


def test_a_listed_table_without_rows_entry_can_not_be_chosen(tmp_path: Path) -> None:
    torn = [e for e in entries(TABLES) if e[0] != "npd/documents.jsonl"]
    source = convex_zip(tmp_path / "a.zip", torn)

    with pytest.raises(ArchiveError, match=r"'npd' has no documents\.jsonl"):
        chosen(source, "npd")


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"name":"npd"}\n', b'{"name":"npd","id":"7"}\n'])
def test_a_list_of_tables_that_can_not_be_read_is_no_archive(tmp_path: Path, line: bytes) -> None:
    made = [(n, line if n == "_tables/documents.jsonl" else d) for n, d in entries(TABLES)]
    source = convex_zip(tmp_path / "a.zip", made)

    with pytest.raises(ArchiveError, match="_tables"):
        chosen(source, "npd")
