"""The official `convex` CLI, unmodified, takes the stand-in for a real deployment."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.world import World
from tests.node_cli import ConvexCli, convex_cli

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> ConvexCli:
    return convex_cli(tmp_path_factory.mktemp("cli"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path / "world", seed="small") as made:
        yield made


def at(world: World, name: str = "production") -> dict[str, str]:
    return {"url": world[name].url, "key": world[name].key}


def rows_of(archive: Path, entry: str) -> list[dict[str, object]]:
    with zipfile.ZipFile(archive) as opened:
        return [json.loads(line) for line in opened.read(entry).splitlines()]


def rows_asked(world: World, name: str, table: str) -> float:
    """The count as any client may ask for it, with no part of ours in between."""
    answer = httpx.post(
        f"{world[name].url}/api/query",
        headers={"Authorization": f"Convex {world[name].key}"},
        json={"path": "_system/cli/tableSize", "args": {"tableName": table}, "format": "json"},
    ).json()
    return answer["value"]


def test_export_brings_an_archive_that_ordinary_zip_tools_read(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    archive = tmp_path / "out.zip"
    ran = cli("export", "--path", archive, **at(world))

    assert ran.code == 0, ran.err
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
    assert len(rows_of(archive, "npd/documents.jsonl")) == 40


def test_export_covers_every_component_and_leaves_files_out_unless_asked(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    archive = tmp_path / "out.zip"
    ran = cli("export", "--path", archive, **at(world))
    names = zipfile.ZipFile(archive).namelist()

    assert ran.code == 0, ran.err
    assert "_components/waitlist/_components/inner/counters/documents.jsonl" in names
    assert not [name for name in names if "_storage" in name]


def test_export_with_file_storage_brings_every_stored_file(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    archive = tmp_path / "out.zip"
    ran = cli("export", "--include-file-storage", "--path", archive, **at(world))

    assert ran.code == 0, ran.err
    with zipfile.ZipFile(archive) as opened:
        files = [n for n in opened.namelist() if n.startswith("_storage/") and "documents" not in n]
        pdfs = [n for n in files if n.endswith(".pdf")]

        assert len(files) == 8
        assert all(opened.read(name).startswith(b"%PDF-1.4") for name in pdfs)


def test_export_into_a_folder_names_the_file_as_the_deployment_says(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    ran = cli("export", "--path", folder, **at(world))

    assert ran.code == 0, ran.err
    assert [p.name for p in folder.iterdir() if p.name.startswith("snapshot_happy-animal-123_")]


def test_the_deployment_may_also_be_told_by_the_environment(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    here = world["production"]
    env = {"CONVEX_SELF_HOSTED_URL": here.url, "CONVEX_SELF_HOSTED_ADMIN_KEY": here.key}
    ran = cli("export", "--path", tmp_path / "out.zip", env=env)

    assert ran.code == 0, ran.err
    assert zipfile.is_zipfile(tmp_path / "out.zip")


def test_an_exported_archive_replaces_all_of_another_deployment(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    archive, again = tmp_path / "out.zip", tmp_path / "again.zip"
    cli("export", "--include-file-storage", "--path", archive, **at(world))
    ran = cli("import", "--replace-all", "-y", archive, **at(world, "staging"))
    cli("export", "--include-file-storage", "--path", again, **at(world, "staging"))

    assert ran.code == 0, ran.err
    assert "Added 232 documents" in ran.err
    with zipfile.ZipFile(archive) as before, zipfile.ZipFile(again) as after:
        assert sorted(before.namelist()) == sorted(after.namelist())
        assert all(before.read(name) == after.read(name) for name in before.namelist())


def test_one_table_is_appended_from_json_lines(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    lines = tmp_path / "rows.jsonl"
    lines.write_text('{"body": "satu"}\n{"body": "dua"}\n')
    before = rows_asked(world, "production", "drafts")
    ran = cli("import", "--table", "drafts", "--append", lines, **at(world))

    assert ran.code == 0, ran.err
    assert "Added 2 documents" in ran.err
    assert rows_asked(world, "production", "drafts") == before + 2


def test_one_table_of_a_component_is_replaced(cli: ConvexCli, world: World, tmp_path: Path) -> None:
    lines = tmp_path / "rows.jsonl"
    lines.write_text('{"email": "baru@sleman.example"}\n')
    where = ("--component", "waitlist", "--table", "entries")
    ran = cli("import", *where, "--replace", "-y", lines, **at(world))
    listed = cli("data", "entries", "--component", "waitlist", "--format", "jsonl", **at(world))

    assert ran.code == 0, ran.err
    assert listed.out.count("\n") == 1
    assert "baru@sleman.example" in listed.out


def test_a_table_with_rows_is_not_imported_into_unless_a_mode_is_named(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    lines = tmp_path / "rows.jsonl"
    lines.write_text('{"name": "x"}\n')
    before = rows_asked(world, "production", "organizations")
    ran = cli("import", "--table", "organizations", lines, **at(world))

    assert ran.code == 1
    assert "already exists" in ran.err
    assert rows_asked(world, "production", "organizations") == before


def test_an_archive_larger_than_one_part_goes_up_in_parts(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    archive = tmp_path / "big.zip"
    rows = "".join(f'{{"body":"{"x" * 4000}","place":{i}.0}}\n' for i in range(3000))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as made:
        made.writestr("drafts/documents.jsonl", rows)
    ran = cli("import", "--append", archive, **at(world))

    assert ran.code == 0, ran.err
    assert rows_asked(world, "production", "drafts") == 3000


def test_data_lists_the_tables(cli: ConvexCli, world: World) -> None:
    ran = cli("data", **at(world))

    assert ran.code == 0, ran.err
    assert ran.out.split() == sorted(ran.out.split())
    assert {"npd", "sp2d", "auditLogs", "drafts"} < set(ran.out.split())


def test_data_of_a_table_shows_its_rows_with_their_types(cli: ConvexCli, world: World) -> None:
    ran = cli("data", "settings", "--format", "jsonl", **at(world))

    assert ran.code == 0, ran.err
    assert ran.out.count("\n") == 13
    for value in ("9223372036854775807n", 'Bytes("AAECAwT//v0=")', "NaN", "-Infinity"):
        assert value in ran.out


def test_data_of_a_long_table_comes_in_pages(cli: ConvexCli, world: World) -> None:
    ran = cli("data", "auditLogs", "--limit", "60", "--format", "jsonl", **at(world))

    assert ran.code == 0, ran.err
    assert ran.out.count("\n") == 60


@pytest.mark.parametrize(
    "words", [("export", "--path", "never.zip"), ("data",), ("import", "-y", "--append", "a.zip")]
)
def test_a_wrong_key_opens_nothing(cli: ConvexCli, world: World, words: tuple[str, ...]) -> None:
    zipfile.ZipFile(cli.project / "a.zip", "w").close()
    ran = cli(*words, url=world["production"].url, key=world["production"].key[:-4] + "beef")

    assert ran.code == 1
    assert "organizations" not in ran.out
    assert not (cli.project / "never.zip").exists()


def test_a_key_of_another_deployment_opens_nothing(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    ran = cli(
        "export",
        "--path",
        tmp_path / "x.zip",
        url=world["production"].url,
        key=world["staging"].key,
    )

    assert ran.code == 1
    assert "admin key was invalid" in ran.err


def test_a_second_export_is_refused_while_one_runs(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    here = world["production"]
    here.trouble(kind="export_stuck")
    httpx.post(
        f"{here.url}/api/export/request/zip", headers={"Authorization": f"Convex {here.key}"}
    ).raise_for_status()
    ran = cli("export", "--path", tmp_path / "x.zip", **at(world))

    assert ran.code == 1
    assert "already requested or in progress" in ran.err


def test_a_read_only_key_lists_data_and_is_told_what_it_lacks_for_an_export(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    here = {"url": world["production"].url, "key": world["production"].read_only_key}
    listed, exported = cli("data", **here), cli("export", "--path", tmp_path / "x.zip", **here)

    assert listed.code == 0, listed.err
    assert exported.code == 1
    assert "deployment:backups:create" in exported.err


def test_a_download_that_is_cut_fails_in_the_cli_as_well(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    world["production"].trouble(kind="cut", at_byte=500)
    ran = cli("export", "--path", tmp_path / "x.zip", **at(world))

    assert ran.code == 1
    assert not zipfile.is_zipfile(tmp_path / "x.zip")


def test_an_import_nobody_can_confirm_changes_nothing(
    cli: ConvexCli, world: World, tmp_path: Path
) -> None:
    lines = tmp_path / "rows.jsonl"
    lines.write_text('{"number": "NPD/1"}\n')
    ran = cli("import", "--table", "npd", "--replace", lines, **at(world))

    assert ran.code == 1
    assert "Cannot prompt" in ran.err
    assert rows_asked(world, "production", "npd") == 40
