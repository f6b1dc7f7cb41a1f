"""`conversations.*`: what a channel is, who is in it, and what was said there."""

from sandbox.slack_channels import scope
from sandbox.slack_data import shown
from sandbox.slack_messages import told
from sandbox.slack_people import Json
from sandbox.slack_rates import TIER_2, TIER_3, TIER_4
from sandbox.slack_wire import Call, Refused
from sandbox.slack_workspace import Workspace

_TYPES = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}


def info(workspace: Workspace, call: Call) -> Json:
    """conversations.info."""
    channel = workspace.channels.to_read(call.token, call.text("channel"))
    call.need(scope(channel, "read"))
    about = shown(channel)
    if not channel.get("is_im"):
        about["is_member"] = workspace.channels.has(channel, call.token.user)
        if call.flag("include_num_members"):
            about["num_members"] = len(channel["_members"])
    return {"channel": about}


def listed(workspace: Workspace, call: Call) -> Json:
    """conversations.list, of the types that are asked for."""
    types = (call.maybe("types") or "public_channel").replace(" ", "").split(",")
    for one in types:
        if one in _TYPES:
            call.need(_TYPES[one])
        elif one != "mpim":
            raise Refused("invalid_types")
    user = call.token.user
    rows = []
    for channel in workspace.data.all("channel"):
        member = workspace.channels.has(channel, user)
        kind = "private_channel" if channel.get("is_private") else "public_channel"
        kind = "im" if channel.get("is_im") else kind
        if kind not in types or (kind != "public_channel" and not member):
            continue
        if channel["is_archived"] and call.flag("exclude_archived"):
            continue
        rows.append(shown(channel) | ({} if kind == "im" else {"is_member": member}))
    part, cursor = call.page(rows)
    return {"channels": part, "response_metadata": {"next_cursor": cursor}}


def members(workspace: Workspace, call: Call) -> Json:
    """conversations.members."""
    channel = workspace.channels.to_read(call.token, call.text("channel"))
    call.need(scope(channel, "read"))
    part, cursor = call.page(channel["_members"])
    return {"members": part, "response_metadata": {"next_cursor": cursor}}


def opened(workspace: Workspace, call: Call) -> Json:
    """conversations.open with one person."""
    if given := call.maybe("channel"):
        channel = workspace.channels.to_read(call.token, given)
        if not channel.get("is_im"):
            raise Refused("method_not_supported_for_channel_type")
    else:
        users = [one for one in call.maybe("users").replace(" ", "").split(",") if one]
        if not users:
            raise Refused("users_list_not_supplied")
        if len(users) > 1:
            raise Refused("method_not_supported_for_channel_type")
        channel = workspace.channels.dm(users[0], call.token)
    full = call.flag("return_im")
    about = shown(channel) if full else {"id": channel["id"]}
    return {"no_op": True, "already_open": True, "channel": about}


def history(workspace: Workspace, call: Call) -> Json:
    """conversations.history, newest first."""
    channel = _readable(workspace, call)
    rows = [one for one in workspace.data.messages(channel["id"]) if not _is_reply(one)]
    return _told(call, list(reversed(_between(call, rows))))


def replies(workspace: Workspace, call: Call) -> Json:
    """conversations.replies, the thread's beginning first."""
    channel = _readable(workspace, call)
    return _told(call, workspace.messages.thread(channel["id"], call.text("ts")))


def _readable(workspace: Workspace, call: Call) -> Json:
    channel = workspace.channels.to_read(call.token, call.text("channel"))
    call.need(scope(channel, "history"))
    if not workspace.channels.has(channel, call.token.user):
        raise Refused("not_in_channel")
    return channel


def _is_reply(message: Json) -> bool:
    return message.get("thread_ts") not in (None, message["ts"])


def _between(call: Call, rows: list[Json]) -> list[Json]:
    oldest, latest = call.maybe("oldest") or "0", call.maybe("latest") or "9" * 10
    same = call.flag("inclusive")
    return [
        one
        for one in rows
        if oldest < one["ts"] < latest or (same and one["ts"] in (oldest, latest))
    ]


def _told(call: Call, rows: list[Json]) -> Json:
    part, cursor = call.page(rows)
    keep = call.flag("include_all_metadata")
    messages = [told(one) for one in part]
    for one in messages:
        if not keep and "metadata" in one:
            one["metadata"] = {"event_type": one["metadata"]["event_type"]}
    more = {"response_metadata": {"next_cursor": cursor}} if cursor else {}
    return {"messages": messages, "has_more": bool(cursor), **more}


_READ = ("channels:read", "groups:read", "im:read")
_HISTORY = ("channels:history", "groups:history", "im:history")
METHODS = {
    "conversations.info": (info, _READ, TIER_3),
    "conversations.list": (listed, _READ, TIER_2),
    "conversations.members": (members, _READ, TIER_4),
    "conversations.open": (opened, ("im:write",), TIER_3),
    "conversations.history": (history, _HISTORY, TIER_3),
    "conversations.replies": (replies, _HISTORY, TIER_3),
}
