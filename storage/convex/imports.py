"""Imports in two phases: upload and look at Convex's change summary, then confirm by id.

The one-shot import is never used: it says yes for us. A part whose fate is unknown is never sent
again, because a server with local storage would append it twice; the upload begins afresh instead
(convex-backend `crates/storage/src/lib.rs LocalDirStorage::upload_part`). An import that is given
up is cancelled by whoever gives it up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from storage.convex import values
from storage.convex.client import PASSING, retrying
from storage.convex.deployment import Deployment
from storage.convex.progress import Moved, Progress, Said, Tell
from storage.convex.waiting import TookTooLong, until
from storage.convex.words import Denied
from storage.errors import ConvexError, ImportFailed, UnknownOutcome, Unreachable

T = TypeVar("T")
ImportMode = Literal["append", "replace", "replaceAll"]

PART_BYTES_MIN = 8 << 20  # At least 5 MiB on S3; one part is held in memory at both ends.
PARTS_MAX = 4000  # Of 9,999: the list of their tokens has to stay below 2 MiB.
UPLOAD_TRIES = 3
STORAGE = ("_storage", "_file_storage")  # Convex uses both names for the stored files.
WAITING = ("uploaded", "waiting_for_confirmation")
ROW, ROWS = "_system/cli/queryImport", "_system/cli/queryImport:list"
# The names of modes in a row, crates/model/src/snapshot_imports/types.rs.
_IN_ROW: dict[ImportMode, str] = {
    "append": "Append",
    "replace": "Replace",
    "replaceAll": "ReplaceAll",
}


@dataclass(frozen=True)
class Checkpoint:
    """One line of Convex's own change summary; `table` "_storage" are the stored files."""

    component: str
    table: str
    to_write: int
    existing: int
    to_delete: int
    written: int = 0


@dataclass(frozen=True)
class Import:
    """What Convex knows of one import; `error` is "" unless it failed."""

    id: str
    state: str
    mode: str
    checkpoints: tuple[Checkpoint, ...] | None
    error: str
    said: str
    rows_written: int | None


def recent(deployment: Deployment) -> list[Import]:
    """Return the newest twenty imports, newest first."""
    return [_read(row) for row in values.rows(deployment.client.query(ROWS), "the imports")]


def state(deployment: Deployment, import_id: str) -> Import | None:
    """Return one import, or None when Convex does not know it."""
    row = deployment.client.query(ROW, {"importId": import_id})
    return None if row is None else _read(row)


def stage(
    deployment: Deployment, path: Path, mode: ImportMode, *, tell: Callable[[Progress], None]
) -> str:
    """Upload a ZIP, strictly in order, and return the id of the import that waits for a look.

    Begins afresh, up to UPLOAD_TRIES times, when the fate of anything sent is unknown.
    """
    trying = retrying(deployment.patience, UPLOAD_TRIES, PASSING, tell)
    return trying(_Staging(deployment, mode).once, path, tell)


def wait_staged(
    deployment: Deployment, import_id: str, *, tell: Callable[[Progress], None]
) -> tuple[Checkpoint, ...]:
    """Wait until Convex has read the upload; return its own change summary.

    ImportFailed when Convex refuses the upload; UnknownOutcome when somebody else confirmed it.
    """

    def look() -> tuple[Checkpoint, ...] | None:
        row = state(deployment, import_id)
        if row is not None and row.state == "uploaded":
            return None
        return _summary(deployment, import_id, row)

    return _until(deployment, look, f"{deployment.name} to read what was uploaded", tell)


def confirm(deployment: Deployment, import_id: str) -> None:
    """Say yes to an import by its id; a no-op at Convex unless it waits for that."""
    deployment.client.post("/api/perform_import", json={"importId": import_id}, may_repeat=True)


def follow(deployment: Deployment, import_id: str, *, tell: Callable[[Progress], None]) -> int:
    """Wait for a confirmed import to end; return the documents it wrote, files not counted.

    ImportFailed with Convex's reason; UnknownOutcome when it can't be known how it ended.
    """

    def look() -> int | None:
        row = state(deployment, import_id)
        if row is None:
            raise _unknown(deployment, f"does not know the import {import_id} any more")
        _tell_progress(row, tell)
        if row.state == "completed":
            return row.rows_written or 0
        if row.state == "failed":
            raise ImportFailed(f"Convex gave the import up: {row.error}")
        return None

    return _until(deployment, look, f"{deployment.name} to finish the import", tell)


def cancel(deployment: Deployment, import_id: str) -> None:
    """Give an import up; fine when it has failed already, UnknownOutcome when it is done."""
    try:
        deployment.client.post("/api/cancel_import", json={"importId": import_id}, may_repeat=True)
    except Denied as error:
        if error.code == "ImportNotFound":
            return
        row = state(deployment, import_id) if error.code == "CannotCancelImport" else None
        if row is None:
            raise
        if row.state == "completed":
            raise _unknown(deployment, f"has carried out the import {import_id}") from error


