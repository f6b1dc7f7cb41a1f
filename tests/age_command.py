"""The `age` command of this machine, or Debian's."""

import shutil

from tests import debian


def age_command() -> str:
    """The path of `age`; the test is skipped, but fails in CI, when it can't be had."""
    return debian.command("age", lambda: shutil.which("age"))
