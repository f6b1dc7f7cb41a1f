"""Answers by response_url: how often, how long, to whom, and in whose place."""

import time
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from sandbox.slack_people import AYU, BACKUPS, RANDOM, RIZAL
from sandbox.slack_world import SlackWorld
from tests.sandbox.slack.bots import Bare, Json, Line, button, http


@pytest.fixture
def of_command(slack: SlackWorld, line: Line) -> str:
    slack.command(RIZAL, BACKUPS, "/backup now")
    return str(line.envelopes()[-1]["payload"]["response_url"])


def clicked(slack: SlackWorld, line: Line, ts: str) -> str:
    slack.click(AYU, BACKUPS, ts, "go")
    return str(line.envelopes()[-1]["payload"]["response_url"])


@pytest.fixture
def message(web: WebClient, slack: SlackWorld) -> Json:
    web.chat_postMessage(channel=BACKUPS, text="press", blocks=button("go"))
    return slack.messages(BACKUPS)[0]


def send(url: str, **told: Any) -> tuple[int, str]:
    answer = WebhookClient(url).send_dict(told)
    return answer.status_code, answer.body


def texts(messages: list[Json]) -> list[str]:
    return [one["text"] for one in messages]


def test_an_answer_is_ephemeral_unless_it_says_otherwise(
    slack: SlackWorld, of_command: str
) -> None:
    assert send(of_command, text="for you") == (200, "ok")
    send(of_command, text="for all", response_type="in_channel")

    assert texts(slack.ephemerals(RIZAL, BACKUPS)) == ["for you"]
    assert texts(slack.messages(BACKUPS)) == ["for all"]


def test_a_link_works_five_times(of_command: str) -> None:
    statuses = [send(of_command, text="a")[0] for _ in range(6)]

    assert statuses == [200] * 5 + [404]
    assert "used_url" in send(of_command, text="a")[1]


def test_a_link_ends_with_its_time(tmp_path: Path) -> None:
    with SlackWorld(tmp_path, link_seconds=0.2) as slack, Bare(slack, answer=True) as bare:
        slack.command(RIZAL, BACKUPS, "/backup now")
        url = [bare.frame() for _ in range(2)][1]["payload"]["response_url"]
        first = send(url, text="a")
        time.sleep(0.3)
        second = send(url, text="a")

    assert first == (200, "ok")
    assert (second[0], "expired_url" in second[1]) == (404, True)


def test_a_made_up_link_is_none(slack: SlackWorld) -> None:
    assert send(f"{slack.url}/commands/T0LIFEBOAT/made-up", text="a")[0] == 404


def test_a_link_reaches_channels_that_the_bot_is_not_in(slack: SlackWorld, line: Line) -> None:
    slack.command(RIZAL, RANDOM, "/backup now")
    url = str(line.envelopes()[-1]["payload"]["response_url"])
    send(url, text="here I am", response_type="in_channel")

    assert texts(slack.messages(RANDOM)) == ["here I am"]


def test_the_pressed_message_can_be_replaced_or_deleted(
    slack: SlackWorld, line: Line, message: Json
) -> None:
    url = clicked(slack, line, message["ts"])
    send(url, text="replaced", replace_original=True)
    replaced = slack.messages(BACKUPS)
    send(url, delete_original=True)

    assert [(one["ts"], one["text"]) for one in replaced] == [(message["ts"], "replaced")]
    assert slack.messages(BACKUPS) == []


def test_a_click_is_answered_to_whoever_pressed(
    slack: SlackWorld, line: Line, message: Json
) -> None:
    send(clicked(slack, line, message["ts"]), text="yours", replace_original=False)

    assert texts(slack.ephemerals(AYU, BACKUPS)) == ["yours"]
    assert texts(slack.messages(BACKUPS)) == ["press"]


def test_a_thread_must_be_asked_for(slack: SlackWorld, line: Line, message: Json) -> None:
    url = clicked(slack, line, message["ts"])
    told = {"response_type": "in_channel", "replace_original": False}
    send(url, text="in the thread", thread_ts=message["ts"], **told)
    send(url, text="in the channel", **told)

    assert texts(slack.thread(BACKUPS, message["ts"])) == ["press", "in the thread"]


def test_what_a_person_typed_can_not_be_replaced(slack: SlackWorld, of_command: str) -> None:
    send(of_command, text="instead", replace_original=True)

    assert texts(slack.ephemerals(RIZAL, BACKUPS)) == ["instead"]


def test_a_wrong_answer_is_refused_in_one_word(of_command: str) -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "a" * 151}}]

    assert send(of_command, text="a", blocks=blocks) == (400, "invalid_blocks")
    assert send(of_command, response_type="ephemeral") == (400, "no_text")
    assert http.post(of_command, content=b"{").text == "invalid_payload"


def test_a_form_is_taken_too(slack: SlackWorld, of_command: str) -> None:
    answer = http.post(of_command, data={"payload": '{"text": "by form"}'})

    assert answer.text == "ok"
    assert texts(slack.ephemerals(RIZAL, BACKUPS)) == ["by form"]


def test_an_ephemeral_message_is_dismissed_by_its_reader(
    slack: SlackWorld, of_command: str
) -> None:
    send(of_command, text="for you")
    (seen,) = slack.ephemerals(RIZAL, BACKUPS)
    slack.dismiss(RIZAL, BACKUPS, seen["ts"])

    assert slack.ephemerals(RIZAL, BACKUPS) == []


def test_the_log_shows_the_answer_and_hides_its_link(slack: SlackWorld, of_command: str) -> None:
    send(of_command, text="for you")
    (entry,) = slack.log("response_url")

    assert entry["request"]["text"] == "for you"
    assert of_command not in str(slack.log())
