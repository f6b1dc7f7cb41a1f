"""What Slack sends a bot: commands, interactions and events, in Slack's own shapes."""

import time
from typing import Any

from sandbox.slack_data import shown
from sandbox.slack_ids import fresh
from sandbox.slack_messages import told
from sandbox.slack_people import (
    APP,
    BOT_USER,
    TEAM,
    TEAM_DOMAIN,
    VERIFICATION,
    Json,
)


def channel_name(channel: Json) -> str:
    """What payloads call a channel: some kinds have no name of their own there."""
    if channel.get("is_im"):
        return "directmessage"
    return "privategroup" if channel.get("is_private") else str(channel["name"])


def command(person: Json, channel: Json, words: tuple[str, str], codes: dict[str, str]) -> Json:
    """A slash command's form; `words` are the command and its text, `codes` to answer it by."""
    return {
        "token": VERIFICATION,
        "team_id": TEAM,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel["id"],
        "channel_name": channel_name(channel),
        "user_id": person["id"],
        "user_name": person["name"],
        "command": words[0],
        "text": words[1],
        "api_app_id": APP,
        "is_enterprise_install": "false",
        **codes,
    }


def _user(person: Json) -> Json:
    return {
        "id": person["id"],
        "username": person["name"],
        "name": person["name"],
        "team_id": person["team_id"],
    }


def _interaction(kind: str, person: Json) -> Json:
    return {
        "type": kind,
        "team": {"id": TEAM, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
        "user": _user(person),
        "api_app_id": APP,
        "token": VERIFICATION,
    }


def message_action(
    person: Json, channel: Json, message: Json, action: Json, codes: dict[str, str]
) -> Json:
    """`block_actions` of a message; an ephemeral one is not told along."""
    ephemeral = "_to" in message
    container: Json = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel["id"],
        "is_ephemeral": ephemeral,
    }
    if message.get("thread_ts"):
        container["thread_ts"] = message["thread_ts"]
    payload = _interaction("block_actions", person) | {
        "container": container,
        "channel": {"id": channel["id"], "name": channel_name(channel)},
        "state": {"values": message.get("_state", {}).get(person["id"], {})},
        "actions": [action],
        **codes,
    }
    if not ephemeral:
        payload["message"] = told(message)
    return payload


def view_action(person: Json, view: Json, action: Json, trigger: str) -> Json:
    """`block_actions` of a modal."""
    return _interaction("block_actions", person) | {
        "container": {"type": "view", "view_id": view["id"]},
        "view": shown(view),
        "actions": [action],
        "trigger_id": trigger,
    }


def submission(person: Json, view: Json, trigger: str) -> Json:
    more = {"view": shown(view), "response_urls": [], "trigger_id": trigger}
    return _interaction("view_submission", person) | more


def closed(person: Json, view: Json, *, cleared: bool) -> Json:
    """`view_closed`, which does not tell what was typed."""
    bare = shown(view) | {"state": {"values": {}}}
    return _interaction("view_closed", person) | {"view": bare, "is_cleared": cleared}


def event(event: Json, *, shared: bool) -> Json:
    """The envelope of an event; `event_id` is the same on every try."""
    return {
        "token": VERIFICATION,
        "team_id": TEAM,
        "context_team_id": TEAM,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": fresh("Ev"),
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
    }


def message_event(kind: str, channel: Json, message: Json) -> Json:
    """A `message` or `app_mention` event about a person's message."""
    made: dict[str, Any] = told(message) | {
        "type": kind,
        "channel": channel["id"],
        "event_ts": message["ts"],
    }
    if kind == "message":
        made["channel_type"] = "im" if channel.get("is_im") else "channel"
    return made
