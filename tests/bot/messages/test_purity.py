"""The room that says: no client, no clock, no terminal in reach."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "bot" / "messages").glob("*.py"))


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def tree(request: pytest.FixtureRequest) -> ast.Module:
    return ast.parse(request.param.read_text(encoding="utf-8"))


def test_of_slacks_library_only_the_models_are_used(tree: ast.Module):
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]

    slack = [name for name in modules + names if name.startswith("slack")]
    assert all(name.startswith("slack_sdk.models.") for name in slack)


def test_nobody_looks_at_a_clock(tree: ast.Module):
    called = [
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]

    assert not {"now", "utcnow", "today", "time", "monotonic"} & set(called)


def test_no_terminal_is_loaded_to_speak_in_slack():
    code = (
        "import sys, bot.messages.report, bot.messages.modal; print('bot.terminal' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == "False"
