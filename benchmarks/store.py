"""`python -m benchmarks.store folder|s3`: what `lifeboat now` does with an export, but reading it.

Download into the spool with SHA-256, then a folder (synced) or a bucket. Deployment, export and
bucket come from the environment, as the peers' do.
"""

from __future__ import annotations

import importlib
import os
import secrets
import sys
from pathlib import Path

from benchmarks.ours import chunks
from storage.convex import exports
from storage.convex.deployment import Deployment
from storage.secret import Secret
from storage.spool import Spool
from storage.vaults.local import LocalFolder
from storage.vaults.s3_place import S3Place
from storage.vaults.vault import Vault


def main(kind: str) -> None:
    """Bring the export here and keep it."""
    folder = Path(os.environ["OUT"]).parent
    deployment = Deployment("production", os.environ["URL"], Secret(os.environ["BENCH_KEY"]))
    export = exports.Export(os.environ["EXPORT"], 0, 0, True)
    spool = Spool(folder / "spool")
    with spool.file("snapshot") as path:
        with spool.writer(path) as sink:
            told = exports.download(
                deployment, export, sink.write, sink.restart, tell=lambda _: None
            )
        stored = _vault(kind, folder).put(f"archives/{secrets.token_hex(8)}.zip", chunks(path))
    deployment.close()
    if stored.bytes != told[0]:
        raise SystemExit(f"{stored.bytes} bytes were stored of {told[0]}")


def _vault(kind: str, folder: Path) -> Vault:
    if kind == "folder":
        return LocalFolder(folder / "stored")
    bucket: type = importlib.import_module("storage.vaults.s3").S3Bucket  # As the command does it.
    vault: Vault = bucket(
        S3Place("bench", endpoint=os.environ["S3"], region="us-east-1", path_style=True)
    )
    return vault


if __name__ == "__main__":
    main(sys.argv[1])
