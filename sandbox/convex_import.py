"""Imports: from a finished upload, through a yes, to done or failed; one at a time.

How an import changes the data is said in `convex_apply.py`, the summary that the yes is given to
in `convex_summary.py`.
"""

import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

from sandbox.convex_apply import Application, Telling, sweep
from sandbox.convex_data import ConvexData
from sandbox.convex_jobs import JobRow
from sandbox.convex_numbers import Place
from sandbox.convex_summary import message, summarize
from sandbox.convex_unpack import ImportFailed, Upload, unpacked
from sandbox.convex_work import Stopped, Worker
from sandbox.troubles import Troubles

MODES = {
    "requireEmpty": "RequireEmpty",
    "append": "Append",
    "replace": "Replace",
    "replaceAll": "ReplaceAll",
}
FORMATS = {"zip": "zip", "csv": "csv", "jsonLines": "jsonl", "jsonArray": "json_array"}
_TERMINAL = ("completed", "failed")
_AGE_MS_MAX = 7 * 24 * 3600 * 1000
_TELL_SECONDS = 0.1
_HIT = "Hit an error while importing:\n"


class CannotCancel(Exception):
    """The import is over already."""


class _Canceled(Exception):
    """Somebody has ended the import that is being carried out."""


class Importer(Worker):
    """Looks at uploads and carries confirmed imports out, oldest first."""

    def __init__(self, data: ConvexData, troubles: Troubles, *, step_seconds: float) -> None:
        super().__init__("imports", troubles, step_seconds)
        self._data = data
        self.ran: list[str] = []
        for row in data.jobs.all("import"):
            begun = row["state"].get("progress_message") is not None
            if row["state"]["state"] == "in_progress" and row["mode"] == "Append" and begun:
                self._fail(row["_id"], "can't resume append import")
        sweep(data)

    def begin(self, upload: Upload, mode: str) -> JobRow:
        """A new import of what was uploaded; `mode` is one of MODES' keys."""
        form = {"format": FORMATS[upload.format]}
        if upload.table is not None:
            form["table"] = upload.table
        made = self._data.jobs.add(
            "import",
            {
                "state": {"state": "uploaded"},
                "format": form,
                "mode": MODES[mode],
                "component_path": upload.component or None,
                "member_id": None,
                "checkpoints": None,
                "requestor": {"type": "snapshotImport"},
                "fq_object_key": upload.path.name,
            },
        )
        self.wake()
        return made

    def confirm(self, id_: str) -> bool:
        """The yes; says whether the import was waiting for it."""

        def confirmed(row: JobRow) -> JobRow | None:
            if row["state"]["state"] != "waiting_for_confirmation":
                return None
            begun: JobRow = {"state": "in_progress", "progress_message": None}
            return row | {"state": begun | {"checkpoint_messages": []}}

        was_waiting = self._data.jobs.change(id_, confirmed) is not None
        self.wake()
        return was_waiting

    def cancel(self, id_: str) -> None:
        """Ends an import that is not over; raises CannotCancel."""

        def canceled(row: JobRow) -> JobRow:
            if row["state"]["state"] in _TERMINAL:
                raise CannotCancel
            return row | {"state": {"state": "failed", "error_message": "Import canceled"}}

        self._data.jobs.change(id_, canceled)

    def do_next(self) -> bool:
        rows = self._data.jobs.all("import")
        for state, work in (("uploaded", self._look_at), ("in_progress", self._carry_out)):
            row = next((r for r in rows if r["state"]["state"] == state), None)
            if row is None:
                continue
            try:
                self.pause()
                self._check_age(row)
                work(row)
            except _Canceled:
                pass
            except ImportFailed as failure:
                self._fail(row["_id"], _HIT + str(failure))
            except (zipfile.BadZipFile, zlib.error, EOFError):
                self._fail(row["_id"], _HIT + "invalid zip file")
            sweep(self._data)
            return True
        return False

    def _fail(self, id_: str, text: str) -> None:
        def failed(row: JobRow) -> JobRow | None:
            if row["state"]["state"] in _TERMINAL:
                return None
            return row | {"state": {"state": "failed", "error_message": text}}

        self._data.jobs.change(id_, failed)

    def _check_age(self, row: JobRow) -> None:
        old = self._troubles.strikes("import_too_old") is not None
        if old or time.time() * 1000 - row["_creationTime"] > _AGE_MS_MAX:
            raise ImportFailed("Import took too long. Try again or contact Convex.")

    def _upload(self, row: JobRow) -> Upload:
        forms = {told: name for name, told in FORMATS.items()}
        path = self._data.folder / "uploads" / row["fq_object_key"]
        form = row["format"]
        return Upload(path, forms[form["format"]], row["component_path"] or "", form.get("table"))

    def _look_at(self, row: JobRow) -> None:
        if stuck := self._troubles.strikes("import_stuck_uploaded"):
            self.stay(stuck)
        with unpacked(self._upload(row)) as upload:
            summary = summarize(self._data, upload, row["mode"])
        told = summary.message
        if wrong := self._troubles.strikes("wrong_checkpoints"):
            _falsify(summary.checkpoints, wrong["table"], wrong["by"])
            told = message(summary.checkpoints)
        state = {
            "state": "waiting_for_confirmation",
            "message_to_confirm": told,
            "require_manual_confirmation": summary.needs_a_yes,
        }

        def waiting(now: JobRow) -> JobRow | None:
            if now["state"]["state"] != "uploaded":
                return None
            return now | {"state": state, "checkpoints": summary.checkpoints}

        self._data.jobs.change(row["_id"], waiting)

    def _carry_out(self, row: JobRow) -> None:
        self.ran.append(row["_id"])
        if stuck := self._troubles.strikes("import_stuck"):
            self.stay(stuck)
        with unpacked(self._upload(row)) as upload:
            run = _Run(self, self._data, self._troubles, row["_id"], len(upload.parts))
            work = Application(self._data, upload, row["mode"], run.telling())
            if lost := self._troubles.strikes("import_loses_rows"):
                work.lose_rows = lost["count"]
            written = work.load()
            self.pause()
            with self._data.writing() as db:
                work.activate(db)
                state = {
                    "state": "completed",
                    "timestamp": time.time_ns(),
                    "num_rows_written": written,
                }
                run.change(lambda now: now | {"state": state})
                self._data.audit(
                    "snapshot_import", {"table_names": work.tables(), "mode": row["mode"]}
                )
        Path(self._upload(row).path).unlink(missing_ok=True)


