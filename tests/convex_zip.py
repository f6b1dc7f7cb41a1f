"""Builds archives byte for byte as Convex lays them out, and the broken ones that nobody should.

For tests only. `write` makes a whole snapshot; `Zip` is the writer below it, for entries that no
snapshot has. The products' own writer is storage/archive/zipwrite.py; this one shares nothing
with it, so that the two can disagree.
"""

import base64
import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from storage.archive.ids import encode

# "convex": zip64 throughout, malformed data descriptors, dates of zero.
# "zip64": the same with the descriptors that the ZIP format asks for.
# "descriptor": plain 32-bit descriptors. "bare": the same without their signature.
# "plain": sizes in the headers, as most tools write to a file.
Layout = Literal["convex", "zip64", "descriptor", "bare", "plain"]

README = b"# Welcome to your Convex snapshot export!\n\nThis ZIP file contains a snapshot.\n"
FIRST_NUMBER = 10001
STORAGE_NUMBER = 540
_FULL = 0xFFFFFFFF


@dataclass(frozen=True)
class StoredFile:
    """One stored file. The metadata says the truth unless told otherwise."""

    id: str
    data: bytes
    content_type: str | None = "application/pdf"
    extension: str = ".pdf"
    sha256: str | None = None
    size: int | None = None

    def row(self) -> bytes:
        digest = base64.b64encode(hashlib.sha256(self.data).digest()).decode()
        fields = {
            "_id": self.id,
            "_creationTime": 1762000000000.25,
            "sha256": self.sha256 or digest,
            "size": len(self.data) if self.size is None else self.size,
            "contentType": self.content_type,
            "internalId": "0a7b2c3d-0000-4000-8000-000000000000",
        }
        return json.dumps(fields, separators=(",", ":")).encode()


def doc_id(number: int, n: int) -> str:
    """The id of the n-th document of a table; ids sort as n does."""
    return encode(number, n.to_bytes(16, "big"))


def row(number: int, n: int, /, **fields: Any) -> bytes:
    """A document's line, without its newline, as Convex writes it."""
    document = {"_creationTime": 1762000000000.25 + n, "_id": doc_id(number, n), **fields}
    ordered = {key: document[key] for key in sorted(document)}
    return json.dumps(ordered, separators=(",", ":"), ensure_ascii=False).encode()


def rows(number: int, count: int, /, **fields: Any) -> list[bytes]:
    """That many documents, in `_id` order."""
    return [row(number, n, n=n, **fields) for n in range(count)]


def stored_file(n: int, data: bytes = b"%PDF-1.7 tiny", **changes: Any) -> StoredFile:
    """The n-th stored file, with a valid id."""
    return StoredFile(id=doc_id(STORAGE_NUMBER, n), data=data, **changes)


def write(
    target: Path | BinaryIO,
    tables: Mapping[str, Iterable[bytes]] | None = None,
    *,
    numbers: Mapping[str, int] | None = None,
    storage: Mapping[str, Iterable[StoredFile]] | Iterable[StoredFile] | None = None,
    encoding: Literal["uniform", "legacy", "none"] = "uniform",
    layout: Layout = "convex",
    lists: Mapping[str, bytes] | None = None,
    components: Iterable[str] = (),
    lead: str = "",
    method: int = 8,
) -> dict[str, int]:
    """Write a snapshot, and return each table's number.

    `tables` maps `users` or `component/path/users` to lines; those without a number get 10001 and
    up, by component. `storage` maps component paths to stored files; a bare list is the root's.
    `lists` replaces `_tables/documents.jsonl` by component. `lead` goes before every name.
    """
    tables = dict(tables or {})
    given = _numbers(tables, numbers or {})
    files = _by_component(storage)
    paths = {"", *components, *files, *(_split(name)[0] for name in tables)}
    with _opened(target) as out:
        zip_ = Zip(out, layout)
        zip_.add(lead + "README.md", README, method=method)
        for component in sorted(paths):
            body = (lists or {}).get(component, _list(component, given))
            zip_.add(f"{lead}{_folder(component)}_tables/documents.jsonl", body, method=method)
        for name, lines in _smallest_first(tables):
            component, table = _split(name)
            folder = f"{lead}{_folder(component)}{table}/"
            zip_.add(folder + "documents.jsonl", (line + b"\n" for line in lines), method=method)
            if encoding != "none":
                shape = b'"uniform"\n' if encoding == "uniform" else _legacy_shape()
                zip_.add(folder + "generated_schema.jsonl", shape, method=method)
        for component, held in files.items():
            _add_files(zip_, lead + _folder(component), list(held), method)
        zip_.close()
    return given


