"""Runs the page's own tests, `*_test.mjs` beside this file, with the node of a Python wheel.

They test what decides (parsing, completion, what is kept) without a browser, and what draws with
`fake_dom.mjs`, a document that knows no markup.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.node_cli import NODE

HERE = Path(__file__).parent
SUITES = sorted(HERE.glob("*_test.mjs"))
SECONDS_MAX = 120


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.stem)
def test_the_pages_own_tests_pass(suite):
    done = subprocess.run(
        [NODE, "--test", "--test-reporter=tap", suite],
        env={"PATH": os.environ["PATH"], "TZ": "Asia/Jakarta", "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS_MAX,
        check=False,
    )

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "\n# pass 0\n" not in done.stdout
    assert "\n# fail 0\n" in done.stdout


def test_there_are_suites():
    assert len(SUITES) > 4
