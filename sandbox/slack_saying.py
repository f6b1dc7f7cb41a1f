"""What people type: messages, slash commands and, of Slack's own commands, `/invite`."""

import html
import re

from sandbox import slack_payloads
from sandbox.slack_acting import ACKED, REFUSED, ended, present
from sandbox.slack_channels import scope
from sandbox.slack_content import Content, read
from sandbox.slack_messages import LIFEBOAT, Author
from sandbox.slack_people import BOT_USER, Json, kind
from sandbox.slack_wire import Refused
from sandbox.slack_workspace import Workspace

_NAME = re.compile(r"(?<![\w<])@([\w.-]+)")
_CHANNEL = re.compile(r"(?<![\w<])#([\w-]+)")


async def say(
    workspace: Workspace, person: str, channel: str, text: str, thread_ts: str = ""
) -> Json:
    """Says it or, if it begins with a slash, runs the command; raises Impossible."""
    who, where = present(workspace, person, channel)
    text = text.strip()
    if not text.startswith("/"):
        return _message(workspace, who, where, text, thread_ts)
    command, _, words = text.partition(" ")
    if thread_ts:
        return _no(workspace, person, channel, f"{command} is not supported in threads. Sorry!")
    if command == "/invite":
        return _invite(workspace, who, where, words.strip())
    known = next((one for one in workspace.commands if one["command"] == command), None)
    # Commands belong to a workspace: people of another one don't have ours.
    if known is None or kind(who) == "outsider":
        told = f"{command} is not a valid command."
        return _no(workspace, person, channel, told)
    if known.get("should_escape"):
        words = _linked(workspace, words)
    return await _command(workspace, who, where, (command, words.strip()))


def _no(workspace: Workspace, person: str, channel: str, text: str) -> Json:
    return {"outcome": REFUSED, "notice": workspace.audience.notice(person, text, channel)}


def _linked(workspace: Workspace, text: str) -> str:
    """People and channels as Slack writes them: <@U…>, <#C…|name>."""
    people = {one["name"]: one["id"] for one in workspace.data.all("person")}
    channels = {one.get("name"): one["id"] for one in workspace.data.all("channel")}

    def person(found: re.Match[str]) -> str:
        id_ = people.get(found[1])
        return f"<@{id_}>" if id_ else found[0]

    def channel(found: re.Match[str]) -> str:
        id_ = channels.get(found[1])
        return f"<#{id_}|{found[1]}>" if id_ else found[0]

    return _CHANNEL.sub(channel, _NAME.sub(person, text))


def _message(workspace: Workspace, who: Json, where: Json, text: str, thread_ts: str) -> Json:
    written = _linked(workspace, html.escape(text, quote=False))
    content = Content(written)
    message = workspace.messages.post(where, Author(who["id"]), content, thread_ts)
    if f"<@{BOT_USER}>" in written and not where.get("is_im"):
        _announce(workspace, "app_mention", "app_mentions:read", where, message)
    name = {"im": "message.im", "groups": "message.groups"}.get(
        scope(where, "history").partition(":")[0], "message.channels"
    )
    _announce(workspace, name, scope(where, "history"), where, message)
    return {"outcome": "said", "ts": message["ts"]}


def _announce(workspace: Workspace, name: str, needed: str, where: Json, message: Json) -> None:
    """Tells the bot, if it is there, wants to know, and may."""
    options = workspace.options
    if name not in options.events or needed not in options.scopes:
        return
    if workspace.channels.has(where, BOT_USER):
        event = slack_payloads.message_event(name.partition(".")[0], where, message)
        shared = bool(where.get("is_ext_shared"))
        workspace.delivery.announce(slack_payloads.event(event, shared=shared))


def _invite(workspace: Workspace, who: Json, where: Json, words: str) -> Json:
    people = {one["name"]: one for one in workspace.data.all("person")}
    guest = people.get(words.removeprefix("@"))
    if guest is None or where.get("is_im"):
        return _no(
            workspace, who["id"], where["id"], f"Nobody here is called {words or 'nothing'}."
        )
    workspace.channels.join(where, guest["id"])
    workspace.audience.refresh()
    told = f"{guest['real_name']} is in #{where['name']} now."
    notice = workspace.audience.notice(who["id"], told, where["id"], "info")
    return {"outcome": ACKED, "notice": notice}


async def _command(workspace: Workspace, who: Json, where: Json, words: tuple[str, str]) -> Json:
    codes = {
        "response_url": workspace.origin + workspace.links.link("commands", where["id"], who["id"]),
        "trigger_id": workspace.links.trigger(who["id"]),
    }
    payload = slack_payloads.command(who, where, words, codes)
    outcome = await workspace.delivery.ask("slash_commands", payload)
    failed = f"{words[0]} failed with the error {{failure}}"
    told = ended(workspace, outcome, who["id"], where["id"], failed)
    said = outcome.payload
    if isinstance(said, str):
        said = {"text": said} if said.strip() else None
    if said:
        try:
            _reply(workspace, who, where, " ".join(words).strip(), said)
        except Refused as refusal:
            error = f"{words[0]} failed with the error “invalid_command_response”"
            workspace.calls.add("ack", words[0], said, refusal.answer(), ok=False)
            told["notice"] = workspace.audience.notice(who["id"], error, where["id"])
    return told


def _reply(workspace: Workspace, who: Json, where: Json, typed: str, said: Json) -> None:
    """Shows what the bot acknowledged with; for all to see, it shows what was typed as well."""
    content = read(said, workspace.troubles)
    if said.get("response_type") == "in_channel":
        workspace.messages.post(where, Author(who["id"]), Content(html.escape(typed, quote=False)))
        workspace.messages.post(where, LIFEBOAT, content)
    else:
        workspace.messages.whisper(where, who["id"], LIFEBOAT, content)
