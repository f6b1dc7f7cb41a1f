"""What every request to a deployment passes through: the log, the troubles, and errors as JSON.

Also how a key is shown and a body read. What a path answers is in `convex_http.py`.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

from aiohttp import web

from sandbox.convex_deployment import Deployment
from sandbox.convex_keys import ACTIONS, Holder, KeyRefused
from sandbox.troubles import Trouble

_log = logging.getLogger(__name__)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LOOK_SECONDS = 0.05
_PRIVATE = "/_sandbox/"
# What Convex says with a status where nothing better is known.
_SAID = {
    401: ("BadAdminKey", "The provided admin key was invalid for this instance"),
    403: ("OperationNotPermitted", "You do not have permission to perform this operation."),
    404: ("NotFound", "Not found"),
    429: ("RateLimited", "Too many requests. Try again later."),
    500: ("InternalServerError", "Your request couldn't be completed. Try again later."),
    503: ("Overloaded", "Too many concurrent requests. Try again later."),
}


class ApiError(Exception):
    """An answer that is not the one hoped for, as Convex's error JSON."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def untagged() -> ApiError:
    """What Convex answers where it has no word for the mistake."""
    return ApiError(500, *_SAID[500])


def error(status: int, code: str, message: str) -> web.Response:
    if status == 408 or not (code or message):
        return web.Response(status=status)
    return web.json_response({"code": code, "message": message}, status=status)


def holder(deployment: Deployment, request: web.Request) -> Holder | None:
    """Who asks; raises ApiError for a key that opens nothing."""
    header, query = request.headers.get("Authorization"), request.query.get("adminKey")
    try:
        return deployment.keys.shown(header, query)
    except KeyRefused as refusal:
        raise ApiError(refusal.status, refusal.code, refusal.message) from None


def need(deployment: Deployment, request: web.Request, operation: str | None) -> Holder:
    """Who asks, if their key allows the operation (None: any key does); raises ApiError."""
    found = holder(deployment, request)
    if found is None:
        raise ApiError(403, "BadDeployKey", "An admin key is required for this operation")
    if operation is not None and not found.allows(operation):
        told = f"You do not have permission to perform this operation ({ACTIONS[operation]})."
        raise ApiError(403, "OperationNotPermitted", told)
    return found


async def body(request: web.Request) -> dict[str, Any]:
    """The request's JSON object; raises ApiError."""
    kind = request.content_type
    if kind != "application/json" and not kind.endswith("+json"):
        told = "Expected request with `Content-Type: application/json`"
        raise ApiError(400, "BadJsonBody", told)
    try:
        found = await request.json()
    except ValueError as damage:
        raise ApiError(400, "BadJsonBody", f"Failed to parse the request body: {damage}") from None
    if not isinstance(found, dict):
        raise ApiError(400, "BadJsonBody", "Expected an object")
    return found


def middleware(deployment: Deployment) -> Any:
    """The way of every request of this deployment."""

    @web.middleware
    async def through(request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.path.startswith(_PRIVATE):
            return await _answered(request, handler)
        began = time.monotonic()
        told = {"method": request.method, "path": request.path, "query": _query(request)}
        status: int | str = "dropped"
        try:
            response = await _troubled(deployment, request, handler)
            if response is not None:
                status = response.status
                return response
        finally:
            seconds = round(time.monotonic() - began, 4)
            deployment.log.add("request", **told, status=status, seconds=seconds)
        _hang_up(request)
        return web.Response(status=500)

    return through


def skew(deployment: Deployment) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Puts the Date header wrong while a trouble says so."""

    async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:
        trouble = deployment.troubles.strikes("clock_skew")
        if trouble is not None:
            response.headers["Date"] = formatdate(time.time() + trouble["seconds"], usegmt=True)

    return on_prepare


async def _troubled(
    deployment: Deployment, request: web.Request, handler: _Handler
) -> web.StreamResponse | None:
    """The answer, or None where the connection is cut instead."""
    troubles = deployment.troubles
    if slow := troubles.strikes("slow", path=request.path):
        await asyncio.sleep(slow["seconds"])
    trouble = troubles.strikes("status", "hang", "drop_before", "drop_after", path=request.path)
    kind = trouble.kind if trouble else ""
    if trouble and kind == "status":
        return _refusal(trouble)
    if trouble and kind == "hang":
        while troubles.holds(trouble):
            await asyncio.sleep(_LOOK_SECONDS)
        return None
    if kind == "drop_before":
        return None
    response = await _answered(request, handler)
    return None if kind == "drop_after" else response


async def _answered(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as refusal:
        return error(refusal.status, refusal.code, refusal.message)
    except web.HTTPException as refusal:
        return web.Response(status=refusal.status)
    except (ConnectionError, asyncio.CancelledError):
        raise
    except Exception:  # noqa: BLE001 - a defect must not look like a cut connection.
        _log.exception("%s %s broke off", request.method, request.path)
        return error(500, *_SAID[500])


def _refusal(trouble: Trouble) -> web.Response:
    status = trouble["status"]
    code, message = _SAID.get(status, ("", ""))
    answer = error(status, trouble["code"] or code, trouble["message"] or message)
    if trouble["retry_after"] is not None:
        answer.headers["Retry-After"] = str(trouble["retry_after"])
    return answer


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _query(request: web.Request) -> dict[str, str]:
    secret = ("adminKey", "uploadToken")
    return {name: value for name, value in request.query.items() if name not in secret}
