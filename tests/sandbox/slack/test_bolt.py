"""An unmodified Bolt bot on its socket: commands, clicks, modals, mentions, and who is who."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App, BoltContext, Respond, Say
from slack_sdk import WebClient

from sandbox.slack_people import (
    AYU,
    BACKUPS,
    BUDI,
    CITRA,
    DEWI,
    FARAH,
    GITA,
    PARTNER_TEAM,
    RANDOM,
    RIZAL,
    SHARED,
)
from sandbox.slack_world import SlackFailed, SlackWorld
from tests.sandbox.slack.bots import PATIENCE_SECONDS, Json, asks, bolt, button, connected, modal

SCOPES = ("commands", "chat:write", "users:read", "app_mentions:read", "im:history")
MENU = {
    "type": "section",
    "block_id": "row",
    "text": {"type": "mrkdwn", "text": "bkp_1"},
    "accessory": {
        "type": "overflow",
        "action_id": "menu",
        "options": [
            {"text": {"type": "plain_text", "text": word}, "value": f"{word} bkp_1"}
            for word in ("show", "verify")
        ],
    },
}


def add_commands(app: App) -> None:
    @app.command("/backup")
    def command(ack: Ack, command: Json, client: WebClient, respond: Respond) -> None:
        match command["text"].split():
            case ["now", deployment]:
                ack()
                client.chat_postMessage(
                    channel=command["channel_id"],
                    text=f"Backing up {deployment}",
                    blocks=button("job.cancel", "job_1"),
                )
            case ["list"]:
                ack(response_type="in_channel", text="Two backups")
            case ["show"]:
                ack(text="Rows", blocks=[MENU])
            case ["restore"]:
                ack()
                client.views_open(trigger_id=command["trigger_id"], view=modal(asks("target")))
            case ["wrong"]:
                ack(text="x", blocks=[{"type": "marquee"}])
            case ["forget"]:
                return
            case _:
                ack("Try /backup help")


def add_actions(app: App, heard: list[Json]) -> None:
    @app.action("job.cancel")
    def cancel(ack: Ack, body: Json, client: WebClient, respond: Respond) -> None:
        ack()
        heard.append(body)
        client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="Cancelled"
        )

    @app.action("menu")
    def menu(ack: Ack, body: Json, action: Json, respond: Respond) -> None:
        ack()
        heard.append(body)
        respond(text=f"You chose {action['selected_option']['value']}", replace_original=True)

    @app.view("restore")
    def restore(ack: Ack, body: Json, view: Json, client: WebClient) -> None:
        target = view["state"]["values"]["target"]["target"]["value"]
        if target != "staging":
            ack(response_action="errors", errors={"target": "Only staging"})
            return
        ack()
        client.chat_postMessage(channel=body["user"]["id"], text="Restoring")

    @app.event("app_mention")
    def mention(event: Json, say: Say, context: BoltContext) -> None:
        say(f"You said {event['text']}", thread_ts=event["ts"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackWorld]:
    folder = tmp_path_factory.mktemp("bolt")
    with SlackWorld(folder, patience_seconds=PATIENCE_SECONDS, rates=False, scopes=SCOPES) as made:
        yield made


@pytest.fixture(scope="module")
def bodies(world: SlackWorld) -> Iterator[list[Json]]:
    """What the bot's action listeners were called with; the bot is up meanwhile."""
    app, heard = bolt(world), []
    add_commands(app)
    add_actions(app, heard)
    with connected(world, app):
        yield heard


@pytest.fixture
def bot(slack: SlackWorld, bodies: list[Json]) -> list[Json]:
    bodies.clear()
    return bodies


def first(slack: SlackWorld, channel: str, wanted: Callable[[Json], Any] = bool) -> Json:
    found = slack.wait_for(lambda: [one for one in slack.messages(channel) if wanted(one)])
    return dict(found[0])


def test_a_command_starts_a_message_with_a_button(slack: SlackWorld, bot: list[Json]) -> None:
    told = slack.command(RIZAL, BACKUPS, "/backup now production")
    message = first(slack, BACKUPS)

    assert told["outcome"] == "acked"
    assert message["text"] == "Backing up production"
    assert message["blocks"][0]["elements"][0]["value"] == "job_1"


