"""The official `convex` CLI, unmodified, and Lifeboat agree about every archive.

What one of them wrote the other reads, and after the CLI has imported what Lifeboat wrote, exactly
the rows and files are there that Lifeboat said. tests/sandbox/test_official_cli.py holds the CLI
against the stand-in alone.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.world import Stand, World
from storage.archive.choose import choose
from storage.archive.inspect import Inspection, inspect
from storage.archive.merge import merge
from tests.journeys.house import House, rows
from tests.node_cli import ConvexCli, Ran, convex_cli

pytestmark = pytest.mark.node

WAITLIST = "_components/waitlist/"
INNER = f"{WAITLIST}_components/inner/"


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> ConvexCli:
    return convex_cli(tmp_path_factory.mktemp("cli"))


@pytest.fixture(scope="module")
def older_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Deployments that export as Convex did before 2026-03."""
    folder = tmp_path_factory.mktemp("older")
    with World(folder, step_seconds=0.0, encoding="legacy") as made:
        yield made


@pytest.fixture
def older(older_world: World, tmp_path: Path) -> House:
    for name in older_world:
        older_world[name].reset()
    (tmp_path / "older").mkdir()
    return House(tmp_path / "older", older_world)


def exported(cli: ConvexCli, stand: Stand, path: Path) -> Path:
    """An archive that the CLI brought, stored files included."""
    ran = cli("export", "--include-file-storage", "--path", path, url=stand.url, key=stand.key)
    assert ran.code == 0, ran.err
    return path


def imported(cli: ConvexCli, stand: Stand, mode: str, archive: Path) -> Ran:
    """The CLI's import of an archive, done."""
    ran = cli("import", mode, "-y", archive, url=stand.url, key=stand.key)
    assert ran.code == 0, ran.err
    return ran


def looked_at(archive: Path) -> Inspection:
    return inspect([archive.read_bytes()])


def contents(house: House, id_: str) -> dict[str, dict]:
    """What a backup's manifest says of each table, by its path."""
    tables = house.manifests()[id_]["contents"]["tables"]
    return {f"{table['component']}/{table['name']}": table for table in tables}


def of(entries: dict[str, bytes], *folders: str) -> dict[str, bytes]:
    """The entries that lie in these folders."""
    return {name: body for name, body in entries.items() if name.startswith(folders)}


def swapped(before: dict[str, bytes], source: dict[str, bytes], *folders: str) -> dict[str, bytes]:
    """The entries of `before` with these folders' taken from the source instead."""
    kept = {name: body for name, body in before.items() if not name.startswith(folders)}
    return kept | of(source, *folders)


def lines(body: bytes) -> dict[str, bytes]:
    """The lines of an entry by `_id`; those of `_tables` by table."""
    read = ((json.loads(line), line) for line in body.splitlines())
    return {row.get("_id") or row["name"]: line for row, line in read}


# What the CLI exported, Lifeboat reads.


def test_an_archive_that_the_cli_exported_is_sound_and_counts_what_is_there(house, cli, tmp_path):
    found = looked_at(exported(cli, house.production, tmp_path / "out.zip"))
    counts = house.production.counts()

    assert found.findings == ()
    assert {
        f"{table.component}/{table.name}".strip("/"): table.documents
        for table in found.contents.tables
    } == counts["tables"]
    assert {each.component: each.count for each in found.contents.storage if each.count} == {
        component: count for component, count in counts["files"].items() if count
    }


def test_the_cli_and_a_backup_see_the_same_contents(house, cli, tmp_path):
    backup = house.archive(house.backup())
    archive = exported(cli, house.production, tmp_path / "out.zip")

    assert looked_at(archive).contents == looked_at(backup).contents


def test_an_archive_that_the_cli_exported_is_verified_in_a_vault(house, cli, tmp_path):
    id_ = house.backup()
    archive = exported(cli, house.production, tmp_path / "out.zip")
    put_in_place_of(house, id_, archive)
    ended = house.run("verify", id_, "--json")

    assert ended.code == 0
    assert ended.last["findings"] == []
    assert ended.last["looked_at"]["bytes"] == archive.stat().st_size


