"""The dictionary holds: one word for one thing, in the code, its sentences and its docs.

`docs/` and the README are for people who run it; the rooms are what people read on a bad day.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# A word that is not in the dictionary, and the one that is.
NOT_OUR_WORDS = {
    r"\bdumps?\b(?!\()": "snapshot",
    r"\bbackend stores?\b": "vault",
    r"\bstorage backends?\b": "vault",
    r"\btickets?\b": "approval",
    r"\btest restores?\b": "drill",
    r"\bpreviews?\b": "plan",
    r"\bbackup files?\b": "archive",
}
# Convex's own names, which stay as they are: preview deploy keys, json.dump's family.
CONVEX_WORDS = re.compile(r"preview:|preview deploy|preview deployment|`preview", re.IGNORECASE)
SPOKEN = sorted(
    [
        *(path for room in ("bot", "commands", "storage") for path in (ROOT / room).rglob("*.py")),
        ROOT / "README.md",
        ROOT / "lifeboat.example.toml",
        *(ROOT / "docs").glob("*.md"),
    ]
)


def sentences(path: Path) -> str:
    """Return what people read of a file: all of a document; strings and docstrings of code."""
    text = path.read_text()
    if path.suffix != ".py":
        return text
    strings = (
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return "\n".join(strings)


@pytest.fixture(params=SPOKEN, ids=lambda path: str(path.relative_to(ROOT)))
def spoken(request):
    return sentences(request.param)


@pytest.mark.parametrize("word", NOT_OUR_WORDS, ids=NOT_OUR_WORDS.values())
def test_only_the_dictionarys_words_are_used(spoken, word):
    ours = CONVEX_WORDS.sub("", spoken)

    assert not re.findall(word, ours, re.IGNORECASE)


def test_the_word_check_can_fail():
    assert any(re.search(word, "Here is a preview of the dump") for word in NOT_OUR_WORDS)


def test_events_are_named_in_the_past_tense():
    from commands import events

    tree = ast.parse(Path(events.__file__).read_text())
    children = [
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and any(
            isinstance(base, ast.Name) and base.id in ("Event", "Result") for base in node.bases
        )
        and node.name not in ("Event", "Result")
    ]

    past = re.compile(r"(ed|Began|Shown|Run|DryRun|Said|Told)$")
    assert children
    assert [name for name in children if not past.search(name)] == []
