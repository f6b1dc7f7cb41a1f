"""What an archive holds at a glance, from its central directory and `_tables` only.

No row is read, so this takes moments whatever the size, and it proves nothing: a proof is
`inspect.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from storage.archive.parts import laid_out


@dataclass(frozen=True)
class OutlinedTable:
    """One table; `number` is None when `_tables` does not list it; `bytes` of its rows."""

    component: str
    name: str
    number: int | None
    bytes: int


@dataclass(frozen=True)
class OutlinedFiles:
    """The stored files of one component."""

    component: str
    count: int
    bytes: int


@dataclass(frozen=True)
class Outline:
    """Tables by component and name, stored files by component, and every component's path."""

    tables: tuple[OutlinedTable, ...]
    files: tuple[OutlinedFiles, ...]
    components: tuple[str, ...]


def outline(source: Path) -> Outline:
    """Return what is in an archive; ArchiveError if it is not a whole archive."""
    with laid_out(source) as parts:
        tables = [
            OutlinedTable(
                component=component,
                name=name,
                number=parts.listed(component).get(name, (None,))[0],
                bytes=table.documents.size if table.documents else 0,
            )
            for (component, name), table in sorted(parts.tables.items())
        ]
        files = [
            OutlinedFiles(component, len(held.blobs), sum(b.size for b in held.blobs.values()))
            for component, held in sorted(parts.storage.items())
            if held.documents
        ]
        components = {component for component, _ in parts.tables} | parts.lists.keys()
        components |= parts.storage.keys()
    return Outline(tuple(tables), tuple(files), tuple(sorted(components)))
