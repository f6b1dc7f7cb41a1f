"""`make bench`: verify and backup against their peers, at 50 and 500 MB; writes docs/benchmarks.md.

The data come from the stand-in's own public-finance app, exported as Convex lays an archive out.
The stand-in runs in a process of its own, so its work is in nobody's figures.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import Cost, interleaved
from sandbox.world import World
from storage.archive.inspect import inspect
from storage.convex import exports
from storage.convex.deployment import Deployment
from storage.secret import Secret

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
SETTINGS = """\
[lifeboat]
data_folder = "data"
default_deployment = "production"
[deployments.production]
url = "{url}"
key_env = "BENCH_KEY"
protected = true
[vaults.local]
kind = "folder"
folder = "vault"
"""
SIZES = {"medium": "50 MB", "large": "500 MB"}


def main() -> None:
    """Measure, print the ratios, and keep them in the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", default="medium,large")
    parser.add_argument("--no-page", action="store_true", help="print only")
    asked = parser.parse_args()
    for tool in ("curl", "gzip", "sha256sum"):
        if shutil.which(tool) is None:
            raise SystemExit(f"The benchmark needs {tool}.")
    sections = [_measured(size, asked.rounds) for size in asked.sizes.split(",")]
    text = _page(sections, asked.rounds)
    sys.stdout.write(text)
    if not asked.no_page:
        PAGE.write_text(text)


def _measured(size: str, rounds: int) -> str:
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as name:
        folder = Path(name)
        with World.spawn(folder / "convex", deployments=("production",), seed=size) as world:
            production = world["production"]
            url, key = production.url, production.key
            (folder / "lifeboat.toml").write_text(SETTINGS.format(url=url))
            archive = folder / "archive.zip"
            export, plain = _export(url, key, archive)
            link = f"{url}/api/export/zip/{export}"
            environ = {
                "BENCH_KEY": key,
                "LIFEBOAT_SETTINGS": str(folder / "lifeboat.toml"),
                "AUTH": f"Authorization: Convex {key}",
                "OUT": str(folder / "peer.zip"),
                "LINK": link,
                "PYTHON": sys.executable,
            }
            backup = interleaved(_backups(), rounds, environ)
        verify = interleaved(_verifies(archive), rounds, {})
        return _section(size, archive.stat().st_size, plain, verify, backup)


def _export(url: str, key: str, archive: Path) -> tuple[str, int]:
    """Take one export and keep it; return its id and how many bytes of rows it holds."""
    deployment = Deployment("production", url, Secret(key))
    export = exports.take(deployment, with_files=True, tell=lambda _: None)
    with archive.open("wb") as file:
        exports.download(
            deployment, export, file.write, lambda: file.truncate(0), tell=lambda _: None
        )
    with archive.open("rb") as file:
        looked_at = inspect(iter(lambda: file.read(1 << 20), b""))
    return export.id, sum(table.bytes for table in looked_at.contents.tables)


def _verifies(archive: Path) -> dict[str, list[str]]:
    return {
        "lifeboat": [sys.executable, "-m", "benchmarks.ours", "verify", str(archive)],
        "zipfile + json": [sys.executable, "-m", "benchmarks.peers", "verify", str(archive)],
    }


def _backups() -> dict[str, list[str]]:
    get = 'curl -sf -H "$AUTH" -o "$OUT" "$LINK"'
    check = '"$PYTHON" -m benchmarks.peers verify "$OUT"'
    return {
        "lifeboat now": [sys.executable, "-m", "bot.cli", "now"],
        "curl + gzip -6": ["sh", "-c", f'{get} && gzip -6 -f "$OUT"'],
        "curl + sha256sum": ["sh", "-c", f'{get} && sha256sum "$OUT"'],
        "curl + sha256sum + zipfile + json": [
            "sh",
            "-c",
            f'{get} && sha256sum "$OUT" && {check}',
        ],
    }


def _section(
    size: str, archive: int, plain: int, verify: dict[str, Cost], backup: dict[str, Cost]
) -> str:
    lines = [
        f"## {SIZES.get(size, size)} of rows",
        "",
        f"{plain / 1e6:,.0f} MB of rows in an archive of {archive / 1e6:,.0f} MB.",
        "",
        *_table("verify", verify),
        "",
        *_table("backup, to a folder", backup),
        "",
    ]
    return "\n".join(lines)


def _table(title: str, costs: dict[str, Cost]) -> list[str]:
    ours = next(iter(costs.values()))
    lines = [
        f"| {title} | CPU s | wall s | peak RSS MB | CPU, ours / theirs | wall, ours / theirs |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, cost in costs.items():
        ratios = f"{ours.cpu / cost.cpu:.2f} | {ours.wall / cost.wall:.2f}"
        same = "1 | 1" if cost is ours else ratios
        lines.append(f"| {name} | {cost.cpu:.2f} | {cost.wall:.2f} | {cost.rss_mb:.0f} | {same} |")
    return lines


def _page(sections: list[str], rounds: int) -> str:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    head = f"""\
# Benchmarks

Made by `make bench` on {datetime.now(UTC):%Y-%m-%d} ({machine}). Medians of {rounds} interleaved
rounds (peak RSS: the biggest). A ratio below 1 means that Lifeboat is cheaper. `lifeboat now` waits
for the export, polls, stores, reads the copy back and writes the manifest, and the peers do not:
curl is handed the finished export.

"""
    return head + "\n".join(sections)


if __name__ == "__main__":
    main()