class Zip:
    """Writes entries in one of the layouts, and believes whatever it is told about them."""

    def __init__(self, out: BinaryIO, layout: Layout = "convex") -> None:
        self._out, self._layout = out, layout
        self._at = 0
        self._directory: list[bytes] = []

    def add(
        self,
        name: str | bytes,
        data: bytes | Iterable[bytes] = b"",
        *,
        method: int = 8,
        flags: int = 0,
        crc: int | None = None,
        size: int | None = None,
        central_name: str | bytes | None = None,
        raw: bytes | None = None,
        level: int = 6,
    ) -> None:
        """Add an entry. `crc`, `size` and `central_name` are lies; `raw` is its body as it is."""
        chunks = [data] if isinstance(data, bytes) else data
        raw_name = name.encode() if isinstance(name, str) else name
        streamed = self._layout != "plain"
        flags |= 0x0800 | (0x0008 if streamed else 0)
        start = self._at
        if streamed:
            self._put(self._header(raw_name, flags, method, (0, 0, 0)))
            facts = self._body(chunks, method, level, raw)
        else:
            whole = b"".join(chunks)
            body = _deflate(whole, level) if method == 8 else whole
            facts = (zlib.crc32(whole), len(body if raw is None else raw), len(whole))
        facts = (facts[0] if crc is None else crc, facts[1], facts[2] if size is None else size)
        if streamed:
            self._put(self._descriptor(facts))
        else:
            self._put(self._header(raw_name, flags, method, facts))
            self._put(body if raw is None else raw)
        told = central_name.encode() if isinstance(central_name, str) else central_name
        self._directory.append(self._central(told or raw_name, flags, method, facts, start))

    def close(self, comment: bytes = b"", count: int | None = None) -> None:
        """Write the central directory and the end of the archive."""
        start = self._at
        for entry in self._directory:
            self._put(entry)
        length = self._at - start
        count = len(self._directory) if count is None else count
        if self._zip64:
            end = struct.pack(
                "<4sQHHIIQQQQ",
                *(b"PK\x06\x06", 44, 63, 45, 0, 0, count, count, length, start),
            )
            locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, self._at, 1)
            self._put(end + locator)
        short = (min(count, 0xFFFF), min(count, 0xFFFF), min(length, _FULL), min(start, _FULL))
        self._put(struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, *short, len(comment)) + comment)

    @property
    def _zip64(self) -> bool:
        return self._layout in ("convex", "zip64")

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)

    def _body(
        self, chunks: Iterable[bytes], method: int, level: int, raw: bytes | None
    ) -> tuple[int, int, int]:
        """Write an entry's body and return its CRC, compressed size and size."""
        start, crc, size = self._at, 0, 0
        press = zlib.compressobj(level, zlib.DEFLATED, -15)
        for chunk in chunks:
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
            if raw is None:
                self._put(press.compress(chunk) if method == 8 else chunk)
        if raw is None and method == 8:
            self._put(press.flush())
        self._put(raw or b"")
        return crc, self._at - start, size

    def _header(self, name: bytes, flags: int, method: int, facts: tuple[int, int, int]) -> bytes:
        extra = struct.pack("<HHQQ", 1, 16, 0, 0) if self._zip64 else b""
        sizes = (_FULL, _FULL) if self._zip64 else facts[1:]
        return (
            struct.pack(
                "<4sHHHHHIIIHH",
                *(b"PK\x03\x04", 20, flags, method, 0, 0, facts[0], *sizes),
                *(len(name), len(extra)),
            )
            + name
            + extra
        )

    def _descriptor(self, facts: tuple[int, int, int]) -> bytes:
        crc, compressed, size = facts
        if self._layout == "convex":
            return struct.pack("<4sIII", b"PK\x07\x08", crc, _FULL, _FULL)
        if self._layout == "zip64":
            return struct.pack("<4sIQQ", b"PK\x07\x08", crc, compressed, size)
        signature = b"PK\x07\x08" if self._layout == "descriptor" else b""
        return signature + struct.pack("<III", crc, compressed, size)

    def _central(
        self, name: bytes, flags: int, method: int, facts: tuple[int, int, int], start: int
    ) -> bytes:
        crc, compressed, size = facts
        extra = struct.pack("<HHQQQ", 1, 24, size, compressed, start) if self._zip64 else b""
        short = (_FULL, _FULL, _FULL) if self._zip64 else (compressed, size, start)
        return (
            struct.pack(
                "<4sHHHHHHIIIHHHHHII",
                *(b"PK\x01\x02", 3 << 8 | 63, 20, flags, method, 0, 0, crc, *short[:2]),
                *(len(name), len(extra), 0, 0, 0, 0o644 << 16, short[2]),
            )
            + name
            + extra
        )


