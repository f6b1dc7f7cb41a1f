"""What is told of an archive that was in cold storage."""

from __future__ import annotations

from dataclasses import dataclass

from commands.events import Result


@dataclass(frozen=True)
class ArchiveThawed(Result):
    """An archive can be read again; `job_id` is the restore that waited for it and was begun."""

    id: str
    target: str
    job_id: str
