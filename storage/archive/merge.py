"""Makes the archive of a merge: rows already in the target stay, rows missing from it are added.

Imported with Convex's mode `replace`. A table only in the target is left out, which leaves it
alone. Rows are joined by `_id` and keep their bytes; stored files likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from storage.archive.choose import copy, copy_blob, copy_files, copy_table, write_lists
from storage.archive.layout import README, STORAGE, folder
from storage.archive.layout import path as path_of
from storage.archive.parts import Key, Parts, StorageParts, TableParts, laid_out
from storage.archive.union import OutOfOrder, count_rows, rows, union_sorted, union_unsorted
from storage.archive.zipfolder import Entry
from storage.archive.zipwrite import ZipWriter
from storage.errors import ArchiveError, Refused


@dataclass(frozen=True)
class MergedTable:
    """How many rows of a merged table the target had, and how many the archive adds."""

    component: str
    table: str
    kept: int
    added: int


@dataclass(frozen=True)
class MergedFiles:
    """The same for one component's stored files."""

    component: str
    kept: int
    added: int


@dataclass(frozen=True)
class MergeResult:
    """What a merge holds; `kept + added` is what the target has after its import."""

    tables: tuple[MergedTable, ...]
    files: tuple[MergedFiles, ...]


@dataclass(frozen=True)
class _Merge:
    """The two sides and the place the result goes to."""

    target: Parts
    archive: Parts
    writer: ZipWriter


def merge(
    target_export: Path, archive: Path, out: BinaryIO, keep: Collection[str] | None = None
) -> MergeResult:
    """Write the union of an export of the target and an archive to an empty, seekable file.

    `keep` names what of the archive takes part, as in `choose`; None means all of it. Refused
    when table numbers collide, when both sides of a table hold rows and one is of the encoding
    before 2026-03 (its values would change meaning), or when stored files are wanted and the
    target's export has none to keep.
    """
    with laid_out(target_export) as ours, laid_out(archive) as theirs:
        if keep is not None:
            theirs.check_chosen(keep)
        tables = [key for key in theirs.tables if keep is None or path_of(*key) in keep]
        storage = [
            component
            for component, files in theirs.storage.items()
            if files.documents and (keep is None or path_of(component, STORAGE) in keep)
        ]
        for key in tables:
            _check_numbers(ours, theirs, key)
        if storage:
            _check_files(ours)
        both = _Merge(ours, theirs, ZipWriter(out))
        if theirs.readme:
            copy(both.writer, theirs, README, theirs.readme)
        write_lists(both.writer, theirs, tables)
        result = MergeResult(
            tables=tuple(_merge_table(both, key) for key in tables),
            files=tuple(_merge_files(both, component) for component in storage),
        )
        both.writer.close()
    return result


def _merge_table(both: _Merge, key: Key) -> MergedTable:
    ours, theirs = both.target.tables.get(key), both.archive.tables[key]
    if theirs.documents is None:
        raise _no_rows(key)
    if ours is None or ours.documents is None or ours.documents.size == 0:
        copy_table(both.writer, both.archive, key)
        return MergedTable(*key, 0, count_rows(both.archive.folder.read(theirs.documents)))
    if theirs.documents.size == 0:
        copy_table(both.writer, both.target, key)
        return MergedTable(*key, count_rows(both.target.folder.read(ours.documents)), 0)
    _check_encoding(both.target, ours, key, "target's export")
    _check_encoding(both.archive, theirs, key, "archive")
    name = f"{folder(key[0])}{key[1]}/documents.jsonl"
    kept, added = _union(both, name, ours.documents, theirs.documents)
    if theirs.schema:
        schema = f"{folder(key[0])}{key[1]}/generated_schema.jsonl"
        copy(both.writer, both.archive, schema, theirs.schema)
    return MergedTable(*key, kept, added)


