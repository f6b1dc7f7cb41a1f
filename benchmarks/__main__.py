"""`make bench`: verify and backup against their peers, at two sizes; writes docs/benchmarks.md.

The data come from the stand-in's own public-finance app, exported as Convex lays an archive out.
The stand-in runs in a process of its own, so its work is in nobody's figures.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import Cost, interleaved
from sandbox.world import World
from storage.archive.inspect import Inspection, inspect
from storage.convex import exports
from storage.convex.deployment import Deployment
from storage.seal import new_identity
from storage.secret import Secret
from storage.spool import Spool

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
TOOLS = ("age", "curl", "gzip", "sha256sum")
ROUNDS = {"medium": 15, "large": 5}  # What is short is noisier, and sooner done.
KEYS = {  # Of nobody: what is measured against checks none.
    "AWS_ACCESS_KEY_ID": "AKIABENCH",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
SETTINGS = """\
[lifeboat]
data_folder = "data-{name}"
default_deployment = "production"
[deployments.production]
url = "{url}"
key_env = "BENCH_KEY"
protected = true
[vaults.local]
kind = "folder"
folder = "vault-{name}"
[encryption]
{seal}
"""
HEAD = """\
# Benchmarks

Made by `make bench` on {day} ({machine}). Figures are medians of
interleaved rounds, after one that is not counted. Peak RSS is the biggest process's in any round,
and never less than the 11 MiB of the launcher that measures. A ratio holds the first line against
a peer; below 1, Lifeboat is cheaper. CPU is the figure to trust: whatever else the machine does
moves wall time.

"zipfile + json" is what a careful person would write with Python's standard library: SHA-256 of the
archive; CRC, SHA-256 and JSON of every row; ids in order; `_creationTime` a float. It checks less
than Lifeboat, which also decodes every id (checksum, table number), holds tables and stored files
against their lists, and holds every entry against the central directory.

"Store" is the way of an export that Convex has finished to where it rests, without a look into it:
download, SHA-256, and a folder (synced) or a bucket. Both clients send to the same server in a
process of its own, which speaks S3, keeps nothing and counts for nobody. Ours sends a SHA-256 with
every part, `aws s3 cp` a CRC.

"""
# The figures are in the tables; these sentences say what the tables can't.
TAIL = """\
## Where Lifeboat loses

- **Against not looking.** `curl + sha256sum` proves that bytes were copied and nothing about what
  they are: an error page or a torn export passes. It costs a fraction of `lifeboat now`, which
  reads every row, and a sixth of the memory. If a copy is all you want, take curl.
- **Against CRC alone.** `python -m zipfile -t` inflates and sums, and looks into no row. It takes
  less than half of our reader's CPU; the rest is the price of reading every row and every id.
- **On small databases.** Every `lifeboat` command starts Python and loads its libraries: about half
  a second of CPU before anything is done. At 50 MB that is half of the whole, and `lifeboat verify`
  as a command is nowhere near the ratio of its reader; at 1 MB any of the peers is cheaper.
- **In memory.** The standard library needs some 20 MiB whatever the size. Our reader needs some 30,
  also whatever the size, and a whole command some 60, most of it libraries.
- **In wall time.** `lifeboat now` asks Convex for the export, waits for it by polling, syncs the
  archive to disk, reads the copy back and only then writes the manifest. The peers are handed an
  export that is finished, and sync nothing. What a person waits for most is in our figure only.
- **On two cores.** Verifying is one process on one core. A reader that went by the central
  directory could take the entries apart and use both; ours reads forward only, so that it can check
  an archive while it comes off the network and leaves no byte between entries unread.

- **To S3, against obstore.** Of the clients for S3 measured for an archive of 166 MB, obstore took
  0.30 s of CPU and 79 MiB, ours (boto3, tuned, parts sent by us, a SHA-256 with each) 0.80 s and
  85 MiB, boto3's `upload_file` with its own checksum 0.96 s and 79 MiB, without any 0.71 s and 53
  MiB. Of all three with boto3 0.44 s are spent before the first byte, on loading it: a bucket costs
  that much at every command. obstore knows no object lock, no legal hold and no thawing, so it is
  not here.

`gzip -6` is in the table because scripts do it. An export is deflated already: it costs several
times the CPU of the copy and saves less than a hundredth.

