"""The door to Slack by itself: Bolt, real payloads, and a desk that only writes down what it heard.

Whatever is at the desk, Slack gets its answer at once, and whoever asked gets a sentence.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import App, BoltRequest, BoltResponse

from bot.courier import Courier
from bot.desk import Asked
from bot.messages import modal
from bot.slack import OLD_FORM, client, door
from sandbox.slack_people import APP, BACKUPS, CITRA, RIZAL, TEAM
from storage.secret import Secret
from tests.slack.house import ACK_SECONDS_MAX, House, wait_for

Body = dict[str, Any]


class Heard:
    """A desk that writes down what it is handed; `doing` is done in its place."""

    def __init__(self, doing: Callable[[Asked], None] = lambda _asked: None) -> None:
        self.asked: list[Asked] = []
        self.forms: list[Asked] = []
        self.again_for: list[str] = []
        self._doing = doing

    def hand_over(self, asked: Asked) -> None:
        self.asked.append(asked)
        self._doing(asked)

    def again(self, asked: Asked, job_id: str) -> None:
        self.asked.append(asked)
        self.again_for.append(job_id)

    def open_modal(self, asked: Asked) -> None:
        self.forms.append(asked)

    def protected(self) -> frozenset[str]:
        return frozenset({"production"})

    def soon(self, doing: Callable[[], None]) -> None:
        threading.Thread(target=doing, daemon=True).start()


@pytest.fixture
def opened(house: House) -> Iterator[Callable[[Heard], App]]:
    """Opens a door in front of a desk, with the stand-in Slack behind it."""
    web = client(Secret(house.slack.bot_token), house.slack.api_url)
    courier = Courier(web, call_seconds=0.01)
    yield lambda desk: door(web, None, desk, courier)  # type: ignore[arg-type]
    courier.close(2)


def asked_of(app: App, body: Body) -> tuple[BoltResponse, float]:
    """What Bolt answers to a payload that came by a socket, and after how many seconds."""
    began = time.monotonic()
    response = app.dispatch(BoltRequest(mode="socket_mode", body=body))
    return response, time.monotonic() - began


def command(text: str, **more: Any) -> Body:
    return {
        "token": "x",
        "team_id": TEAM,
        "api_app_id": APP,
        "channel_id": BACKUPS,
        "channel_name": "backups",
        "user_id": RIZAL,
        "user_name": "rizal",
        "command": "/backup",
        "text": text,
        "trigger_id": "1.2.3",
        "is_enterprise_install": "false",
        **more,
    }


def interaction(kind: str, **more: Any) -> Body:
    return {
        "type": kind,
        "team": {"id": TEAM, "domain": "treasury"},
        "user": {"id": CITRA, "username": "citra", "name": "citra", "team_id": TEAM},
        "api_app_id": APP,
        "token": "x",
        "trigger_id": "1.2.3",
        **more,
    }


def press(action_id: str, value: str | None = None, **more: Any) -> Body:
    action = {"type": "button", "action_id": action_id, "block_id": "b", "action_ts": "1.5"}
    action |= {} if value is None else {"value": value}
    return interaction(
        "block_actions",
        container={"type": "message", "message_ts": "1.1", "channel_id": BACKUPS},
        channel={"id": BACKUPS, "name": "backups"},
        actions=[action],
        **more,
    )


def test_a_command_is_acked_with_nothing_and_handed_over_in_words(opened):
    desk = Heard()
    response, _ = asked_of(opened(desk), command("now production label “a &amp; b”"))

    assert (response.status, response.body) == (200, "")
    assert desk.asked[0].words == ("now", "production", "label", "a & b")
    assert (desk.asked[0].user, desk.asked[0].channel) == (RIZAL, BACKUPS)


def test_the_same_delivery_has_the_same_name_and_another_press_another(opened):
    desk = Heard()
    app = opened(desk)
    for body in (command("now"), command("now"), command("now", trigger_id="4.5.6")):
        asked_of(app, body)
    first, again, other = (asked.once for asked in desk.asked)

    assert first == again
    assert first != other


def test_a_desk_that_breaks_neither_loses_the_ack_nor_breaks_the_door(opened):
    def broken(_asked: Asked) -> None:
        raise RuntimeError("The desk is gone.")

    app = opened(Heard(broken))
    answers = [asked_of(app, command("now")) for _ in range(20)]

    assert {response.status for response, _ in answers} == {200}
    assert max(seconds for _, seconds in answers) < ACK_SECONDS_MAX / 3


def test_twenty_presses_at_once_are_all_acked_in_time(opened):
    desk = Heard()
    app = opened(desk)
    answers: list[tuple[BoltResponse, float]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(asked_of(app, press("backup.show", "x"))))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {response.status for response, _ in answers} == {200}
    assert max(seconds for _, seconds in answers) < ACK_SECONDS_MAX
    assert len(desk.asked) == 20


@pytest.mark.parametrize(
    ("action", "value", "words"),
    [
        ("job.cancel", "now-production-x", ("cancel", "now-production-x")),
        ("backup.show", "id", ("show", "id")),
        ("backup.verify", "id --yes", ("verify", "id --yes")),
        ("list.page", "3 production", ("list", "production")),
        ("list.page", "3 *", ("list",)),
    ],
)
def test_a_press_says_one_thing_whatever_its_value_is(opened, action, value, words):
    desk = Heard()
    asked_of(opened(desk), press(action, value))

    assert [asked.words for asked in desk.asked] == [words]


@pytest.mark.parametrize("body", [press("backup.restore", "id")])
def test_restore_opens_a_form_and_begins_nothing(opened, body):
    desk = Heard()
    asked_of(opened(desk), body)

    assert desk.asked == []
    assert desk.forms[0].words == ("restore", "id")


def test_who_pressed_is_who_slack_says_and_never_what_a_value_says(opened):
    desk = Heard()
    asked_of(opened(desk), press("backup.verify", f"id user {RIZAL}"))

    assert desk.asked[0].user == CITRA


def test_a_menu_choice_without_a_choice_is_no_restore(opened):
    desk = Heard()
    response, _ = asked_of(opened(desk), press("backup.menu"))

    assert response.status == 200
    assert desk.asked[0].words == ("", "")


@pytest.mark.parametrize(
    "body",
    [
        interaction("view_closed", view={"id": "V1", "callback_id": "gone"}),
        interaction("shortcut", callback_id="gone"),
        interaction(
            "block_suggestion",
            action_id="gone",
            block_id="b",
            value="x",
            container={"type": "view"},
        ),
        interaction(
            "message_action",
            callback_id="gone",
            channel={"id": BACKUPS},
            message={"ts": "1.1"},
        ),
    ],
    ids=lambda body: body["type"],
)
def test_what_slack_may_still_send_is_acked(opened, body):
    response, seconds = asked_of(opened(Heard()), body)

    assert response.status == 200
    assert seconds < ACK_SECONDS_MAX / 3


@pytest.mark.parametrize(
    "body",
    [
        {"type": "event_callback", "event": {"type": "message", "channel": BACKUPS}},
        {"type": "nobody_knows"},
        {},
        press("backup.show") | {"user": None},
    ],
    ids=["event", "unknown", "empty", "no user"],
)
def test_nonsense_is_acked_and_starts_nothing(opened, body):
    desk = Heard()
    response, seconds = asked_of(opened(desk), body)

    assert response.status == 200
    assert seconds < ACK_SECONDS_MAX
    assert [asked.words for asked in desk.asked if asked.user in (RIZAL, CITRA)] == []


def test_another_command_of_the_app_is_answered_and_starts_nothing(house: House, opened):
    desk = Heard()
    before = len(house.slack.ephemerals(RIZAL, BACKUPS))
    asked_of(opened(desk), command("now", command="/restore"))
    wait_for(lambda: len(house.slack.ephemerals(RIZAL, BACKUPS)) > before)

    assert desk.asked == []


def test_a_form_of_an_older_bot_says_so_in_the_form(opened):
    view = modal.restore("production-2026-11-24-0200", ["staging"])
    view |= {"id": "V1", "callback_id": "restore.old", "state": {"values": {}}}
    response, _ = asked_of(opened(Heard()), interaction("view_submission", view=view))
    told = json.loads(response.body)

    assert told["response_action"] == "errors"
    assert list(told["errors"].values()) == [OLD_FORM]


def test_a_form_of_an_older_bot_without_fields_just_closes(opened):
    view = {"id": "V1", "type": "modal", "callback_id": "restore.old", "blocks": []}
    response, _ = asked_of(opened(Heard()), interaction("view_submission", view=view))

    assert (response.status, response.body) == (200, "")


def test_a_sent_form_is_words_and_a_null_field_is_none(opened):
    desk = Heard()
    values = {
        "target": {"target": {"type": "static_select", "selected_option": {"value": "staging"}}},
        "mode": {"mode": {"type": "static_select", "selected_option": None}},
        "tables": {"tables": {"type": "plain_text_input", "value": None}},
    }
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": "restore.confirm",
        "private_metadata": f"production-2026-11-24-0200 {BACKUPS}",
        "state": {"values": values},
    }
    asked_of(opened(desk), interaction("view_submission", view=view))

    assert desk.asked[0].words[:4] == (
        "restore",
        "production-2026-11-24-0200",
        "to",
        "staging",
    )
    assert "tables" not in desk.asked[0].words
    assert (desk.asked[0].user, desk.asked[0].channel) == (CITRA, BACKUPS)