def _merge_files(both: _Merge, component: str) -> MergedFiles:
    theirs = both.archive.storage[component]
    ours = both.target.storage.get(component, StorageParts())
    assert theirs.documents is not None  # noqa: S101 - merge() took only these.
    if ours.documents is None or ours.documents.size == 0:
        copy_files(both.writer, both.archive, component, theirs)
        return MergedFiles(component, 0, count_rows(both.archive.folder.read(theirs.documents)))
    new: set[str] = set()
    name = f"{folder(component)}{STORAGE}/documents.jsonl"
    kept, added = _union(both, name, ours.documents, theirs.documents, new.add)
    for id_, blob in ours.blobs.items():
        if id_ not in new:
            copy_blob(both.writer, both.target, component, blob)
    for id_, blob in theirs.blobs.items():
        if id_ in new:
            copy_blob(both.writer, both.archive, component, blob)
    return MergedFiles(component, kept, added)


def _union(
    both: _Merge,
    name: str,
    ours: Entry,
    theirs: Entry,
    note: Callable[[str], None] = lambda _: None,
) -> tuple[int, int]:
    """Write the union of two rows' entries under a name; return rows kept and rows added."""

    def sides() -> tuple[Iterator[tuple[str, bytes]], Iterator[tuple[str, bytes]]]:
        return (
            rows(both.target.folder.read(ours), ours.name),
            rows(both.archive.folder.read(theirs), theirs.name),
        )

    size_max = ours.size + theirs.size + 2
    try:
        with both.writer.deflate(name, size_max) as entry:
            return _tally(union_sorted(*sides(), entry.write), note)
    except OutOfOrder:
        with both.writer.deflate(name, size_max) as entry:
            return _tally(union_unsorted(*sides(), entry.write, name), note)


def _tally(written: Iterator[tuple[str, bool]], note: Callable[[str], None]) -> tuple[int, int]:
    kept = added = 0
    for id_, is_new in written:
        if is_new:
            added += 1
            note(id_)
        else:
            kept += 1
    return kept, added


def _check_numbers(ours: Parts, theirs: Parts, key: Key) -> None:
    """Raise Refused if the rows of both sides can't live in one table of the target."""
    component, name = key
    if name not in theirs.listed(component):
        return  # write_lists says it.
    number = theirs.listed(component)[name][0]
    there = ours.listed(component)
    if name in there and there[name][0] != number:
        raise _refused_number(
            f"Table {path_of(*key)!r} has number {number} in the archive and {there[name][0]} in "
            f"the target, so its rows can't be put side by side."
        )
    for other, (taken, _) in there.items():
        if taken == number and other != name:
            raise _refused_number(
                f"Table {path_of(*key)!r} has number {number} in the archive, and the target uses "
                f"that number for its table {path_of(component, other)!r}."
            )


def _refused_number(what: str) -> Refused:
    return Refused(
        what,
        hint="Use --mode replace (only these tables, as the archive has them) or, if Convex "
        "refuses that too, --mode replace-all.",
    )


def _check_files(ours: Parts) -> None:
    """Raise Refused if the target's export was taken without stored files.

    Convex swaps the whole storage table of a component, so files we do not see would be lost.
    """
    if not any(files.documents for files in ours.storage.values()):
        raise Refused(
            "The archive holds stored files, and the target's export was taken without any, so "
            "the target's own files would be lost.",
            hint="Take the target's export with stored files, or choose tables with --tables.",
        )


def _check_encoding(parts: Parts, table: TableParts, key: Key, side: str) -> None:
    """Raise Refused unless rows say their own types: in the older encoding a schema beside does."""
    if table.schema is not None:
        first = next(parts.folder.read(table.schema), b"").partition(b"\n")[0]
        try:
            if msgspec.json.decode(first) == "uniform":
                return
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
    raise Refused(
        f"Table {path_of(*key)!r} is in Convex's encoding from before 2026-03 in the {side}, and "
        f"its rows can't be put beside others without changing their meaning.",
        hint="Use --mode replace, which imports the archive's rows unchanged.",
    )


def _no_rows(key: Key) -> ArchiveError:
    return ArchiveError(
        f"Table {path_of(*key)!r} has no documents.jsonl in the archive.",
        where=path_of(*key),
        safe="Nothing was changed.",
        hint="Read the archive whole to see what else is wrong: lifeboat verify <backup>.",
    )
