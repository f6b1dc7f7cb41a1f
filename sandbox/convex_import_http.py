"""The HTTP of imports: an upload in parts, its end, the yes, and taking it back.

Parts behave as on local disk: each is put at the end of what is there, its number is not looked
at, and so a part that is sent twice is there twice.
"""

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox import convex_wire
from sandbox.convex_deployment import Deployment
from sandbox.convex_ids import IMPORTS_NUMBER, BadId, number_of
from sandbox.convex_import import FORMATS, MODES, CannotCancel
from sandbox.convex_jobs import JobRow
from sandbox.convex_unpack import Upload, valid_name
from sandbox.convex_wire import ApiError

_LOOK_SECONDS = 0.02
_PARTS_MAX = 9999
_NEED = "ImportBackups"
_CHUNK = 1 << 20


def attach(app: web.Application, deployment: Deployment) -> None:
    """Adds the paths of imports to the app."""
    routes = _Routes(deployment)
    for path, handler in routes.paths().items():
        app.router.add_post(path, handler)


class _Routes:
    def __init__(self, deployment: Deployment) -> None:
        self._it = deployment

    def paths(self) -> dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]:
        return {
            "/api/import/start_upload": self._start,
            "/api/import/upload_part": self._part,
            "/api/import/finish_upload": self._finish,
            "/api/perform_import": self._perform,
            "/api/cancel_import": self._cancel,
            "/api/import": self._at_once,
        }

    async def _start(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, _NEED)
        key = secrets.token_hex(16)
        self._file(key).touch()
        token = json.dumps({"objectKey": key, "filepath": f"uploads/{key}"})
        return web.json_response({"uploadToken": token})

    async def _part(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, _NEED)
        number = request.query.get("partNumber", "")
        if not number.isdecimal() or not 1 <= int(number) <= _PARTS_MAX:
            raise ApiError(400, "BadQueryArgs", f"Invalid partNumber {number!r}")
        path = self._uploading(request.query.get("uploadToken", ""))
        part = await request.read()
        with path.open("ab") as file:
            file.write(part)
        self._it.log.add("event", event="part_received", part=int(number), bytes=len(part))
        return web.json_response("")

    async def _finish(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, _NEED)
        told = await convex_wire.body(request)
        asked = told.get("import")
        if not isinstance(asked, dict) or not isinstance(told.get("partTokens"), list):
            raise ApiError(400, "BadJsonBody", "missing field `import` or `partTokens`")
        path = self._uploading(str(told.get("uploadToken", "")))
        # The upload is over: what its parts are called from now on, nobody outside knows.
        final = path.rename(path.with_name(f"{path.name}.done"))
        try:
            row = self._begun(final, asked)
        except ApiError:
            final.unlink()
            raise
        return web.json_response({"importId": row["_id"]})

    async def _perform(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, _NEED)
        id_ = await self._asked_id(request)
        began = await asyncio.to_thread(self._it.importer.confirm, id_)
        self._it.log.add("event", event="import_confirmed", import_id=id_, began=began)
        return web.Response()

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        convex_wire.need(self._it, request, _NEED)
        id_ = await self._asked_id(request)
        try:
            await asyncio.to_thread(self._it.importer.cancel, id_)
        except CannotCancel:
            told = "Cannot cancel an import that has already completed or failed"
            raise ApiError(400, "CannotCancelImport", told) from None
        self._it.log.add("event", event="import_canceled", import_id=id_)
        return web.Response()

    async def _at_once(self, request: web.Request) -> web.StreamResponse:
        """The one-shot import, which says yes for the caller."""
        convex_wire.need(self._it, request, _NEED)
        path = self._file(f"{secrets.token_hex(16)}.done")
        with path.open("wb") as file:
            async for chunk in request.content.iter_chunked(_CHUNK):
                file.write(chunk)
        row = self._begun(path, request.query)
        row = await self._when(row, "uploaded")
        self._it.importer.confirm(row["_id"])
        row = await self._when(row, "in_progress")
        return web.json_response({"numWritten": row["state"]["num_rows_written"]})

    async def _when(self, row: JobRow, over: str) -> JobRow:
        """The row as soon as it is past a state; raises ApiError if the import failed."""
        while True:
            now = self._it.data.jobs.get(row["_id"], "import") or row
            if now["state"]["state"] == "failed":
                raise ApiError(400, "ImportFailed", now["state"]["error_message"])
            if now["state"]["state"] not in (over, "waiting_for_confirmation") or (
                over == "uploaded" and now["state"]["state"] != over
            ):
                return now
            await asyncio.sleep(_LOOK_SECONDS)

    def _begun(self, path: Path, asked: Mapping[str, Any]) -> JobRow:
        """The import of an upload; raises ApiError where what is asked makes no sense."""
        form, mode = asked.get("format"), asked.get("mode") or "requireEmpty"
        if form not in FORMATS or mode not in MODES:
            told = f"unknown variant: format {form!r}, mode {mode!r}"
            raise ApiError(400, "BadJsonBody", told)
        table, component = asked.get("tableName"), asked.get("componentPath") or ""
        if form == "zip" and table is not None:
            raise ApiError(400, "InvalidName", "ZIP import cannot have table name")
        if form != "zip" and table is None:
            kind = {"csv": "CSV", "jsonLines": "JSON lines", "jsonArray": "JSON array"}[form]
            raise ApiError(400, "InvalidName", f"{kind} import requires table name")
        if table is not None and (not valid_name(table) or table.startswith("_")):
            raise ApiError(400, "ImportInvalidName", f'"{table}" isn\'t a valid table name')
        if component and not all(map(valid_name, component.split("/"))):
            raise ApiError(400, "InvalidComponentPath", f"Invalid component path {component!r}")
        row = self._it.importer.begin(Upload(path, form, component, table), mode)
        size = path.stat().st_size
        self._it.log.add("event", event="import_begun", import_id=row["_id"], mode=mode, bytes=size)
        return row

    async def _asked_id(self, request: web.Request) -> str:
        id_ = (await convex_wire.body(request)).get("importId")
        try:
            known = number_of(str(id_)) == IMPORTS_NUMBER
        except BadId:
            known = False
        if not known:
            raise ApiError(400, "InvalidImport", f"invalid import id {id_}")
        if self._it.data.jobs.get(str(id_), "import") is None:
            raise ApiError(404, "ImportNotFound", f"import {id_} not found")
        return str(id_)

    def _uploading(self, token: str) -> Path:
        try:
            key = str(json.loads(token)["objectKey"])
        except (ValueError, KeyError, TypeError):
            key = ""
        if not re.fullmatch(r"[0-9a-f]{32}", key) or not self._file(key).exists():
            raise ApiError(400, "BadQueryArgs", "Invalid upload token")
        return self._file(key)

    def _file(self, name: str) -> Path:
        return self._it.data.folder / "uploads" / name
