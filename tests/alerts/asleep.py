"""Lets the hours of a snooze go by: its end is put into the past, where the bot finds it."""

import sqlite3
from contextlib import closing

from tests.slack.house import House


def sleep_over(house: House, alert_id: str) -> None:
    """Have the snooze of an alert be over."""
    path = house.folder / "data" / "outbox.db"
    with closing(sqlite3.connect(path, timeout=10)) as outbox, outbox:
        changed = outbox.execute(
            "UPDATE alerts SET facts = CAST(json_set(CAST(facts AS TEXT), '$.snoozed_until', "
            "'2026-01-01T00:00:00Z') AS BLOB) WHERE id = ?",
            [alert_id],
        )
        assert changed.rowcount == 1