Not measured: TLS, a real network, a real deployment's export, other processors. The archive's
layout is Convex's, the rows are the stand-in's: how well real rows deflate will differ.
"""


@dataclass(frozen=True)
class Ground:
    """What one size is measured on: a folder with settings, an export, and where to get it."""

    folder: Path
    archive: Path
    seen: Inspection
    environ: dict[str, str]
    recipient: str


def main() -> None:
    """Measure, print the ratios, and keep them in the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="medium,large")
    parser.add_argument("--rounds", type=int, help="15 for medium and 5 for large if left out")
    parser.add_argument("--only", default="", help="tables whose title holds this; prints only")
    parser.add_argument("--no-page", action="store_true", help="print only")
    asked = parser.parse_args()
    for tool in TOOLS:
        if shutil.which(tool) is None:
            raise SystemExit(f"The benchmark needs {tool}.")
    sizes = asked.sizes.split(",")
    text = _page(
        [_measured(size, asked.rounds or ROUNDS.get(size, 5), asked.only) for size in sizes]
    )
    sys.stdout.write(text)
    if not asked.no_page and not asked.only:
        PAGE.write_text(text)


def _measured(size: str, rounds: int, only: str) -> str:
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as name:
        folder = Path(name)
        with (
            World.spawn(folder / "convex", deployments=("production",), seed=size) as world,
            _sink() as url,
        ):
            ground = _ground(folder, world["production"].url, world["production"].key)
            environ = ground.environ | {"S3": url, **KEYS}
            commands = {
                "backup, to a folder": _backups(),
                "verify": _verifies(ground.archive),
                "store, to a folder": _stores("folder"),
                "store, to S3": _stores("s3"),
                "seal and store, in a folder": _seals(ground.archive, ground.recipient),
            }
            costs = {
                title: interleaved(each, rounds, environ)
                for title, each in commands.items()
                if only in title
            }
        return _section(size, rounds, ground, costs)


def _ground(folder: Path, url: str, key: str) -> Ground:
    recipient = new_identity()[1]
    (folder / "lifeboat.toml").write_text(
        SETTINGS.format(url=url, name="plain", seal='kind = "none"')
    )
    sealed = SETTINGS.format(url=url, name="sealed", seal=f'recipients = ["{recipient}"]')
    (folder / "sealed.toml").write_text(sealed)
    archive = folder / "archive.zip"
    export, seen = _export(url, key, archive)
    environ = {
        "BENCH_KEY": key,
        "LIFEBOAT_SETTINGS": str(folder / "lifeboat.toml"),
        "SEALED": str(folder / "sealed.toml"),
        "AUTH": f"Authorization: Convex {key}",
        "OUT": str(folder / "peer.zip"),
        "LINK": f"{url}/api/export/zip/{export}",
        "URL": url,
        "EXPORT": export,
        "PYTHON": sys.executable,
    }
    return Ground(folder, archive, seen, environ, recipient)


def _export(url: str, key: str, archive: Path) -> tuple[str, Inspection]:
    """Take one export and keep it; return its id and what it holds."""
    deployment = Deployment("production", url, Secret(key))
    export = exports.take(deployment, with_files=True, tell=lambda _: None)
    with Spool(archive.parent).writer(archive) as sink:
        exports.download(deployment, export, sink.write, sink.restart, tell=lambda _: None)
    deployment.close()
    with archive.open("rb") as file:
        return export.id, inspect(iter(lambda: file.read(1 << 20), b""))


def _verifies(archive: Path) -> dict[str, list[str]]:
    return {
        "lifeboat's reader": [sys.executable, "-m", "benchmarks.ours", "verify", str(archive)],
        "zipfile + json": [sys.executable, "-m", "benchmarks.peers", "verify", str(archive)],
        "python -m zipfile -t (CRC only)": [sys.executable, "-m", "zipfile", "-t", str(archive)],
        "the whole of `lifeboat verify latest`": [
            *(sys.executable, "-m", "bot.cli", "verify", "latest"),
        ],
    }


