"""What the form of a restore asks again: why, and the protected deployment's name by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.modal import REASON_MIN, mistakes, restore_values
from bot.messages.model import Field

PROTECTED = frozenset({"production", "live"})


def state(target: str | None = "production", reason: Any = "", name: Any = "") -> dict[str, Any]:
    """A submitted view's state."""
    option = None if target is None else {"value": target}
    return {
        "values": {
            "target": {"target": {"selected_option": option}},
            "reason": {"reason": {"type": "plain_text_input", "value": reason}},
            "name": {"name": {"type": "plain_text_input", "value": name}},
        }
    }


def test_a_protected_deployment_needs_a_reason_and_its_name():
    found = mistakes(state(), PROTECTED)

    assert found == {
        "reason": "production is protected: say why, in a few words.",
        "name": "Type production here, by hand, to be sure.",
    }


def test_with_both_there_is_no_mistake():
    assert mistakes(state(reason="rows were lost", name="production"), PROTECTED) == {}


def test_an_unprotected_deployment_needs_neither():
    assert mistakes(state("staging"), PROTECTED) == {}


@pytest.mark.parametrize("reason", ["", "   ", "oops", "  a\n\tb ", None])
def test_a_reason_is_more_than_a_sigh(reason: Any):
    assert set(mistakes(state(reason=reason, name="production"), PROTECTED)) == {"reason"}


@pytest.mark.parametrize(
    "name",
    ["", "Production", "productio", "production.", "prod uction", "live", "ｐroduction", None],
)
def test_the_name_is_typed_as_it_is_written(name: Any):
    assert set(mistakes(state(reason="rows were lost", name=name), PROTECTED)) == {"name"}


@pytest.mark.parametrize("name", [" production", "production\n"])
def test_a_space_around_the_name_is_forgiven(name: str):
    assert mistakes(state(reason="rows were lost", name=name), PROTECTED) == {}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"values": {}},
        {"values": {"target": None}},
        {"values": {"target": {"target": {"selected_option": None}}}},
        {"values": {"reason": {"reason": None}, "name": {}}},
    ],
)
def test_a_state_with_holes_in_it_is_no_crash(broken: dict[str, Any]):
    assert mistakes(broken, PROTECTED) == {}
    assert restore_values(broken) == ()


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_typed_by_chance_is_the_name(reason: str, name: str):
    found = mistakes(state(reason=reason, name=name), PROTECTED)
    said = " ".join(reason.split())

    assert (Field.NAME in found) is (" ".join(name.split()) != "production")
    assert (Field.REASON in found) is (len(said) < REASON_MIN)


@given(st.text(max_size=60))
def test_a_reason_is_one_word_of_the_command_whatever_it_holds(reason: str):
    words = restore_values(state(reason=reason))
    said = " ".join(reason.split())

    assert words == ("to", "production", *((f"--reason={said}",) if said else ()))
