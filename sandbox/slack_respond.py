"""Answers by `response_url`: five times in thirty minutes, wherever the bot is a member or not."""

from typing import Any

from aiohttp import web

from sandbox.slack_acting import Impossible
from sandbox.slack_content import read
from sandbox.slack_messages import LIFEBOAT
from sandbox.slack_people import Json
from sandbox.slack_wire import Refused, read_json
from sandbox.slack_workspace import Workspace

_SPENT = ("invalid_url", "expired_url", "used_url")


def attach(app: web.Application, workspace: Workspace) -> None:
    """Adds the addresses that commands and actions hand out."""

    async def answered(request: web.Request) -> web.Response:
        kind = request.path.split("/")[1]
        told = await _body(request)
        entry = workspace.calls.begin("response_url", kind, told)
        try:
            link = workspace.links.use(kind, request.match_info["id"])
            _answer(workspace, link, told)
        except Refused as refusal:
            workspace.calls.finish(entry, refusal.answer(), ok=False)
            if refusal.error in _SPENT:
                return web.json_response(refusal.answer(), status=404)
            return web.Response(status=400, text=refusal.error)
        workspace.calls.finish(entry, {"ok": True})
        return web.Response(text="ok")

    for kind in ("commands", "actions"):
        app.router.add_post(f"/{kind}/{{team}}/{{id}}", answered)


async def _body(request: web.Request) -> Any:
    if request.content_type == "application/x-www-form-urlencoded":
        form = await request.post()
        return read_json(str(form.get("payload", "")).encode())
    return read_json(await request.read())


def _answer(workspace: Workspace, link: Json, told: Any) -> None:
    """Does what the answer says; what a command's link would replace is a new message instead."""
    if not isinstance(told, dict):
        raise Refused("invalid_payload")
    channel = workspace.channels.get(link["channel"])
    if channel is None:
        raise Refused("channel_not_found")
    original = workspace.data.message(link["channel"], link["ts"]) if link["ts"] else None
    if _yes(told, "delete_original") and link["ts"]:
        if original is None:
            raise Refused("message_not_found")
        workspace.messages.remove(channel, original)
        return
    content = read(told, workspace.troubles)
    if _yes(told, "replace_original") and link["ts"]:
        if original is None:
            raise Refused("message_not_found")
        workspace.messages.change(channel, original, content)
        return
    thread_ts = str(told.get("thread_ts") or "")
    if told.get("response_type") == "in_channel":
        workspace.messages.post(channel, LIFEBOAT, content, thread_ts)
    else:
        workspace.messages.whisper(channel, link["person"], LIFEBOAT, content, thread_ts)


def _yes(told: Json, name: str) -> bool:
    return told.get(name) in (True, "true", "1", 1)


def dismiss(workspace: Workspace, person: str, channel: str, ts: str) -> Json:
    """Takes an ephemeral message away from the person who sees it; raises Impossible."""
    where, message = workspace.channels.get(channel), workspace.data.message(channel, ts)
    if where is None or message is None or message.get("_to") != person:
        raise Impossible("That message is not there.")
    workspace.messages.remove(where, message)
    return {"outcome": "dismissed"}
