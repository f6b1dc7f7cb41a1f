"""What a careful person would write with the standard library alone, to be measured against.

python -m benchmarks.peers verify <archive>    zipfile + json + hashlib

It checks what such a person would think of, which is less than Lifeboat does: ids are held in order
and not decoded, stored files are not held against their rows, nor tables against their list.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path

BLOCK = 1 << 20


def verify(path: Path) -> None:
    """Hash the archive; inflate, CRC, hash and parse every row; check ids for order and type."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    rows = 0
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            rows += _entry(archive, entry.filename)
    sys.stdout.write(f"{digest.hexdigest()} {rows}\n")


def _entry(archive: zipfile.ZipFile, name: str) -> int:
    digest, rows, last = hashlib.sha256(), 0, ""
    with archive.open(name) as lines:
        for line in lines:
            digest.update(line)
            if not name.endswith("documents.jsonl"):
                continue
            row = json.loads(line)
            rows += 1
            if "_tables/" in name:
                continue
            if not isinstance(row["_id"], str) or len(row["_id"]) < 31 or row["_id"] <= last:
                raise SystemExit(f"{name}: a bad _id")
            last = row["_id"]
            if not isinstance(row["_creationTime"], float):
                raise SystemExit(f"{name}: a bad _creationTime")
    return rows


if __name__ == "__main__":
    verify(Path(sys.argv[2]))
