"""What an archive's parts say of each other: lists of tables, schemas, stored files, strangers."""

import io
import string

import pytest

from storage.archive.inspect import inspect
from tests import convex_zip
from tests.convex_zip import StoredFile, Zip, doc_id, row, rows, stored_file

FILES = [stored_file(1, b"one"), stored_file(2, b"two"), stored_file(3, b"three")]


def read(tables=None, **changes):
    out = io.BytesIO()
    convex_zip.write(out, {"users": rows(10001, 2)} if tables is None else tables, **changes)
    return inspect([out.getvalue()])


def read_entries(*entries):
    out = io.BytesIO()
    zip_ = Zip(out)
    for name, body in entries:
        zip_.add(name, body)
    zip_.close()
    return inspect([out.getvalue()])


def checks(inspection):
    return [finding.check for finding in inspection.findings]


def sentence(inspection):
    (finding,) = inspection.findings
    return finding.what


def test_a_table_that_is_not_listed_is_found():
    assert "not in _tables" in sentence(read(lists={"": b""}))


def test_a_listed_table_that_is_not_there_is_found():
    listed = b'{"name":"users","id":10001}\n{"name":"npd","id":10002}\n'

    assert "'npd' is listed as number 10,002" in sentence(read(lists={"": listed}))


def test_an_archive_without_a_list_of_tables_is_found():
    inspection = read_entries(("users/documents.jsonl", b""))

    assert "_tables is missing" in sentence(inspection)


def test_a_component_without_a_list_of_tables_is_found():
    inspection = read_entries(
        ("_tables/documents.jsonl", b""), ("_components/a/t/documents.jsonl", b"")
    )

    assert "The tables of 'a'" in sentence(inspection)


@pytest.mark.parametrize(
    ("listed", "what"),
    [
        (b'{"name":"users","id":10001}\n{"name":"npd","id":10001}\n', "have one number"),
        (b'{"name":"users","id":10001}\n{"name":"users","id":10002}\n', "is listed twice"),
        (b'{"name":"users","id":0}\n', "no table can have"),
        (b'{"name":"users","id":4294967296}\n', "no table can have"),
        (b'{"name":"users","id":99999999999999999999}\n', "no table's name and number"),
        (b'{"name":"users","id":10001.0}\n', "no table's name and number"),
        (b'{"name":"users","id":10001}\n\n', "no table's name and number"),
        (b'{"name":"us\xffers","id":10001}\n', "no table's name and number"),
        (b'{"name":"users"}\n', "no table's name and number"),
        (b'{"name":"users","id":"10001"}\n', "no table's name and number"),
        (b"users\n", "no table's name and number"),
    ],
)
def test_a_list_of_tables_that_cannot_be_is_found(listed, what):
    assert any(what in finding.what for finding in read(lists={"": listed}).findings)


def test_ids_of_another_number_than_the_lists_are_found():
    inspection = read({"users": rows(10007, 2)}, numbers={"users": 10001})

    assert checks(inspection) == ["_id", "_id"]


def test_ids_are_held_against_a_list_that_comes_later():
    inspection = read_entries(
        ("users/documents.jsonl", b"".join(r + b"\n" for r in rows(10007, 2))),
        ("_tables/documents.jsonl", b'{"name":"users","id":10001}\n'),
    )

    assert "number 10,001 in _tables, and 10,007 in ids" in sentence(inspection)


@pytest.mark.parametrize("char", string.punctuation + " é🌊\t\x7f")
def test_a_character_that_no_table_name_has_is_found(char):
    if char in "/\\_":
        return
    name = f"us{char}ers"
    inspection = read({name: rows(10001, 1)})

    assert inspection.contents.tables[0].name == name
    assert set(checks(inspection)) == {"table list"}


def test_every_character_of_table_names_is_read():
    name = "A" + string.digits + "_" + string.ascii_lowercase + string.ascii_uppercase[1:]

    assert read({name: rows(10001, 1)}).findings == ()


@pytest.mark.parametrize("body", [b"", b"uniform\n", b"{}\n", b'"uniform\n', b"\xff\n"])
def test_a_schema_that_cannot_be_read_is_found(body):
    inspection = read_entries(
        ("_tables/documents.jsonl", b'{"name":"t","id":10001}\n'),
        ("t/documents.jsonl", b""),
        ("t/generated_schema.jsonl", body),
    )

    assert checks(inspection) == ["generated schema"]


