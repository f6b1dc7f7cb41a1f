"""`views.*`: opening, pushing, changing modals and publishing the Home tab."""

from sandbox.slack_data import shown
from sandbox.slack_people import Json
from sandbox.slack_rates import TIER_4
from sandbox.slack_wire import Call, Refused, missing
from sandbox.slack_workspace import Workspace


def opened(workspace: Workspace, call: Call) -> Json:
    """views.open, for whoever the trigger stands for."""
    view = _view(call)
    person, _ = workspace.links.exchange(call.text("trigger_id"))
    return {"view": shown(workspace.modals.open(person, view))}


def pushed(workspace: Workspace, call: Call) -> Json:
    """views.push, with a trigger that came from a modal."""
    view = _view(call)
    person, origin = workspace.links.exchange(call.text("trigger_id"))
    if not origin or origin not in workspace.modals.stack(person):
        raise Refused("not_found")
    return {"view": shown(workspace.modals.push(person, view))}


def updated(workspace: Workspace, call: Call) -> Json:
    """views.update, by view_id or external_id, and only of the version meant by `hash`."""
    wanted, external = call.maybe("view_id"), call.maybe("external_id")
    if not wanted and not external:
        raise missing("view_id")
    view = workspace.modals.found(wanted, external)
    return {"view": shown(workspace.modals.update(view, _view(call), call.maybe("hash")))}


def published(workspace: Workspace, call: Call) -> Json:
    """views.publish."""
    person = call.text("user_id")
    if workspace.person(person) is None:
        raise Refused("user_not_found")
    return {"view": shown(workspace.modals.publish(person, _view(call), call.maybe("hash")))}


def _view(call: Call) -> Json:
    if not call.args.get("view"):
        raise missing("view")
    view: Json = call.args["view"]
    return view


METHODS = {
    "views.open": (opened, (), TIER_4),
    "views.push": (pushed, (), TIER_4),
    "views.update": (updated, (), TIER_4),
    "views.publish": (published, (), TIER_4),
}
