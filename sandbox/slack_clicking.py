"""What people press and choose, in messages and in modals.

What the bot gets is made from the message's own element, so a page can't claim a value that no
button has. Whoever sees a message can press its buttons: that is all that Slack checks.
"""

import time

from sandbox import slack_payloads, slack_state
from sandbox.slack_acting import Impossible, actor, ended, present
from sandbox.slack_people import Json
from sandbox.slack_workspace import Workspace

_FAILED = "Lifeboat did not answer this click: {failure}"


async def act(workspace: Workspace, person: str, doing: Json) -> Json:
    """Presses or chooses; `doing` is the page's `act` frame. Raises Impossible.

    With `stale`, an element that an older version of the message had can be pressed too, as on a
    client that has not heard of the change.
    """
    if doing.get("view"):
        return await _in_view(workspace, person, doing)
    who, where = present(workspace, person, str(doing.get("channel")))
    message = workspace.data.message(where["id"], str(doing.get("ts")))
    if message is None or message.get("_to", person) != person:
        raise Impossible("That message is not there.")
    found = _element(message, doing, stale=bool(doing.get("stale")))
    action = _action(*found, doing.get("action") or {})
    _note(workspace, (where, message), person, doing, found)
    codes = {
        "response_url": workspace.origin
        + workspace.links.link("actions", where["id"], person, message["ts"]),
        "trigger_id": workspace.links.trigger(person),
    }
    payload = slack_payloads.message_action(who, where, message, action, codes)
    outcome = await workspace.delivery.ask("interactive", payload)
    return ended(workspace, outcome, person, where["id"], _FAILED)


async def _in_view(workspace: Workspace, person: str, doing: Json) -> Json:
    who = actor(workspace, person)
    view = workspace.modals.get(str(doing["view"]))
    if view is None or view["_person"] != person:
        raise Impossible("That window is closed.")
    found = slack_state.find(view["blocks"], str(doing.get("action_id")), _block_id(doing))
    if found is None:
        raise Impossible("That window has no such element.")
    block, element = found
    told = doing.get("action") or {}
    action = _action(block, element, told)
    workspace.modals.enter(view, doing.get("values") or {})
    workspace.modals.enter(view, {block["block_id"]: {element["action_id"]: told}})
    if block.get("type") == "input" and not block.get("dispatch_action"):
        return {"outcome": "entered"}
    trigger = workspace.links.trigger(person, view["id"])
    payload = slack_payloads.view_action(who, view, action, trigger)
    outcome = await workspace.delivery.ask("interactive", payload)
    return ended(workspace, outcome, person, "", _FAILED)


def _block_id(doing: Json) -> str:
    return str(doing.get("block_id") or "")


def _element(message: Json, doing: Json, *, stale: bool) -> tuple[Json, Json]:
    blocks = list(message.get("blocks", []))
    for one in message.get("attachments", []):
        blocks += one.get("blocks", [])
    older = reversed(message.get("_versions", [])) if stale else ()
    for version in (blocks, *older):
        found = slack_state.find(version, str(doing.get("action_id")), _block_id(doing))
        if found is not None:
            return found
    raise Impossible("That message has no such element.")


def _action(block: Json, element: Json, told: Json) -> Json:
    """The action as Slack sends it; raises Impossible for what the element does not offer."""
    kind = element["type"]
    now = time.time_ns() // 1000
    made: Json = {
        "type": kind,
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": f"{now // 10**6}.{now % 10**6:06d}",
    }
    if kind == "button":
        kept = ("text", "value", "style")
        return made | {name: element[name] for name in kept if name in element}
    if not slack_state.allowed(element, told):
        raise Impossible("That can't be chosen there.")
    return made | (slack_state.entered(element, told) or {})


def _note(
    workspace: Workspace,
    place: tuple[Json, Json],
    person: str,
    doing: Json,
    found: tuple[Json, Json],
) -> None:
    """Keeps what the person has chosen in the message, as `state.values` tells it."""
    (where, message), (block, element) = place, found
    kept = message.setdefault("_state", {}).get(person)
    values = slack_state.first(message.get("blocks", []), kept)
    message["_state"][person] = values
    given = dict(doing.get("values") or {})
    given[block["block_id"]] = dict(given.get(block["block_id"], {})) | {
        element["action_id"]: doing.get("action") or {}
    }
    for other, one in slack_state.elements(message.get("blocks", [])):
        told = given.get(other["block_id"], {}).get(one["action_id"])
        if told and slack_state.allowed(one, told) and slack_state.keeps(one):
            entry = slack_state.entered(one, told) or {}
            values.setdefault(other["block_id"], {})[one["action_id"]] = entry
    workspace.data.keep_message(where["id"], message)
