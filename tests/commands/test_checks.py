"""A backup is held against what a person expects, its manifest and its predecessors."""

from dataclasses import replace

import pytest

from commands import checks
from commands.verb import Rules
from storage.manifest import Contents, StorageFacts, TableFacts
from tests.fakes import make_manifest


def table(name, documents=10, **changes):
    facts = {"name": name, "number": 10001, "documents": documents, "bytes": 100, "sha256": "a"}
    return TableFacts(**{**facts, **changes})


def contents(*tables, storage=()):
    return Contents(tables=tables, storage=storage)


def earlier(*tables, size=1000):
    manifest = make_manifest(contents=contents(*tables))
    archive = manifest.archive.__class__(name="a", bytes=size, sha256="b")
    return type(manifest)(**{**_fields(manifest), "archive": archive})


def _fields(manifest):
    return {name: getattr(manifest, name) for name in manifest.__struct_fields__}


def said(findings):
    return " ".join(finding.what for finding in findings)


def test_an_expected_table_that_is_missing_is_named():
    found = list(checks.expected(contents(table("users")), ("users", "npd")))

    assert len(found) == 1
    assert "'npd'" in found[0].what


def test_no_settings_expect_nothing():
    assert list(checks.expected(contents(table("users")), None)) == []


def test_five_tables_where_none_are_expected_are_loud():
    tables = [table(name) for name in ("a", "b", "c", "d", "e")]

    found = list(checks.expected(contents(*tables), ()))
    assert "expect no tables at all" in said(found)
    assert "has 5" in said(found)


def test_an_empty_archive_is_allowed_but_loud():
    found = list(checks.nothing_inside(contents(table("users", 0))))

    assert [finding.severity for finding in found] == ["warning"]


def test_equal_contents_have_no_findings():
    manifest = make_manifest(contents=contents(table("users")))

    assert list(checks.against_manifest(contents(table("users")), manifest)) == []


@pytest.mark.parametrize(
    ("now", "word"),
    [
        (table("users", 9), "holds 9 documents; the manifest says 10"),
        (table("users", sha256="other"), "not the bytes"),
        (table("users", number=10009), "not the bytes"),
        (table("people"), "in the manifest but not in the archive"),
    ],
)
def test_whatever_differs_from_the_manifest_is_said(now, word):
    manifest = make_manifest(contents=contents(table("users")))

    assert word in said(checks.against_manifest(contents(now), manifest))


def test_a_lost_stored_file_is_said():
    kept = StorageFacts(count=2, bytes=20, sha256="s")
    lost = StorageFacts(count=1, bytes=10, sha256="t")
    manifest = make_manifest(contents=contents(table("users"), storage=(kept,)))

    found = checks.against_manifest(contents(table("users"), storage=(lost,)), manifest)
    assert "1 stored files" in said(found)


def test_a_table_that_lost_all_its_documents_is_said():
    found = checks.against_previous(
        contents(table("users", 0)), 1000, [earlier(table("users", 50))], Rules()
    )

    assert "'users' held 50 documents" in said(found)


def test_the_numbers_and_the_limit_stand_in_the_sentence():
    found = checks.against_previous(
        contents(table("users", 50)), 1000, [earlier(table("users", 100))] * 3, Rules()
    )

    sentence = said(found)
    assert "shrank by 50 %" in sentence
    assert "50 now, 100 usually" in sentence
    assert "allow 30 %" in sentence


def test_the_thresholds_come_from_the_settings():
    calm = replace(Rules(), shrink_percent_max=60)

    found = checks.against_previous(
        contents(table("users", 50)), 1000, [earlier(table("users", 100))], calm
    )
    assert list(found) == []


def test_growth_past_the_limit_is_said():
    found = checks.against_previous(
        contents(table("users", 100)), 9000, [earlier(table("users", 100))], Rules()
    )

    assert "Archive bytes grew by 800 %" in said(found)


def test_a_first_backup_is_compared_with_nothing():
    assert list(checks.against_previous(contents(table("users")), 10, [], Rules())) == []


def test_small_tables_may_change_by_any_percentage():
    found = checks.against_previous(
        contents(table("flags", 2), table("users", 1000)),
        1000,
        [earlier(table("flags", 9), table("users", 1000))],
        Rules(),
    )

    assert list(found) == []
