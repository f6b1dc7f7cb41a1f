"""Who is let in, to what, and what the others are told."""

import base64
import json
from collections.abc import Iterator

import pytest

from sandbox.world import Stand, World
from tests.sandbox import wire


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("keys"), seed="empty") as made:
        yield made


@pytest.fixture
def here(world: World) -> Stand:
    return world["production"]


CHECK = "/api/check_admin_key"


def answer(here: Stand, authorization: str | None, query: str = "") -> wire.httpx.Response:
    told = {} if authorization is None else {"Authorization": authorization}
    return wire.http.get(f"{here.url}{CHECK}{query}", headers=told)


def test_a_full_key_may_do_everything_which_is_said_by_naming_nothing(here: Stand) -> None:
    told = wire.get(here, CHECK).json()

    assert told == {"success": True, "allowedOps": [], "isReadOnly": False}


def test_keys_of_both_styles_open_the_deployment(here: Stand) -> None:
    secret = base64.b64decode(here.key.partition("|")[2])

    assert here.key.startswith("prod:happy-animal-123|eyJ2")
    assert "v2" in json.loads(secret)
    assert here.self_hosted_key.startswith("happy-animal-123|01")
    for key in (here.key, here.key.removeprefix("prod:"), here.self_hosted_key):
        assert wire.get(here, CHECK, key=key).status_code == 200


def test_the_scheme_may_be_written_in_any_case(here: Stand) -> None:
    assert answer(here, f"cOnVeX {here.key}").status_code == 200


def test_a_key_in_the_query_is_accepted(here: Stand) -> None:
    assert answer(here, None, f"?adminKey={here.key}").status_code == 200


@pytest.mark.parametrize("change", [lambda key: key[:-1], lambda key: key + "0", lambda key: "x"])
def test_a_wrong_key_is_refused(here: Stand, change: object) -> None:
    refused = answer(here, f"Convex {change(here.self_hosted_key)}")

    assert refused.status_code == 401
    assert refused.json() == {
        "code": "BadAdminKey",
        "message": "The provided admin key was invalid for this instance",
    }


def test_a_key_of_another_deployment_is_refused(world: World) -> None:
    key = world["staging"].key
    renamed = key.replace("calm-otter-456", "happy-animal-123")

    assert answer(world["production"], f"Convex {key}").status_code == 401
    assert answer(world["production"], f"Convex {renamed}").status_code == 401


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 403, "BadDeployKey"),
        ("Bearer abc", 400, "InvalidAdminKey"),
        ("Convex", 400, "InvalidHeaderFailure"),
    ],
)
def test_other_headers(here: Stand, header: str | None, status: int, code: str) -> None:
    refused = answer(here, header)

    assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_a_read_only_key_downloads_and_does_not_create(here: Stand) -> None:
    row = wire.export(here)
    told = wire.get(here, CHECK, key=here.read_only_key).json()
    refused = wire.post(here, "/api/export/request/zip", key=here.read_only_key)
    download = wire.get(here, f"/api/export/zip/{row['_id']}", key=here.read_only_key)

    assert told["isReadOnly"] is True
    assert "CreateBackups" not in told["allowedOps"]
    assert download.status_code == 200
    assert refused.status_code == 403
    assert refused.json() == {
        "code": "OperationNotPermitted",
        "message": "You do not have permission to perform this operation "
        "(deployment:backups:create).",
    }


NEEDS = {
    "/api/export/cancel/x": "deployment:backups:import",
    "/api/export/set_expiration/x": "deployment:backups:delete",
    "/api/import/start_upload": "deployment:backups:import",
    "/api/import/upload_part": "deployment:backups:import",
    "/api/import/finish_upload": "deployment:backups:import",
    "/api/import": "deployment:backups:import",
    "/api/perform_import": "deployment:backups:import",
    "/api/cancel_import": "deployment:backups:import",
    "/api/v1/pause_deployment": "deployment:pause",
    "/api/v1/unpause_deployment": "deployment:unpause",
}


@pytest.mark.parametrize(("path", "action"), NEEDS.items())
def test_a_missing_permission_is_named(here: Stand, path: str, action: str) -> None:
    refused = wire.post(here, path, {}, key=here.backup_only_key)

    assert refused.status_code == 403
    assert f"({action})" in refused.json()["message"]


@pytest.mark.parametrize(
    ("path", "action"),
    [
        ("/api/v1/list_environment_variables", "deployment:env:view"),
        ("/api/v1/list_audit_log_events", "deployment:auditLog:view"),
    ],
)
def test_a_missing_permission_to_look_is_named(here: Stand, path: str, action: str) -> None:
    refused = wire.get(here, path, key=here.backup_only_key)

    assert refused.status_code == 403
    assert f"({action})" in refused.json()["message"]


def test_a_backup_only_key_takes_a_backup(here: Stand) -> None:
    asked = wire.post(here, "/api/export/request/zip", key=here.backup_only_key)
    wire.until(lambda: wire.latest(here)["state"] == "completed")
    path = f"/api/export/zip/{wire.latest(here)['_id']}"

    assert asked.status_code == 200
    assert wire.get(here, path, key=here.backup_only_key).status_code == 200


def test_a_missing_permission_in_a_question_is_an_error_in_a_good_answer(here: Stand) -> None:
    body = {"path": "_system/cli/queryEnvironmentVariables", "args": {}, "format": "json"}
    answer = wire.post(here, "/api/query", body, key=here.backup_only_key)

    assert answer.status_code == 200
    assert answer.json()["status"] == "error"
    assert "(deployment:env:view)" in answer.json()["errorMessage"]


def test_keys_are_not_in_the_log(here: Stand) -> None:
    answer(here, None, f"?adminKey={here.key}")
    token = wire.start_upload(here)
    wire.send_part(here, token, 1, b"x")
    told = json.dumps(here.log())

    assert here.key.partition("|")[2] not in told
    assert json.loads(token)["objectKey"] not in told
