"""Debian's packages for tests, installed once where root may.

Everybody else gets a sentence, and in CI a failure.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

INSTALL_SECONDS_MAX = 120  # Each of apt-get's two runs; a test may take 300 in all.


def command(package: str, find: Callable[[], str | None]) -> str:
    """What `find` finds, installed if need be; the test is skipped, but fails in CI, without it."""
    if not (found := find()):
        why = install(package, there=lambda: find() is not None)
        if not (found := find()):
            if os.environ.get("CI") == "true":
                pytest.fail(f"no {package}: {why}")
            pytest.skip(f"no {package}: {why}")
    return found


def install(*packages: str, there: Callable[[], bool]) -> str:
    """Install them unless they are there by now, one test process after the other; why not."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"only root on a Debian can install it: apt-get install {' '.join(packages)}"
    with Path(__file__).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if there():
            return ""
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            try:
                subprocess.run(
                    ["apt-get", *words],
                    env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    check=True,
                    timeout=INSTALL_SECONDS_MAX,
                )
            except subprocess.CalledProcessError as failure:
                return f"apt-get {words[0]} failed: {failure.stderr.strip() or failure}"
            except (OSError, subprocess.SubprocessError) as failure:
                return f"apt-get {words[0]} did not end: {failure}"
    return ""
