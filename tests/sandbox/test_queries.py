"""What a key's holder is told about a deployment over `/api/query`, asked over real sockets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("queries"), seed="small") as made:
        yield made


def query(world: World, path: str, args: Any = None, **more: Any) -> dict[str, Any]:
    here = world["production"]
    key = more.pop("key", here.key)
    body = {"path": path, "args": args or {}, "format": "json"} | more
    headers = {"Authorization": f"Convex {key}"} if key else {}
    return httpx.post(f"{here.url}/api/query", headers=headers, json=body).json()


def value(world: World, path: str, args: Any = None, **more: Any) -> Any:
    answer = query(world, path, args, **more)

    assert answer["status"] == "success", answer
    return answer["value"]


def component_id(world: World, path: str) -> str:
    listed = value(world, "_system/frontend/components:list")
    return next(c["id"] for c in listed if c["path"] == path)


def test_components_are_listed_with_their_paths(world: World) -> None:
    listed = value(world, "_system/frontend/components:list")

    assert [c["path"] for c in listed] == ["", "waitlist", "waitlist/inner"]
    assert {c["state"] for c in listed} == {"active"}
    assert listed[2]["name"] == "inner"


def test_tables_are_those_of_the_root(world: World) -> None:
    answer = value(world, "_system/cli/tables", {"paginationOpts": {"cursor": None, "numItems": 9}})

    assert {"npd", "sp2d", "drafts"} < {row["name"] for row in answer["page"]}
    assert "entries" not in {row["name"] for row in answer["page"]}
    assert (answer["isDone"], answer["continueCursor"]) == (True, "end")


def test_a_count_is_a_float_because_it_comes_from_javascript(world: World) -> None:
    count = value(world, "_system/cli/tableSize", {"tableName": "npd"}, format="export_json")

    assert count == 40
    assert isinstance(count, float)


def test_a_table_that_is_not_there_has_no_rows(world: World) -> None:
    assert value(world, "_system/cli/tableSize", {"tableName": "nothere"}) == 0


def test_counts_and_numbers_of_a_component_are_asked_by_its_id(world: World) -> None:
    where = {"componentId": component_id(world, "waitlist")}
    mapping = value(world, "_system/frontend/getTableMapping", where)
    count = value(world, "_system/frontend/tableSize", {"tableName": "entries", **where})
    whole = value(world, "_system/frontend/tableSize:sizeOfAllTables", where)

    assert mapping["10001"] == "entries"
    assert (count, whole) == (12, 12)


def test_the_table_mapping_has_the_system_tables_too(world: World) -> None:
    mapping = value(world, "_system/frontend/getTableMapping")

    assert mapping["10003"] == "npd"
    assert mapping["540"] == "_file_storage"


def test_stored_files_are_counted_per_component(world: World) -> None:
    counts = [
        value(world, "_system/frontend/fileStorageV2:numFiles", {"componentId": c})
        for c in (None, component_id(world, "waitlist"), component_id(world, "waitlist/inner"))
    ]

    assert counts == [8, 1, 0]


def test_file_metadata_has_checksums_and_addresses(world: World) -> None:
    options = {"paginationOpts": {"cursor": None, "numItems": 100}}
    page = value(world, "_system/frontend/fileStorageV2:fileMetadata", options)["page"]

    assert len(page) == 8
    assert all(len(file["sha256"]) == 44 and file["size"] > 0 for file in page)
    assert all(file["url"].startswith(world["production"].url) for file in page)


def test_pages_of_a_table_hold_every_row_once_in_either_order(world: World) -> None:
    for order in ("asc", "desc"):
        seen: list[tuple[float, str]] = []
        cursor, done = None, False
        while not done:
            page = value(
                world,
                "_system/cli/tableData",
                {
                    "table": "auditLogs",
                    "order": order,
                    "paginationOpts": {"cursor": cursor, "numItems": 37},
                },
            )
            seen += [(row["_creationTime"], row["_id"]) for row in page["page"]]
            cursor, done = page["continueCursor"], page["isDone"]

        assert len(set(seen)) == len(seen) == 90
        assert seen == sorted(seen, reverse=order == "desc")


def test_a_cursor_that_was_never_given_out_is_refused(world: World) -> None:
    options = {"cursor": "{", "numItems": 1}
    answer = query(
        world,
        "_system/cli/tableData",
        {"table": "npd", "order": "asc", "paginationOpts": options},
    )

    assert answer["errorMessage"] == "Failed to parse cursor"


def test_each_format_writes_the_odd_values_its_own_way(world: World) -> None:
    args = {"table": "settings", "order": "asc", "paginationOpts": {"cursor": None, "numItems": 50}}
    told = {}
    for form in ("json", "convex_encoded_json", "export_json"):
        page = value(world, "_system/cli/tableData", args, format=form)["page"]
        told[form] = {row["name"]: row["value"] for row in page}

    assert told["json"]["int64Max"] == "9223372036854775807"
    assert told["convex_encoded_json"]["int64Max"] == {"$integer": "/////////38="}
    assert told["export_json"]["int64Max"] == 2**63 - 1
    assert told["json"]["noCeiling"] == "Infinity"
    assert told["convex_encoded_json"]["negativeZero"] == {"$float": "AAAAAAAAAIA="}
    assert told["export_json"]["seal"] == {"$bytes": "AAECAwT//v0="}


def test_an_unknown_format_is_a_bad_request(world: World) -> None:
    answer = query(world, "_system/cli/convexUrl:cloudUrl", format="yaml")

    assert answer["code"] == "BadFormat"


def test_the_active_schema_is_told_per_component(world: World) -> None:
    root = value(world, "_system/frontend/getSchemas")
    inner = value(
        world,
        "_system/frontend/getSchemas",
        {"componentId": component_id(world, "waitlist/inner")},
    )

    assert '"tableName": "npd"' in root["active"]
    assert inner == {}


def test_the_deployed_package_version_is_told(world: World) -> None:
    assert value(world, "_system/frontend/getVersion") == "1.48.0"


def test_environment_variables_are_told_whole_and_by_name(world: World) -> None:
    rows = value(world, "_system/cli/queryEnvironmentVariables")
    one = value(world, "_system/cli/queryEnvironmentVariables:get", {"name": "FISCAL_YEAR"})

    assert "SMTP_PASSWORD" in {row["name"] for row in rows}
    assert one == {"name": "FISCAL_YEAR", "value": "2026"}


def test_before_any_export_or_import_there_is_none_to_tell(tmp_path: Path) -> None:
    with World(tmp_path, deployments=("production",), seed="empty") as world:
        assert value(world, "_system/cli/exports:getLatest") is None
        assert value(world, "_system/frontend/latestExport:latestCloudExport") is None
        assert value(world, "_system/cli/queryImport:list") == []


def test_an_argument_that_is_missing_is_named(world: World) -> None:
    answer = query(world, "_system/cli/tableSize")

    assert answer["status"] == "error"
    assert "`tableName`" in answer["errorMessage"]


def test_without_a_key_system_functions_do_not_exist(world: World) -> None:
    answer = query(world, "_system/cli/tables", key=None)

    assert answer["status"] == "error"
    assert answer["errorMessage"].startswith("Could not find public function for '_system/")


def test_a_user_function_is_unknown(world: World) -> None:
    answer = query(world, "messages:list")

    assert answer["errorMessage"].startswith("Could not find public function for 'messages:list'")


def test_while_paused_user_functions_say_so_and_system_functions_answer(tmp_path: Path) -> None:
    with World(tmp_path, deployments=("production",), seed="small") as world:
        here = world["production"]
        headers = {"Authorization": f"Convex {here.key}"}
        httpx.post(f"{here.url}/api/v1/pause_deployment", headers=headers).raise_for_status()
        answer = query(world, "messages:list")
        state = value(world, "_system/frontend/backendState:backendState")

    assert "this deployment is paused" in answer["errorMessage"]
    assert state == {"system": "none", "usage_limit": "none", "user": "paused"}


def test_a_key_without_a_permission_is_told_which(world: World) -> None:
    answer = query(
        world,
        "_system/cli/queryEnvironmentVariables",
        key=world["production"].backup_only_key,
    )

    assert answer["status"] == "error"
    assert "(deployment:env:view)" in answer["errorMessage"]
