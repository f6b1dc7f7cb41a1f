"""An import from the first part of its upload to its end: states, the summary, the yes, cancel."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.convex_ids import encode, fresh
from sandbox.world import Stand, World
from tests.sandbox import wire

UPLOAD = wire.table_archive(t=(10001, [{"_id": fresh(10001), "_creationTime": 1.0}] * 1))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stand]:
    with World(tmp_path, deployments=("production",), seed="empty") as world:
        yield world["production"]


def finish(here: Stand, token: str, **asked: object) -> wire.httpx.Response:
    body = {"import": {"format": "zip", "mode": "replace"} | asked, "uploadToken": token}
    return wire.post(here, "/api/import/finish_upload", body | {"partTokens": []})


def test_an_import_waits_for_a_yes_and_then_runs(here: Stand) -> None:
    id_ = wire.stage(here, UPLOAD)
    row = wire.looked_at(here, id_)

    assert row["state"]["state"] == "waiting_for_confirmation"
    assert here.counts()["tables"] == {}
    done = wire.confirm(here, id_)
    assert done["state"]["state"] == "completed"
    assert here.counts()["tables"] == {"t": 1}


def test_the_row_says_what_was_asked(here: Stand) -> None:
    row = wire.import_row(here, wire.stage(here, UPLOAD, "replaceAll", componentPath="a/b"))

    assert row["mode"] == "ReplaceAll"
    assert row["format"] == {"format": "zip"}
    assert row["component_path"] == "a/b"
    assert row["requestor"] == {"type": "snapshotImport"}


def test_the_newest_twenty_imports_are_listed_newest_first(here: Stand) -> None:
    ids = [wire.stage(here, UPLOAD) for _ in range(21)]
    listed = wire.ask(here, "_system/cli/queryImport:list")

    assert [row["_id"] for row in listed] == ids[:0:-1]


def test_an_import_that_is_not_there_is_null(here: Stand) -> None:
    assert wire.import_row(here, fresh(541)) is None


def test_the_summary_is_the_words_of_convex(here: Stand) -> None:
    here.put_table("messages", [{}] * 21, number=10001)
    here.put_table("users", [{}, {}], component="waitlist")
    here.put_table("npd", [{}], number=10009)
    upload = wire.table_archive(messages=(10001, [{"a": 1.0}] * 1200))
    row = wire.looked_at(here, wire.stage(here, upload, "replaceAll"))

    assert row["state"]["message_to_confirm"] == (
        "Import change summary:\n"
        "table    | create | delete   |\n"
        "------------------------------\n"
        "messages | 1,200  | 21 of 21 |\n"
        "npd      | 0      | 1 of 1   |\n"
        "Component waitlist\n"
        "table | create | delete |\n"
        "-------------------------\n"
        "users | 0      | 2 of 2 |\n"
        "Once the import has started, it will run in the background.\n"
        "Interrupting `npx convex import` will not cancel it."
    )
    assert row["state"]["require_manual_confirmation"] is True


def test_checkpoints_are_the_summary_for_machines_in_int64s(here: Stand) -> None:
    here.put_table("t", [{}, {}, {}], number=10001)
    id_ = wire.stage(here, UPLOAD)
    wire.looked_at(here, id_)
    body = {"path": "_system/cli/queryImport:default", "args": [{"importId": id_}]}
    answer = wire.post(here, "/api/query", body | {"format": "convex_encoded_json"}).json()
    told = answer["value"]["checkpoints"][0]

    assert (told["display_table_name"], told["component_path"]) == ("t", None)
    assert wire.int64(told["total_num_rows_to_write"]) == 1
    assert wire.int64(told["existing_rows_in_table"]) == 3
    assert wire.int64(told["existing_rows_to_delete"]) == 3
    assert wire.int64(told["num_rows_written"]) == 0
    assert told["is_missing_id_field"] is False


def test_nothing_to_delete_needs_no_manual_yes(here: Stand) -> None:
    row = wire.looked_at(here, wire.stage(here, UPLOAD))

    assert row["state"]["require_manual_confirmation"] is False


def test_progress_is_told_table_by_table(here: Stand) -> None:
    here.trouble(kind="import_slow", seconds=0.3)
    id_ = wire.stage(here, wire.table_archive(a=(10001, [{}]), b=(10002, [{}, {}])))
    wire.looked_at(here, id_)
    wire.post(here, "/api/perform_import", {"importId": id_})

    def told() -> object:
        row = wire.import_row(here, id_)
        return row if row["state"].get("checkpoint_messages") else None

    row = wire.until(told)
    assert row["state"]["checkpoint_messages"] == ['Imported "a" (1 documents)']
    assert row["checkpoints"][0]["num_rows_written"] == 1


def test_a_second_yes_does_nothing(here: Stand) -> None:
    id_ = wire.stage(here, UPLOAD, "append")
    wire.looked_at(here, id_)
    wire.confirm(here, id_)
    again = wire.post(here, "/api/perform_import", {"importId": id_})

    assert (again.status_code, again.content) == (200, b"")
    assert [event["began"] for event in here.events("import_confirmed")] == [True, False]
    assert here.counts()["tables"] == {"t": 1}


def test_a_canceled_import_has_failed_and_changed_nothing(here: Stand) -> None:
    id_ = wire.stage(here, UPLOAD)
    wire.looked_at(here, id_)
    wire.post(here, "/api/cancel_import", {"importId": id_}).raise_for_status()
    wire.post(here, "/api/perform_import", {"importId": id_})

    state = wire.import_row(here, id_)["state"]
    assert state == {"state": "failed", "error_message": "Import canceled"}
    assert here.counts()["tables"] == {}


def test_a_cancel_in_the_middle_leaves_the_data_untouched(here: Stand) -> None:
    here.put_table("t", [{}, {}], number=10001)
    here.trouble(kind="import_stuck")
    id_ = wire.stage(here, UPLOAD)
    wire.looked_at(here, id_)
    wire.post(here, "/api/perform_import", {"importId": id_})
    wire.post(here, "/api/cancel_import", {"importId": id_}).raise_for_status()
    here.heal()
    other = wire.restore(here, wire.table_archive(u=(10002, [])), "append")

    assert other["state"] == "completed"
    assert here.counts()["tables"] == {"t": 2, "u": 0}


def test_what_is_over_can_not_be_canceled(here: Stand) -> None:
    id_ = wire.stage(here, UPLOAD)
    wire.looked_at(here, id_)
    wire.confirm(here, id_)
    answer = wire.post(here, "/api/cancel_import", {"importId": id_})

    assert (answer.status_code, answer.json()["code"]) == (400, "CannotCancelImport")


@pytest.mark.parametrize("path", ["/api/perform_import", "/api/cancel_import"])
@pytest.mark.parametrize(
    ("id_", "status", "code"),
    [("nonsense", 400, "InvalidImport"), (encode(541, bytes(16)), 404, "ImportNotFound")],
)
def test_an_unknown_import(here: Stand, path: str, id_: str, status: int, code: str) -> None:
    answer = wire.post(here, path, {"importId": id_})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_parts_are_put_one_after_the_other_whatever_their_numbers(here: Stand) -> None:
    token = wire.start_upload(here)
    half = len(UPLOAD) // 2
    answers = [wire.send_part(here, token, 7, UPLOAD[:half])]
    answers.append(wire.send_part(here, token, 2, UPLOAD[half:]))
    id_ = finish(here, token).json()["importId"]

    assert [answer.json() for answer in answers] == ["", ""]
    assert wire.looked_at(here, id_)["state"]["state"] == "waiting_for_confirmation"


def test_a_part_that_is_sent_twice_is_there_twice(here: Stand) -> None:
    token = wire.start_upload(here)
    half = len(UPLOAD) // 2
    for part in (UPLOAD[:half], UPLOAD[:half], UPLOAD[half:]):
        wire.send_part(here, token, 1, part)
    row = wire.looked_at(here, finish(here, token).json()["importId"])

    assert row["state"]["error_message"] == "Hit an error while importing:\ninvalid zip file"


@pytest.mark.parametrize("number", [0, 10000, "x"])
def test_a_part_number_out_of_range_is_refused(here: Stand, number: object) -> None:
    token = wire.start_upload(here)
    answer = wire.send_part(here, token, number, b"x")

    assert answer.status_code == 400


def test_an_unknown_token_is_refused(here: Stand) -> None:
    wrong = json.dumps({"objectKey": "../../data.db", "filepath": "x"})

    assert wire.send_part(here, wrong, 1, b"x").status_code == 400
    assert finish(here, wrong).status_code == 400


def test_a_finished_upload_takes_no_more_parts(here: Stand) -> None:
    token = wire.start_upload(here)
    wire.send_part(here, token, 1, UPLOAD)
    finish(here, token)

    assert wire.send_part(here, token, 2, b"x").status_code == 400


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"tableName": "t"}, "ZIP import cannot have table name"),
        ({"format": "csv"}, "CSV import requires table name"),
        ({"format": "jsonLines", "tableName": "_t"}, "isn't a valid table name"),
        ({"componentPath": "a//b"}, "Invalid component path"),
        ({"mode": "merge"}, "unknown variant"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_end_of_the_upload(
    here: Stand, asked: dict[str, str], message: str
) -> None:
    answer = finish(here, wire.start_upload(here), **asked)

    assert answer.status_code == 400
    assert message in answer.json()["message"]


@pytest.mark.parametrize("damage", ["empty", "cut", "turned", "text"])
def test_a_damaged_archive_is_an_invalid_zip(here: Stand, damage: str) -> None:
    middle = UPLOAD.index(b"t/documents.jsonl") + 20
    damaged = {
        "empty": b"",
        "cut": UPLOAD[:-30],
        "turned": UPLOAD[:middle] + b"\xff\xff" + UPLOAD[middle + 2 :],
        "text": b"hello",
    }[damage]
    state = wire.restore(here, damaged)

    assert state["error_message"] == "Hit an error while importing:\ninvalid zip file"


def test_one_import_is_carried_out_at_a_time(here: Stand) -> None:
    here.trouble(kind="import_stuck")
    first = wire.stage(here, UPLOAD)
    wire.looked_at(here, first)
    wire.post(here, "/api/perform_import", {"importId": first})
    second = wire.stage(here, UPLOAD)
    wire.time.sleep(0.2)
    seen = wire.import_row(here, second)["state"]["state"]
    here.heal()

    assert seen == "uploaded"
    assert wire.looked_at(here, second)["state"]["state"] == "waiting_for_confirmation"


def test_the_one_shot_import_says_yes_for_its_caller(here: Stand) -> None:
    answer = wire.http.post(
        f"{here.url}/api/import",
        params={"format": "zip", "mode": "replace"},
        content=UPLOAD,
        headers=wire.headers(here),
    )

    assert answer.json() == {"numWritten": 1}
    assert here.counts()["tables"] == {"t": 1}


def test_an_import_is_in_the_audit_log(here: Stand) -> None:
    wire.restore(here, UPLOAD, "replace")
    item = wire.get(here, "/api/v1/list_audit_log_events").json()["items"][0]

    assert item["action"] == "snapshot_import"
    assert item["metadata"] == {"table_names": ["t"], "mode": "Replace"}
