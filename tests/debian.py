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

INSTALL_SECONDS_MAX = 240


def command(package: str, find: Callable[[], str | None]) -> str:
    """What `find` finds, installed if need be; the test is skipped, but fails in CI, without it."""
    if not (found := find()):
        why = _install(package, find)
        if not (found := find()):
            if os.environ.get("CI") == "true":
                pytest.fail(f"no {package}: {why}")
            pytest.skip(f"no {package}: {why}")
    return found


def _install(package: str, find: Callable[[], str | None]) -> str:
    """Install it; returns why not."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"only root on a Debian can install it: apt-get install {package}"
    with Path(__file__).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if find():
            return ""
        for words in (["update"], ["install", "-y", "--no-install-recommends", package]):
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
            except (OSError, subprocess.SubprocessError) as failure:
                return f"apt-get {words[0]} failed: {failure}"
    return ""
