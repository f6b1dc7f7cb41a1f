"""A whole archive read in one forward pass: what it holds, and everything wrong with it.

Damage to the archive itself raises; what is wrong inside it are findings, and the pass goes on.
Memory does not grow with the archive. You will not find a judgement here that needs more than the
archive: manifests, expected tables and earlier backups are compared in `commands/checks.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from storage.archive.facts import Gathered
from storage.archive.feed import Feed
from storage.archive.layout import Kind, Place, place
from storage.archive.noticed import Noticed
from storage.archive.scratch import Scratch
from storage.archive.zipstream import Limits, entries
from storage.finding import Finding, LookedAt
from storage.manifest import Contents

__all__ = ["Inspection", "Limits", "inspect"]

_DEFAULTS = Limits()
_SETS_LEAD = {Kind.README, Kind.TABLE_LIST, Kind.ROWS, Kind.SCHEMA, Kind.FILE_ROWS, Kind.FILE}


@dataclass(frozen=True)
class Inspection:
    """One archive as it was read: its own bytes and SHA-256, and what is in it."""

    bytes: int
    sha256: str
    contents: Contents
    findings: tuple[Finding, ...]
    looked_at: LookedAt


def inspect(
    chunks: Iterable[bytes],
    *,
    limits: Limits = _DEFAULTS,
    progress: Callable[[int], None] | None = None,
) -> Inspection:
    """Read an archive from its first byte to its last.

    ArchiveError when the bytes are no whole archive, or past one of the limits; then `chunks` was
    read up to about the damage, and the caller may read on. SpoolError when the disk for
    temporary files is full. `progress` gets the bytes read so far about every MiB, and what it
    raises goes to the caller.
    """
    _hold_on_to_memory()
    noticed = Noticed()
    with Scratch() as scratch:
        feed = Feed(chunks, limits.archive_bytes_max, progress)
        gathered = Gathered(scratch, noticed, limits)
        count = 0
        for name, where, body in _placed(entries(feed, scratch, limits), noticed):
            count += 1
            gathered.take(name, where, body)
        contents = gathered.contents()
        return Inspection(
            bytes=feed.read,
            sha256=feed.sha256,
            contents=contents,
            findings=noticed.all(),
            looked_at=LookedAt(
                bytes=feed.read,
                entries=count,
                tables=len(contents.tables),
                documents=contents.documents,
                files=contents.files,
            ),
        )


@cache
def _hold_on_to_memory() -> None:
    """Have glibc keep what blocks leave free, rather than give it back and fetch it for the next.

    It keeps up to twice the biggest piece that was ever freed; every page of a block fetched anew
    is a fault, together some twentieth of the whole reading. Elsewhere this does nothing.
    """
    bytes(2 << 20)


def _placed(
    found: Iterator[tuple[str, Iterator[bytes]]], noticed: Noticed
) -> Iterator[tuple[str, Place, Iterator[bytes]]]:
    """Yield each entry with what it is; the folder around the snapshot is the first one's."""
    lead: str | None = None
    for name, body in found:
        where = place(name)
        if where.kind in _SETS_LEAD:
            lead = where.lead if lead is None else lead
            if where.lead != lead:
                where = Place(Kind.UNKNOWN if where.kind is Kind.README else Kind.STRAY)
        if where.kind is Kind.STRAY:
            what = "Convex writes no entry of this name, and would import it all the same."
            noticed.add("entries", what, name)
        elif where.kind is Kind.UNKNOWN:
            noticed.add(
                "entries",
                "The entry is none that Convex writes, and Convex ignores it.",
                name,
                severity="warning",
            )
        yield name, where, body
