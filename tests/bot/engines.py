"""What a test gives an engine to do, and where its rows are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.engine_database import EngineDatabase
from bot.engine_place import EngineFile, EnginePlace
from bot.jobs import Wish
from storage.secret import Secret


def wish(deployment: str = "production", **changes: Any) -> Wish:
    facts = {
        "verb": "now",
        "deployment": deployment,
        "request": {},
        "backup": "",
        "caller_id": "U1",
        "caller_name": "Rizal",
        "door": "slack",
        "asked_at": datetime.now(UTC),
        "channel": "C1",
    }
    return Wish(**{**facts, **changes})


def place(folder: Path) -> EnginePlace:
    """Where a test's engine keeps its rows: the database whose address lies there, or a file."""
    address = folder / "database"
    if address.exists():
        return EngineDatabase(lambda: Secret(address.read_text()))
    return EngineFile(folder / "engine.sqlite", folder / "locks")


def ended(state: str = "done") -> dict[str, Any]:
    return {"state": state, "text": "ended", "blocks": []}