class _Staging:
    """One upload with its tries. An end that went unanswered may have begun an import of ours."""

    def __init__(self, deployment: Deployment, mode: ImportMode) -> None:
        self._it, self._mode = deployment, mode
        self._known: set[str] | None = None  # What was there before an unanswered end.

    def once(self, path: Path, tell: Tell) -> str:
        """Upload from the first byte on; return the import's id."""
        client = self._it.client
        self._take_back()
        told = values.table(
            client.read_json(client.post("/api/import/start_upload", may_repeat=True)), "the upload"
        )
        token = values.text(told.get("uploadToken"), "the upload's token")
        body = {
            "import": {"mode": self._mode, "format": "zip"},
            "uploadToken": token,
            "partTokens": _upload(self._it, token, path, tell),
        }
        known = {row.id for row in recent(self._it)}
        try:
            answer = client.post("/api/import/finish_upload", json=body, may_repeat=False)
        except PASSING:
            self._known = known
            self._take_back()
            raise
        done = values.table(client.read_json(answer), "the end of the upload")
        return values.identity(done.get("importId"), "the import's id")

    def _take_back(self) -> None:
        """Cancel what an unanswered end has begun; an outage here leaves that to the next try."""
        if self._known is None:
            return
        waiting = [
            row.id
            for row in recent(self._it)
            if row.id not in self._known
            and row.state in WAITING
            and row.mode == _IN_ROW[self._mode]
        ]
        if len(waiting) == 1:  # Of several, nobody can tell which is ours.
            cancel(self._it, waiting[0])
        self._known = None


def _upload(deployment: Deployment, token: str, path: Path, tell: Tell) -> list[str]:
    """Send the file part by part; each is sent once and never again."""
    client = deployment.client
    total, sent = path.stat().st_size, 0
    tokens: list[str] = []
    size = max(PART_BYTES_MIN, -(-total // PARTS_MAX))
    with path.open("rb", buffering=0) as file:
        while part := _exactly(file, size):
            answer = client.post(
                "/api/import/upload_part",
                params={"uploadToken": token, "partNumber": str(len(tokens) + 1)},
                content=part,
                may_repeat=False,
            )
            tokens.append(values.text(client.read_json(answer), "a part's token"))
            sent += len(part)
            tell(Moved(sent, total, "bytes"))
    return tokens


def _exactly(file: Any, size: int) -> bytes:
    """Return the next so many bytes, fewer only at the end; a raw file may give less at once."""
    part = bytearray()
    while len(part) < size and (block := file.read(size - len(part))):
        part += block
    return bytes(part)


def _summary(deployment: Deployment, import_id: str, row: Import | None) -> tuple[Checkpoint, ...]:
    if row is None:
        raise ImportFailed(f"{deployment.name} does not know the import {import_id}.")
    if row.state == "failed":
        raise ImportFailed(f"Convex refused the import: {row.error}")
    if row.state != "waiting_for_confirmation":
        raise _unknown(deployment, f"is carrying out the import {import_id} that nobody confirmed")
    if row.checkpoints is None:
        raise ImportFailed(
            f"{deployment.name} gives no change summary, so nobody can tell what the import would "
            f"do.",
            hint="Update the Convex server, or import with the official Convex CLI.",
        )
    return row.checkpoints


def _until(deployment: Deployment, look: Callable[[], T | None], for_what: str, tell: Tell) -> T:
    hours = deployment.patience.import_hours_max
    try:
        return until(look, deployment, hours_max=hours, for_what=lambda: for_what, tell=tell)
    except TookTooLong:
        raise Unreachable(
            f"Waited {hours:g} h for {for_what}.",
            hint="Raise import_hours_max in the settings.",
        ) from None


def _unknown(deployment: Deployment, what: str) -> ConvexError:
    return UnknownOutcome(
        f"{deployment.name} {what}.",
        hint=f"Look at the imports of {deployment.name} in the Convex dashboard.",
    )


def _tell_progress(row: Import, tell: Tell) -> None:
    if row.said:
        tell(Said(f"Convex: {row.said}"))
    tables = [point for point in row.checkpoints or () if point.table not in STORAGE]
    if tables:
        written = sum(point.written for point in tables)
        tell(Moved(written, sum(point.to_write for point in tables), "documents"))


def _read(row: Any) -> Import:
    told = values.table(row, "an import")
    now = values.table(told.get("state"), "an import's state")
    points = told.get("checkpoints")
    written = now.get("num_rows_written")
    return Import(
        id=values.identity(told.get("_id"), "an import's id"),
        state=values.text(now.get("state"), "an import's state"),
        mode=str(told.get("mode") or ""),
        checkpoints=None if points is None else _checkpoints(points),
        error=" ".join(str(now.get("error_message") or "").split()),
        said=str(now.get("progress_message") or ""),
        rows_written=None if written is None else values.whole(written, "the rows written"),
    )


def _checkpoints(points: Sequence[Any]) -> tuple[Checkpoint, ...]:
    return tuple(
        Checkpoint(
            component=str(point.get("component_path") or ""),
            table=values.text(point.get("display_table_name"), "a table of the change summary"),
            to_write=values.whole(point.get("total_num_rows_to_write"), "rows to write"),
            existing=values.whole(point.get("existing_rows_in_table"), "rows there"),
            to_delete=values.whole(point.get("existing_rows_to_delete"), "rows to delete"),
            written=values.whole(point.get("num_rows_written") or 0, "rows written"),
        )
        for point in (
            values.table(each, "a line of the change summary")
            for each in values.rows(points, "the change summary")
        )
    )
