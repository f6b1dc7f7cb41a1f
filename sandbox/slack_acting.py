"""What all doings of people have in common: who may act where, and what they are told after it."""

from sandbox.slack_delivery import Outcome
from sandbox.slack_people import Json, kind
from sandbox.slack_workspace import Workspace

ACKED, REFUSED = "acked", "refused"
CONNECTING = "We had some trouble connecting. Try again?"


class Impossible(Exception):
    """Nobody could do this in a real Slack; says why."""


def present(workspace: Workspace, person: str, channel: str) -> tuple[Json, Json]:
    """The person and the channel, if the one can act in the other; raises Impossible."""
    who = actor(workspace, person)
    where = workspace.channels.get(channel)
    if where is None or not workspace.channels.has(where, person):
        raise Impossible(f"{who['real_name']} is not in that channel.")
    if where["is_archived"]:
        raise Impossible(f"#{where['name']} is archived.")
    return who, where


def actor(workspace: Workspace, person: str) -> Json:
    """The person, if they can do anything at all; raises Impossible."""
    who = workspace.person(person)
    if who is None:
        raise Impossible(f"There is nobody with the id {person}.")
    if kind(who) in ("deactivated", "bot"):
        raise Impossible(f"{who['real_name']} can't act here: {kind(who)}.")
    return who


def ended(workspace: Workspace, outcome: Outcome, person: str, channel: str, text: str) -> Json:
    """How a delivery ended, for whoever did it; a failure is also a notice to the person."""
    if not outcome.failure:
        return {"outcome": ACKED, "payload": outcome.payload}
    sentence = text.format(failure=f"“{outcome.failure}”")
    return {
        "outcome": outcome.failure,
        "notice": workspace.audience.notice(person, sentence, channel),
    }
