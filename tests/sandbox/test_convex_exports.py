"""Snapshot exports over real sockets: states, single flight, the download, what is in it."""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.convex_ids import number_of
from sandbox.world import Stand, World
from tests.sandbox import wire


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stand]:
    with World(tmp_path, deployments=("production",), seed="small") as world:
        yield world["production"]


def lines(body: bytes) -> list[dict]:
    return [json.loads(line) for line in body.splitlines()]


def test_before_the_first_export_there_is_none(here: Stand) -> None:
    assert wire.latest(here) is None


def test_a_completed_export_tells_its_moment_and_size(here: Stand) -> None:
    before = time.time_ns()
    row = wire.export(here)

    assert row["state"] == "completed"
    assert before < row["start_ts"] <= row["complete_ts"] < row["expiration_ts"]
    assert row["size"] == len(wire.download(here, row))
    assert (row["requestor"], row["component"]) == ("snapshotExport", None)
    assert row["format"] == {"format": "zip", "include_storage": True}


def test_int64s_of_the_row_are_wrapped_in_the_encoded_format(here: Stand) -> None:
    row = wire.export(here)
    body = {"path": "_system/cli/exports:getLatest", "args": [{}], "format": "convex_encoded_json"}
    encoded = wire.post(here, "/api/query", body).json()["value"]

    assert wire.int64(encoded["start_ts"]) == row["start_ts"]
    assert wire.int64(encoded["size"]) == row["size"]


def test_a_second_export_is_refused_while_one_runs(here: Stand) -> None:
    here.trouble(kind="export_slow", seconds=0.5)
    wire.post(here, "/api/export/request/zip")
    second = wire.post(here, "/api/export/request/zip")

    assert second.status_code == 400
    assert second.json() == {
        "code": "ExportInProgress",
        "message": "There is already an export requested or in progress.",
    }


def test_a_download_is_found_by_id_and_by_its_moment(here: Stand) -> None:
    row = wire.export(here)
    by_id = wire.get(here, f"/api/export/zip/{row['_id']}")
    by_moment = wire.get(here, f"/api/export/zip/{row['start_ts']}")

    assert by_id.content == by_moment.content
    name = f"snapshot_happy-animal-123_{row['start_ts']}.zip"
    assert by_id.headers["Content-Disposition"] == f"attachment; filename={name}"
    assert by_id.headers["Cache-Control"] == "private, max-age=2592000"


def test_a_range_is_not_served_but_the_whole(here: Stand) -> None:
    row = wire.export(here)
    asked = wire.headers(here) | {"Range": "bytes=100-199"}
    answer = httpx.get(f"{here.url}/api/export/zip/{row['_id']}", headers=asked)

    assert answer.status_code == 200
    assert len(answer.content) == row["size"]
    assert "Accept-Ranges" not in answer.headers


def test_head_tells_the_length(here: Stand) -> None:
    row = wire.export(here)
    answer = httpx.head(f"{here.url}/api/export/zip/{row['_id']}", headers=wire.headers(here))

    assert int(answer.headers["Content-Length"]) == row["size"]


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ("not-an-id", 400, "BadSnapshotId"),
        ("1762000000000000000", 404, "ExportNotFound"),
        ("j57000820c20a1g7104gm2rc1m70ynr8", 404, "ExportNotFound"),
    ],
)
def test_a_download_that_is_not_there(here: Stand, told: str, status: int, code: str) -> None:
    answer = wire.get(here, f"/api/export/zip/{told}")

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_export_that_is_not_complete_can_not_be_downloaded(here: Stand) -> None:
    here.trouble(kind="export_stuck")
    wire.post(here, "/api/export/request/zip")
    answer = wire.get(here, f"/api/export/zip/{wire.latest(here)['_id']}")

    assert (answer.status_code, answer.json()["code"]) == (400, "ExportNotComplete")


def test_a_running_export_can_be_canceled_and_a_finished_one_not(here: Stand) -> None:
    here.trouble(kind="export_stuck")
    wire.post(here, "/api/export/request/zip")
    path = f"/api/export/cancel/{wire.latest(here)['_id']}"
    first, second = wire.post(here, path), wire.post(here, path)

    assert (first.status_code, second.status_code) == (200, 500)
    assert wire.latest(here)["state"] == "canceled"


def test_after_a_cancel_the_next_export_runs(here: Stand) -> None:
    here.trouble(kind="export_stuck")
    wire.post(here, "/api/export/request/zip")
    first = wire.latest(here)["_id"]
    wire.post(here, f"/api/export/cancel/{first}")
    here.heal()
    row = wire.export(here)

    assert (row["state"], row["_id"] != first) == ("completed", True)


