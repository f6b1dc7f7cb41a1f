"""Snapshot exports: ask for one, wait by polling, and bring its ZIP here, whole or not at all.

Convex makes one export at a time and gives no id back, so ours is the first row that was not there
before (convex-backend `crates/application/src/lib.rs request_export`). It serves no ranges: a cut
download begins again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.convex import values
from storage.convex.client import retrying
from storage.convex.deployment import Deployment
from storage.convex.progress import Moved, Progress, Said, Tell
from storage.convex.waiting import TookTooLong, until
from storage.convex.words import Denied
from storage.errors import (
    BadAnswer,
    CutDownload,
    ExportFailed,
    ExportInProgress,
    ServerTrouble,
    Unreachable,
)

NOTHING_MADE = "No backup was made; earlier backups are untouched."
RUNNING = ("requested", "in_progress")
LATEST, LATEST_CLOUD = (
    "_system/cli/exports:getLatest",
    "_system/frontend/latestExport:latestCloudExport",
)


@dataclass(frozen=True)
class Export:
    """A finished export: one consistent snapshot of the database at `timestamp_ns`.

    `bytes` is 0 where an old server did not note the size.
    """

    id: str
    timestamp_ns: int
    bytes: int
    with_files: bool

    @property
    def taken_at(self) -> datetime:
        """The moment the snapshot shows the database at, UTC, to the microsecond."""
        return datetime.fromtimestamp(self.timestamp_ns // 1_000 / 1_000_000, tz=UTC)


def take(deployment: Deployment, *, with_files: bool, tell: Callable[[Progress], None]) -> Export:
    """Have a new export made and wait for it, hours if need be.

    Waits for another export or a cloud backup that is running. ExportFailed when Convex gives ours
    up, somebody cancels it, or the settings' patience ends.
    """
    taking = _Taking(deployment, with_files, tell)
    try:
        return until(
            taking.look,
            deployment,
            hours_max=deployment.patience.export_hours_max,
            for_what=lambda: taking.waits_for,
            tell=tell,
        )
    except TookTooLong:
        hours = deployment.patience.export_hours_max
        raise ExportFailed(
            f"{deployment.name} made no snapshot within {hours:g} h; it was still waiting for "
            f"{taking.waits_for}.",
            safe=NOTHING_MADE,
            hint="Look at the deployment's backups in the Convex dashboard, or raise "
            "export_hours_max in the settings.",
        ) from None


class _Taking:
    """One wish for an export, on its way from asked for to done."""

    def __init__(self, deployment: Deployment, with_files: bool, tell: Tell) -> None:
        self._it, self._with_files, self._tell = deployment, with_files, tell
        self._before: str | None = None
        self._asked = False
        self._lost: Unreachable | ServerTrouble | None = None  # Why nobody knows what came of it.
        self._in_doubt = False  # Whether a request that was lost may yet be done.
        self._ours: str | None = None
        self.waits_for = "a snapshot"

    def look(self) -> Export | None:
        """Look once, and do what comes next; return the export when it is done."""
        row = self._latest(LATEST)
        if not self._asked and not self._done_late(row):
            self._ask(row)
            if self._lost is None:
                return None
            row = self._latest(LATEST)  # Whether it was done shows here: a new row, or none.
        if row is None or row["_id"] == self._before:
            self._raise_lost()
            return None
        if row["_id"] != self._ours:
            # Convex makes one at a time and tells only the newest: what we followed is over. A
            # newer one like it, of somebody who waited for ours, is as good; another kind is not.
            self._ours, self._lost = row["_id"], None
            if self._kept_files(row) is not self._with_files:
                self._asked, self._ours = False, None
                return None
        return self._follow(row)

    def _ask(self, row: dict[str, Any] | None) -> None:
        """Request an export, unless the one place for it is taken."""
        if row is not None and row["state"] in RUNNING:
            self.waits_for = "another export of this deployment to end"
            return
        self._before = row["_id"] if row else None
        params = {"includeStorage": "true" if self._with_files else "false"}
        try:
            self._it.client.post("/api/export/request/zip", params=params, may_repeat=False)
        except ExportInProgress:
            self.waits_for = f"{self._who()} of this deployment to end"
            return
        except (Unreachable, ServerTrouble) as error:
            self._lost = error
        self._asked = True
        self.waits_for = "the snapshot"

    def _who(self) -> str:
        """Say who has the one place; a server that knows no cloud backups has none."""
        cloud = None
        with suppress(BadAnswer):
            cloud = self._latest(LATEST_CLOUD)
        running = cloud is not None and cloud["state"] in RUNNING
        return "a cloud backup" if running else "another export"

    def _raise_lost(self) -> None:
        """Have a request that was lost made again at the next look; one that was taken never is."""
        if self._lost is not None:
            lost, self._lost = self._lost, None
            self._asked, self._in_doubt = False, True
            raise lost

    def _done_late(self, row: dict[str, Any] | None) -> bool:
        """Whether a new export like ours is there after all; then it is ours."""
        if not self._in_doubt or row is None or row["_id"] == self._before:
            return False
        self._asked = self._kept_files(row) is self._with_files
        return self._asked

    def _follow(self, row: dict[str, Any]) -> Export | None:
        state = row["state"]
        if state in RUNNING:
            said = row.get("progress_message")
            self.waits_for = "the snapshot"
            if isinstance(said, str) and said:
                self._tell(Said(f"Convex: {said}"))
            return None
        if state != "completed":
            word = "was cancelled by somebody" if state == "canceled" else "failed"
            raise ExportFailed(
                f"The export of {self._it.name} {word} at Convex.",
                safe=NOTHING_MADE,
                hint="Run the same command again.",
            )
        return Export(
            id=row["_id"],
            timestamp_ns=values.whole(row.get("start_ts"), "the snapshot's moment"),
            bytes=values.whole(row.get("size") or 0, "the snapshot's size"),
            with_files=self._kept_files(row),
        )

    def _kept_files(self, row: dict[str, Any]) -> bool:
        form = row.get("format")
        kept = form.get("include_storage") if isinstance(form, dict) else None
        return kept if isinstance(kept, bool) else self._with_files

    def _latest(self, function: str) -> dict[str, Any] | None:
        row = self._it.client.query(function)
        if row is None:
            return None
        told = values.table(row, "the newest export")
        values.identity(told.get("_id"), "the newest export's id")
        values.text(told.get("state"), "the newest export's state")
        return told


def download(
    deployment: Deployment,
    export: Export,
    write: Callable[[bytes], None],
    restart: Callable[[], None],
    *,
    tell: Callable[[Progress], None],
) -> tuple[int, str]:
    """Bring the snapshot's ZIP here; return its bytes and SHA-256.

    `write` takes the bytes in order; `restart` forgets them all when the download begins again.
    The length must be what the answer's Content-Length and the export's row say. CutDownload,
    Unreachable or ServerTrouble when it did not arrive whole at any try.
    """
    patience = deployment.patience
    on = (CutDownload, Unreachable, ServerTrouble)
    trying = retrying(patience, patience.download_tries, on, tell, between=restart)
    try:
        return trying(_download_once, deployment, export, write, tell)
    except on as error:
        tries = "1 try" if patience.download_tries == 1 else f"{patience.download_tries} tries"
        raise CutDownload(
            f"The snapshot of {deployment.name} did not arrive whole in {tries}. The last one: "
            f"{error.what}",
            safe=NOTHING_MADE,
            hint="Run the same command again; if it goes on, look for what cuts downloads on the "
            "way.",
        ) from error


def _download_once(
    deployment: Deployment, export: Export, write: Callable[[bytes], None], tell: Tell
) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    try:
        with deployment.client.stream(f"/api/export/zip/{export.id}") as response:
            promised = response.headers.get("Content-Length")
            total = export.bytes or (int(promised) if promised else None)
            # Without a chunk size httpx hands over what the socket gave, at half the price.
            for chunk in response.iter_raw():
                digest.update(chunk)
                write(chunk)
                size += len(chunk)
                tell(Moved(size, total, "bytes"))
    except Denied as error:
        if error.code != "ExportNotFound":
            raise
        raise ExportFailed(
            f"{deployment.name} no longer has the export it made.",
            safe=NOTHING_MADE,
            hint="Run the same command again.",
        ) from error
    for source, bytes_ in (("the answer", promised), ("the export's row", export.bytes or None)):
        if bytes_ is not None and size != int(bytes_):
            raise CutDownload(
                f"{size:,} bytes arrived from {deployment.name}, and {source} promised "
                f"{int(bytes_):,}."
            )
    return size, digest.hexdigest()
