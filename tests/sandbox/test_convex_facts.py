"""What a deployment tells about itself, pausing it, and errors that belong to no one place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.world import Stand, World
from tests.sandbox import wire


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stand]:
    with World(tmp_path, deployments=("production",), seed="small") as world:
        yield world["production"]


def test_anybody_may_know_its_name_and_version(here: Stand) -> None:
    def told(path: str) -> str:
        return wire.http.get(here.url + path).text

    assert told("/instance_name") == "happy-animal-123"
    assert told("/version") == told("/instance_version") != ""
    assert told("/").startswith("This Convex deployment is running.")


def test_it_tells_what_it_is_and_where(here: Stand) -> None:
    info = wire.get(here, "/api/v1/deployment_info").json()
    urls = wire.get(here, "/api/v1/get_canonical_urls").json()

    assert (info["kind"], info["deploymentType"]) == ("cloud", "prod")
    assert urls == {"convexCloudUrl": here.url, "convexSiteUrl": here.url}


@pytest.mark.parametrize("prefix", ["/api/v1", "/api"])
def test_environment_variables_are_listed_with_their_values(here: Stand, prefix: str) -> None:
    told = wire.get(here, f"{prefix}/list_environment_variables").json()

    assert told["environmentVariables"]["FISCAL_YEAR"] == "2026"


def test_pausing_twice_is_fine_and_resuming_twice_is_not(here: Stand) -> None:
    pause, resume = "/api/v1/pause_deployment", "/api/v1/unpause_deployment"
    statuses = [wire.post(here, path).status_code for path in (pause, pause, resume, resume)]

    assert statuses == [200, 200, 200, 400]
    assert wire.post(here, resume).json()["code"] == "UnpauseDeploymentFailed"


def test_while_paused_functions_fail_and_backups_go_on(here: Stand) -> None:
    wire.post(here, "/api/v1/pause_deployment")
    body = {"path": "npd:list", "args": {}}
    answers = [wire.post(here, f"/api/{kind}", body).json() for kind in ("query", "mutation")]
    made = wire.download(here, wire.export(here))
    state = wire.restore(here, made, "replaceAll")

    assert all("paused" in answer["errorMessage"] for answer in answers)
    assert state["state"] == "completed"
    assert wire.ask(here, "_system/frontend/backendState:backendState")["user"] == "paused"


def test_while_paused_stored_files_are_not_served(here: Stand) -> None:
    options = {"paginationOpts": {"cursor": None, "numItems": 1}}
    page = wire.ask(here, "_system/frontend/fileStorageV2:fileMetadata", options)["page"]
    before = wire.http.get(page[0]["url"])
    wire.post(here, "/api/v1/pause_deployment")
    after = wire.http.get(page[0]["url"])

    assert (before.status_code, len(before.content)) == (200, page[0]["size"])
    assert after.json()["code"] == "BackendIsNotRunning"


def test_user_functions_are_not_there(here: Stand) -> None:
    answer = wire.post(here, "/api/mutation", {"path": "npd:add", "args": {}})

    assert answer.status_code == 200
    assert answer.json()["errorMessage"] == "Could not find function for 'npd:add'."


def test_an_unknown_path_is_404_without_a_body(here: Stand) -> None:
    answer = wire.get(here, "/api/v1/nothing")

    assert (answer.status_code, answer.content) == (404, b"")


def test_a_body_that_does_not_say_it_is_json_is_refused(here: Stand) -> None:
    answer = wire.http.post(
        f"{here.url}/api/perform_import", content=b"{}", headers=wire.headers(here)
    )

    assert answer.status_code == 400
    assert answer.json() == {
        "code": "BadJsonBody",
        "message": "Expected request with `Content-Type: application/json`",
    }


def test_an_unknown_format_is_refused(here: Stand) -> None:
    body = {"path": "_system/cli/tables", "args": {}, "format": "xml"}

    assert wire.post(here, "/api/query", body).json()["code"] == "BadFormat"


def test_every_answer_has_the_date(here: Stand) -> None:
    assert "GMT" in wire.http.get(f"{here.url}/version").headers["Date"]


def test_what_was_done_is_in_the_audit_log_newest_first(here: Stand) -> None:
    wire.export(here)
    wire.post(here, "/api/v1/pause_deployment")
    items = wire.get(here, "/api/v1/list_audit_log_events?limit=5").json()["items"]

    assert [item["action"] for item in items] == ["pause_deployment", "request_export"]


def test_reset_brings_the_first_day_back_and_keeps_the_key(here: Stand) -> None:
    here.mutate("npd", "delete", 7)
    wire.export(here)
    here.reset()

    assert here.counts()["tables"]["npd"] == 40
    assert wire.latest(here) is None
    assert len(here.requests("/api/query")) == 1


@pytest.mark.parametrize(("change", "after"), [("insert", 43), ("delete", 37), ("patch", 40)])
def test_data_can_be_changed_as_an_app_would(here: Stand, change: str, after: int) -> None:
    before = wire.snapshot(here, files=False)
    changed = here.mutate("npd", change, 3)

    assert changed == 3
    assert here.counts()["tables"]["npd"] == after
    assert wire.snapshot(here, files=False)["npd/documents.jsonl"] != before["npd/documents.jsonl"]
