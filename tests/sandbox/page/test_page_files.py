"""What the page's files may hold: all of it from this server, nothing that reads or runs markup.

The page shows what apps and people wrote. That stays text because no file here has a way to make
markup of it, and because the server's Content-Security-Policy has nothing to let through.
"""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "sandbox" / "page"
FILES = sorted(path for path in PAGE.iterdir() if path.is_file())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
SHEETS = [path for path in FILES if path.suffix == ".css"]
LINES_MAX = 300
NAMESPACES = {"http://www.w3.org/2000/svg"}
READS_OR_RUNS_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment"
    r"|setHTMLUnsafe|srcdoc\s*=|\beval\b|new Function|javascript:|import\("
    r"|set(?:Timeout|Interval)\(\s*[\"'`]"
)
IMPORT = re.compile(r"""(?:^|\n)(?:import|export)[^;]*?from "([^"]+)";""")


def ids(path: Path) -> str:
    return path.name


class Tags(HTMLParser):
    """Every tag of a document with its attributes, and the text inside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style") and data.strip():
            self.inline.append(data)


@pytest.fixture(scope="module")
def index() -> Tags:
    return Tags((PAGE / "index.html").read_text())


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_file_is_of_a_kind_that_the_server_serves(path):
    assert path.suffix in (".html", ".css", ".js", ".svg")


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_file_is_short(path):
    assert len(path.read_text().splitlines()) < LINES_MAX


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_nothing_comes_from_outside(path):
    outside = set(
        re.findall(r"(?<![\\/])(?:https?:)?//[\w-]+\.[\w.-]+[^\s\"'`]*", path.read_text())
    )

    assert outside <= NAMESPACES


@pytest.mark.parametrize("path", SCRIPTS, ids=ids)
def test_no_script_reads_or_runs_markup(path):
    assert READS_OR_RUNS_MARKUP.search(path.read_text()) is None


def test_the_search_for_markup_can_fail():
    bad = ("a.innerHTML = b", "eval(b)", 'setTimeout("b()", 1)', "new Function(b)", "import(b)")

    assert all(READS_OR_RUNS_MARKUP.search(line) for line in bad)


@pytest.mark.parametrize("path", SCRIPTS, ids=ids)
def test_style_and_listeners_are_never_set_as_attributes(path):
    found = re.search(r"""setAttribute\(\s*["'](?:style|on\w+)["']""", path.read_text())

    assert found is None


def test_only_one_place_sets_attributes_by_a_computed_name():
    computed = [path.name for path in SCRIPTS if "setAttribute(name" in path.read_text()]

    assert computed == ["dom.js"]


@pytest.mark.parametrize("path", SCRIPTS, ids=ids)
def test_a_script_imports_only_files_beside_it(path):
    imported = IMPORT.findall(path.read_text())

    assert [name for name in imported if not (PAGE / name).is_file()] == []


def test_every_script_is_reached_from_the_first():
    reached, new = set(), {"app.js"}
    while new:
        name = new.pop()
        reached.add(name)
        found = {part.removeprefix("./") for part in IMPORT.findall((PAGE / name).read_text())}
        new |= found - reached

    assert reached == {path.name for path in SCRIPTS}


def test_the_document_has_no_inline_script_or_style(index):
    handlers = [name for _, attrs in index.tags for name in attrs if name.startswith("on")]

    assert index.tags
    assert (index.inline, handlers) == ([], [])
    assert not any("style" in attrs for _, attrs in index.tags)


def test_the_document_names_only_files_that_are_there(index):
    named = [attrs.get("src") or attrs.get("href") for _, attrs in index.tags]
    files = [name for name in named if name and not name.startswith("#")]

    assert files
    assert [name for name in files if not (PAGE / name.removeprefix("/page/")).is_file()] == []


def test_every_sheet_is_linked(index):
    linked = {attrs.get("href") for tag, attrs in index.tags if tag == "link"}

    assert {f"/page/{path.name}" for path in SHEETS} <= linked


def test_every_id_that_a_script_asks_for_is_in_the_document(index):
    there = {attrs["id"] for _, attrs in index.tags if "id" in attrs}
    asked = {
        name for path in SCRIPTS for name in re.findall(r'byId\("([\w-]+)"\)', path.read_text())
    }

    assert asked
    # The composer makes its field itself.
    assert asked - there == {"say"}


@pytest.mark.parametrize("path", SHEETS, ids=ids)
def test_a_sheet_loads_nothing(path):
    assert re.search(r"url\(|@import|@font-face", path.read_text()) is None


def test_the_page_says_what_it_is(index):
    text = re.sub(r"<[^>]+>", "", (PAGE / "index.html").read_text())

    assert "Stand-in workspace nothing here is real Slack; every request is real" in text


@pytest.mark.parametrize(
    "feature",
    ["prefers-color-scheme: dark", "prefers-reduced-motion", "forced-colors", ":focus-visible"],
)
def test_the_look_follows_the_reader(feature):
    assert any(feature in path.read_text() for path in SHEETS)