def test_an_answer_is_for_the_person_alone(slack: SlackWorld, bot: list[Json]) -> None:
    slack.command(CITRA, BACKUPS, "/backup dance")

    assert [one["text"] for one in slack.ephemerals(CITRA, BACKUPS)] == ["Try /backup help"]
    assert slack.ephemerals(RIZAL, BACKUPS) == slack.messages(BACKUPS) == []


def test_an_answer_for_all_shows_what_was_typed_as_well(slack: SlackWorld, bot: list[Json]) -> None:
    slack.command(CITRA, BACKUPS, "/backup list")
    messages = slack.messages(BACKUPS)

    assert [one["text"] for one in messages] == ["/backup list", "Two backups"]
    assert messages[0]["user"] == CITRA


def test_an_answer_with_wrong_blocks_is_a_wrong_answer(slack: SlackWorld, bot: list[Json]) -> None:
    slack.command(CITRA, BACKUPS, "/backup wrong")

    assert slack.notices(CITRA) == ["/backup failed with the error “invalid_command_response”"]


def test_a_listener_that_never_acknowledges_is_a_timeout(
    slack: SlackWorld, bot: list[Json]
) -> None:
    assert slack.command(RIZAL, BACKUPS, "/backup forget")["outcome"] == "operation_timeout"


def test_a_click_tells_who_pressed_what_and_where(slack: SlackWorld, bot: list[Json]) -> None:
    slack.command(RIZAL, BACKUPS, "/backup now production")
    ts = first(slack, BACKUPS)["ts"]
    slack.click(AYU, BACKUPS, ts, "job.cancel")
    first(slack, BACKUPS, lambda one: one["text"] == "Cancelled")
    (body,) = bot

    assert body["type"] == "block_actions"
    assert (body["user"]["id"], body["user"]["name"]) == (AYU, "ayu")
    assert body["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": BACKUPS,
        "is_ephemeral": False,
    }
    assert (body["channel"]["name"], body["message"]["ts"]) == ("backups", ts)
    action = body["actions"][0]
    assert (action["action_id"], action["block_id"]) == ("job.cancel", "buttons")
    assert (action["value"], action["type"]) == ("job_1", "button")
    assert body["enterprise"] is None


def test_an_ephemeral_menu_can_be_replaced_and_tells_no_message(
    slack: SlackWorld, bot: list[Json]
) -> None:
    slack.command(RIZAL, BACKUPS, "/backup show")
    (message,) = slack.ephemerals(RIZAL, BACKUPS)
    slack.click(RIZAL, BACKUPS, message["ts"], "menu", "verify bkp_1")
    told = slack.wait_for(
        lambda: [one for one in slack.ephemerals(RIZAL, BACKUPS) if "chose" in one["text"]]
    )

    assert told[0]["ts"] == message["ts"]
    assert told[0]["text"] == "You chose verify bkp_1"
    assert bot[0]["container"]["is_ephemeral"]
    assert "message" not in bot[0]
    assert bot[0]["actions"][0]["selected_option"]["text"]["text"] == "verify"


def test_what_a_menu_does_not_offer_can_not_be_chosen(slack: SlackWorld, bot: list[Json]) -> None:
    slack.command(RIZAL, BACKUPS, "/backup show")
    (message,) = slack.ephemerals(RIZAL, BACKUPS)

    with pytest.raises(SlackFailed, match="can't be chosen"):
        slack.click(RIZAL, BACKUPS, message["ts"], "menu", "restore bkp_1")


def test_nobody_presses_what_they_do_not_see(slack: SlackWorld, bot: list[Json]) -> None:
    slack.command(RIZAL, BACKUPS, "/backup show")
    (message,) = slack.ephemerals(RIZAL, BACKUPS)

    with pytest.raises(SlackFailed, match="not there"):
        slack.click(AYU, BACKUPS, message["ts"], "menu", "show bkp_1")


