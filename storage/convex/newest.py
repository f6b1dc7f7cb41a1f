"""Which rows came into a table after a moment: what a restore to that moment would lose.

Only what `_creationTime` tells: rows that were changed or deleted since are not seen, and only
tables of the root component can be asked over HTTP (system-udfs `_system/cli/tableData`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.convex import values
from storage.convex.deployment import Deployment

PAGE_ROWS = 500  # Rows pass through memory: a page is at most 5 MB at Convex.


@dataclass(frozen=True)
class Added:
    """Rows that are newer than a moment; `at_least` when there are more than were counted."""

    rows: int
    at_least: bool
    newest: datetime | None


def added_since(deployment: Deployment, table: str, since: datetime, most: int) -> Added:
    """Count the rows of a root table that were created after a moment, newest first."""
    after_ms = since.timestamp() * 1000
    counted, newest, cursor = 0, None, None
    while True:
        page = values.table(
            deployment.client.query(
                "_system/cli/tableData",
                {
                    "table": table,
                    "order": "desc",
                    "paginationOpts": {"cursor": cursor, "numItems": PAGE_ROWS},
                },
            ),
            f"rows of {table!r}",
        )
        rows = values.rows(page.get("page"), f"rows of {table!r}")
        for row in rows:
            created = _created(row)
            if created is None or created <= after_ms:
                return Added(counted, False, newest)
            newest = newest or datetime.fromtimestamp(created / 1000, tz=UTC)
            counted += 1
            if counted >= most:
                return Added(counted, True, newest)
        if page.get("isDone") or not rows:
            return Added(counted, False, newest)
        cursor = page.get("continueCursor")


def _created(row: Any) -> float | None:
    created = row.get("_creationTime") if isinstance(row, dict) else None
    return float(created) if isinstance(created, int | float) else None
