"""Small archives for the tests of choosing, merging and copying, laid out as Convex lays them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.convex_zip import Zip

UNIFORM = b'"uniform"\n'
LEGACY = b'"{\\"_id\\": \\"<id>\\"}"\n'
Entries = list[tuple[str, bytes]]


def row(id_: str, value: object = None) -> bytes:
    """Return one row's bytes, as Convex would write it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f'{{"_creationTime":1762000000000.25,"_id":"{id_}","value":{text}}}\n'.encode()


def prefix(component: str) -> str:
    return "".join(f"_components/{part}/" for part in component.split("/") if part)


def entries(
    tables: Mapping[str, Iterable[bytes]],
    *,
    files: Mapping[str, Mapping[str, bytes]] | None = None,
    numbers: Mapping[str, int] | None = None,
    schemas: Mapping[str, bytes] | None = None,
) -> Entries:
    """Return an archive's entries; tables are named `users` or `component/path/users`."""
    made: Entries = [("README.md", b"# Welcome\n")]
    components: dict[str, list[tuple[str, bytes]]] = {"": []}
    for path, rows in tables.items():
        component, _, name = path.rpartition("/")
        components.setdefault(component, []).append((name, b"".join(rows)))
    for component, held in components.items():
        listed = ""
        for at, (name, _) in enumerate(held):
            number = (numbers or {}).get(f"{component}/{name}".strip("/"), 10001 + at)
            listed += f'{{"name":"{name}","id":{number}}}\n'
        made.append((f"{prefix(component)}_tables/documents.jsonl", listed.encode()))
    for component, held in components.items():
        for name, data in held:
            schema = (schemas or {}).get(f"{component}/{name}".strip("/"), UNIFORM)
            made.append((f"{prefix(component)}{name}/documents.jsonl", data))
            made.append((f"{prefix(component)}{name}/generated_schema.jsonl", schema))
    for component, blobs in (files or {}).items():
        made += _files(prefix(component), blobs)
    return made


def _files(start: str, blobs: Mapping[str, bytes]) -> Entries:
    rows = b""
    for id_, data in sorted(blobs.items()):
        sha256 = base64.b64encode(hashlib.sha256(data).digest()).decode()
        rows += (
            f'{{"_id":"{id_}","_creationTime":1762000000000.25,"sha256":"{sha256}",'
            f'"size":{len(data)},"contentType":"application/pdf","internalId":"{id_}"}}\n'
        ).encode()
    made = [(f"{start}_storage/documents.jsonl", rows)]
    return made + [(f"{start}_storage/{id_}.pdf", data) for id_, data in blobs.items()]


def convex_bytes(made: Sequence[tuple[str, bytes]]) -> bytes:
    """Return the entries as Convex's own ZIP: zip64 throughout, with malformed descriptors."""
    out = io.BytesIO()
    folder = Zip(out)
    for name, data in made:
        folder.add(name, data)
    folder.close()
    return out.getvalue()


def convex_zip(path: Path, made: Sequence[tuple[str, bytes]]) -> Path:
    """Write the entries as Convex's own ZIP."""
    path.write_bytes(convex_bytes(made))
    return path


def plain_zip(path: Path, made: Iterable[tuple[str, bytes]], method: int = 8) -> Path:
    """Write the entries with Python's zipfile."""
    with zipfile.ZipFile(path, "w", method) as folder:
        for name, data in made:
            folder.writestr(name, data)
    return path


def contents(path: Path) -> dict[str, bytes]:
    """Return every entry's bytes as Python's zipfile reads them, CRCs checked."""
    with zipfile.ZipFile(path) as folder:
        assert folder.testzip() is None
        return {name: folder.read(name) for name in folder.namelist()}