def _add_files(zip_: Zip, folder: str, held: list[StoredFile], method: int) -> None:
    lines = b"".join(file.row() + b"\n" for file in held)
    zip_.add(f"{folder}_storage/documents.jsonl", lines, method=method)
    for file in held:
        zip_.add(f"{folder}_storage/{file.id}{file.extension}", file.data, method=method)


def _numbers(tables: Mapping[str, Any], given: Mapping[str, int]) -> dict[str, int]:
    out: dict[str, int] = {}
    taken: dict[str, int] = {}
    for name in tables:
        component = _split(name)[0]
        following = taken.get(component, FIRST_NUMBER)
        out[name] = given.get(name, following)
        taken[component] = max(following, out[name] + 1)
    return out


def _list(component: str, numbers: Mapping[str, int]) -> bytes:
    here = {_split(name)[1]: n for name, n in numbers.items() if _split(name)[0] == component}
    lines = (
        json.dumps({"name": name, "id": number}, separators=(",", ":"), ensure_ascii=False) + "\n"
        for name, number in sorted(here.items(), key=lambda pair: pair[1])
    )
    return "".join(lines).encode()


def _smallest_first(
    tables: Mapping[str, Iterable[bytes]],
) -> list[tuple[str, Iterable[bytes]]]:
    """Convex's order; lines that come one at a time keep the order given."""
    if all(isinstance(lines, list) for lines in tables.values()):
        return sorted(tables.items(), key=lambda pair: sum(len(line) + 1 for line in pair[1]))
    return list(tables.items())


def _by_component(
    storage: Mapping[str, Iterable[StoredFile]] | Iterable[StoredFile] | None,
) -> dict[str, Iterable[StoredFile]]:
    if storage is None:
        return {}
    return dict(storage) if isinstance(storage, Mapping) else {"": storage}


def _legacy_shape() -> bytes:
    return b'"{\\"_creationTime\\": normalfloat64, \\"_id\\": \\"<id>\\", \\"n\\": int64}"\n'


def _split(name: str) -> tuple[str, str]:
    component, _, table = name.rpartition("/")
    return component, table


def _folder(component: str) -> str:
    return "".join(f"_components/{part}/" for part in component.split("/") if part)


def _deflate(data: bytes, level: int) -> bytes:
    press = zlib.compressobj(level, zlib.DEFLATED, -15)
    return press.compress(data) + press.flush()


@contextmanager
def _opened(target: Path | BinaryIO) -> Any:
    if isinstance(target, Path):
        with target.open("wb") as out:
            yield out
    else:
        yield target
