"""Deployments that nobody planned for: empty ones, odd names, odd rows, many components."""

import pytest

from sandbox.world import World
from storage.errors import LifeboatError
from tests.journeys import house as of
from tests.sandbox import wire

INTO = ("--to", "staging", "--yes")
NAMES = [
    "a",
    "A",
    "Z9",
    "latest",
    "manifest",
    "archive",
    "README",
    "documents",
    "tables",
    "storage",
    "components",
    "constructor",
    "toString",
    "hasOwnProperty",
    "proto__",
    "None",
    "null",
    "NaN",
    "con",
    "aux",
    "x" * 64,
    "trailing_",
    "mixed_Case_09",
    "abcdefghijklmnopqrstuvwxyz",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789",
]
ROWS = [
    {},
    {"text": '\u0000\u001f"\\/\u2028\u2029\ufeff😀', "long": "ü" * 5000},
    {"int": 2**63 - 1, "low": -(2**63), "float": 1.5, "whole": 3.0, "tiny": 5e-324},
    {"special": {"$float": "AAAAAAAA+H8="}, "bytes": {"$bytes": "AAECAw=="}},
    {"deep": [[[[{"a": [None, True, False, [], {}]}]]]]},
    {"latest": "latest", "name": "_id"},
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Deployments with nothing in them: each test puts in what it is about."""
    with World(tmp_path_factory.mktemp("world"), seed="empty", step_seconds=0.0) as made:
        yield made


def there_and_back(house, *words):
    """Back production up, verify it, restore it to staging; both must hold the same bytes."""
    held = of.rows(house.production)
    taken = house.run("now", "--json", *words)
    id_ = taken.last["manifest"]["id"]
    verified, ended = house.run("verify", id_), house.run("restore", id_, *INTO)

    assert (taken.code, verified.code, ended.code) == (0, 0, 0), (verified.out, ended.err)
    assert of.rows(house.staging) == held
    return id_


@pytest.mark.parametrize("name", NAMES)
def test_a_table_of_an_odd_name_comes_back(house, name):
    house.production.put_table(name, [{"x": 1.0}, {"x": 2}])
    id_ = there_and_back(house)

    assert f"{name}/documents.jsonl" in house.entries(id_)


def test_all_odd_names_come_back_together(house):
    for name in NAMES:
        house.production.put_table(name, [{"name": name}])
    there_and_back(house)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_of_an_odd_name_can_be_chosen(house, name):
    house.production.put_table(name, [{"x": 1.0}])
    house.production.put_table("other", [{"x": 1.0}])
    id_ = house.backup("--tables", name)
    result = house.do("restore", id_, *INTO)

    assert [f"{part.table}" for part in result.plan.tables] == [name]
    assert house.staging.counts()["tables"] == {name: 1}


def test_names_that_differ_in_case_only_stay_apart(house):
    for name, rows in (("users", 1), ("Users", 2), ("USERS", 3)):
        house.production.put_table(name, [{"x": 1.0}] * rows)
    there_and_back(house)
    house.staging.put_table("Users", [{"x": 2.0}])
    result = house.do("restore", "latest", *INTO, "--tables", "Users")

    assert [(part.table, part.after) for part in result.plan.tables if part.fate != "kept"] == [
        ("Users", 2)
    ]


def test_the_same_name_in_several_components_stays_apart(house):
    for component, rows in (("", 1), ("a", 2), ("a/b", 3), ("c/users", 4)):
        house.production.put_table("users", [{"x": float(rows)}] * rows, component=component)
    there_and_back(house)
    house.staging.put_table("users", [{"x": 9.0}], component="a")
    result = house.do("restore", "latest", *INTO, "--tables", "a/users")

    assert [(part.component, part.after) for part in result.plan.tables if part.fate != "kept"] == [
        ("a", 2)
    ]
    assert of.rows(house.staging) == of.rows(house.production)


def test_odd_rows_come_back_byte_for_byte(house):
    house.production.put_table("odd", ROWS)
    there_and_back(house)


def test_odd_rows_are_merged_byte_for_byte(house):
    house.production.put_table("odd", ROWS)
    held = of.rows(house.production)
    house.backup()
    house.do("restore", "latest", *INTO)
    house.staging.mutate("odd", "delete", 3)
    house.do("restore", "latest", *INTO, "--merge")

    assert of.rows(house.staging) == held


def test_a_table_without_rows_comes_back_as_a_table(house):
    house.production.put_table("bare", [])
    house.production.put_table("full", [{"x": 1.0}])
    there_and_back(house)

    assert house.staging.counts()["tables"] == {"bare": 0, "full": 1}


def test_many_tables_come_back(house):
    for place in range(120):
        house.production.put_table(f"t{place}", [{"x": float(place)}])
    there_and_back(house)


def test_an_empty_deployment_can_be_backed_up_but_never_quietly(house):
    ended = house.run("now")
    verified = house.run("verify", "latest")
    listed = house.run("list")

    assert ended.code == 0
    assert "The archive holds no documents at all, in 0 tables." in ended.out
    assert "The archive holds no documents at all, in 0 tables." in ended.err
    assert verified.code == 1
    assert "1 finding" in listed.out


def test_an_empty_backup_warns_before_it_is_restored(house):
    house.backup()
    house.staging.put_table("users", [{"x": 1.0}])
    planned = house.run("restore", "latest", "--to", "staging", "--dry-run")
    ended = house.run("restore", "latest", *INTO)

    assert "The archive holds no documents at all." in planned.out
    assert ended.code == 0
    assert house.staging.counts()["tables"].get("users", 0) == 0


def test_a_restore_over_an_empty_target_takes_a_safety_backup_all_the_same(house):
    house.production.put_table("users", [{"x": 1.0}])
    house.backup()
    result = house.do("restore", "latest", *INTO)
    house.run(*result.undo.split()[1:], "--yes")

    assert house.staging.counts()["tables"].get("users", 0) == 0


def test_a_table_that_is_expected_and_missing_is_a_finding(house):
    house.production.put_table("users", [{"x": 1.0}])
    house.write(production={"expected_tables": ["users", "orders", "waitlist/entries"]})
    ended, verified = house.run("now", "--json"), house.run("verify", "latest")
    found = [finding["what"] for finding in ended.last["findings"]]

    assert (ended.code, verified.code) == (1, 1)
    assert found == [
        "The settings expect a table 'orders', and the archive has none.",
        "The settings expect a table 'waitlist/entries', and the archive has none.",
    ]
    assert list(house.manifests()) == [ended.last["manifest"]["id"]]


def test_tables_that_are_all_there_are_no_finding(house):
    house.production.put_table("users", [{"x": 1.0}])
    house.production.put_table("entries", [{"x": 1.0}], component="waitlist")
    house.write(production={"expected_tables": ["users", "waitlist/entries"]})

    assert house.run("now").code == house.run("verify", "latest").code == 0


def test_no_tables_expected_and_five_found_is_said(house):
    for name in "abcde":
        house.production.put_table(name, [{"x": 1.0}])
    house.write(production={"expected_tables": []})
    ended, verified = house.run("now"), house.run("verify", "latest")

    assert "expect no tables at all, and the archive has 5: a, b, c, d, e." in ended.err
    assert (ended.code, verified.code) == (0, 1)


def test_expected_tables_are_not_looked_for_where_tables_were_chosen(house):
    house.production.put_table("users", [{"x": 1.0}])
    house.write(production={"expected_tables": ["users", "orders"]})

    assert house.run("now", "--tables", "users").code == 0


def test_a_table_that_lost_all_its_rows_is_said(house):
    house.production.put_table("users", [{"x": 1.0}] * 30)
    house.production.put_table("orders", [{"x": 1.0}] * 300)
    house.backup()
    house.production.mutate("users", "delete", 30)
    ended = house.run("now")

    assert "Table 'users' held 30 documents in production-" in ended.err
    assert "holds none now" in ended.err


def test_a_deployment_that_shrank_is_said_with_its_numbers(house):
    house.production.put_table("users", [{"x": 1.0}] * 100)
    house.backup()
    house.production.mutate("users", "delete", 60)
    ended = house.run("now")

    assert "Documents shrank by 60 %: 40 now, 100 usually" in ended.err


@pytest.mark.parametrize("trouble", ["row_size"])
def test_a_server_that_never_noted_sizes_is_backed_up_all_the_same(house, trouble):
    house.production.put_table("users", [{"x": 1.0}])
    house.production.trouble(kind=trouble, to=0)
    there_and_back(house)


def test_two_deployments_of_one_vault_stay_apart(house):
    house.production.put_table("users", [{"x": 1.0}])
    house.staging.put_table("users", [{"x": 2.0}] * 5)
    ids = [house.backup(name) for name in ("production", "staging")]

    assert [house.do("show", id_).manifest.contents.documents for id_ in ids] == [1, 5]
    assert house.do("restore", ids[0], *INTO).plan.source == "production"


def test_a_name_that_convex_does_not_allow_is_refused_by_convex_and_nothing_changes(house):
    """Such a table can't exist there; an archive that was made by hand may hold one."""
    house.production.put_table("9lives", [{"x": 1.0}])
    before = of.rows(house.staging)
    with pytest.raises(LifeboatError) as caught:
        house.do("now")
        house.do("restore", "latest", *INTO)

    assert "9lives" in str(caught.value)
    assert of.rows(house.staging) == before


@pytest.mark.slow
def test_the_encoding_of_before_march_2026_goes_there_and_back(tmp_path_factory, tmp_path):
    folder = tmp_path_factory.mktemp("legacy")
    with World(folder, seed="small", encoding="legacy", step_seconds=0.0) as world:
        house = of.House(tmp_path, world)
        held = of.rows(house.production)
        house.backup()
        verified = house.do("verify", "latest")
        house.do("restore", "latest", *INTO)
        merged = house.run("restore", "latest:production", *INTO, "--merge")

        assert verified.findings == ()
        assert of.rows(house.staging) == held
        assert merged.code == 2
        assert "encoding from before 2026-03" in merged.err
        assert "--mode replace" in merged.err
        assert wire.ask(house.staging, "_system/cli/queryImport:list")[0]["state"]["state"]
