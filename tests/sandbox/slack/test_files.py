"""Uploads in Slack's three steps, by the SDK's own helper."""

from pathlib import Path

import pytest
from slack_sdk import WebClient

from sandbox.slack_people import BACKUPS, RANDOM
from sandbox.slack_world import SlackWorld
from tests.sandbox.slack.bots import http, refused

LOG = b"1\xff\x00 lines of a log\n" * 100


def test_an_uploaded_file_is_in_a_message_and_can_be_read(
    web: WebClient, slack: SlackWorld
) -> None:
    told = web.files_upload_v2(
        file=LOG, filename="job 1.log", title="Log", channel=BACKUPS, initial_comment="Here"
    )
    (message,) = slack.messages(BACKUPS)
    (file,) = message["files"]
    answer = http.get(file["url_private"])

    assert told["file"]["id"] == file["id"]
    assert (file["name"], file["title"], file["size"]) == ("job 1.log", "Log", len(LOG))
    assert message["text"] == "Here"
    assert answer.content == LOG
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_file_may_go_into_a_thread(web: WebClient, slack: SlackWorld) -> None:
    ts = web.chat_postMessage(channel=BACKUPS, text="a")["ts"]
    web.files_upload_v2(content="hello", filename="a.txt", channel=BACKUPS, thread_ts=ts)

    assert [bool(one.get("files")) for one in slack.thread(BACKUPS, ts)] == [False, True]


def test_the_bot_must_be_in_the_channel(web: WebClient, slack: SlackWorld) -> None:
    told = refused(web.files_upload_v2, content="a", filename="a.txt", channel=RANDOM)

    assert told["error"] == "not_in_channel"
    assert slack.messages(RANDOM) == []


def test_a_length_is_a_promise(web: WebClient) -> None:
    told = web.files_getUploadURLExternal(filename="a.txt", length=5)

    assert http.post(told["upload_url"], content=b"four").status_code == 400
    assert http.post(told["upload_url"], content=b"fives").text == "OK - 5"
    assert http.post(told["upload_url"], content=b"again").status_code == 404


@pytest.mark.parametrize("length", [0, "x"])
def test_an_empty_file_can_not_be_uploaded(web: WebClient, length: object) -> None:
    told = refused(web.files_getUploadURLExternal, filename="a.txt", length=length)

    assert told["error"] == "missing_argument"


def test_what_was_not_uploaded_can_not_be_shared(web: WebClient) -> None:
    id_ = web.files_getUploadURLExternal(filename="a.txt", length=5)["file_id"]
    told = refused(web.files_completeUploadExternal, files=[{"id": id_}], channel_id=BACKUPS)

    assert told["error"] == "file_not_found"


def test_a_form_with_the_file_is_taken_too(web: WebClient, tmp_path: Path) -> None:
    told = web.files_getUploadURLExternal(filename="../../a.txt", length=5)
    answer = http.post(told["upload_url"], files={"filename": ("a.txt", b"fives")})
    done = web.files_completeUploadExternal(files=[{"id": told["file_id"]}], channel_id=BACKUPS)

    assert answer.text == "OK - 5"
    assert done["files"][0]["url_private"].endswith(f"/files/{told['file_id']}/a.txt")


def test_looking_at_files_needs_a_scope_of_its_own(web: WebClient) -> None:
    assert refused(web.files_info, file="F1")["needed"] == "files:read"
