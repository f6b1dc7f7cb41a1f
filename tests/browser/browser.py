"""Finds the Chromium of this machine, or installs Debian's once, and starts it.

Only Python is needed on the machine: playwright's own driver comes with its wheel, and where there
is no browser, root on a Debian gets one from apt. Everybody else gets a sentence.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import debian

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
FONT_PACKAGE = "fonts-dejavu-core"


class NoBrowser(Exception):
    """There is no Chromium here and none can be had; says why."""


def missing(reason: NoBrowser) -> NoReturn:
    """End a test that can't have a browser: in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"no browser: {reason}")
    pytest.skip(f"no browser: {reason}")


@contextmanager
def started(path: str) -> Iterator[Browser]:
    """The browser that `executable` found, up while the context is held."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGS))
        try:
            yield browser
        finally:
            browser.close()


def executable() -> str:
    """The path of a Chromium that runs, installed if need be; NoBrowser when none can be had.

    Several test processes may ask at once: the first installs, the others wait for it.
    """
    if found := _found():
        return found
    packages = ["chromium"] if _has_fonts() else ["chromium", FONT_PACKAGE]
    if why := debian.install(*packages, there=lambda: _found() is not None):
        raise NoBrowser(f"no {', '.join(NAMES)} on PATH that runs: {why}")
    if found := _found():
        return found
    raise NoBrowser("apt-get installed chromium, and yet it does not run (a snap stub?)")


def _found() -> str | None:
    paths = (shutil.which(name) for name in NAMES)
    return next((path for path in paths if path and _runs(path)), None)


def _runs(path: str) -> bool:
    """Whether it is a browser: Ubuntu's `chromium-browser` only says where to get one."""
    try:
        done = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _has_fonts() -> bool:
    return any(
        path.suffix in (".ttf", ".otf", ".ttc") for place in FONTS for path in place.rglob("*")
    )