def test_a_legacy_schema_may_have_overrides():
    body = b'"never"\n{"' + doc_id(10001, 1).encode() + b'":"int64"}\n'
    inspection = read_entries(
        ("_tables/documents.jsonl", b'{"name":"t","id":10001}\n'),
        ("t/generated_schema.jsonl", body),
        ("t/documents.jsonl", row(10001, 1) + b"\n"),
    )

    assert inspection.findings == ()
    assert inspection.contents.tables[0].encoding == "legacy"


def test_a_schema_without_rows_is_found():
    inspection = read_entries(
        ("_tables/documents.jsonl", b""), ("t/generated_schema.jsonl", b'"uniform"\n')
    )

    assert checks(inspection) == ["generated schema"]


def test_an_entry_that_convex_never_writes_is_a_warning():
    inspection = read_entries(("_tables/documents.jsonl", b""), ("notes.txt", b"hi"))

    assert [(f.severity, f.where) for f in inspection.findings] == [("warning", "notes.txt")]


def test_an_ordinary_zip_is_no_snapshot():
    assert "table list" in checks(read_entries(("photo.jpeg", b"\xff\xd8")))


def test_a_second_snapshot_beside_the_first_is_not_mixed_in():
    inspection = read_entries(
        ("_tables/documents.jsonl", b""), ("other/_tables/documents.jsonl", b"")
    )

    assert checks(inspection) == ["entries"]


def test_stored_files_of_components_are_sound():
    assert read(storage={"": FILES, "a/b": [stored_file(9)]}).findings == ()


def test_no_stored_files_at_all_are_sound():
    assert read(storage=[]).findings == ()


@pytest.mark.parametrize(
    ("file", "what"),
    [
        (stored_file(1, b"one", size=4), "has 3 bytes, and its row says 4"),
        (stored_file(1, b"one", sha256=FILES[1].row()[80:124].decode()), "SHA-256 is"),
        (stored_file(1, b"one", sha256="no base 64"), "its row says no base 64"),
    ],
)
def test_a_stored_file_that_is_not_what_its_row_says_is_found(file, what):
    assert what in sentence(read(storage=[file]))


def with_files(told, held):
    return read_entries(
        ("_tables/documents.jsonl", b""),
        ("_storage/documents.jsonl", b"".join(file.row() + b"\n" for file in told)),
        *((f"_storage/{file.id}{file.extension}", file.data) for file in held),
    )


def test_a_missing_stored_file_is_found():
    assert FILES[1].id in sentence(with_files(FILES, [FILES[0], FILES[2]]))


def test_an_extra_stored_file_is_found():
    inspection = with_files(FILES[:1], FILES[:2])

    assert "has no row" in sentence(inspection)
    assert inspection.findings[0].where == f"_storage/{FILES[1].id}.pdf"


def test_stored_files_without_rows_are_found():
    inspection = read_entries(
        ("_tables/documents.jsonl", b""), (f"_storage/{FILES[0].id}.pdf", b"one")
    )

    assert set(checks(inspection)) == {"stored files"}


def test_one_stored_file_under_two_names_is_found():
    again = StoredFile(id=FILES[0].id, data=b"one", extension=".txt")

    assert "twice" in sentence(with_files(FILES[:1], [FILES[0], again]))


def test_a_stored_file_of_another_table_number_is_found():
    other = StoredFile(id=doc_id(541, 2), data=b"x")

    assert "table number 541" in " ".join(
        f.what for f in with_files([FILES[0], other], [FILES[0], other]).findings
    )


def test_a_stored_file_whose_name_is_no_id_is_found():
    odd = StoredFile(id="passport", data=b"x")

    assert "is no id" in " ".join(f.what for f in with_files([odd], [odd]).findings)


def test_a_file_row_without_a_checksum_is_found():
    inspection = read_entries(
        ("_tables/documents.jsonl", b""),
        ("_storage/documents.jsonl", row(540, 1, size=1) + b"\n"),
    )

    assert checks(inspection) == ["stored files"]


def test_stored_files_may_come_before_their_rows():
    inspection = read_entries(
        (f"_storage/{FILES[0].id}.pdf", b"one"),
        ("_storage/documents.jsonl", FILES[0].row() + b"\n"),
        ("_tables/documents.jsonl", b""),
    )

    assert inspection.findings == ()
