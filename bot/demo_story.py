"""`demo --story`: the whole story in one terminal, on stand-ins, with nothing to sign up for.

Every line that begins with `$` is the real command, run as a person would type it; the stand-ins
are processes of their own that speak Convex's HTTP. They stay up afterwards, so that the reader
can go on by hand; `lifeboat demo --story --stop` (or `make story-stop`) ends them.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.demo_stage import DemoStopped, end_left, free_port, ready, say, stand_in, write_settings

FOLDER = Path("demo-story")
PAUSE_SECONDS = 0.6
PORT = 3210
LOG = "stand-ins.log"


@dataclass(frozen=True)
class Stage:
    """Where the demo plays: its folder and the stand-ins that run."""

    folder: Path
    deployments: dict[str, dict[str, Any]]

    @property
    def settings(self) -> Path:
        return self.folder / "lifeboat.toml"


def main(asked: argparse.Namespace) -> int:
    """Play the story, or stop the stand-ins that an earlier one left up."""
    folder = asked.folder or FOLDER
    stop(folder)
    if asked.stop:
        say("The stand-ins are stopped.")
        return 0
    try:
        stage = _set(folder, asked.size)
        _play(stage)
    except DemoStopped as failure:
        say(f"\nThe demo stopped: {failure}")
        stop(folder)
        return 1
    except KeyboardInterrupt:
        stop(folder)
        return 130
    _go_on_by_hand(stage)
    return 0


def stop(folder: Path) -> None:
    """End the stand-ins of an earlier demo in this folder, if they still run."""
    mark = folder / "stand-ins.pid"
    with suppress(OSError, ValueError):
        end_left(int(mark.read_text()), "sandbox", "convex", str(folder))
    mark.unlink(missing_ok=True)


def _set(folder: Path, size: str) -> Stage:
    """Start the stand-ins on fresh data and write the settings a team would write."""
    say("Lifeboat demo: a stand-in production and a stand-in staging, and the real commands.\n")
    if folder.exists() and not (folder / "lifeboat.toml").exists() and any(folder.iterdir()):
        raise DemoStopped(f"{folder} holds other things. Name another folder with --folder.")
    _clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    words = ["convex", "--port", str(free_port(PORT, 2))]
    words += ["--deployments", "production,staging", "--data", str(folder / "convex")]
    process = stand_in(folder, [*words, "--seed", size], LOG)
    (folder / "stand-ins.pid").write_text(str(process.pid))
    told = ready(folder / "convex" / "world.json", process, folder / LOG)
    deployments: dict[str, dict[str, Any]] = told["deployments"]
    write_settings(folder, deployments, "")
    for name, facts in deployments.items():
        say(f"  {name:<11} {facts['url']}")
    return Stage(folder, deployments)


def _play(stage: Stage) -> None:
    """Back up, list, show, verify, change data, restore to staging, compare."""
    _chapter("1. Is everything in place?")
    _type(stage, "doctor")
    _chapter("2. Take a backup of production, proven readable before it counts")
    _type(stage, "now", "production", "--label", "before the migration")
    _chapter("3. What is there?")
    _type(stage, "list")
    _type(stage, "show", "latest")
    _type(stage, "status", may_end=(0, 1))
    _chapter("4. Read it back from the vault, every byte and every row")
    _type(stage, "verify", "latest")
    _chapter("5. Something goes wrong in production: rows are deleted and changed")
    _change(stage)
    _chapter("6. Restore the backup to staging: first the plan, then the doing")
    _type(stage, "restore", "latest:production", "--to", "staging", "--dry-run", may_end=(0, 1))
    _type(stage, "restore", "latest:production", "--to", "staging", "--yes")
    _chapter("7. Compare: staging holds what production held at the backup")
    _compare(stage)
    _chapter("8. Production itself can't be restored by one person alone")
    _type(stage, "restore", "latest:production", "--to", "production", may_end=(2,))


def _type(stage: Stage, *words: str, may_end: tuple[int, ...] = (0,)) -> None:
    """Run one command as a person would, its output straight to this terminal."""
    say(f"\n$ lifeboat {shlex.join(words)}")
    environ = {**os.environ, "LIFEBOAT_SETTINGS": str(stage.settings)}
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "bot.cli", *words], env=environ, check=False
    )
    if ended.returncode not in may_end:
        raise DemoStopped(f"`lifeboat {shlex.join(words)}` ended with {ended.returncode}.")
    time.sleep(PAUSE_SECONDS if sys.stdout.isatty() else 0)


def _change(stage: Stage) -> None:
    before = _counts(stage, "production")
    _control(stage, "production", "mutate", {"table": "npd", "change": "delete", "count": 7})
    _control(stage, "production", "mutate", {"table": "users", "change": "patch", "count": 3})
    _control(stage, "production", "mutate", {"table": "auditLogs", "change": "insert", "count": 5})
    after = _counts(stage, "production")
    for table in sorted(before.keys() | after.keys()):
        if before.get(table) != after.get(table):
            say(f"  production {table}: {before.get(table, 0)} -> {after.get(table, 0)} documents")
    say("  production users: 3 documents changed in place")


def _compare(stage: Stage) -> None:
    """Ask both deployments themselves, past Lifeboat, and hold them against the manifest."""
    manifest = json.loads(
        max((stage.folder / "vault").glob("backups/production/*/manifest.json")).read_text()
    )
    promised = {
        f"{t['component']}/{t['name']}".lstrip("/"): t["documents"]
        for t in manifest["contents"]["tables"]
    }
    now, staging = _counts(stage, "production"), _counts(stage, "staging")
    say(f"  {'table':<24}{'backup':>9}{'staging':>9}{'production now':>16}")
    for table, documents in promised.items():
        there = staging.get(table, 0)
        mark = "" if there == documents else "  <- differs"
        say(f"  {table:<24}{documents:>9}{there:>9}{now.get(table, 0):>16}{mark}")
    wrong = [table for table, count in promised.items() if staging.get(table, 0) != count]
    if wrong:
        raise DemoStopped(f"staging does not hold what the backup holds: {', '.join(wrong)}.")
    say(f"  All {len(promised)} tables of staging hold what the backup holds.")


def _go_on_by_hand(stage: Stage) -> None:
    lifeboat = Path(sys.executable).parent / "lifeboat"
    with suppress(ValueError):
        lifeboat = lifeboat.relative_to(Path.cwd())
    say("\nThe stand-ins stay up. Go on by hand:\n")
    say(f"  export LIFEBOAT_SETTINGS={stage.settings}")
    for words in (
        "list",
        "now production --tables npd,sp2d",
        "restore latest:production --to staging --mode merge",
        "doctor",
        "--help",
    ):
        say(f"  {lifeboat} {words}")
    say("\nWhen you are done: make story-stop")


def _counts(stage: Stage, name: str) -> dict[str, int]:
    counts: dict[str, int] = _control(stage, name, "counts", None)["tables"]
    return counts


def _control(stage: Stage, name: str, what: str, body: object) -> Any:
    """Turn a knob of a stand-in; real deployments have no such door."""
    where = urlsplit(stage.deployments[name]["url"])
    connection = HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=30)
    method = "GET" if body is None else "POST"
    sent = None if body is None else json.dumps(body)
    connection.request(method, f"/_sandbox/{what}", sent, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise DemoStopped(f"the stand-in answered {answer.status} to {what}.")
    return json.loads(text or b"null")


def _clear(folder: Path) -> None:
    for name in ("convex", "data", "vault", "second-vault"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _chapter(title: str) -> None:
    say(f"\n── {title} " + "─" * max(0, 76 - len(title)))
