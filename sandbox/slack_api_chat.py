"""`chat.*`: posting, whispering, changing and deleting, as the bot."""

from sandbox.slack_content import TEXT_MAX, read
from sandbox.slack_messages import Author, told
from sandbox.slack_people import Json
from sandbox.slack_rates import SPECIAL, TIER_3, TIER_4
from sandbox.slack_wire import Call, Refused, TooQuick
from sandbox.slack_workspace import Workspace


def post(workspace: Workspace, call: Call) -> Json:
    """chat.postMessage; ts and the message come back."""
    channel = workspace.channels.to_post(call.token, call.text("channel"))
    content = read(call.args, workspace.troubles)
    if workspace.options.rates and (seconds := workspace.rates.channel(channel["id"])):
        raise TooQuick(seconds)
    made = workspace.messages.post(channel, Author.of(call.token), content, call.maybe("thread_ts"))
    return {"channel": channel["id"], "ts": made["ts"], "message": told(made)}


def whisper(workspace: Workspace, call: Call) -> Json:
    """chat.postEphemeral, to somebody who is in the channel."""
    channel = workspace.channels.to_post(call.token, call.text("channel"))
    person = call.text("user")
    if not workspace.channels.has(channel, person):
        raise Refused("user_not_in_channel")
    if len(call.maybe("text")) > TEXT_MAX:
        raise Refused("msg_too_long")
    content = read(call.args, workspace.troubles)
    author = Author.of(call.token)
    made = workspace.messages.whisper(channel, person, author, content, call.maybe("thread_ts"))
    return {"message_ts": made["ts"]}


def update(workspace: Workspace, call: Call) -> Json:
    """chat.update; only its own, never an ephemeral one; text without blocks removes the blocks."""
    channel = workspace.channels.to_read(call.token, call.text("channel"))
    message = workspace.messages.get(channel["id"], call.text("ts"))
    if message["user"] != call.token.user:
        raise Refused("cant_update_message")
    if channel["is_archived"]:
        raise Refused("is_inactive")
    content = read(call.args, workspace.troubles, update=True)
    made = workspace.messages.change(channel, message, content)
    about = {"channel": channel["id"], "ts": made["ts"], "text": made["text"]}
    return about | {"message": told(made)}


def delete(workspace: Workspace, call: Call) -> Json:
    """chat.delete, only of its own."""
    channel = workspace.channels.to_read(call.token, call.text("channel"))
    message = workspace.messages.get(channel["id"], call.text("ts"))
    if message["user"] != call.token.user:
        raise Refused("cant_delete_message")
    workspace.messages.remove(channel, message)
    return {"channel": channel["id"], "ts": message["ts"]}


def permalink(workspace: Workspace, call: Call) -> Json:
    """chat.getPermalink."""
    channel = workspace.channels.to_read(call.token, call.text("channel"))
    message = workspace.messages.get(channel["id"], call.text("message_ts"))
    ts = message["ts"]
    link = f"{workspace.origin}/archives/{channel['id']}/p{ts.replace('.', '')}"
    root = message.get("thread_ts")
    if root not in (None, ts):
        link += f"?thread_ts={root}&cid={channel['id']}"
    return {"channel": channel["id"], "permalink": link}


METHODS = {
    "chat.postMessage": (post, ("chat:write",), SPECIAL),
    "chat.postEphemeral": (whisper, ("chat:write",), TIER_4),
    "chat.update": (update, ("chat:write",), TIER_3),
    "chat.delete": (delete, ("chat:write",), TIER_3),
    "chat.getPermalink": (permalink, (), SPECIAL),
}