def put_in_place_of(house: House, id_: str, archive: Path) -> None:
    """Make an archive from elsewhere the one of a backup, as its manifest tells it."""
    folder = house.archive(id_).parent
    manifest = house.manifests()[id_]
    for name in ("archive.zip", "manifest.json"):
        (folder / name).unlink()
    shutil.copy(archive, folder / "archive.zip")
    manifest["archive"]["bytes"] = archive.stat().st_size
    manifest["archive"]["sha256"] = hashlib.sha256(archive.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


# What Lifeboat wrote, the CLI imports.


def test_a_whole_backup_replaces_all_and_counts_the_same(house, cli):
    archive = house.archive(house.backup())
    ran = imported(cli, house.staging, "--replace-all", archive)

    assert "Added 232 documents" in ran.err
    assert house.staging.counts() == house.production.counts()


def test_after_an_import_a_new_backup_has_the_same_hash_for_every_table(house, cli):
    before = house.backup()
    imported(cli, house.staging, "--replace-all", house.archive(before))
    after = house.backup("staging")

    assert contents(house, after) == contents(house, before)
    assert {table["sha256"] for table in contents(house, after).values()}
    assert rows(house.staging) == rows(house.production)


def test_an_archive_of_every_table_that_lifeboat_wrote_itself_replaces_all(house, cli, tmp_path):
    whole = house.archive(house.backup())
    found = looked_at(whole).contents
    every = [f"{table.component}/{table.name}".strip("/") for table in found.tables]
    every += [f"{each.component}/_storage".strip("/") for each in found.storage]
    with (tmp_path / "chosen.zip").open("w+b") as out:
        choose(whole, out, every)
    imported(cli, house.staging, "--replace-all", tmp_path / "chosen.zip")

    assert (tmp_path / "chosen.zip").read_bytes() != whole.read_bytes()
    assert rows(house.staging) == rows(house.production)


@pytest.mark.parametrize(
    ("tables", "folders"),
    [
        ("npd,sp2d", ("npd/", "sp2d/")),
        ("waitlist/entries", (f"{WAITLIST}entries/",)),
        ("waitlist/inner/counters,users", (f"{INNER}counters/", "users/")),
        ("_storage", ("_storage/",)),
        ("waitlist/_storage,attachments", (f"{WAITLIST}_storage/", "attachments/")),
    ],
)
def test_chosen_tables_replace_only_themselves(house, cli, tables, folders):
    before = rows(house.staging)
    id_ = house.backup("production", "--tables", tables)
    imported(cli, house.staging, "--replace", house.archive(id_))
    after = rows(house.staging)

    assert after != before
    assert after == swapped(before, rows(house.production), *folders)


def test_chosen_tables_are_appended_to_a_deployment_that_lacks_them(house, cli):
    id_ = house.backup("production", "--tables", "npd")
    house.staging.put_table("notes", [{"body": "satu"}])
    house.staging.mutate("npd", "delete", count=house.staging.counts()["tables"]["npd"])
    imported(cli, house.staging, "--append", house.archive(id_))

    assert house.staging.counts()["tables"]["npd"] == contents(house, id_)["/npd"]["documents"]
    assert house.staging.counts()["tables"]["notes"] == 1


def test_a_merge_imported_with_replace_is_exactly_the_union(house, cli, tmp_path):
    house.staging.mutate("npd", "patch", count=5)
    house.staging.mutate("users", "insert", count=3)
    house.staging.mutate("entries", "delete", count=2, component="waitlist")
    house.staging.put_table("notes", [{"body": "only here"}])
    theirs, ours = house.archive(house.backup()), house.archive(house.backup("staging"))
    before, given = rows(house.staging), rows(house.production)
    merged = tmp_path / "merged.zip"
    with merged.open("w+b") as out:
        result = merge(ours, theirs, out)
    imported(cli, house.staging, "--replace", merged)
    after = rows(house.staging)

    assert looked_at(merged).findings == ()
    assert all(sum(side.added for side in part) for part in (result.tables, result.files))
    assert all(sum(side.kept for side in part) for part in (result.tables, result.files))
    assert after.keys() == before.keys() | given.keys()
    for name, body in after.items():
        found = lines(body) if name.endswith("/documents.jsonl") else body
        assert found == union(name, before, given), name


def union(name: str, ours: dict[str, bytes], theirs: dict[str, bytes]) -> dict[str, bytes] | bytes:
    """What a merge promises of one entry: what the target had, and what it lacked."""
    if not name.endswith("/documents.jsonl"):
        return ours[name] if name in ours else theirs[name]
    return lines(theirs.get(name, b"")) | lines(ours.get(name, b""))


# Archives in the encoding before 2026-03: values that only a schema beside them can type.


def test_an_older_archive_is_sound_and_goes_in_and_out_unchanged(older, cli):
    id_ = older.backup()
    imported(cli, older.staging, "--replace-all", older.archive(id_))
    again = older.backup("staging")

    assert older.run("verify", id_).code == 0
    assert {table["encoding"] for table in contents(older, id_).values()} == {"legacy"}
    assert older.entries(again) == older.entries(id_)


def test_an_older_archive_that_the_cli_exported_is_sound(older, cli, tmp_path):
    found = looked_at(exported(cli, older.production, tmp_path / "out.zip"))

    assert found.findings == ()
    assert {table.encoding for table in found.contents.tables} == {"legacy"}


def test_chosen_tables_of_an_older_archive_replace_only_themselves(older, cli):
    before = rows(older.staging)
    id_ = older.backup("production", "--tables", "settings,waitlist/entries")
    imported(cli, older.staging, "--replace", older.archive(id_))

    assert rows(older.staging) == swapped(
        before, rows(older.production), "settings/", f"{WAITLIST}entries/"
    )
