"""docs/dependencies.md names every package that pyproject.toml does, and no other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOC = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9_.-]", requirement)[0] for requirement in requirements}


def rows(heading: str) -> dict[str, list[str]]:
    section = DOC.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {cell[0].strip(" `"): [each.strip() for each in cell[1:]] for cell in cells}


def test_every_runtime_dependency_has_its_line_and_no_other_has():
    documented = set(rows("At run time"))

    assert documented == names(PROJECT["project"]["dependencies"])


def test_every_development_dependency_has_its_line_and_no_other_has():
    wanted = names(PROJECT["project"]["optional-dependencies"]["dev"])
    wanted |= names(PROJECT["build-system"]["requires"])

    assert set(rows("To develop")) == wanted


@pytest.mark.parametrize("heading", ["At run time", "To develop"])
def test_every_line_says_why_and_instead_of_what(heading):
    incomplete = [name for name, cells in rows(heading).items() if len(cells) != 2 or "" in cells]

    assert incomplete == []
