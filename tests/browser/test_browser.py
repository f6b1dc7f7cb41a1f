"""How a browser is found: the machine's own, or Debian's once, or a sentence about why not."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.browser import browser

INSTALLS = """
echo "$1" >> "$0.log"
if [ "$1" = install ]; then
  printf '#!/bin/sh\\nexit 0\\n' > "$(/usr/bin/dirname "$0")/chromium"
  /bin/chmod +x "$(/usr/bin/dirname "$0")/chromium"
fi
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it, and us as its root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def program(folder: Path, name: str, does: str) -> Path:
    made = folder / name
    made.write_text(f"#!/bin/sh\n{does}\n")
    made.chmod(0o755)
    return made


def test_the_machines_own_is_taken(machine):
    google = program(machine, "google-chrome", "exit 0")

    assert browser.executable() == str(google)


def test_one_that_only_says_where_to_get_one_is_passed_over(machine):
    program(machine, "chromium-browser", "exit 10")
    google = program(machine, "google-chrome", "exit 0")

    assert browser.executable() == str(google)


def test_root_on_a_debian_installs_one_once_however_many_ask(machine):
    apt = program(machine, "apt-get", INSTALLS)

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: browser.executable(), range(4)))

    assert found == {str(machine / "chromium")}
    assert Path(f"{apt}.log").read_text().split() == ["update", "install"]


def test_an_install_that_fails_says_what_apt_said(machine):
    program(machine, "apt-get", "echo 'E: no network' >&2; exit 100")

    with pytest.raises(browser.NoBrowser, match="update failed: E: no network"):
        browser.executable()


def test_whoever_may_not_install_is_told_how(machine, monkeypatch):
    program(machine, "apt-get", INSTALLS)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(browser.NoBrowser, match="apt-get install chromium"):
        browser.executable()


@pytest.mark.parametrize(("ci", "ends"), [("true", pytest.fail), ("", pytest.skip)])
def test_without_one_the_tests_are_skipped_but_in_ci_they_fail(monkeypatch, ci, ends):
    monkeypatch.setenv("CI", ci)

    with pytest.raises(ends.Exception, match="no browser: none here"):
        browser.missing(browser.NoBrowser("none here"))