def test_the_expiry_of_a_completed_export_can_be_moved(here: Stand) -> None:
    row = wire.export(here)
    moved = {"expirationTsNs": row["expiration_ts"] + 5}
    wire.post(here, f"/api/export/set_expiration/{row['_id']}", moved).raise_for_status()

    assert wire.latest(here)["expiration_ts"] == row["expiration_ts"] + 5


def test_a_cloud_backup_holds_the_place_and_is_seen_as_one(here: Stand) -> None:
    here.trouble(kind="cloud_backup", seconds=0.4)
    refused = wire.post(here, "/api/export/request/zip")
    running = wire.ask(here, "_system/frontend/latestExport:latestCloudExport")
    done = wire.until(
        lambda: (
            row
            if (row := wire.ask(here, "_system/frontend/latestExport:latestCloudExport"))["state"]
            == "completed"
            else None
        )
    )

    assert refused.json()["code"] == "ExportInProgress"
    assert running["requestor"] == "cloudBackup"
    assert wire.latest(here) is None
    assert len(wire.download(here, done)) == done["size"]


def test_every_component_and_table_is_in_the_archive(here: Stand) -> None:
    names = set(wire.snapshot(here, files=False))
    inner = "_components/waitlist/_components/inner/"

    assert {"README.md", "_tables/documents.jsonl", "drafts/documents.jsonl"} < names
    assert {f"{inner}_tables/documents.jsonl", f"{inner}counters/documents.jsonl"} < names
    assert not [name for name in names if "_storage" in name]


def test_the_order_is_readme_mappings_tables_smallest_first_then_files(here: Stand) -> None:
    made = wire.snapshot(here)
    names = list(made)
    tables = [n for n in names if n.endswith("/documents.jsonl") and "/_" not in f"/{n}"[:2]]
    tables = [n for n in tables if "_tables" not in n and "_storage" not in n]

    assert names[0] == "README.md"
    assert names[1:4] == [
        "_tables/documents.jsonl",
        "_components/waitlist/_tables/documents.jsonl",
        "_components/waitlist/_components/inner/_tables/documents.jsonl",
    ]
    assert [len(made[name]) for name in tables] == sorted(len(made[name]) for name in tables)
    assert all(
        names[names.index(n) + 1] == n.replace("documents", "generated_schema") for n in tables
    )
    assert names.index("_storage/documents.jsonl") > max(map(names.index, tables))


def test_rows_come_in_the_order_of_their_ids_with_the_number_of_the_mapping(here: Stand) -> None:
    made = wire.snapshot(here)
    numbers = {row["name"]: row["id"] for row in lines(made["_tables/documents.jsonl"])}

    assert list(numbers.values()) == sorted(numbers.values())
    for name, number in numbers.items():
        ids = [row["_id"] for row in lines(made[f"{name}/documents.jsonl"])]

        assert ids == sorted(ids)
        assert {number_of(id_) for id_ in ids} <= {number}


def test_keys_are_in_byte_order_and_the_text_is_compact(here: Stand) -> None:
    for line in wire.snapshot(here)["npd/documents.jsonl"].splitlines():
        again = json.dumps(
            json.loads(line), sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )

        assert line.decode() == again


def test_stored_files_match_their_lines(here: Stand) -> None:
    made = wire.snapshot(here)
    rows = lines(made["_storage/documents.jsonl"])
    bodies = {
        n.split("/")[1].split(".")[0]: b for n, b in made.items() if n.startswith("_storage/")
    }

    assert len(rows) == 8
    for row in rows:
        body = bodies[row["_id"]]
        digest = hashlib.sha256(body).digest()

        assert list(row) == ["_id", "_creationTime", "sha256", "size", "contentType", "internalId"]
        assert row["size"] == len(body)
        assert wire.base64.b64encode(digest).decode() == row["sha256"]


def test_an_empty_deployment_has_a_readme_and_an_empty_mapping(tmp_path: Path) -> None:
    with World(tmp_path, deployments=("production",), seed="empty") as world:
        made = wire.snapshot(world["production"])

    assert made["_tables/documents.jsonl"] == b""
    assert list(made) == ["README.md", "_tables/documents.jsonl", "_storage/documents.jsonl"]


def test_the_archive_is_of_one_moment_whatever_is_written_meanwhile(here: Stand) -> None:
    first = wire.export(here)
    here.mutate("npd", "delete", 10)
    second = wire.export(here)

    assert len(lines(wire.entries(wire.download(here, first))["npd/documents.jsonl"])) == 40
    assert len(lines(wire.entries(wire.download(here, second))["npd/documents.jsonl"])) == 30


def test_nothing_written_between_two_exports_gives_the_same_bytes(here: Stand) -> None:
    one, two = wire.download(here, wire.export(here)), wire.download(here, wire.export(here))

    assert one == two
