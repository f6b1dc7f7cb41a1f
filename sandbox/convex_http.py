"""The HTTP that a deployment answers besides imports: exports, questions, facts, pausing.

Auth, errors and troubles are `convex_wire.py`'s, imports `convex_import_http.py`'s, the socket
`convex_sync.py`'s.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox import convex_control, convex_import_http, convex_sync, convex_wire
from sandbox.convex_deployment import BACKEND_VERSION, Deployment
from sandbox.convex_export import ExportInProgress, sha256_name
from sandbox.convex_formats import written
from sandbox.convex_ids import BadId, decode
from sandbox.convex_jobs import JobRow
from sandbox.convex_keys import KeyRefused
from sandbox.convex_queries import PAUSED, BadFormat, respond
from sandbox.convex_wire import ApiError

_CHUNK = 256 << 10
_PART_BYTES_MAX = 1 << 30
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(deployment: Deployment) -> web.Application:
    """Everything that a deployment answers, on one origin."""
    app = web.Application(
        middlewares=[convex_wire.middleware(deployment)], client_max_size=_PART_BYTES_MAX
    )
    app.on_response_prepare.append(convex_wire.skew(deployment))
    _Routes(deployment).attach(app)
    convex_import_http.attach(app, deployment)
    convex_control.attach(app, deployment)
    convex_sync.attach(app, _Answerer(deployment))
    return app


class _Answerer:
    """Answers the socket's questions as `convex_sync.Answerer` asks."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    async def identify(self, key: str) -> Any:
        try:
            return self._deployment.keys.holder(key)
        except KeyRefused as refusal:
            raise convex_sync.KeyRefused(refusal.message) from None

    async def answer(self, identity: Any, path: str, args: Any, component: str) -> Any:
        ask = self._deployment.ask
        value = await asyncio.to_thread(ask, identity, path, args, component)
        return written(value, "convex_encoded_json")


