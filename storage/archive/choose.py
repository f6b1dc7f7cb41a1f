"""Makes a smaller archive of chosen tables, entry by entry, without recompressing anything.

`_tables/documents.jsonl` is filtered too: Convex imports a table that is listed there without
rows as empty, so a whole list beside few tables would wipe the rest at the next replace.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from storage.archive.layout import README, STORAGE, TABLES, folder
from storage.archive.layout import path as path_of
from storage.archive.parts import Key, Parts, StorageParts, laid_out
from storage.archive.zipfolder import Entry
from storage.archive.zipwrite import ZipWriter
from storage.errors import ArchiveError, Refused


def choose(source: Path, target: BinaryIO, keep: Collection[str]) -> None:
    """Write the chosen tables of an archive to an empty, seekable file, as an archive.

    `keep` holds `users` or `component/path/users`; `_storage` or `component/path/_storage` keeps
    that component's stored files. Refused if one of them is not in the archive.
    """
    if not keep:
        raise Refused("No table was chosen.", hint="Name some: --tables npd,sp2d.")
    with laid_out(source) as parts:
        parts.check_chosen(keep)
        tables = [key for key in parts.tables if path_of(*key) in keep]
        writer = ZipWriter(target)
        if parts.readme:
            copy(writer, parts, README, parts.readme)
        write_lists(writer, parts, tables)
        for key in tables:
            copy_table(writer, parts, key)
        for component, files in parts.storage.items():
            if path_of(component, STORAGE) in keep:
                copy_files(writer, parts, component, files)
        writer.close()


def write_lists(writer: ZipWriter, parts: Parts, tables: Collection[Key]) -> None:
    """Write each component's `_tables` with just these tables; their lines stay as they are."""
    for component in sorted({component for component, _ in tables}):
        names = {name for other, name in tables if other == component}
        listed = parts.listed(component)
        if missing := sorted(names - listed.keys()):
            raise _torn(path_of(component, missing[0]), "is not listed in _tables")
        lines = [line for name, (_, line) in listed.items() if name in names]
        writer.write(f"{folder(component)}{TABLES}/documents.jsonl", b"".join(lines))


def copy_table(writer: ZipWriter, parts: Parts, key: Key) -> None:
    """Copy a table's rows and schema as they are."""
    component, name = key
    table = parts.tables[key]
    if table.documents is None:
        raise _torn(path_of(*key), "has no documents.jsonl")
    copy(writer, parts, f"{folder(component)}{name}/documents.jsonl", table.documents)
    if table.schema:
        copy(writer, parts, f"{folder(component)}{name}/generated_schema.jsonl", table.schema)


def copy_files(writer: ZipWriter, parts: Parts, component: str, files: StorageParts) -> None:
    """Copy a component's stored files and their rows as they are."""
    if files.documents:
        name = f"{folder(component)}{STORAGE}/documents.jsonl"
        copy(writer, parts, name, files.documents)
    for blob in files.blobs.values():
        copy_blob(writer, parts, component, blob)


def copy_blob(writer: ZipWriter, parts: Parts, component: str, blob: Entry) -> None:
    """Copy one stored file as it is; its extension stays."""
    file = blob.name.rpartition("/")[2]
    copy(writer, parts, f"{folder(component)}{STORAGE}/{file}", blob)


def copy(writer: ZipWriter, parts: Parts, name: str, entry: Entry) -> None:
    """Copy an entry's compressed bytes under a name."""
    writer.copy(name, entry, parts.folder.raw(entry))


def _torn(table: str, why: str) -> ArchiveError:
    return ArchiveError(
        f"Table {table!r} {why} in the archive.",
        where=table,
        safe="Nothing was changed.",
        hint="Read the archive whole to see what else is wrong: lifeboat verify <backup>.",
    )
