"""Everything that a person can do, by the words of the page's frames: say, act, submit, close …"""

from collections.abc import Mapping
from typing import Any

from sandbox import slack_clicking, slack_forms, slack_respond, slack_saying
from sandbox.slack_acting import Impossible
from sandbox.slack_people import Json
from sandbox.slack_troubles import UnknownTrouble
from sandbox.slack_workspace import Workspace

DOINGS = ("say", "act", "submit", "close", "dismiss", "trouble")


async def do(workspace: Workspace, person: str, frame: Mapping[str, Any]) -> Json:
    """Does it and tells how it ended, when it ended; raises Impossible."""
    told = dict(frame)
    match told.get("do"):
        case "say":
            words = str(told.get("text") or ""), str(told.get("thread_ts") or "")
            if not words[0].strip():
                raise Impossible("There is nothing to say.")
            return await slack_saying.say(workspace, person, str(told.get("channel")), *words)
        case "act":
            return await slack_clicking.act(workspace, person, told)
        case "submit":
            values = told.get("values") or {}
            return await slack_forms.submit(workspace, person, str(told.get("view")), values)
        case "close":
            everything = bool(told.get("everything"))
            view = str(told.get("view"))
            return await slack_forms.close(workspace, person, view, everything=everything)
        case "dismiss":
            place = _place(workspace, person, told)
            return slack_respond.dismiss(workspace, person, place, str(told.get("ts")))
        case "trouble":
            return trouble(workspace, told)
    raise Impossible(f"Nobody can do {told.get('do')!r}; there are {', '.join(DOINGS)}.")


def _place(workspace: Workspace, person: str, told: Json) -> str:
    """The channel of an ephemeral message, which the page may leave out."""
    if told.get("channel"):
        return str(told["channel"])
    for channel in workspace.channels.of(person):
        if workspace.data.message(channel["id"], str(told.get("ts"))):
            return str(channel["id"])
    return ""


def trouble(workspace: Workspace, told: Json) -> Json:
    """Turns a trouble on or, with `on` false, off."""
    kind = str(told.get("kind"))
    if told.get("on") is False:
        workspace.troubles.heal(kind)
        return {"outcome": "healed"}
    settings = {name: value for name, value in told.items() if name not in ("do", "on", "person")}
    try:
        made = workspace.trouble(settings)
    except UnknownTrouble as refusal:
        raise Impossible(str(refusal)) from None
    return {"outcome": "arranged", "settings": dict(made.settings)}