def _backups() -> dict[str, list[str]]:
    get = 'curl -sf -H "$AUTH" -o "$OUT" "$LINK"'
    check = '"$PYTHON" -m benchmarks.peers verify "$OUT"'
    return {
        "`lifeboat now`": [sys.executable, "-m", "bot.cli", "now"],
        "`lifeboat now`, sealed": [*("sh", "-c", '"$PYTHON" -m bot.cli --settings "$SEALED" now')],
        "curl + sha256sum + zipfile + json": [
            *("sh", "-c", f'{get} && sha256sum "$OUT" && {check}')
        ],
        "curl + gzip -6": ["sh", "-c", f'{get} && gzip -6 -f "$OUT"'],
        "curl + sha256sum": ["sh", "-c", f'{get} && sha256sum "$OUT"'],
    }


@contextmanager
def _sink() -> Iterator[str]:
    """Something that speaks S3 and keeps nothing, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.s3_sink"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sink:
        assert sink.stdin is not None
        assert sink.stdout is not None
        yield sink.stdout.readline().strip()
        sink.stdin.close()


def _stores(kind: str) -> dict[str, list[str]]:
    """From a finished export to rest, without a look into it: ours, and what scripts do."""
    get = 'curl -sf -H "$AUTH" -o "$OUT" "$LINK" && sha256sum "$OUT"'
    ours = {f"lifeboat's store, to {kind}": [sys.executable, "-m", "benchmarks.store", kind]}
    if kind == "folder":
        return ours | {
            "curl + sha256sum + gzip -6": ["sh", "-c", f'{get} && gzip -6 -f "$OUT"'],
            "curl + sha256sum": ["sh", "-c", get],
        }
    if shutil.which("aws") is None:
        sys.stderr.write("There is no aws command, so nothing is held against it.\n")
        return ours
    put = 'aws --endpoint-url "$S3" s3 cp --only-show-errors'
    return ours | {
        "curl + sha256sum + gzip -6 + aws s3 cp": [
            *("sh", "-c", f'{get} && gzip -6 -f "$OUT" && {put} "$OUT.gz" s3://bench/a.zip.gz')
        ],
        "curl + sha256sum + aws s3 cp": ["sh", "-c", f'{get} && {put} "$OUT" s3://bench/a.zip'],
    }


def _seals(archive: Path, recipient: str) -> dict[str, list[str]]:
    """An archive sealed and kept in a folder: ours, and what scripts do."""
    ours = [sys.executable, "-m", "benchmarks.ours", "store", str(archive)]
    kept = f'"{archive}.kept"'
    end = f"sync {kept} && sha256sum {kept}"
    return {
        "lifeboat's store, sealed": [*ours, recipient],
        "lifeboat's store, plain": ours,
        "age + sync + sha256sum": [
            *(
                "sh",
                "-c",
                f'sha256sum "{archive}" && age -r {recipient} -o {kept} "{archive}" && {end}',
            )
        ],
        "cp + sync + sha256sum": ["sh", "-c", f'cp "{archive}" {kept} && {end}'],
    }


def _section(size: str, rounds: int, ground: Ground, tables: dict[str, dict[str, Cost]]) -> str:
    contents = ground.seen.contents
    rows = sum(table.bytes for table in contents.tables)
    lines = [
        f"## {size.capitalize()}: {rows / 1e6:,.0f} MB of rows",
        "",
        f"{contents.documents:,} documents and {contents.files:,} stored files in an archive of "
        f"{ground.seen.bytes / 1e6:,.0f} MB; {rounds} rounds.",
        "",
    ]
    for title, costs in tables.items():
        lines += [*_table(title, costs), ""]
    return "\n".join(lines)


def _table(title: str, costs: dict[str, Cost]) -> list[str]:
    ours = next(iter(costs.values()))
    lines = [
        f"| {title} | CPU s | wall s | peak RSS MiB | CPU, ours / theirs | wall, ours / theirs |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, cost in costs.items():
        ratios = f"{ours.cpu / cost.cpu:.2f} | {ours.wall / cost.wall:.2f}"
        if "lifeboat" in name:  # Ours: only peers are held against the first.
            ratios = " | "
        lines.append(
            f"| {name} | {cost.cpu:.2f} | {cost.wall:.2f} | {cost.rss_mib:.0f} | {ratios} |"
        )
    return lines


def _page(sections: list[str]) -> str:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    head = HEAD.format(day=f"{datetime.now(UTC):%Y-%m-%d}", machine=machine)
    return "\n".join([head.rstrip("\n"), "", *sections, TAIL])


if __name__ == "__main__":
    main()
