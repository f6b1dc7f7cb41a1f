"""The modal that asks how to restore, and its fields as words."""

from __future__ import annotations

from typing import Any

import pytest

from bot.messages import modal
from bot.messages.model import Field, ViewId
from commands import VERBS
from sandbox import slack_blocks
from tests.bot import terminal_events as made
from tests.bot.messages.facts import long_entry
from tests.bot.terminal_events import ID

TARGETS = ["dev", "staging"]


def state(target: str | None, mode: str | None, tables: str | None) -> dict[str, Any]:
    """Return the state of a submitted view, as Slack sends it."""

    def option(value: str | None) -> Any:
        return None if value is None else {"text": {"type": "plain_text"}, "value": value}

    return {
        "values": {
            "target": {"target": {"type": "static_select", "selected_option": option(target)}},
            "mode": {"mode": {"type": "static_select", "selected_option": option(mode)}},
            "tables": {"tables": {"type": "plain_text_input", "value": tables}},
        }
    }


def element(view: dict[str, Any], field: Field) -> dict[str, Any]:
    return next(block["element"] for block in view["blocks"] if block.get("block_id") == field)


def values(view: dict[str, Any], field: Field) -> list[str]:
    return [option["value"] for option in element(view, field)["options"]]


@pytest.mark.parametrize("backup", [made.entry(), long_entry(), ID], ids=["entry", "long", "id"])
def test_slack_takes_it(backup: Any):
    view = modal.restore(backup, [f"{'d' * 36}{i:04}" for i in range(500)], "d" * 36 + "0499")

    assert slack_blocks.problems(view["blocks"], slack_blocks.MODAL) == []
    assert all(len(view[part]["text"]) <= 24 for part in ("title", "submit", "close"))


def test_it_carries_ids_only():
    view = modal.restore(made.entry(), TARGETS, "staging", "C012AB3CD")

    assert view["callback_id"] == ViewId.RESTORE
    assert view["private_metadata"] == f"{ID} C012AB3CD"
    assert modal.restore(made.entry(), TARGETS, None)["private_metadata"] == ID


def test_only_the_given_deployments_can_be_chosen():
    assert values(modal.restore(ID, TARGETS, "staging"), Field.TARGET) == ["staging", "dev"]


def test_the_default_is_chosen_beforehand_only_if_it_is_among_them():
    chosen = element(modal.restore(ID, TARGETS, "staging"), Field.TARGET)["initial_option"]

    assert chosen["value"] == "staging"
    assert "initial_option" not in element(modal.restore(ID, TARGETS, "production"), Field.TARGET)


def test_of_very_many_deployments_the_default_is_never_left_out():
    names = [f"d{i}" for i in range(500)]

    assert values(modal.restore(ID, names, "d499"), Field.TARGET)[0] == "d499"


def test_with_nowhere_to_restore_to_there_is_nothing_to_submit():
    view = modal.restore(ID, [], None)

    assert "submit" not in view
    assert slack_blocks.problems(view["blocks"], slack_blocks.MODAL) == []


def test_what_was_typed_is_filled_in():
    view = modal.restore(ID, TARGETS, "dev", "C1", modal.Typed("merge", ("npd", "sp2d")))

    assert element(view, Field.MODE)["initial_option"]["value"] == "merge"
    assert element(view, Field.TABLES)["initial_value"] == "npd,sp2d"
    assert slack_blocks.problems(view["blocks"], slack_blocks.MODAL) == []


def test_more_tables_than_the_field_holds_are_refused_and_never_cut():
    typed = modal.Typed("replace", tuple(f"table_{i}" for i in range(1_000)))
    view = modal.restore(ID, TARGETS, "staging", "C1", typed)

    assert "submit" not in view
    assert "1,000 tables were typed" in str(view["blocks"])
    assert slack_blocks.problems(view["blocks"], slack_blocks.MODAL) == []


@pytest.mark.parametrize(
    ("target", "mode", "tables", "words"),
    [
        (
            "staging",
            "replace",
            "npd, sp2d",
            ("to", "staging", "mode", "replace", "tables", "npd,sp2d"),
        ),
        ("staging", "fitting", None, ("to", "staging")),
        ("staging", "fitting", "npd\nsp2d npd", ("to", "staging", "tables", "npd,sp2d")),
        ("staging", None, "   ", ("to", "staging")),
        (None, None, None, ()),
    ],
)
def test_the_fields_become_words(target: str, mode: str, tables: str, words: tuple[str, ...]):
    assert modal.restore_values(state(target, mode, tables)) == words


def test_a_view_without_its_fields_becomes_no_words():
    assert modal.restore_values({"values": {}}) == ()
    assert modal.restore_values({"values": {"target": None, "mode": {"mode": None}}}) == ()


@pytest.mark.parametrize("mode", modal.MODES)
def test_the_words_are_understood(mode: str):
    words = modal.restore_values(state("staging", mode, None))

    request = VERBS["restore"].parse([ID, *words])

    assert request.to == "staging"
    assert request.mode == (None if mode == modal.FITTING else mode)


@pytest.mark.parametrize("tables", ["yes", "to production", "npd mode append", "dry-run"])
def test_table_names_that_look_like_words_stay_table_names(tables: str):
    request = VERBS["restore"].parse(
        [ID, *modal.restore_values(state("staging", "replace", tables))]
    )

    assert request.tables == tuple(tables.split())
    assert (request.to, request.mode, request.yes) == ("staging", "replace", False)
