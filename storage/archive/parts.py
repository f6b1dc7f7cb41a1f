"""An archive on disk laid out: which entry is which table's, of which component.

What choosing, merging and outlining share. Leading folders that other tools add (`snapshot/…`)
are seen through: names given back are always the ones Convex itself would use.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import msgspec

from storage import typed
from storage.archive.layout import STORAGE, Kind, Place, path, place
from storage.archive.zipfolder import Entry, ZipFolder, opened
from storage.errors import ArchiveError, Refused

Key = tuple[str, str]  # Component path ("" is the root), table name.
NAMED_MAX = 20
SMALL_BYTES_MAX = 64 << 20  # `_tables` of a million tables is smaller than this.


@dataclass(slots=True)
class TableParts:
    """The entries of one table."""

    documents: Entry | None = None
    schema: Entry | None = None


@dataclass(slots=True)
class StorageParts:
    """The entries of one component's stored files: their rows, and each file by its id."""

    documents: Entry | None = None
    blobs: dict[str, Entry] = field(default_factory=dict)


class Listed(msgspec.Struct, frozen=True):
    """One line of `_tables/documents.jsonl`."""

    name: str
    id: int


class Parts:
    """Every entry of an archive by what it is, in the order of the file."""

    def __init__(self, folder: ZipFolder) -> None:
        self.folder = folder
        self.readme: Entry | None = None
        self.lists: dict[str, Entry] = {}  # Component path -> its _tables/documents.jsonl.
        self.tables: dict[Key, TableParts] = {}
        self.storage: dict[str, StorageParts] = {}
        self._lead: str | None = None
        self._listed: dict[str, dict[str, tuple[int, bytes]]] = {}
        for entry in folder.entries:
            self._place(entry, place(entry.name))

    def _place(self, entry: Entry, found: Place) -> None:
        """Put an entry where it belongs; what Convex would not write there is left out."""
        if found.kind in (Kind.FOLDER, Kind.LITTER, Kind.STRAY, Kind.UNKNOWN):
            return
        if self._lead not in (None, found.lead):
            raise _unreadable(entry, "it lies in another folder than the entries before it")
        self._lead = found.lead
        key = (found.component, found.name)
        match found.kind:
            case Kind.README:
                self.readme = entry
            case Kind.TABLE_LIST:
                self.lists[found.component] = entry
            case Kind.ROWS:
                self.tables.setdefault(key, TableParts()).documents = entry
            case Kind.SCHEMA:
                self.tables.setdefault(key, TableParts()).schema = entry
            case Kind.FILE_ROWS:
                self.storage.setdefault(found.component, StorageParts()).documents = entry
            case Kind.FILE:
                blobs = self.storage.setdefault(found.component, StorageParts()).blobs
                if blobs.setdefault(found.name, entry) is not entry:
                    raise _unreadable(entry, f"it is {blobs[found.name].name!r} over again")

    def listed(self, component: str) -> dict[str, tuple[int, bytes]]:
        """Return what `_tables` lists for a component: name -> number, and the line's bytes."""
        if component not in self._listed:
            self._listed[component] = self._read_list(component)
        return self._listed[component]

    def _read_list(self, component: str) -> dict[str, tuple[int, bytes]]:
        entry = self.lists.get(component)
        if entry is None:
            return {}
        found: dict[str, tuple[int, bytes]] = {}
        for line in self.small(entry).split(b"\n"):
            if not line.strip():
                continue
            try:
                row = typed.decode(line, Listed)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise _unreadable(
                    entry, f"a line is no table's name and number ({error})"
                ) from None
            if row.name in found:
                raise _unreadable(entry, f"it lists table {row.name!r} twice")
            found[row.name] = (row.id, line + b"\n")
        return found

    def small(self, entry: Entry) -> bytes:
        """Return a small entry whole; ArchiveError if it is not small."""
        if entry.size > SMALL_BYTES_MAX:
            raise _unreadable(entry, f"it is {entry.size:,} bytes, which no such entry can be")
        return b"".join(self.folder.read(entry))

    def paths(self) -> list[str]:
        """Return every name that a person can choose: tables, and components' stored files."""
        tables = [path(component, name) for component, name in self.tables]
        files = [path(c, STORAGE) for c, part in self.storage.items() if part.documents]
        return sorted(tables) + sorted(files)

    def check_chosen(self, keep: Collection[str]) -> None:
        """Raise Refused, naming what there is, if a chosen name is not in the archive."""
        there = self.paths()
        missing = sorted(set(keep) - set(there))
        if not missing:
            return
        close = [near for name in missing for near in get_close_matches(name, there)]
        names = list(dict.fromkeys(close + there))
        listed = ", ".join(names[:NAMED_MAX])
        more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
        files = any(name.rpartition("/")[2] == STORAGE for name in missing)
        raise Refused(
            f"Not in the archive: {', '.join(missing[:NAMED_MAX])}."
            + (" It holds no stored files under that name." if files else ""),
            hint=f"In it are: {listed}{more}." if names else "It holds no tables at all.",
        )


@contextmanager
def laid_out(source: Path) -> Iterator[Parts]:
    """Open an archive by its parts; ArchiveError if it is not a whole archive."""
    with opened(source) as folder:
        yield Parts(folder)


def _unreadable(entry: Entry, why: str) -> ArchiveError:
    return ArchiveError(
        f"Entry {entry.name!r} can't be read: {why}.",
        where=entry.name,
        safe="Nothing was changed.",
        hint="Read the archive whole to see what else is wrong: lifeboat verify <backup>.",
    )
