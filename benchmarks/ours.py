"""`python -m benchmarks.ours verify <archive>`: the archive reader alone, as `verify` uses it."""

from __future__ import annotations

import sys
from pathlib import Path

from commands.backup import file_chunks
from storage.archive.inspect import inspect

if __name__ == "__main__":
    looked = inspect(file_chunks(Path(sys.argv[2])))
    sys.stdout.write(f"{looked.sha256} {looked.contents.documents}\n")
