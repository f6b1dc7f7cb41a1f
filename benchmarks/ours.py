"""Parts of Lifeboat alone, to be measured.

python -m benchmarks.ours verify <archive>                 the archive reader, as `verify` uses it
python -m benchmarks.ours store <archive> [recipient]      hash, seal, store in a folder, read back
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from storage.archive.inspect import inspect
from storage.seal import Seal
from storage.vaults.local import LocalFolder

BLOCK = 1 << 20


def chunks(path: Path) -> Iterator[bytes]:
    """Yield a file in blocks, as a vault does."""
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            yield block


def verify(archive: Path) -> str:
    """Read an archive whole."""
    looked = inspect(chunks(archive))
    if looked.findings:
        raise SystemExit(f"{len(looked.findings)} findings: {looked.findings[0].what}")
    return f"{looked.sha256} {looked.contents.documents}"


def store(archive: Path, *recipients: str) -> str:
    """Put an archive into a new vault beside it, hashed on both sides of the seal; read it back."""
    seal = Seal(recipients)
    inside, stored, again = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        vault = LocalFolder(Path(folder))
        plain = hashed(chunks(archive), inside)
        vault.put("archive", hashed(seal.sealed(plain), stored) if seal.on else plain)
        for _ in hashed(vault.open("archive"), again):
            pass
    if again.digest() != (stored if seal.on else inside).digest():
        raise SystemExit("other bytes came back")
    return inside.hexdigest()


def hashed(blocks: Iterator[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    """Pass blocks on, hashed."""
    for block in blocks:
        digest.update(block)
        yield block


if __name__ == "__main__":
    what, path, *more = sys.argv[1:]
    done = verify(Path(path)) if what == "verify" else store(Path(path), *more)
    sys.stdout.write(f"{done}\n")
