"""The record of a restore: one small create-only object for each thing that happened.

A restore that was killed is understood from these objects alone, whatever machine runs it next:
which safety backup was taken, which import id Convex gave, whether the confirm may have been
sent. Nothing here decides what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from storage import typed
from storage.errors import ManifestError
from storage.vaults.vault import Vault

Step = str  # pausing, asked, safety, staging, staged, confirming, ended, unpaused


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One fact of one job. `data` is JSON-able and never holds a secret."""

    job: str
    step: Step
    at: datetime
    data: dict[str, Any]


class Job:
    """A job's records in a vault, in the order they were written."""

    def __init__(self, vault: Vault, job_id: str) -> None:
        self._vault = vault
        self.id = job_id
        self.records = list(read(vault, job_id))

    def write(self, step: Step, at: datetime, **data: Any) -> None:
        """Add a record; AlreadyThere when another process writes to the same job."""
        record = Record(job=self.id, step=step, at=at, data=data)
        name = f"jobs/{self.id}/{len(self.records):02d}-{step}.json"
        self._vault.put(name, [msgspec.json.encode(record)])
        self.records.append(record)

    def last(self, step: Step) -> Record | None:
        """Return the newest record of a step."""
        return next((record for record in reversed(self.records) if record.step == step), None)

    @property
    def open(self) -> bool:
        """Whether nobody has written how the job ended."""
        return bool(self.records) and self.last("ended") is None


def read(vault: Vault, job_id: str) -> Iterator[Record]:
    """Yield a job's records, oldest first; ManifestError if one can't be read."""
    for stored in vault.list(f"jobs/{job_id}/"):
        try:
            yield typed.decode(b"".join(vault.open(stored.name)), Record)
        except msgspec.MsgspecError as error:
            raise ManifestError(
                f"The record {stored.name} can't be read: {error}.",
                safe="Nothing was restored.",
                hint="Look at the deployment's imports in the Convex dashboard before going on.",
            ) from error


def open_jobs(vault: Vault, prefix: str) -> list[str]:
    """Return the ids of jobs under a prefix that have begun and not ended, oldest first.

    Only names are read: the step stands in each object's name.
    """
    steps: dict[str, set[str]] = {}
    for stored in vault.list(f"jobs/{prefix}"):
        _, job_id, name = stored.name.split("/", 2)
        steps.setdefault(job_id, set()).add(name.partition("-")[2].removesuffix(".json"))
    return sorted(job_id for job_id, seen in steps.items() if "ended" not in seen)
