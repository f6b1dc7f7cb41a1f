"""What both demos stand on: a folder, the settings a team would write, ports, stand-ins that run.

The stand-ins are processes of their own that speak HTTP; nothing here imports them.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage import identities
from storage.errors import Refused
from storage.lock import held
from storage.seal import read_identities

READY_SECONDS_MAX = 60
STOP_SECONDS = 15

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

# It plays the part of a disk in another building.
[vaults.second]
kind = "folder"
folder = "second-vault"
offsite = true

[encryption]
recipients = ["{recipient}"]
identity_file = "lifeboat.identity"
"""


class DemoStopped(Exception):
    """Something of the demo did not do what the demo says."""


def stand_in(folder: Path, words: Sequence[str], log_name: str) -> subprocess.Popen[bytes]:
    """Start `lifeboat sandbox …` as a process of its own, its output in a log of the folder."""
    with (folder / log_name).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own module, our own words.
            [sys.executable, "-m", "bot.cli", "sandbox", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the one demo of a folder; what a killed one has left running there is ended first."""
    with ExitStack() as up:
        try:
            up.enter_context(held(folder / "demo.lock", what=f"a demo in {folder}"))
        except Refused as refused:
            raise DemoStopped(
                f"{refused.what} Press Ctrl-C there first, or name another folder with --folder."
            ) from None
        for mark in folder.glob("*.pid"):
            with suppress(OSError, ValueError):
                end_left(int(mark.read_text()), "bot.cli", str(folder))
            mark.unlink(missing_ok=True)
        yield


def end_left(pid: int, *words: str) -> None:
    """End a process that an earlier demo has left; no other one that has its number by now."""
    for signum in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + STOP_SECONDS
        if not runs(pid, *words):
            return
        os.kill(pid, signum)
        while runs(pid, *words) and time.monotonic() < until:
            time.sleep(0.05)


def runs(pid: int, *words: str) -> bool:
    """Whether that process runs, and each of the words stands on its command line.

    One that has ended and that nobody has buried yet has none.
    """
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        told = ["ps", "-o", "command=", "-p", str(pid)]
        line = subprocess.run(told, capture_output=True, check=False).stdout  # noqa: S603
    return all(os.fsencode(word) in line for word in words)


def ready(told: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    """Wait until a stand-in has told where it is and answers there; return what it told."""
    until = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < until:
        if process.poll() is not None:
            raise DemoStopped(f"the stand-ins ended; see {log}.")
        with suppress(OSError, ValueError, KeyError, TypeError):
            facts: dict[str, Any] = json.loads(told.read_text())
            places = facts.get("deployments", {"": facts}).values()
            if places and all(answers(int(each["port"])) for each in places):
                return facts
        time.sleep(0.1)
    raise DemoStopped(f"the stand-ins did not start in {READY_SECONDS_MAX} s; see {log}.")


def answers(port: int) -> bool:
    """Whether something listens there on this machine."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def free_port(wanted: int, count: int = 1) -> int:
    """Return the wanted port when it and the next ones are free, or 0: any."""
    for port in range(wanted, wanted + count):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return 0
    return wanted


def write_settings(folder: Path, deployments: Mapping[str, Mapping[str, Any]], more: str) -> None:
    """Write lifeboat.toml and the key files that it points to; an identity is made only once."""
    urls = {name: facts["url"] for name, facts in deployments.items()}
    text = SETTINGS.format(**urls, recipient=_recipient(folder / "lifeboat.identity"))
    (folder / "lifeboat.toml").write_text(text + more)
    for name, facts in deployments.items():
        key = folder / f"{name}.key"
        key.touch(mode=0o600)
        key.write_text(facts["key"] + "\n")


def _recipient(path: Path) -> str:
    if not path.exists():
        return identities.create(path, datetime.now(UTC))
    (*_, newest) = read_identities(path)
    return newest.recipient or ""


def say(text: str) -> None:
    """Print one line now."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