class _Run:
    """Keeps the row of the import that is being carried out, and ends it when told to."""

    def __init__(
        self, worker: Importer, data: ConvexData, troubles: Troubles, id_: str, parts: int
    ) -> None:
        self._worker, self._data, self._troubles, self._id = worker, data, troubles, id_
        self._fails = troubles.strikes("import_fails")
        self._slow = troubles.strikes("import_slow")
        self._parts_left = parts // 2
        self._told_at = 0.0

    def telling(self) -> Telling:
        return Telling(self._progress, self._checkpoint, self._before_table)

    def change(self, how: Any) -> None:
        """Changes the row, unless somebody has ended the import."""

        def changed(row: JobRow) -> JobRow | None:
            return how(row) if row["state"]["state"] == "in_progress" else None

        if self._data.jobs.change(self._id, changed) is None:
            raise _Canceled

    def _before_table(self, place: Place) -> None:
        self._parts_left -= 1
        if self._fails and self._parts_left <= 0:
            raise ImportFailed(self._fails["message"].removeprefix(_HIT))
        if self._slow:
            self._worker.pause(self._slow["seconds"])

    def _progress(self, text: str, place: Place, rows: int) -> None:
        if self._worker.stopping:
            raise Stopped
        if rows and time.monotonic() - self._told_at < _TELL_SECONDS:
            return
        self._told_at = time.monotonic()
        self.change(lambda row: _counted(_said(row, progress_message=text), place, rows))

    def _checkpoint(self, text: str, place: Place, rows: int) -> None:
        def told(row: JobRow) -> JobRow:
            messages = [*row["state"]["checkpoint_messages"], text]
            said = _said(row, progress_message=text, checkpoint_messages=messages)
            return _counted(said, place, rows)

        self.change(told)


def _said(row: JobRow, **fields: Any) -> JobRow:
    return row | {"state": row["state"] | fields}


def _counted(row: JobRow, place: Place, rows: int) -> JobRow:
    checkpoints = [
        told | {"num_rows_written": rows}
        if (told["component_path"] or "", told["display_table_name"]) == place
        else told
        for told in row["checkpoints"] or []
    ]
    return row | {"checkpoints": checkpoints}


def _falsify(checkpoints: list[dict[str, Any]], table: str | None, by: int) -> None:
    for told in checkpoints:
        if table in (None, told["display_table_name"]):
            told["total_num_rows_to_write"] += by
            return
