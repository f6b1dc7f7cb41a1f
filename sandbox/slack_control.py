"""The private knobs of the stand-in under `/_sandbox/`, which no real Slack has: no token asked.

Troubles, the log, doing things as somebody, changing who somebody is, and looking at what is shown.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox import slack_payloads
from sandbox.slack_acting import Impossible
from sandbox.slack_data import shown
from sandbox.slack_doing import do, trouble
from sandbox.slack_messages import told
from sandbox.slack_people import Json
from sandbox.slack_wire import Refused
from sandbox.slack_workspace import Workspace

_Knob = Callable[[Workspace, Json], Any]
_READING = ("state", "log", "messages", "thread", "ephemerals", "view", "notices", "home")


def attach(app: web.Application, workspace: Workspace) -> None:
    """Adds the knobs to the app."""

    def route(knob: _Knob) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def turned(request: web.Request) -> web.StreamResponse:
            try:
                text = await request.text()
                asked = dict(request.query) | (json.loads(text) if text else {})
                answer = knob(workspace, asked)
                if isinstance(answer, Awaitable):
                    answer = await answer
            except Refused as refusal:
                return web.json_response({"message": refusal.error}, status=400)
            except (Impossible, KeyError, TypeError, ValueError) as refusal:
                return web.json_response({"message": str(refusal)}, status=400)
            return web.json_response(answer)

        return turned

    for name, knob in _KNOBS.items():
        method = "GET" if name in _READING else "POST"
        app.router.add_route(method, f"/_sandbox/{name}", route(knob))


def _state(workspace: Workspace, asked: Json) -> Json:
    return {
        "connected": workspace.sockets.count(),
        "troubles": [one["kind"] for one in workspace.troubles.listed() if one["on"]],
        "people": [shown(one) for one in workspace.data.all("person")],
        "groups": [shown(one) for one in workspace.data.all("group")],
        "channels": [
            shown(one) | {"members": one["_members"]} for one in workspace.data.all("channel")
        ],
    }


def _heal(workspace: Workspace, asked: Json) -> Json:
    workspace.troubles.heal(asked.get("kind"))
    return {}


def _reset(workspace: Workspace, asked: Json) -> Json:
    workspace.reset()
    return {}


async def _do(workspace: Workspace, asked: Json) -> Json:
    return await do(workspace, str(asked.pop("person")), asked)


def _change(workspace: Workspace, asked: Json) -> Json:
    """Changes a person, a group or a channel: {"kind", "id", "change": {…}}."""
    kind, id_, change = asked["kind"], asked["id"], dict(asked["change"])
    row = workspace.data.one(kind, id_) if kind in ("person", "group", "channel") else None
    if row is None:
        raise ValueError(f"there is no {kind} {id_}")
    if "members" in change:
        change["_members"] = change.pop("members")
    if "profile" in change:
        change["profile"] = row["profile"] | change["profile"]
    workspace.data.keep(kind, id_, row | change)
    workspace.audience.refresh()
    return shown(row | change)


def _event(workspace: Workspace, asked: Json) -> Json:
    """Delivers an event as it is, whether or not the bot subscribed to it."""
    made = slack_payloads.event(asked["event"], shared=False)
    workspace.delivery.announce(made)
    return {"event_id": made["event_id"]}


async def _verify(workspace: Workspace, asked: Json) -> Json:
    return {"verified": await workspace.delivery.http.verify()}


def _messages(workspace: Workspace, asked: Json) -> list[Json]:
    return [told(one) for one in workspace.data.messages(asked["channel"])]


def _thread(workspace: Workspace, asked: Json) -> list[Json]:
    rows = workspace.messages.thread(asked["channel"], asked["ts"])
    return [told(one) for one in rows]


def _ephemerals(workspace: Workspace, asked: Json) -> list[Json]:
    rows = workspace.data.messages(asked["channel"], asked["person"])
    return [told(one) for one in rows]


def _view(workspace: Workspace, asked: Json) -> Json | None:
    found = workspace.modals.top(asked["person"])
    return None if found is None else shown(found)


def _home(workspace: Workspace, asked: Json) -> Json | None:
    found = workspace.data.one("home", asked["person"])
    return None if found is None else shown(found)


_KNOBS: dict[str, _Knob] = {
    "trouble": trouble,
    "heal": _heal,
    "reset": _reset,
    "do": _do,
    "change": _change,
    "event": _event,
    "verify": _verify,
    "state": _state,
    "log": lambda workspace, _: workspace.calls.all(),
    "messages": _messages,
    "thread": _thread,
    "ephemerals": _ephemerals,
    "view": _view,
    "home": _home,
    "notices": lambda workspace, asked: workspace.audience.notices(asked["person"]),
}
