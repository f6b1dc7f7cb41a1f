"""Who may do what: people of this workspace, by what the settings name them.

Pure: what Slack said of a person and what the settings say go in, a role or a refusal comes out.
Whoever lets a person in asks here, for every door, and `perform` asks again below it. You will
not find here how Slack is asked, nor who approves what (`approval.py`).
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from commands.events import Result
from commands.verb import Caller, Context, Role, Verb
from storage.errors import Refused


class NotAllowed(Refused):
    """This person may not do this; told to nobody else."""


@dataclass(frozen=True)
class Person:
    """What Slack said of somebody, at the moment they asked; `groups` are ids of user groups."""

    id: str
    name: str
    team: str
    deactivated: bool = False
    bot: bool = False
    guest: bool = False
    outsider: bool = False
    groups: frozenset[str] = frozenset()

    @property
    def ids(self) -> AbstractSet[str]:
        """Every id that the settings may name this person by."""
        return {self.id, *self.groups}


@dataclass(frozen=True)
class Roles:
    """What the settings say: ids of people (U…, W…) and of user groups (S…).

    `viewers` None lets every full member of the workspace look; operators are always named.
    """

    operators: frozenset[str] = frozenset()
    viewers: frozenset[str] | None = None

    @property
    def groups(self) -> frozenset[str]:
        """The user groups that have to be asked about."""
        return frozenset(
            name for name in self.operators | (self.viewers or frozenset()) if name[:1] == "S"
        )


def role_of(person: Person, home_team: str, roles: Roles) -> Role:
    """Return what a person may do; NotAllowed, with the reason, when that is nothing."""
    if person.deactivated:
        raise NotAllowed("This account is deactivated.", hint="Use your own account.")
    if person.bot:
        raise NotAllowed("Bots can't ask for anything here.", hint="Let a person ask.")
    if person.outsider or not home_team or person.team != home_team:
        raise NotAllowed(
            "You belong to another workspace; backups are for people of this one.",
            hint="Ask somebody of this workspace.",
        )
    if person.guest:
        raise NotAllowed(
            "Guests can't see or do anything with backups.",
            hint="Ask a full member of the workspace.",
        )
    if person.ids & roles.operators:
        return "operator"
    if roles.viewers is None or person.ids & roles.viewers:
        return "viewer"
    raise NotAllowed(
        "You are not on the list of people who may look at backups.",
        hint="Ask whoever runs Lifeboat to add you to [roles] in its settings.",
    )


def check(verb: Verb, caller: Caller) -> None:
    """Refuse a verb that the caller's role does not reach."""
    if caller.role == "operator" or (caller.role == "viewer" and verb.role == "viewer"):
        return
    raise NotAllowed(
        f"`{verb.name}` is for operators, and you are not on their list.",
        hint="Ask an operator, or ask whoever runs Lifeboat to add you to operators in [roles].",
    )


def perform(verb: Verb, request: Any, ctx: Context) -> Result:
    """Do a verb for a caller who may; the one way in for every door."""
    check(verb, ctx.caller)
    return verb.run(request, ctx)
