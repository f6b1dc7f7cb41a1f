"""The laws of the floor plan.

Rooms import one way: bot -> commands -> storage; the sandbox knows none of them. Each outside
library has one door, so that swapping it touches one place. Files and functions stay small.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "commands", "storage", "sandbox")
MAY_IMPORT = {
    "storage": set(),
    "commands": {"storage"},
    "bot": {"commands", "storage", "sandbox"},
    "sandbox": set(),
}
DOORS = {
    # A ping and an alert go to neither Slack nor Convex.
    "httpx": ("storage/convex/", "bot/dead_man.py", "bot/roads/webhook.py"),
    "isal": "storage/archive/",
    "sqlite_utils": (
        "storage/sqlite_file.py",
        "storage/catalog.py",
        "storage/outbox_file.py",
        "storage/outbox.py",
    ),
    "boto3": "storage/vaults/s3.py",
    "botocore": "storage/vaults/s3",
    "tenacity": ("storage/convex/", "storage/vaults/s3_calls.py"),
    "pydantic": "bot/settings",
    "pyrage": "storage/seal.py",
    "segno": "commands/kit_code.py",
    "rich": "bot/terminal/",
    "slack_bolt": ("bot/slack.py", "bot/run.py", "bot/doors.py"),
    "slack_sdk": (
        "bot/slack.py",
        "bot/run.py",
        "bot/doors.py",
        "bot/slack_away.py",
        "bot/courier.py",
        "bot/people.py",
        "bot/uploads.py",
        "bot/messages/",
    ),
    "apscheduler": "bot/schedule.py",
    "dbos": "bot/jobs.py",
    "psycopg": "storage/database.py",
    "matplotlib": "bot/picture.py",
    "prometheus_client": "bot/metrics.py",
    "waitress": ("bot/doors.py", "bot/health.py"),
    "aiohttp": "sandbox/",
    "sandbox": "bot/cli.py",  # Only `lifeboat sandbox` may open the pretend world.
}
FILE_LINES_MAX = 450
FUNCTION_LINES_MAX = 70
PLAIN_WORDS = {"utils", "helpers", "common", "base", "manager", "service", "core"}
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def _doors(name: str) -> tuple[str, ...]:
    doors = DOORS[name]
    return (doors,) if isinstance(doors, str) else doors


def imported(path: Path) -> set[str]:
    """Return the top-level names that a file imports, wherever in the file it does."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").split(".")[0])
    return names


@pytest.fixture(params=MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def module(request):
    return request.param


def test_rooms_import_one_way(module):
    room = module.relative_to(ROOT).parts[0]

    assert (imported(module) & MAY_IMPORT.keys()) - {room} <= MAY_IMPORT[room]


def test_each_library_has_one_door(module):
    place = module.relative_to(ROOT).as_posix()

    strays = {
        name
        for name in imported(module) & DOORS.keys()
        if not place.startswith((*_doors(name), f"{name}/"))
    }
    assert not strays


def test_a_file_fits_in_one_head(module):
    lines = len(module.read_text().splitlines())

    assert lines <= FILE_LINES_MAX


def test_a_function_fits_on_one_screen(module):
    functions = (
        node
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )

    long = [f.name for f in functions if f.end_lineno - f.lineno + 1 > FUNCTION_LINES_MAX]
    assert not long


def test_a_module_says_what_it_is_for(module):
    text = module.read_text()

    assert not text or ast.get_docstring(ast.parse(text))


def test_no_module_is_named_for_nothing(module):
    assert not PLAIN_WORDS & set(module.stem.split("_"))


def test_every_room_was_looked_at():
    rooms = {path.relative_to(ROOT).parts[0] for path in MODULES}

    assert rooms == set(ROOMS)


def test_json_is_read_into_classes_in_one_place(module: Path):
    """Elsewhere two threads could teach msgspec the same class at once: see storage/typed.py."""
    read = [
        f"{node.func.value.attr if isinstance(node.func.value, ast.Attribute) else 'msgspec'}"
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("decode", "convert")
        and ast.unparse(node.func.value) in ("msgspec", "msgspec.json")
        and (node.func.attr == "convert" or any(each.arg == "type" for each in node.keywords))
    ]

    assert not read or module == ROOT / "storage" / "typed.py"
