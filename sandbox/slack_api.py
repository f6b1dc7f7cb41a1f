"""The Web API: every method there is, and the way of each call past rates, tokens and scopes.

Answers are HTTP 200 with `ok` false where an app is at fault, and 429 with Retry-After where it was
too quick.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from sandbox import (
    slack_api_channels,
    slack_api_chat,
    slack_api_files,
    slack_api_marks,
    slack_api_people,
    slack_api_views,
)
from sandbox.slack_people import Json, Token
from sandbox.slack_rates import TIER_3
from sandbox.slack_wire import Call, Refused, TooQuick, arguments, shown_token
from sandbox.slack_workspace import Workspace

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Method:
    """What a method does, and what it asks of a token: its kind, and one of its scopes."""

    run: Callable[[Workspace, Call], Json]
    scopes: Sequence[str]
    a_minute: int
    kind: str = "bot"


def _connections_open(workspace: Workspace, call: Call) -> Json:
    host = workspace.origin.removeprefix("http://")
    return {"url": f"ws://{host}/link/?{workspace.sockets.ticket()}"}


METHODS: dict[str, Method] = {
    name: Method(*row)
    for family in (
        slack_api_people,
        slack_api_chat,
        slack_api_channels,
        slack_api_views,
        slack_api_files,
        slack_api_marks,
    )
    for name, row in family.METHODS.items()
}
METHODS["apps.connections.open"] = Method(
    _connections_open, ("connections:write",), TIER_3, kind="app"
)
_ANY_TOKEN = ("auth.test", "api.test")


def attach(app: web.Application, workspace: Workspace) -> None:
    """Adds /api/."""

    async def called(request: web.Request) -> web.StreamResponse:
        return await _called(workspace, request)

    app.router.add_route("GET", "/api/{method}", called)
    app.router.add_route("POST", "/api/{method}", called)


async def _called(workspace: Workspace, request: web.Request) -> web.Response:
    name = request.match_info["method"]
    entry = workspace.calls.begin("api", name, {})
    status, headers = 200, {}
    try:
        answer = await _answer(workspace, request, name, entry)
    except Refused as refusal:
        answer = refusal.answer()
    except TooQuick as limit:
        status, headers = 429, {"Retry-After": str(limit.seconds)}
        answer = {"ok": False, "error": "ratelimited"}
    except _Failing as failing:
        status, answer = failing.status, {"ok": False, "error": failing.error}
    except Exception:  # noqa: BLE001 - a defect must look like Slack's own, and be seen here.
        _log.exception("%s broke off", name)
        status, answer = 500, {"ok": False, "error": "fatal_error"}
    workspace.calls.finish(entry, answer | headers, ok=bool(answer["ok"]))
    return web.json_response(answer, status=status, headers=headers | _scopes(workspace, request))


async def _answer(workspace: Workspace, request: web.Request, name: str, entry: Json) -> Json:
    args = await arguments(request)
    token, in_header = shown_token(request, args)
    workspace.calls.describe(entry, args)
    if slow := workspace.troubles.strikes("slow_network"):
        await asyncio.sleep(slow["seconds"])
    _trouble(workspace, name)
    holder = _holder(workspace, token)
    method = METHODS.get(name)
    if method is None:
        raise Refused("unknown_method", req_method=name)
    if workspace.options.rates and (seconds := workspace.rates.method(name, method.a_minute)):
        raise TooQuick(seconds)
    if holder.kind != method.kind and name not in _ANY_TOKEN:
        raise Refused("not_allowed_token_type")
    if method.kind == "app" and not in_header:
        raise Refused("not_authed")
    call = Call(name, holder, args)
    if method.scopes:
        call.need(*method.scopes)
    return {"ok": True, **method.run(workspace, call)}


class _Failing(Exception):
    """A trouble's own answer."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


def _trouble(workspace: Workspace, name: str) -> None:
    if limit := workspace.troubles.strikes("rate_limit", name):
        workspace.calls.add("trouble", "rate_limit", {"method": name})
        raise TooQuick(int(limit["retry_after"]))
    if failing := workspace.troubles.strikes("error", name):
        workspace.calls.add("trouble", "error", {"method": name})
        raise _Failing(int(failing["status"]), str(failing["error"]))


def _holder(workspace: Workspace, token: str) -> Token:
    if not token:
        raise Refused("not_authed")
    if token not in workspace.tokens:
        raise Refused("invalid_auth")
    return workspace.tokens[token]


def _scopes(workspace: Workspace, request: web.Request) -> dict[str, str]:
    """The header in which Slack tells what a token may."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    holder = workspace.tokens.get(token)
    return {"x-oauth-scopes": ",".join(holder.scopes)} if holder else {}