class _Routes:
    """The handlers, each checking the key for itself."""

    def __init__(self, deployment: Deployment) -> None:
        self._it = deployment

    def attach(self, app: web.Application) -> None:
        add = app.router
        add.add_get(
            "/", self._text("This Convex deployment is running. See https://docs.convex.dev/.")
        )
        add.add_get("/version", self._text(BACKEND_VERSION))
        add.add_get("/instance_version", self._text(BACKEND_VERSION))
        add.add_get("/instance_name", self._text(self._it.instance_name))
        add.add_get("/api/check_admin_key", self._check_key)
        add.add_post("/api/query", self._query)
        for kind in ("mutation", "action", "function"):
            add.add_post(f"/api/{kind}", self._unknown_function)
        add.add_post("/api/export/request/zip", self._request_export)
        add.add_get("/api/export/zip/{id}", self._download)
        add.add_post("/api/export/cancel/{id}", self._cancel_export)
        add.add_post("/api/export/set_expiration/{id}", self._set_expiration)
        add.add_post("/api/v1/pause_deployment", self._pause)
        add.add_post("/api/v1/unpause_deployment", self._unpause)
        add.add_get("/api/v1/deployment_info", self._info)
        add.add_get("/api/v1/get_canonical_urls", self._urls)
        for prefix in ("/api/v1", "/api"):
            add.add_get(f"{prefix}/list_environment_variables", self._environment)
        add.add_get("/api/v1/list_audit_log_events", self._audit)
        add.add_get("/api/storage/{id}", self._stored_file)

    def _text(self, text: str) -> _Handler:
        async def told(request: web.Request) -> web.StreamResponse:
            return web.Response(text=text)

        return told

    async def _check_key(self, request: web.Request) -> web.StreamResponse:
        who = convex_wire.need(self._it, request, None)
        told = {"success": True, "allowedOps": list(who.operations), "isReadOnly": who.read_only}
        return web.json_response(told)

    async def _query(self, request: web.Request) -> web.StreamResponse:
        who = convex_wire.holder(self._it, request)
        asked = await convex_wire.body(request)
        allows = None if who is None else who.allows
        try:
            return web.json_response(await asyncio.to_thread(respond, self._it.data, allows, asked))
        except BadFormat as refusal:
            raise ApiError(400, "BadFormat", str(refusal)) from None

    async def _unknown_function(self, request: web.Request) -> web.StreamResponse:
        convex_wire.holder(self._it, request)
        path = (await convex_wire.body(request)).get("path", "")
        sentence = PAUSED if self._it.data.paused() else f"Could not find function for '{path}'."
        return web.json_response({"status": "error", "errorMessage": sentence, "logLines": []})

    # Exports.

    async def _request_export(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, "CreateBackups")
        component = request.query.get("component")
        if component is not None:
            # Looked at, and then of no effect: an export has every component.
            try:
                decode(component)
            except BadId:
                raise convex_wire.untagged() from None
        files = request.query.get("includeStorage", "false") == "true"
        try:
            row = self._it.exporter.request(include_storage=files)
        except ExportInProgress:
            told = "There is already an export requested or in progress."
            raise ApiError(400, "ExportInProgress", told) from None
        self._it.data.audit("request_export", {"id": row["_id"]})
        self._it.log.add("event", event="export_requested", export_id=row["_id"])
        return web.Response()

    def _export(self, told: str) -> JobRow | None:
        """The export with this id or, for digits, of this moment; raises ApiError."""
        if told.isdecimal():
            return next(
                (
                    row
                    for row in self._it.data.jobs.all("export")
                    if row["state"] == "completed" and row["start_ts"] == int(told)
                ),
                None,
            )
        try:
            decode(told)
        except BadId:
            raise ApiError(400, "BadSnapshotId", f"Invalid snapshot id {told}") from None
        return self._it.data.jobs.get(told, "export")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, "DownloadBackups")
        told = request.match_info["id"]
        row = self._export(told)
        if row is None:
            raise ApiError(404, "ExportNotFound", f"The requested export {told} was not found")
        if row["state"] != "completed":
            raise ApiError(400, "ExportNotComplete", "The requested export has not completed")
        name = f"snapshot_{self._it.instance_name}_{row['start_ts']}.zip"
        headers = {
            "Content-Disposition": f"attachment; filename={name}",
            "Cache-Control": "private, max-age=2592000",
        }
        return await self._sent(request, self._it.exporter.archive(row), headers)

    async def _sent(
        self, request: web.Request, path: Path, headers: dict[str, str]
    ) -> web.StreamResponse:
        """The whole file, never a range of it, with the troubles that a download can have."""
        strikes = self._it.troubles.strikes
        size = path.stat().st_size
        response = web.StreamResponse(headers=headers)
        wrong = strikes("wrong_length", path=request.path)
        response.content_length = size + (wrong["by"] if wrong else 0)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        cut, bad = strikes("cut", path=request.path), strikes("corrupt", path=request.path)
        slow = strikes("slow_body", path=request.path)
        end = size if cut is None else min(size, cut["at_byte"] % size)
        turned = -1 if bad is None else bad["at_byte"] % size
        at = 0
        with path.open("rb") as file:
            while chunk := file.read(min(slow["chunk"] if slow else _CHUNK, end - at)):
                if at <= turned < at + len(chunk):
                    altered = bytearray(chunk)
                    altered[turned - at] ^= 0x10
                    chunk = bytes(altered)
                await response.write(chunk)
                at += len(chunk)
                if slow:
                    await asyncio.sleep(slow["seconds"])
        if (cut or (wrong and wrong["by"] > 0)) and request.transport is not None:
            # What was written goes out first; then the connection ends in the middle of a body.
            request.transport.close()
        return response

    async def _cancel_export(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, "ImportBackups")
        if not self._it.exporter.cancel(request.match_info["id"]):
            raise convex_wire.untagged()
        return web.Response()

    async def _set_expiration(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, "DeleteBackups")
        until = int((await convex_wire.body(request))["expirationTsNs"])

        def moved(row: JobRow) -> JobRow | None:
            return row | {"expiration_ts": until} if row["state"] == "completed" else None

        if self._it.data.jobs.change(request.match_info["id"], moved) is None:
            raise convex_wire.untagged()
        return web.Response()

    # The deployment itself.

    async def _pause(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, "PauseDeployment")
        if self._it.troubles.strikes("pause_refused", path=request.path):
            told = "This deployment is disabled and can't be paused."
            raise ApiError(400, "PauseDeploymentFailed", told)
        if not self._it.data.paused():
            self._it.data.keep_fact("paused", value=True)
            self._it.data.audit("pause_deployment", {})
        return web.Response()

    async def _unpause(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, "UnpauseDeployment")
        if not self._it.data.paused():
            raise ApiError(400, "UnpauseDeploymentFailed", "This deployment is not paused.")
        self._it.data.keep_fact("paused", value=False)
        self._it.data.audit("unpause_deployment", {})
        return web.Response()

    async def _info(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, "ViewData")
        told = {
            "kind": "cloud",
            "teamId": 1,
            "projectId": 7,
            "projectName": "Treasury",
            "projectSlug": "treasury",
            "id": 1 if self._it.name == "production" else 2,
            "deploymentType": "prod",
            "reference": self._it.name,
        }
        return web.json_response(told)

    async def _urls(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, None)
        origin = self._it.data.origin
        return web.json_response({"convexCloudUrl": origin, "convexSiteUrl": origin})

    async def _environment(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, "ViewEnvironmentVariables")
        return web.json_response({"environmentVariables": dict(self._it.data.environment())})

    async def _audit(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, "ViewAuditLog")
        since = float(request.query.get("from", 0))
        events = self._it.data.audit_events(int(request.query.get("limit", 100)))
        items = [event for event in events if since <= event["createTime"] <= time.time() * 1000]
        return web.json_response({"items": items, "pagination": {"hasMore": False}})

    async def _stored_file(self, request: web.Request) -> web.StreamResponse:
        if self._it.data.paused():
            raise ApiError(400, "BackendIsNotRunning", PAUSED)
        found = self._it.data.stored_file(request.match_info["id"])
        if found is None:
            raise ApiError(404, "NotFound", "File not found")
        kind = found["contentType"] or "application/octet-stream"
        return web.FileResponse(
            self._it.data.blob(sha256_name(found["sha256"])), headers={"Content-Type": kind}
        )
