"""The example and the table of settings name every setting there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bot.settings import read
from bot.settings_shape import TABLES, keys_of
from tests.bot.settings_files import KEY, LOCAL_KEY

ROOT = Path(__file__).parent.parent.parent


def test_the_example_can_be_used_once_its_keys_exist(tmp_path: Path):
    path = tmp_path / "lifeboat.toml"
    path.write_bytes((ROOT / "lifeboat.example.toml").read_bytes())
    (tmp_path / "staging.key").write_text(LOCAL_KEY)
    (tmp_path / "staging.key").chmod(0o600)
    settings = read(path, {"CONVEX_PRODUCTION_KEY": KEY})

    assert list(settings.deployments) == ["production", "staging"]
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("table", "name"), [(table, name) for table, m in TABLES.items() for name in keys_of(m)]
)
def test_the_example_explains_every_setting(table: str, name: str):
    text = (ROOT / "lifeboat.example.toml").read_text(encoding="utf-8")
    kind = table.partition(".")[0]
    tables = re.split(r"^\[", text, flags=re.MULTILINE)
    explained = "".join(each for each in tables if re.match(rf"{kind}[.\]]", each))

    assert re.search(rf"^(# )?{name} = ", explained, re.MULTILINE)


@pytest.mark.parametrize("table", [table for table in TABLES if "<" not in table])
def test_the_example_shows_the_defaults(table: str):
    written = tomllib.loads((ROOT / "lifeboat.example.toml").read_text(encoding="utf-8"))[table]
    fields = keys_of(TABLES[table])
    defaults = {name: field.default for name, field in fields.items() if field.default is not None}
    for example in (
        "default_deployment",
        "recipients",
        "channel",
    ):  # Of names; there is no default one.
        written.pop(example, None)

    assert written == defaults


def test_the_table_of_settings_lists_each_with_its_default_and_meaning():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = {line for line in text.splitlines() if line.startswith("| `")}
    wanted = set()
    for table, shape in TABLES.items():
        for name, field in keys_of(shape).items():
            value = field.default
            told = f'"{value}"' if isinstance(value, str) else str(value).lower()
            default = "" if value is None else f"`{told}`"
            wanted.add(f"| `{table}.{name}` | {default} | {field.description} |")

    assert rows == wanted
