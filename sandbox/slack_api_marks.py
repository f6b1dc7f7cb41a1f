"""Marks on messages: `reactions.*` and `pins.add`."""

import re

from sandbox.slack_messages import told
from sandbox.slack_people import Json
from sandbox.slack_rates import TIER_2, TIER_3
from sandbox.slack_wire import Call, Refused
from sandbox.slack_workspace import Workspace

_EMOJI = re.compile(r"[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?")
_REACTIONS_MAX = 23


def add(workspace: Workspace, call: Call) -> Json:
    """reactions.add."""
    channel, message = _marked(workspace, call)
    if channel["is_archived"]:
        raise Refused("is_archived")
    name, marks = _name(call), message.setdefault("reactions", [])
    mark = next((one for one in marks if one["name"] == name), None)
    if mark is None:
        if len(marks) >= _REACTIONS_MAX:
            raise Refused("too_many_emoji")
        mark = {"name": name, "users": [], "count": 0}
        marks.append(mark)
    if call.token.user in mark["users"]:
        raise Refused("already_reacted")
    mark["users"].append(call.token.user)
    mark["count"] = len(mark["users"])
    workspace.messages.keep(channel, message)
    return {}


def remove(workspace: Workspace, call: Call) -> Json:
    """reactions.remove, only of its own."""
    channel, message = _marked(workspace, call)
    name, marks = _name(call), message.get("reactions", [])
    mark = next((one for one in marks if one["name"] == name), None)
    if mark is None or call.token.user not in mark["users"]:
        raise Refused("no_reaction")
    mark["users"].remove(call.token.user)
    mark["count"] = len(mark["users"])
    message["reactions"] = [one for one in marks if one["count"]]
    workspace.messages.keep(channel, message)
    return {}


def get(workspace: Workspace, call: Call) -> Json:
    """reactions.get."""
    channel, message = _marked(workspace, call)
    return {"type": "message", "channel": channel["id"], "message": told(message)}


def pin(workspace: Workspace, call: Call) -> Json:
    """pins.add, where the bot is a member."""
    channel, message = _marked(workspace, call)
    if not workspace.channels.has(channel, call.token.user):
        raise Refused("not_in_channel")
    if channel["id"] in message.get("pinned_to", []):
        raise Refused("already_pinned")
    message["pinned_to"] = [channel["id"]]
    workspace.messages.keep(channel, message)
    return {}


def _marked(workspace: Workspace, call: Call) -> tuple[Json, Json]:
    channel = workspace.channels.to_read(call.token, call.text("channel"))
    ts = call.maybe("timestamp")
    if not ts:
        raise Refused("no_item_specified")
    return channel, workspace.messages.get(channel["id"], ts)


def _name(call: Call) -> str:
    name = call.text("name").strip(":")
    if not _EMOJI.fullmatch(name):
        raise Refused("invalid_name")
    return name


METHODS = {
    "reactions.add": (add, ("reactions:write",), TIER_3),
    "reactions.remove": (remove, ("reactions:write",), TIER_2),
    "reactions.get": (get, ("reactions:read",), TIER_3),
    "pins.add": (pin, ("pins:write",), TIER_2),
}
