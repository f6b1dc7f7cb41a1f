"""`python -m benchmarks.ours verify <archive>`: the archive reader alone, as `verify` uses it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from storage.archive.inspect import inspect

BLOCK = 1 << 20


def chunks(path: Path) -> Iterator[bytes]:
    """Yield a file in blocks, as a vault does."""
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            yield block


if __name__ == "__main__":
    looked = inspect(chunks(Path(sys.argv[2])))
    if looked.findings:
        raise SystemExit(f"{len(looked.findings)} findings: {looked.findings[0].what}")
    sys.stdout.write(f"{looked.sha256} {looked.contents.documents}\n")
