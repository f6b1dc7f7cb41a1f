"""`demo`: the whole story in one terminal, on stand-ins, with nothing to sign up for.

Every line that begins with `$` is the real command, run as a person would type it; the stand-ins
are processes of their own that speak Convex's HTTP. They stay up afterwards, so that the reader
can go on by hand; `lifeboat demo --stop` (or `make demo-stop`) ends them.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FOLDER = Path("demo-world")
PORT = 3210
READY_SECONDS_MAX = 60
PAUSE_SECONDS = 0.6

SETTINGS = """\
# Made by `lifeboat demo`. Every key is explained in lifeboat.example.toml.
[lifeboat]
data_folder = "data"
default_deployment = "production"

[deployments.production]
url = "{production}"
key_file = "production.key"
protected = true
restore_to = "staging"

[deployments.staging]
url = "{staging}"
key_file = "staging.key"
protected = false

[vaults.local]
kind = "folder"
folder = "vault"
"""


class DemoStopped(Exception):
    """A command of the story did not do what the story says."""


@dataclass(frozen=True)
class Stage:
    """Where the demo plays: its folder and the stand-ins that run."""

    folder: Path
    deployments: dict[str, dict[str, Any]]

    @property
    def settings(self) -> Path:
        return self.folder / "lifeboat.toml"


def main(words: Sequence[str]) -> int:
    """Play the story, or stop the stand-ins that an earlier one left up."""
    parser = argparse.ArgumentParser(prog="lifeboat demo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where it all is kept")
    parser.add_argument("--stop", action="store_true", help="stop the stand-ins and end")
    parser.add_argument("--size", default="small", help="how much data: small or medium")
    asked = parser.parse_args(list(words))
    stop(asked.folder)
    if asked.stop:
        _say("The stand-ins are stopped.")
        return 0
    try:
        stage = _set(asked.folder, asked.size)
        _play(stage)
    except DemoStopped as failure:
        _say(f"\nThe demo stopped: {failure}")
        stop(asked.folder)
        return 1
    except KeyboardInterrupt:
        stop(asked.folder)
        return 130
    _go_on_by_hand(stage)
    return 0


def stop(folder: Path) -> None:
    """End the stand-ins of an earlier demo in this folder, if they still run."""
    mark = folder / "stand-ins.pid"
    with suppress(OSError, ValueError):
        pid = int(mark.read_text())
        if _is_stand_in(pid):
            os.kill(pid, signal.SIGTERM)
            _wait_until_gone(pid)
    mark.unlink(missing_ok=True)


def _set(folder: Path, size: str) -> Stage:
    """Start the stand-ins on fresh data and write the settings a team would write."""
    _say("Lifeboat demo: a stand-in production and a stand-in staging, and the real commands.\n")
    if folder.exists() and not (folder / "lifeboat.toml").exists() and any(folder.iterdir()):
        raise DemoStopped(f"{folder} holds other things. Name another folder with --folder.")
    _clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    log = (folder / "stand-ins.log").open("wb")
    command = [sys.executable, "-m", "bot.cli", "sandbox", "convex", "--port", str(_port())]
    command += ["--deployments", "production,staging", "--data", str(folder / "convex")]
    process = subprocess.Popen(  # noqa: S603
        [*command, "--seed", size],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    (folder / "stand-ins.pid").write_text(str(process.pid))
    deployments = _ready(folder, process)
    urls = {name: facts["url"] for name, facts in deployments.items()}
    (folder / "lifeboat.toml").write_text(SETTINGS.format(**urls))
    for name, facts in deployments.items():
        key = folder / f"{name}.key"
        key.touch(mode=0o600)
        key.write_text(facts["key"] + "\n")
        _say(f"  {name:<11} {facts['url']}")
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
    _say(f"\n$ lifeboat {shlex.join(words)}")
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
            _say(f"  production {table}: {before.get(table, 0)} -> {after.get(table, 0)} documents")
    _say("  production users: 3 documents changed in place")


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
    _say(f"  {'table':<24}{'backup':>9}{'staging':>9}{'production now':>16}")
    for table, documents in promised.items():
        there = staging.get(table, 0)
        mark = "" if there == documents else "  <- differs"
        _say(f"  {table:<24}{documents:>9}{there:>9}{now.get(table, 0):>16}{mark}")
    wrong = [table for table, count in promised.items() if staging.get(table, 0) != count]
    if wrong:
        raise DemoStopped(f"staging does not hold what the backup holds: {', '.join(wrong)}.")
    _say(f"  All {len(promised)} tables of staging hold what the backup holds.")


def _go_on_by_hand(stage: Stage) -> None:
    lifeboat = Path(sys.executable).parent / "lifeboat"
    with suppress(ValueError):
        lifeboat = lifeboat.relative_to(Path.cwd())
    _say("\nThe stand-ins stay up. Go on by hand:\n")
    _say(f"  export LIFEBOAT_SETTINGS={stage.settings}")
    for words in (
        "list",
        "now production --tables npd,sp2d",
        "restore latest:production --to staging --mode merge",
        "doctor",
        "--help",
    ):
        _say(f"  {lifeboat} {words}")
    _say("\nWhen you are done: make demo-stop")


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


def _ready(folder: Path, process: subprocess.Popen[bytes]) -> dict[str, dict[str, Any]]:
    """Wait until every stand-in answers, and return what it is."""
    until = time.monotonic() + READY_SECONDS_MAX
    world = folder / "convex" / "world.json"
    while time.monotonic() < until:
        if process.poll() is not None:
            raise DemoStopped(f"the stand-ins ended; see {folder / 'stand-ins.log'}.")
        with suppress(OSError, ValueError, KeyError):
            deployments: dict[str, dict[str, Any]] = json.loads(world.read_text())["deployments"]
            if all(_answers(facts["url"]) for facts in deployments.values()):
                return deployments
        time.sleep(0.1)
    raise DemoStopped(f"the stand-ins did not start in {READY_SECONDS_MAX} s.")


def _answers(url: str) -> bool:
    where = urlsplit(url)
    with suppress(OSError), socket.create_connection((where.hostname, where.port), timeout=1):
        return True
    return False


def _port() -> int:
    """Return the well-known port when it and the next are free, or 0: any."""
    for port in (PORT, PORT + 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return 0
    return PORT


def _clear(folder: Path) -> None:
    for name in ("convex", "data", "vault"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _is_stand_in(pid: int) -> bool:
    """Whether that process is ours, so that a reused number is never signalled."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        listed = subprocess.run(  # noqa: S603
            ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607
            capture_output=True,
            check=False,
        )
        words = listed.stdout.split()
    return b"sandbox" in words and b"convex" in words


def _wait_until_gone(pid: int, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while _is_stand_in(pid) and time.monotonic() < until:
        time.sleep(0.05)


def _chapter(title: str) -> None:
    _say(f"\n── {title} " + "─" * max(0, 76 - len(title)))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