def test_a_button_that_is_gone_can_be_pressed_only_from_an_old_client(
    slack: SlackWorld, bot: list[Json]
) -> None:
    slack.command(RIZAL, BACKUPS, "/backup now production")
    ts = first(slack, BACKUPS)["ts"]
    slack.click(AYU, BACKUPS, ts, "job.cancel")
    first(slack, BACKUPS, lambda one: one["text"] == "Cancelled")

    with pytest.raises(SlackFailed, match="no such element"):
        slack.click(BUDI, BACKUPS, ts, "job.cancel")
    assert slack.click(BUDI, BACKUPS, ts, "job.cancel", stale=True)["outcome"] == "acked"
    slack.wait_for(lambda: len(bot) == 2)
    assert bot[1]["actions"][0]["value"] == "job_1"


def test_guests_and_outsiders_can_press_what_they_see(
    slack: SlackWorld, bot: list[Json], web: WebClient
) -> None:
    here = web.chat_postMessage(channel=BACKUPS, text="a", blocks=button("job.cancel"))["ts"]
    there = web.chat_postMessage(channel=SHARED, text="a", blocks=button("job.cancel"))["ts"]
    guest = slack.click(DEWI, BACKUPS, here, "job.cancel")
    outsider = slack.click(FARAH, SHARED, there, "job.cancel")
    slack.wait_for(lambda: len(bot) == 2)

    assert guest["outcome"] == outsider["outcome"] == "acked"
    assert bot[1]["user"]["team_id"] == PARTNER_TEAM
    assert bot[1]["team"]["id"] != PARTNER_TEAM


def test_the_deactivated_can_do_nothing(slack: SlackWorld, bot: list[Json], web: WebClient) -> None:
    ts = web.chat_postMessage(channel=BACKUPS, text="a", blocks=button("job.cancel"))["ts"]

    with pytest.raises(SlackFailed, match="deactivated"):
        slack.click(GITA, BACKUPS, ts, "job.cancel")


def test_outsiders_have_no_commands_of_ours(slack: SlackWorld, bot: list[Json]) -> None:
    told = slack.command(FARAH, SHARED, "/backup list")

    assert told["outcome"] == "refused"
    assert slack.notices(FARAH) == ["/backup is not a valid command."]


def test_an_unknown_command_never_reaches_the_bot(slack: SlackWorld, bot: list[Json]) -> None:
    told = slack.command(RIZAL, BACKUPS, "/dance")

    assert told["outcome"] == "refused"
    assert slack.log("envelope") == []


def test_a_command_in_a_thread_is_refused_by_slack(slack: SlackWorld, bot: list[Json]) -> None:
    ts = slack.say(RIZAL, BACKUPS, "a thread")["ts"]
    slack.say(RIZAL, BACKUPS, "/backup now production", ts)

    assert slack.notices(RIZAL) == ["/backup is not supported in threads. Sorry!"]
    assert slack.log("envelope") == []


def test_a_command_works_where_the_bot_is_not(slack: SlackWorld, bot: list[Json]) -> None:
    told = slack.command(RIZAL, RANDOM, "/backup list")

    assert told["outcome"] == "acked"
    assert slack.messages(RANDOM)[-1]["text"] == "Two backups"


def test_a_modal_from_a_command_to_its_end(slack: SlackWorld, bot: list[Json]) -> None:
    slack.command(RIZAL, BACKUPS, "/backup restore")
    view = slack.wait_for(lambda: slack.view(RIZAL))
    wrong = slack.submit(RIZAL, view, {"target": "production"})
    right = slack.submit(RIZAL, view, {"target": "staging"})
    direct = slack.wait_for(lambda: slack.messages("D0RIZAL001"))

    assert wrong["errors"] == {"target": "Only staging"}
    assert right["outcome"] == "acked"
    assert slack.view(RIZAL) is None
    assert direct[0]["text"] == "Restoring"


def test_a_mention_reaches_the_bot_where_it_is(slack: SlackWorld, bot: list[Json]) -> None:
    ts = slack.say(RIZAL, BACKUPS, "hello @lifeboat & <friends>")["ts"]
    reply = slack.wait_for(lambda: slack.thread(BACKUPS, ts)[1:])[0]

    assert reply["text"] == "You said hello <@U0LIFEBOAT> &amp; &lt;friends&gt;"
    slack.say(RIZAL, RANDOM, "hello @lifeboat")
    assert len(slack.log("envelope")) == 1
