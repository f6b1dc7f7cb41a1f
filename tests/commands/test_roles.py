"""Who may do what: the rule below every door, and all the people it turns away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import VERBS
from commands.roles import NotAllowed, Person, Roles, check, perform, role_of
from commands.verb import Caller, Verb

HOME = "T1"
RIZAL = Person(id="U1RIZAL", name="Rizal", team=HOME)
ROLES = Roles(operators=frozenset({"U1RIZAL", "S1OPS"}))


def test_a_named_person_is_an_operator():
    assert role_of(RIZAL, HOME, ROLES) == "operator"


def test_a_member_of_a_named_group_is_an_operator():
    citra = Person(id="U2", name="Citra", team=HOME, groups=frozenset({"S1OPS"}))

    assert role_of(citra, HOME, ROLES) == "operator"


def test_a_full_member_may_look_when_no_viewers_are_named():
    assert role_of(replace(RIZAL, id="U9"), HOME, ROLES) == "viewer"


def test_once_viewers_are_named_nobody_else_may_look():
    roles = replace(ROLES, viewers=frozenset({"U3"}))

    assert role_of(replace(RIZAL, id="U3"), HOME, roles) == "viewer"
    with pytest.raises(NotAllowed):
        role_of(replace(RIZAL, id="U4"), HOME, roles)


def test_nobody_is_an_operator_unless_named():
    assert role_of(RIZAL, HOME, Roles()) == "viewer"


@pytest.mark.parametrize(
    ("flaw", "why"),
    [
        ({"deactivated": True}, "deactivated"),
        ({"bot": True}, "Bots"),
        ({"guest": True}, "Guests"),
        ({"outsider": True}, "another workspace"),
        ({"team": "T2"}, "another workspace"),
        ({"team": ""}, "another workspace"),
    ],
)
def test_being_named_does_not_help_those_who_are_never_let_in(flaw, why):
    with pytest.raises(NotAllowed) as refused:
        role_of(replace(RIZAL, **flaw), HOME, ROLES)

    assert why in refused.value.what


@given(
    st.builds(
        Person,
        id=st.sampled_from(["U1RIZAL", "U9"]),
        name=st.text(max_size=5),
        team=st.sampled_from([HOME, "T2", ""]),
        deactivated=st.booleans(),
        bot=st.booleans(),
        guest=st.booleans(),
        outsider=st.booleans(),
        groups=st.frozensets(st.sampled_from(["S1OPS", "S2"])),
    ),
    st.builds(
        Roles,
        operators=st.frozensets(st.sampled_from(["U1RIZAL", "S1OPS"])),
        viewers=st.none() | st.frozensets(st.sampled_from(["U9", "S2"])),
    ),
)
def test_whoever_gets_a_role_is_a_full_member_of_this_workspace(person, roles):
    try:
        role = role_of(person, HOME, roles)
    except NotAllowed:
        return

    assert person.team == HOME
    assert not (person.deactivated or person.bot or person.guest or person.outsider)
    assert role == "viewer" or person.ids & roles.operators


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_viewer_may_only_look(verb: Verb):
    viewer = Caller(id="U9", name="Citra", door="slack", role="viewer")

    # What somebody's word is worth is decided by the question, not by their role.
    words = ("approve", "deny", "withdraw")
    if verb.name in ("list", "show", "status", "summary", "schedule", "alert", "audit", *words):
        check(verb, viewer)
    else:
        with pytest.raises(NotAllowed):
            check(verb, viewer)


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_whoever_has_no_role_is_refused_below_the_door_too(verb: Verb):
    class Untouchable:
        caller = Caller(id="U9", name="Nobody")

    with pytest.raises(NotAllowed):
        perform(verb, None, Untouchable())  # type: ignore[arg-type]
