"""Modals: a stack for each person, their versions, what was entered in them, and the Home tab.

What happens when one is submitted or closed is `slack_forms.py`'s.
"""

import json
from collections.abc import Mapping
from typing import Any

from sandbox import slack_blocks, slack_state
from sandbox.slack_audience import Audience
from sandbox.slack_data import SlackData
from sandbox.slack_ids import fresh, view_hash
from sandbox.slack_kit import Findings
from sandbox.slack_people import APP, BOT, TEAM, Json
from sandbox.slack_wire import Refused, invalid

DEPTH_MAX = 3
_VIEW_BYTES_MAX = 250_000
_KNOWN = (
    *("type", "title", "blocks", "submit", "close", "private_metadata", "callback_id"),
    *("clear_on_close", "notify_on_close", "external_id", "submit_disabled"),
)


class Modals:
    """Every view of the workspace, and which ones each person has open."""

    def __init__(self, data: SlackData, audience: Audience) -> None:
        self._data, self._audience = data, audience

    def get(self, id_: str) -> Json | None:
        return self._data.one("view", id_)

    def stack(self, person: str) -> list[str]:
        """The ids of the person's open views, the root first."""
        return list((self._data.one("stack", person) or {"views": []})["views"])

    def top(self, person: str) -> Json | None:
        ids = self.stack(person)
        return self.get(ids[-1]) if ids else None

    def open(self, person: str, told: Any) -> Json:
        """A new root; what was open before is gone."""
        view = self._made(person, told, [])
        for old in self.stack(person):
            self._data.drop("view", old)
        self._put(person, [view["id"]])
        return view

    def push(self, person: str, told: Any) -> Json:
        """One more on the stack; raises Refused when it is full or there is none."""
        ids = self.stack(person)
        if not ids:
            raise Refused("not_found")
        if len(ids) >= DEPTH_MAX:
            raise Refused("push_limit_reached")
        view = self._made(person, told, ids)
        self._put(person, [*ids, view["id"]])
        return view

    def update(self, view: Json, told: Any, hash_: str = "") -> Json:
        """Another version in place; raises hash_conflict if it is not the version meant."""
        if hash_ and hash_ != view["hash"]:
            raise Refused("hash_conflict")
        wanted = self._checked(told, view["type"])
        self._unique(wanted, view["id"])
        kept = view["state"]["values"]
        view |= _shape(wanted) | {"hash": view_hash()}
        view["state"] = {"values": slack_state.first(view["blocks"], kept)}
        self._data.keep("view", view["id"], view)
        self.show(view["_person"])
        return view

    def found(self, view_id: str, external_id: str) -> Json:
        """The view that is open under one of these ids; raises not_found."""
        rows = [self.get(view_id)] if view_id else self._data.all("view")
        for view in rows:
            if view and (view_id or view["external_id"] == external_id):
                return view
        raise Refused("not_found")

    def publish(self, person: str, told: Any, hash_: str) -> Json:
        """The person's Home tab."""
        home = self._data.one("home", person)
        if home is not None and hash_ and hash_ != home["hash"]:
            raise Refused("hash_conflict")
        wanted = self._checked(told, slack_blocks.HOME)
        view = (home or self._bare(person)) | _shape(wanted)
        view |= {"hash": view_hash(), "root_view_id": view["id"], "previous_view_id": None}
        view["state"] = {"values": slack_state.first(view["blocks"])}
        self._data.keep("home", person, view)
        return view

    def enter(self, view: Json, values: Mapping[str, Mapping[str, Json]]) -> None:
        """Takes what a person typed; ids and options that the view does not have are left out."""
        state = view["state"]["values"]
        for block, one in slack_state.elements(view["blocks"]):
            given = values.get(block["block_id"], {}).get(one["action_id"])
            if given is None or not slack_state.keeps(one) or not slack_state.allowed(one, given):
                continue
            entry = slack_state.entered(one, given)
            state.setdefault(block["block_id"], {})[one["action_id"]] = entry
        self._data.keep("view", view["id"], view)

    def pop(self, person: str) -> Json | None:
        """Takes the top view away and shows the one below."""
        ids = self.stack(person)
        view = self.get(ids[-1]) if ids else None
        if view is not None:
            self._data.drop("view", view["id"])
        self._put(person, ids[:-1])
        return view

    def clear(self, person: str) -> None:
        for id_ in self.stack(person):
            self._data.drop("view", id_)
        self._put(person, [])

    def show(
        self, person: str, errors: dict[str, str] | None = None, *, busy: bool = False
    ) -> None:
        """Shows the person's top view, or that there is none, on their pages."""
        self._audience.tell([person], self.frame(person, errors, busy=busy))

    def frame(
        self, person: str, errors: dict[str, str] | None = None, *, busy: bool = False
    ) -> Json:
        view = self.top(person)
        names = ("id", "title", "submit", "close", "blocks", "state")
        told = None if view is None else {name: view[name] for name in names}
        if told is not None:
            told["depth"] = len(self.stack(person))
        return {"it": "view", "view": told, "errors": errors, "busy": busy}

    def _put(self, person: str, ids: list[str]) -> None:
        self._data.keep("stack", person, {"views": ids})
        self.show(person)

    def _bare(self, person: str) -> Json:
        about = {"id": fresh("V"), "team_id": TEAM, "app_id": APP, "bot_id": BOT}
        return about | {"app_installed_team_id": TEAM, "_person": person}

    def _made(self, person: str, told: Any, below: list[str]) -> Json:
        wanted = self._checked(told, slack_blocks.MODAL)
        self._unique(wanted, "")
        view = self._bare(person) | _shape(wanted) | {"hash": view_hash()}
        view["root_view_id"] = below[0] if below else view["id"]
        view["previous_view_id"] = below[-1] if below else None
        view["state"] = {"values": slack_state.first(view["blocks"])}
        self._data.keep("view", view["id"], view)
        return view

    def _unique(self, wanted: Json, id_: str) -> None:
        external = wanted.get("external_id")
        for other in self._data.all("view"):
            if external and other["external_id"] == external and other["id"] != id_:
                raise Refused("duplicate_external_id")

    def _checked(self, told: Any, kind: str) -> Json:
        if not isinstance(told, dict):
            raise invalid("invalid_arguments", ["must provide an object [json-pointer:/view]"])
        if len(json.dumps(told)) > _VIEW_BYTES_MAX:
            raise Refused("view_too_large")
        if problems := _problems(told, kind):
            whole = "failed to match all allowed schemas [json-pointer:/view]"
            raise invalid("invalid_arguments", [whole, *problems])
        return told


