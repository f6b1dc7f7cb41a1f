"""The outline of an archive names what is in it without reading a row."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.archive.outline import OutlinedFiles, OutlinedTable, outline
from storage.errors import ArchiveError
from tests.storage.archive.small_archives import convex_zip, entries, row


def test_tables_components_and_files_are_named(tmp_path: Path) -> None:
    tables = {"users": [row("a")], "npd": [], "waitlist/inner/users": [row("b")]}
    made = entries(tables, files={"": {"f1": b"123", "f2": b"4"}}, numbers={"npd": 10007})

    seen = outline(convex_zip(tmp_path / "a.zip", made))

    assert seen.tables == (
        OutlinedTable("", "npd", 10007, 0),
        OutlinedTable("", "users", 10001, len(row("a"))),
        OutlinedTable("waitlist/inner", "users", 10001, len(row("b"))),
    )
    assert seen.files == (OutlinedFiles("", 2, 4),)
    assert seen.components == ("", "waitlist/inner")


def test_rows_are_not_read(tmp_path: Path) -> None:
    path = convex_zip(tmp_path / "a.zip", entries({"users": [row("a", "x" * 9000)]}))
    whole = bytearray(path.read_bytes())
    at = whole.index(b"users/documents.jsonl") + len("users/documents.jsonl") + 20
    whole[at : at + 5] = b"\xff" * 5
    path.write_bytes(bytes(whole))

    assert [table.name for table in outline(path).tables] == ["users"]


def test_a_table_that_is_not_listed_has_no_number(tmp_path: Path) -> None:
    made = [e for e in entries({"users": [row("a")]}) if "_tables" not in e[0]]

    assert outline(convex_zip(tmp_path / "a.zip", made)).tables[0].number is None


def test_an_empty_deployment_has_an_outline(tmp_path: Path) -> None:
    seen = outline(convex_zip(tmp_path / "a.zip", entries({})))

    assert (seen.tables, seen.files, seen.components) == ((), (), ("",))


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\3\4 and no more")

    with pytest.raises(ArchiveError):
        outline(path)
