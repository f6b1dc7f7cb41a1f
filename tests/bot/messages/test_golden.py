"""Every view as it is sent, in tests/golden/messages/*.json, to be read by people.

`LIFEBOAT_GOLDEN=write pytest tests/bot/messages/test_golden.py` writes them anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bot.messages import modal
from tests.bot import terminal_events as made
from tests.bot.messages.facts import VIEWS

GOLDEN = Path(__file__).parents[2] / "golden" / "messages"
WRITE = os.environ.get("LIFEBOAT_GOLDEN") == "write"


def drawn(name: str) -> Any:
    message = VIEWS[name]()
    return {"text": message.text, "blocks": list(message.blocks)}


def agrees(name: str, view: Any) -> None:
    """Hold a view against its file, or write the file."""
    path = GOLDEN / f"{name}.json"
    if WRITE:
        path.write_text(json.dumps(view, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    assert path.exists(), "Run with LIFEBOAT_GOLDEN=write, then read what was written."
    assert json.loads(path.read_text(encoding="utf-8")) == view


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_as_it_was_read_and_approved(name: str):
    agrees(name, drawn(name))


def test_the_modal_is_as_it_was_read_and_approved():
    agrees("modal-restore", modal.restore(made.entry(), ["dev", "staging"], "staging", "C012AB3CD"))


def test_no_golden_file_is_left_over():
    names = {path.stem for path in GOLDEN.glob("*.json")}

    assert names == {*VIEWS, "modal-restore"}
