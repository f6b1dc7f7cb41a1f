"""Submitting and closing modals, and doing what the bot answers to a submission."""

from typing import Any

from sandbox import slack_payloads, slack_state
from sandbox.slack_acting import CONNECTING, Impossible, actor, ended
from sandbox.slack_people import Json
from sandbox.slack_wire import Refused
from sandbox.slack_workspace import Workspace

_FAILED = f"{CONNECTING} {{failure}}"


async def submit(workspace: Workspace, person: str, view_id: str, values: Json) -> Json:
    """Sends a filled-in modal; what Slack itself misses in it never reaches the bot."""
    who = actor(workspace, person)
    view = _top(workspace, person, view_id)
    if view.get("submit") is None:
        raise Impossible("That window has nothing to submit.")
    modals = workspace.modals
    modals.enter(view, values)
    if wrong := slack_state.unfilled(view["blocks"], view["state"]["values"]):
        modals.show(person, wrong)
        return {"outcome": "unfilled", "errors": wrong}
    modals.show(person, busy=True)
    trigger = workspace.links.trigger(person, view_id)
    payload = slack_payloads.submission(who, view, trigger)
    outcome = await workspace.delivery.ask("interactive", payload)
    told = ended(workspace, outcome, person, "", _FAILED)
    if outcome.failure:
        modals.show(person)
        return told
    try:
        return told | _answered(workspace, person, view_id, outcome.payload)
    except Refused as refusal:
        workspace.calls.add("ack", "view_submission", outcome.payload, refusal.answer(), ok=False)
        modals.show(person)
        return told | {"notice": workspace.audience.notice(person, CONNECTING)}


def _top(workspace: Workspace, person: str, view_id: str) -> Json:
    view = workspace.modals.top(person)
    if view is None or view["id"] != view_id:
        raise Impossible("That window is not on top.")
    return view


def _answered(workspace: Workspace, person: str, view_id: str, payload: Any) -> Json:
    """Does what the acknowledgement says: errors, update, push, clear or, with nothing, close."""
    modals = workspace.modals
    answer = payload if isinstance(payload, dict) else {}
    action = answer.get("response_action")
    view = modals.get(view_id)
    if action == "clear":
        modals.clear(person)
    elif action == "errors":
        errors = answer.get("errors")
        blocks = {one["block_id"] for one in (view or {"blocks": []})["blocks"]}
        if not isinstance(errors, dict) or not errors or not errors.keys() <= blocks:
            raise Refused("invalid_response_action")
        modals.show(person, errors)
        return {"errors": errors}
    elif action == "update" and view is not None:
        modals.update(view, answer.get("view"))
    elif action == "push":
        modals.push(person, answer.get("view"))
    elif action is not None:
        raise Refused("invalid_response_action")
    elif view_id in modals.stack(person)[-1:]:
        modals.pop(person)
    return {}


async def close(
    workspace: Workspace, person: str, view_id: str, *, everything: bool = False
) -> Json:
    """Closes the top modal, or all of them; the bot hears of those that asked for it."""
    who = actor(workspace, person)
    _top(workspace, person, view_id)
    modals = workspace.modals
    count = len(modals.stack(person)) if everything else 1
    for _ in range(count):
        view = modals.pop(person)
        if view is not None and view["notify_on_close"]:
            payload = slack_payloads.closed(who, view, cleared=everything)
            await workspace.delivery.ask("interactive", payload)
        if view is not None and view["clear_on_close"]:
            modals.clear(person)
            break
    return {"outcome": "closed"}
