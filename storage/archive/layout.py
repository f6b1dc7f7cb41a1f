"""What an entry of a snapshot is, by its name: whose rows, whose schema, which stored file.

Pure. Convex: crates/exports/src/lib.rs writes these names, crates/application/src/snapshot_import
reads them. Bytes of entries are not looked at here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

README = "README.md"
TABLES = "_tables"
STORAGE = "_storage"

_NAME = re.compile(
    r"(?:(?P<lead>(?!_components/)[^/]+)/)?"
    r"(?P<components>(?:_components/[^/]+/)*)"
    r"(?:(?P<readme>README\.md)"
    r"|(?P<table>[^/]+)/(?P<kind>documents|generated_schema)\.jsonl"
    r"|_storage/(?P<file>[^/.]+)(?:\.[^/]*)?)",
    re.DOTALL,
)
# What Convex's importer takes for a table's or a stored file, wherever in an archive it lies: its
# patterns let any folders come before (crates/application/src/snapshot_import/parse.rs).
_IMPORTED = re.compile(
    r"(?:.*/)?(?P<table>[^/]+)/(?:documents|generated_schema)\.jsonl"
    r"|.*_storage/[^/.]+(?:\.[^/]+)?",
    re.DOTALL,
)
_TABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


class Kind(Enum):
    """What Convex keeps in an entry."""

    README = "readme"
    TABLE_LIST = "table list"  # _tables/documents.jsonl: every table's name and number.
    ROWS = "rows"
    SCHEMA = "schema"  # How the rows' values are encoded, not the app's schema.
    FILE_ROWS = "file rows"  # _storage/documents.jsonl: every stored file's SHA-256 and size.
    FILE = "file"
    FOLDER = "folder"  # Only ordinary ZIP tools write these.
    LITTER = "litter"  # What macOS adds to archives.
    STRAY = "stray"  # Where Convex writes nothing, and would import what is there.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """What an entry is. `component` is a path such as `waitlist/inner`, "" at the root.

    `name` is the table's name, or the stored file's id. `lead` is the one folder, with its slash,
    that tools put around a snapshot that was unpacked and packed again.
    """

    kind: Kind
    component: str = ""
    name: str = ""
    lead: str = ""


def place(name: str) -> Place:
    """Return what the entry of this name is."""
    last = name.rpartition("/")[2]
    if last == ".DS_Store" or (name.startswith("__MACOSX/") and last.startswith("._")):
        return Place(Kind.LITTER)
    if name.endswith("/"):
        return Place(Kind.FOLDER)
    found = _NAME.fullmatch(name)
    if found is None:
        return Place(_elsewhere(name))
    component = "/".join(found["components"].split("/")[1::2])
    lead = f"{found['lead']}/" if found["lead"] else ""
    if found["readme"]:
        return Place(Kind.README if not component else Kind.UNKNOWN, lead=lead)
    if found["file"]:
        return Place(Kind.FILE, component, found["file"], lead)
    return _of_table(component, found["table"], found["kind"] == "documents", lead)


def _of_table(component: str, table: str, documents: bool, lead: str) -> Place:
    if table == TABLES:
        return Place(Kind.TABLE_LIST if documents else Kind.UNKNOWN, component, table, lead)
    if table == STORAGE:
        return Place(Kind.FILE_ROWS if documents else Kind.STRAY, component, table, lead)
    if table.startswith("_"):  # Convex skips the tables of its own when it imports.
        return Place(Kind.UNKNOWN, component, table, lead)
    return Place(Kind.ROWS if documents else Kind.SCHEMA, component, table, lead)


def _elsewhere(name: str) -> Kind:
    found = _IMPORTED.fullmatch(name)
    if found is None:
        return Kind.UNKNOWN
    table = found["table"]
    skipped = table is not None and table.startswith("_") and table not in (TABLES, STORAGE)
    return Kind.UNKNOWN if skipped else Kind.STRAY


def is_table_name(name: str) -> bool:
    """Return whether Convex lets a table be called this."""
    return _TABLE_NAME.fullmatch(name) is not None


def path(component: str, table: str) -> str:
    """Return how a person writes a table: `users`, or `waitlist/inner/users` below the root."""
    return f"{component}/{table}" if component else table


def folder(component: str) -> str:
    """Return a component's folder in an archive: `_components/waitlist/_components/inner/`."""
    return "".join(f"_components/{part}/" for part in component.split("/") if part)
