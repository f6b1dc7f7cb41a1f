"""The `age` command of this machine, or Debian's, installed once where root may.

Everybody else gets a sentence, and in CI a failure.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

INSTALL_SECONDS_MAX = 120


def age_command() -> str:
    """The path of `age`; the test is skipped, but fails in CI, when it can't be had."""
    if not (found := shutil.which("age")):
        why = _install()
        if not (found := shutil.which("age")):
            if os.environ.get("CI") == "true":
                pytest.fail(f"no age command: {why}")
            pytest.skip(f"no age command: {why}")
    return found


def _install() -> str:
    """Install it from Debian; returns why not."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "only root on a Debian can install it: apt-get install age"
    with Path(__file__).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if shutil.which("age"):
            return ""
        for words in (["update"], ["install", "-y", "--no-install-recommends", "age"]):
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