def _problems(told: Json, kind: str) -> list[str]:
    found = Findings()
    if told.get("type") != kind:
        found.say(f"must be one of the allowed values: {kind}", "/view/type")
        return found.problems
    found.keys(told, "/view", _KNOWN)
    if kind == slack_blocks.MODAL:
        found.text(told.get("title"), "/view/title", 24, ("plain_text",))
        found.plain(told, "submit", "/view", 24)
        found.plain(told, "close", "/view", 24)
    found.string(told, "private_metadata", "/view", 3000, least=0)
    found.string(told, "callback_id", "/view", 255, least=0)
    found.string(told, "external_id", "/view", 255, least=0)
    found.problems += slack_blocks.problems(told.get("blocks"), kind, "/view/blocks")
    blocks = told.get("blocks")
    for place, block in enumerate(blocks if isinstance(blocks, list) else []):
        asks = isinstance(block, dict) and block.get("type") == "input"
        if asks and kind == slack_blocks.MODAL and "submit" not in told:
            say = "must define `submit` to use an `input` block in modals"
            found.say(say, f"/view/blocks/{place}/input")
    return found.problems


def _shape(told: Json) -> Json:
    """The view's own part of what Slack keeps of it, every field there."""
    return {
        "type": told["type"],
        "title": told.get("title"),
        "blocks": slack_blocks.named(told["blocks"]),
        "submit": told.get("submit"),
        "close": told.get("close"),
        "private_metadata": told.get("private_metadata", ""),
        "callback_id": told.get("callback_id", ""),
        "external_id": told.get("external_id", ""),
        "clear_on_close": bool(told.get("clear_on_close")),
        "notify_on_close": bool(told.get("notify_on_close")),
        "submit_disabled": bool(told.get("submit_disabled")),
    }
