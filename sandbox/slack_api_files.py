"""Uploads in their three steps, and the bytes for whoever asks for a file."""

import mimetypes
import re
import secrets
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.slack_content import Content, read
from sandbox.slack_data import shown
from sandbox.slack_ids import fresh
from sandbox.slack_messages import Author
from sandbox.slack_people import Json
from sandbox.slack_rates import TIER_4
from sandbox.slack_wire import Call, Refused, missing
from sandbox.slack_workspace import Workspace

_NAME = re.compile(r"[^\w.\- ()]")


def upload_url(workspace: Workspace, call: Call) -> Json:
    """files.getUploadURLExternal: promises a name and a length."""
    name, length = call.text("filename"), call.maybe("length")
    if not length.isdecimal() or int(length) < 1:
        raise Refused("missing_argument")
    id_, ticket = fresh("F"), secrets.token_urlsafe(24)
    safe = _NAME.sub("_", Path(name).name) or "file"
    about = {
        "id": id_,
        "created": int(time.time()),
        "timestamp": int(time.time()),
        "name": name,
        "title": name,
        "mimetype": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "user": call.token.user,
        "size": int(length),
        "channels": [],
        "_ticket": ticket,
        "_path": f"/files/{id_}/{safe}",
        "_state": "promised",
    }
    workspace.data.keep("file", id_, about)
    return {"upload_url": f"{workspace.origin}/upload/v1/{id_}/{ticket}", "file_id": id_}


def complete(workspace: Workspace, call: Call) -> Json:
    """files.completeUploadExternal: shares what was uploaded, where the bot is a member."""
    wanted = call.args.get("files")
    if not isinstance(wanted, list) or not wanted:
        raise missing("files")
    given = call.args.get("channels") or call.maybe("channel_id")
    ids = given if isinstance(given, list) else str(given).split(",")
    channels = [workspace.channels.to_post(call.token, one) for one in ids if one]
    files = [_uploaded(workspace, call, one) for one in wanted]
    for one, told in zip(files, wanted, strict=True):
        one |= {"title": told.get("title") or one["name"], "_state": "shared"}
        one["channels"] = [channel["id"] for channel in channels]
        one["permalink"] = one["url_private"] = f"{workspace.origin}{one['_path']}"
        workspace.data.keep("file", one["id"], one)
    content = _content(workspace, call, files)
    for channel in channels:
        author, thread_ts = Author.of(call.token), call.maybe("thread_ts")
        workspace.messages.post(channel, author, content, thread_ts, upload=True)
    return {"files": [shown(one) for one in files]}


def _content(workspace: Workspace, call: Call, files: list[Json]) -> Content:
    said = {"text": call.maybe("initial_comment"), "blocks": call.args.get("blocks")}
    if said["text"]:
        said["blocks"] = None
    if not said["text"] and not said["blocks"]:
        return Content("", files=files)
    told = read(said, workspace.troubles)
    return Content(told.text, told.blocks, files=files)


def _uploaded(workspace: Workspace, call: Call, told: Any) -> Json:
    id_ = str(told.get("id", "")) if isinstance(told, dict) else ""
    found = workspace.data.one("file", id_)
    if found is None or found["_state"] != "uploaded" or found["user"] != call.token.user:
        raise Refused("file_not_found")
    return found


def info(workspace: Workspace, call: Call) -> Json:
    """files.info."""
    found = workspace.data.one("file", call.text("file"))
    if found is None or found["_state"] != "shared":
        raise Refused("file_not_found")
    return {"file": shown(found)}


METHODS = {
    "files.getUploadURLExternal": (upload_url, ("files:write",), TIER_4),
    "files.completeUploadExternal": (complete, ("files:write",), TIER_4),
    "files.info": (info, ("files:read",), TIER_4),
}


def attach(app: web.Application, workspace: Workspace) -> None:
    """Adds where bytes go in and come out."""

    async def upload(request: web.Request) -> web.Response:
        found = workspace.data.one("file", request.match_info["id"])
        fits = found is not None and found["_ticket"] == request.match_info["ticket"]
        if found is None or not fits or found["_state"] != "promised":
            return web.Response(status=404, text="not_found")
        body = await _bytes(request)
        if len(body) != found["size"]:
            return web.Response(status=400, text="length_mismatch")
        _place(workspace, found["id"]).write_bytes(body)
        workspace.data.keep("file", found["id"], found | {"_state": "uploaded"})
        return web.Response(text=f"OK - {len(body)}")

    async def download(request: web.Request) -> web.StreamResponse:
        found = workspace.data.one("file", request.match_info["id"])
        if found is None or found["_state"] != "shared" or found["_path"] != request.path:
            return web.Response(status=404)
        headers = {
            "Content-Type": found["mimetype"],
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        }
        return web.FileResponse(_place(workspace, found["id"]), headers=headers)

    app.router.add_post("/upload/v1/{id}/{ticket}", upload)
    app.router.add_get("/files/{id}/{name}", download)


def _place(workspace: Workspace, id_: str) -> Path:
    folder = workspace.data.folder / "files"
    folder.mkdir(exist_ok=True)
    return folder / id_


async def _bytes(request: web.Request) -> bytes:
    """The body as it is, or the one file of a form."""
    if request.content_type != "multipart/form-data":
        return await request.read()
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read()
    return b""
