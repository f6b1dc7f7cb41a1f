"""What an archive's entries add up to: tables, their numbers and encodings, stored files.

Each entry is read as what `layout.py` says it is; at the end the parts are held against each
other. Rows are checked in `rows.py`, the ZIP itself in `zipstream.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from storage.archive import files
from storage.archive.feed import broken
from storage.archive.layout import STORAGE, Kind, Place, is_table_name, path
from storage.archive.lines import whole_lines
from storage.archive.noticed import Noticed
from storage.archive.rows import TableReader, decode_row
from storage.archive.scratch import Scratch
from storage.archive.zipstream import Limits
from storage.manifest import Contents, Encoding, StorageFacts, TableFacts


class _Listed(msgspec.Struct, gc=False):
    name: str
    id: Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]  # A manifest holds no larger ones.


_listed = msgspec.json.Decoder(_Listed).decode
_text = msgspec.json.Decoder(str).decode
_overrides = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(slots=True)
class _Component:
    """What is known of one component so far."""

    listed: dict[str, int] | None = None
    tables: dict[str, TableReader] = field(default_factory=dict)
    encodings: dict[str, Encoding] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # Table -> its entry, for findings.
    storage: TableReader | None = None
    file_numbers: files.Numbers = field(default_factory=files.Numbers)


class Gathered:
    """Takes entries one by one, and says at the end what they are together."""

    def __init__(self, scratch: Scratch, noticed: Noticed, limits: Limits) -> None:
        self._scratch, self._noticed, self._limits = scratch, noticed, limits
        self._components: dict[str, _Component] = {}
        self._seen: Counter[str] = Counter()

    def take(self, name: str, where: Place, body: Iterator[bytes]) -> None:
        """Read one entry; bytes that it leaves are read by the archive's reader."""
        if where.kind in (Kind.README, Kind.FOLDER, Kind.LITTER, Kind.STRAY, Kind.UNKNOWN):
            return
        if where.component not in self._components:
            self._count("components")
        part = self._components.setdefault(where.component, _Component())
        if where.kind is Kind.TABLE_LIST:
            part.listed = self._read_list(name, body)
        elif where.kind is Kind.ROWS:
            self._read_rows(part, name, where.name, body)
        elif where.kind is Kind.SCHEMA:
            self._count("schemas")
            part.encodings[where.name] = self._read_schema(name, body)
            part.names.setdefault(where.name, name)
        elif where.kind is Kind.FILE_ROWS:
            number = (part.listed or {}).get(STORAGE)
            part.storage = TableReader(name, number, self._scratch, self._noticed)
            files.read_rows(
                part.storage, where.component, body, self._scratch, self._limits.line_bytes_max
            )
        else:
            files.read_file(name, where, body, self._scratch, self._noticed)
            part.file_numbers.see(where.name, name, self._noticed)

    def _count(self, what: str) -> None:
        """Count one more of what is kept in memory; ArchiveError when there are too many."""
        self._seen[what] += 1
        if self._seen[what] > self._limits.tables_max:
            raise broken(f"The archive has more than {self._limits.tables_max:,} {what}")

    def contents(self) -> Contents:
        """Hold the parts against each other, and return what the archive holds."""
        if not self._components:
            self._noticed.add("table list", "Nothing in the archive is of a Convex snapshot.")
        for component, part in sorted(self._components.items()):
            self._check_component(component, part)
        files.check(self._scratch, self._noticed)
        components = sorted(self._components)
        return Contents(
            tables=tuple(
                self._facts(component, name)
                for component in components
                for name in sorted(self._components[component].tables)
            ),
            storage=tuple(
                facts
                for component in components
                if (facts := self._storage_facts(component)) is not None
            ),
            components=tuple(components) or ("",),
        )

    def _read_list(self, entry: str, body: Iterator[bytes]) -> dict[str, int]:
        """Return the table numbers that a component's `_tables` gives."""
        numbers: dict[str, int] = {}
        taken: dict[int, str] = {}
        at = 0
        for block in whole_lines(body, entry, self._noticed, self._limits.line_bytes_max):
            for line in block.split(b"\n"):
                at += 1
                try:
                    row = _listed(line)
                    line.decode()
                except _UNREADABLE as error:
                    what = f"The line is no table's name and number: {error}."
                    self._noticed.add("table list", what, f"{entry}:{at}")
                    continue
                self._check_listed(row, numbers, taken, f"{entry}:{at}")
                numbers[row.name] = row.id
                taken[row.id] = row.name
        return numbers

    def _check_listed(
        self, row: _Listed, numbers: dict[str, int], taken: dict[int, str], where: str
    ) -> None:
        self._count("tables in its lists")
        if row.name in numbers:
            what = f"Table {row.name!r} is listed twice."
        elif row.id in taken:
            what = f"Tables {taken[row.id]!r} and {row.name!r} have one number, {row.id:,}."
        elif not 0 < row.id < 2**32:
            what = f"Table {row.name!r} has the number {row.id}, which no table can have."
        elif not row.name.startswith("_") and not is_table_name(row.name):
            what = f"Convex does not let a table be called {row.name[:80]!r}."
        else:
            return
        self._noticed.add("table list", what, where)

    def _read_rows(self, part: _Component, entry: str, table: str, body: Iterator[bytes]) -> None:
        self._count("tables")
        reader = TableReader(entry, (part.listed or {}).get(table), self._scratch, self._noticed)
        for _ in reader.read(body, self._limits.line_bytes_max, decode_row):
            pass
        part.tables[table] = reader
        part.names[table] = entry

    def _read_schema(self, entry: str, body: Iterator[bytes]) -> Encoding:
        """Return how a table's values are encoded, by its generated_schema.jsonl."""
        shape: str | None = None
        at = 0
        for block in whole_lines(body, entry, self._noticed, self._limits.line_bytes_max):
            for line in block.split(b"\n"):
                at += 1
                try:
                    line.decode()
                    if at == 1:
                        shape = _text(line)
                    else:
                        _overrides(line)
                except _UNREADABLE as error:
                    what = f"The line is not what Convex writes there: {error}."
                    self._noticed.add("generated schema", what, f"{entry}:{at}")
        if at == 0:
            self._noticed.add("generated schema", "The entry is empty.", entry)
        return "uniform" if shape == "uniform" else "legacy"

    def _check_component(self, component: str, part: _Component) -> None:
        if part.listed is None:
            what = f"The tables of {component!r}" if component else "The tables"
            self._noticed.add("table list", f"{what} are listed nowhere: _tables is missing.")
        listed = part.listed or {}
        for table, number in listed.items():
            if table not in part.tables and not table.startswith("_"):
                what = f"Table {path(component, table)!r} is listed as number {number:,}, and its "
                self._noticed.add("table list", what + "documents.jsonl is missing.")
        for table in sorted(part.encodings.keys() - part.tables.keys()):
            what = f"Table {path(component, table)!r} has a generated_schema.jsonl and no rows."
            self._noticed.add("generated schema", what, part.names[table])
        for table, reader in part.tables.items():
            self._check_table(component, part, table, reader)
        if part.storage is None and part.file_numbers.number is not None:
            what = f"Stored files are there, and {path(component, STORAGE)!r} has no rows."
            self._noticed.add("stored files", what)
        elif part.storage is not None:
            part.file_numbers.check(part.storage.number, component, self._noticed)

    def _check_table(
        self, component: str, part: _Component, table: str, reader: TableReader
    ) -> None:
        name, entry = path(component, table), part.names[table]
        number = (part.listed or {}).get(table)
        if part.listed is not None and number is None:
            self._noticed.add("table list", f"Table {name!r} is not in _tables.", entry)
        elif number is not None and reader.number is not None and reader.number != number:
            what = f"Table {name!r} has number {number:,} in _tables, and {reader.number:,} in ids."
            self._noticed.add("_id", what, entry)
        if not is_table_name(table):
            what = f"Convex does not let a table be called {table[:80]!r}."
            self._noticed.add("table list", what, entry)
        if part.encodings.get(table) == "uniform":
            check = "_creationTime"
            for line in reader.whole_times:
                what = "The _creationTime is an integer, which Convex refuses: it has no '.'."
                self._noticed.add(check, what, f"{entry}:{line}")
            if reader.whole_times_count > len(reader.whole_times):
                self._noticed.more(check, reader.whole_times_count - len(reader.whole_times))

    def _facts(self, component: str, table: str) -> TableFacts:
        part = self._components[component]
        reader = part.tables[table]
        return TableFacts(
            name=table,
            component=component,
            number=(part.listed or {}).get(table) or reader.number or 0,
            documents=reader.documents,
            bytes=reader.bytes,
            sha256=reader.sha256,
            first_creation=reader.first,
            last_creation=reader.last,
            encoding=part.encodings.get(table, "none"),
        )

    def _storage_facts(self, component: str) -> StorageFacts | None:
        part = self._components[component]
        if part.storage is None and part.file_numbers.number is None:
            return None
        sha256 = part.storage.sha256 if part.storage else hashlib.sha256().hexdigest()
        return files.facts(component, sha256, self._scratch)
