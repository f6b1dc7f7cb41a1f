"""The README is true: its commands exist, its tables are the code's, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from bot import help_text
from bot.settings_shape import TABLES
from commands import TERMINAL_VERBS, VERBS

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def first_cells(heading: str) -> list[str]:
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
    return [row.strip("|").split("|")[0].strip(" `") for row in rows]


def test_the_first_screen_holds_the_two_commands():
    first = "\n".join(TEXT.splitlines()[:24])

    assert "make demo " in first
    assert "make test " in first


def test_every_make_target_that_is_named_exists():
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", TEXT, re.MULTILINE))

    assert named
    assert {name for name in named if not re.search(rf"^{name}:", MAKEFILE, re.MULTILINE)} == set()


def test_the_table_of_verbs_is_the_codes():
    told = re.findall(r"`lifeboat ([\w-]+)`", TEXT.split("## What it does")[1].split("\n##")[0])
    others = [row.split()[0] for row, _ in help_text.OTHER if row != "version"]

    assert {*VERBS, *TERMINAL_VERBS} <= set(told)
    assert set(told) <= {*VERBS, *TERMINAL_VERBS, *others}


def test_every_verb_is_named_for_slack_as_well():
    assert {f"/backup {name}" for name in VERBS} <= set(re.findall(r"/backup [\w-]+", TEXT))


def test_the_table_of_settings_is_the_codes():
    assert first_cells("Settings") == [f"[{name}]" for name in TABLES]


def test_every_room_is_on_the_map():
    assert first_cells("The map") == ["bot/", "commands/", "storage/", "sandbox/"]


def test_every_link_leads_somewhere():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    broken = {
        f"{page.name}: {link}"
        for page in pages
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    }

    assert broken == set()


def test_the_examples_of_every_verb_can_be_parsed():
    for verb in (*VERBS.values(), *TERMINAL_VERBS.values()):
        for example in verb.examples:
            words = re.findall(r'"[^"]*"|\S+', example)
            assert words[0] == verb.name
            verb.parse([word.strip('"') for word in words[1:]])
