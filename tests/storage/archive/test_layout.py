"""Names of entries: what each is, in every component, and the names that tables can have."""

import string

import pytest

from storage.archive.layout import Kind, Place, folder, is_table_name, path, place


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("README.md", Place(Kind.README)),
        ("_tables/documents.jsonl", Place(Kind.TABLE_LIST, "", "_tables")),
        ("users/documents.jsonl", Place(Kind.ROWS, "", "users")),
        ("users/generated_schema.jsonl", Place(Kind.SCHEMA, "", "users")),
        ("_storage/documents.jsonl", Place(Kind.FILE_ROWS, "", "_storage")),
        ("_storage/kg2abc.jpeg", Place(Kind.FILE, "", "kg2abc")),
        ("_storage/kg2abc", Place(Kind.FILE, "", "kg2abc")),
        ("_components/a/_tables/documents.jsonl", Place(Kind.TABLE_LIST, "a", "_tables")),
        ("_components/a/_components/b/t/documents.jsonl", Place(Kind.ROWS, "a/b", "t")),
        ("_components/a/_storage/kg2.pdf", Place(Kind.FILE, "a", "kg2")),
        ("snapshot/users/documents.jsonl", Place(Kind.ROWS, "", "users", "snapshot/")),
        ("snapshot/README.md", Place(Kind.README, lead="snapshot/")),
        ("s/_components/a/t/documents.jsonl", Place(Kind.ROWS, "a", "t", "s/")),
        ("s/_storage/kg2.pdf", Place(Kind.FILE, "", "kg2", "s/")),
        ("snapshot/", Place(Kind.FOLDER)),
        ("__MACOSX/users/._documents.jsonl", Place(Kind.LITTER)),
        ("snapshot/.DS_Store", Place(Kind.LITTER)),
    ],
)
def test_an_entry_is_known_by_its_name(name, expected):
    assert place(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "users/documents.json",
        "users/Documents.jsonl",
        "_scheduled_jobs/documents.jsonl",
        "_tables/generated_schema.jsonl",
        "a/b/_scheduled_jobs/documents.jsonl",
        "_components/documents.jsonl",
        "_storage/a/b.pdf",
        "_storage/.pdf",
        "users/documents.jsonl\n",
    ],
)
def test_what_convex_never_writes_is_unknown(name):
    assert place(name).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "name",
    [
        "a/b/c/documents.jsonl",
        "a/b/c/generated_schema.jsonl",
        "a/b/_tables/documents.jsonl",
        "a/b/_storage/documents.jsonl",
        "a/b/_storage/kg2.pdf",
        "a/_components/b/c/d/documents.jsonl",
        "my_storage/kg2.pdf",
        "_storage/generated_schema.jsonl",
    ],
)
def test_what_convex_would_import_from_anywhere_is_stray(name):
    assert place(name).kind is Kind.STRAY


def test_nothing_can_hide_in_the_folder_that_macos_adds():
    assert place("__MACOSX/users/documents.jsonl").kind is Kind.ROWS


@pytest.mark.parametrize("component", ["", "waitlist", "waitlist/inner"])
def test_a_components_folder_is_read_back(component):
    assert place(folder(component) + "t/documents.jsonl").component == component


def test_a_tables_path_is_what_a_person_types():
    assert [path("", "t"), path("a/b", "t")] == ["t", "a/b/t"]


@pytest.mark.parametrize("char", string.printable)
def test_only_letters_digits_and_underscores_are_in_table_names(char):
    legal = char in string.ascii_letters + string.digits + "_"

    assert is_table_name(f"a{char}b") == legal


@pytest.mark.parametrize("char", string.printable)
def test_only_a_letter_begins_a_table_name(char):
    assert is_table_name(f"{char}ab") == (char in string.ascii_letters)


@pytest.mark.parametrize(("length", "legal"), [(0, False), (1, True), (64, True), (65, False)])
def test_a_table_name_has_up_to_64_characters(length, legal):
    assert is_table_name("a" * length) == legal


def test_letters_beyond_ascii_are_in_no_table_name():
    assert not is_table_name("ürün")
