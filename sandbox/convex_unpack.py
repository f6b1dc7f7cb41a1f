"""Reads what was uploaded for an import: which tables and files it has, and their rows in blocks.

Nothing here knows what a deployment holds; what is done with the rows is `convex_apply.py`'s.
"""

import csv
import io
import json
import math
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

_BLOCK = 1 << 20
_JSON_ARRAY_MAX = 16 << 20
_COMPONENT = re.compile(r"^(.*/)?_components/([^/]+)/$")
_ENTRY = re.compile(r"^(.*/)?([^/]+)/(documents|generated_schema)\.jsonl$")
_BLOB = re.compile(r"(.*/)?_storage/([^/.]+)(?:\.[^/]+)?$")
_decoder = msgspec.json.Decoder()
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class ImportFailed(Exception):
    """What the import's failed state tells the user."""


@dataclass(frozen=True)
class Part:
    """The rows of one table; `schema` is "uniform", "legacy" or "none": then ints are floats."""

    component: str
    table: str
    open: Callable[[], IO[bytes]]
    schema: str = "none"
    contexts: dict[str, Any] = field(default_factory=dict)

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Whole lines, a block at a time, each with the number of rows before it."""
        done, kept = 0, b""
        with _sound_zip(), self.open() as source:
            while chunk := source.read(_BLOCK):
                whole, end, rest = (kept + chunk).rpartition(b"\n")
                kept = rest
                if end:
                    yield done, whole + end
                    done += whole.count(b"\n") + 1
        if kept:
            yield done, kept + b"\n"


@dataclass(frozen=True)
class Blob:
    """One stored file's bytes."""

    component: str
    id: str
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True)
class Unpacked:
    """What an upload holds, in its own order."""

    parts: list[Part]
    blobs: list[Blob]


@dataclass(frozen=True)
class Upload:
    """A finished upload and what its sender said it is."""

    path: Path
    format: str
    component: str
    table: str | None


@contextmanager
def unpacked(upload: Upload) -> Iterator[Unpacked]:
    """The parts of an upload, open while this is held; raises ImportFailed."""
    if upload.format == "zip":
        with ExitStack() as stack:
            with _sound_zip():
                archive = stack.enter_context(zipfile.ZipFile(upload.path))
                # Python forgives bytes before an archive; here they mean a part sent twice.
                if min((entry.header_offset for entry in archive.infolist()), default=0):
                    raise zipfile.BadZipFile
            yield _from_zip(archive, upload.component)
        return
    readers = {"jsonLines": _lines, "jsonArray": _array, "csv": _table}
    reader = readers[upload.format]
    part = Part(upload.component, upload.table or "", lambda: reader(upload.path))
    yield Unpacked([part], [])


def valid_name(name: str) -> bool:
    """Whether a user's table or a component may be called so."""
    return _NAME.fullmatch(name) is not None


def parsed_lines(block: bytes, before: int) -> list[Any]:
    """The values of the lines; raises ImportFailed naming the row that is not JSON."""
    try:
        block.decode()
        values = _decoder.decode_lines(block)
        # Blank lines are passed over by the decoder, and an error to Convex.
        if len(values) == block.count(b"\n"):
            return values
    except (ValueError, msgspec.DecodeError):
        pass
    return [_parsed(line, row) for row, line in enumerate(block[:-1].split(b"\n"), before + 1)]


def _parsed(line: bytes, row: int) -> Any:
    try:
        return msgspec.json.decode(line.decode())
    except UnicodeDecodeError:
        raise ImportFailed("Import wasn't valid UTF8: stream did not contain valid UTF-8") from None
    except msgspec.DecodeError as damage:
        raise ImportFailed(f"Row {row} wasn't valid JSON: {damage}") from None


@contextmanager
def _sound_zip() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as damage:
        raise ImportFailed("invalid zip file") from damage


def _from_zip(archive: zipfile.ZipFile, base: str) -> Unpacked:
    documents: dict[tuple[str, str], zipfile.ZipInfo] = {}
    schemas: dict[tuple[str, str], zipfile.ZipInfo] = {}
    blobs = []
    for entry in archive.infolist():
        if found := _ENTRY.fullmatch(entry.filename):
            prefix, table, what = found.groups()
            if not valid_name(table):
                raise ImportFailed(f"table name '{table}' invalid")
            if table.startswith("_") and table not in ("_tables", "_storage"):
                continue
            place = (_component(prefix or "", base), table)
            kind = documents if what == "documents" else schemas
            if place in kind:
                raise ImportFailed(f"Duplicate table name '{table}' in import")
            kind[place] = entry
        elif found := _BLOB.fullmatch(entry.filename):
            opened = _opener(archive, entry)
            blobs.append(Blob(_component(found[1] or "", base), found[2], opened))
    parts = []
    for (component, table), entry in documents.items():
        schema: str = "none"
        contexts: dict[str, Any] = {}
        if (component, table) in schemas:
            schema, contexts = _schema(archive, schemas[component, table])
        parts.append(Part(component, table, _opener(archive, entry), schema, contexts))
    return Unpacked(parts, blobs)


def _opener(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(entry)


def _component(prefix: str, base: str) -> str:
    names: list[str] = []
    while found := _COMPONENT.fullmatch(prefix):
        prefix, name = found[1] or "", found[2]
        if not valid_name(name):
            raise ImportFailed(f"component name '{name}' invalid")
        names.insert(0, name)
    return "/".join([*([base] if base else []), *names])


def _schema(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[str, dict[str, Any]]:
    """The encoding that the schema file names, and the rows that need a context of their own."""
    with _sound_zip(), archive.open(entry) as source:
        first = _parsed(source.readline().rstrip(b"\n"), 1)
        if first == "uniform":
            return "uniform", {}
        contexts: dict[str, Any] = {}
        for row, line in enumerate(source, 2):
            contexts |= _parsed(line, row)
        return "legacy", contexts


def _lines(path: Path) -> IO[bytes]:
    source = path.open("rb")
    if source.read(3) == b"\xef\xbb\xbf":
        source.close()
        raise ImportFailed("UTF-8 BOM is not supported. Please save your file without BOM.")
    source.seek(0)
    return source


def _array(path: Path) -> IO[bytes]:
    with _lines(path) as source:
        text = source.read(_JSON_ARRAY_MAX + 1)
    if len(text) > _JSON_ARRAY_MAX:
        raise ImportFailed(
            f"Import is too large for JSON ({len(text)} bytes > maximum 16 MiB). Consider "
            "converting data to JSONLines"
        )
    try:
        values = msgspec.json.decode(text)
    except msgspec.DecodeError as damage:
        raise ImportFailed(f"Not valid JSON: {damage}") from None
    if not isinstance(values, list):
        raise ImportFailed("Not a JSON array")
    return io.BytesIO(b"".join(msgspec.json.encode(value) + b"\n" for value in values))


def _table(path: Path) -> IO[bytes]:
    """A CSV as JSON lines; every cell is a float64 or a string."""
    out = io.BytesIO()
    with path.open(newline="", encoding="utf-8") as source:
        rows = csv.reader(source)
        names = [name.strip(" ") for name in next(rows, [])]
        if not names:
            raise ImportFailed("CSV file doesn't have headers")
        for row, cells in enumerate(rows, 1):
            if len(cells) != len(names):
                raise ImportFailed(f"CSV row {row} doesn't have all of the fields in the header")
            document = dict(zip(names, map(_cell, cells), strict=True))
            out.write(json.dumps(document).encode() + b"\n")
    out.seek(0)
    return out


def _cell(text: str) -> float | str:
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text
