"""Whatever is wrong with the settings, no sentence about them holds a key."""

from __future__ import annotations

import json
import os
import pickle
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.settings import SettingsRefused, read
from bot.settings_shape import TABLES, File

PLACES = (
    "url",
    "key",
    "key_env",
    "key_file",
    "restore_to",
    "expected_tables",
    "protected",
    "default_deployment",
    "data_folder",
    "kind",
    "folder",
    "compare_with",
    "unknown",
)
secret_parts = st.one_of(
    st.text("0123456789abcdef", min_size=60, max_size=120),
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", min_size=40).map(
        lambda text: f"eyJ2{text}=="
    ),
)
names = st.from_regex(r"\A[a-z]{3,8}-[a-z]{3,8}-[0-9]{3}\Z")
keys = st.builds(
    "{}{}|{}".format, st.sampled_from(("", "prod:", "dev:", "preview:a:")), names, secret_parts
)


def settings_with(place: str, value: str) -> str:
    """Return settings that hold a key where it does not belong."""
    quoted = '"' + value + '"'
    put: dict[str, Any] = {name: "" for name in PLACES}
    put[place] = f"{place} = {[value] if place == 'expected_tables' else quoted}\n"
    return (
        f"[lifeboat]\n{put['default_deployment']}{put['data_folder']}{put['unknown']}\n"
        f"[deployments.production]\n"
        + "".join(put[name] for name in PLACES[:7])
        + ("" if place == "url" else 'url = "https://happy-animal-123.convex.cloud"\n')
        + ("" if place in ("key_env", "key_file") else 'key_env = "KEY"\n')
        + f"\n[vaults.local]\n{put['kind']}{put['folder']}\n[verify]\n{put['compare_with']}"
        + '\n[encryption]\nkind = "none"\n'
    )


def told(text: str, environ: dict[str, str]) -> str:
    """Return everything that a refusal says, shows or drags along in its traceback."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lifeboat.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SettingsRefused) as refused:
            read(path, environ)
    error = refused.value
    trace = "".join(traceback.format_exception(error))
    return "\n".join((str(error), repr(error), repr(error.mistakes), error.what, error.hint, trace))


@given(key=keys, place=st.sampled_from(PLACES))
def test_a_key_in_the_wrong_place_is_never_repeated(key: str, place: str):
    said = told(settings_with(place, key), {"KEY": "wrong-name-000|01aa"})

    assert key not in said
    assert key.partition("|")[2] not in said


@given(key=keys, part=secret_parts)
@example(key="prod:other-name-123|eyJ2abc", part="deadbeef")
def test_a_key_that_was_read_is_never_shown(key: str, part: str):
    said = told(settings_with("unknown", "x"), {"KEY": key})

    assert key not in said
    assert key.partition("|")[2] not in said
    bare = told(settings_with("unknown", "x"), {"KEY": part})
    assert part not in bare


@given(tail=st.text(min_size=1, max_size=8), part=secret_parts)
def test_a_key_with_odd_ends_is_never_shown(tail: str, part: str):
    said = told(settings_with("unknown", "x"), {"KEY": f"name-a-123|{part}{tail}"})

    assert part not in said


KNOWN = sorted({name for shape in TABLES.values() for name in shape.model_fields})
words = st.sampled_from([*KNOWN, "production", "staging", "Wrong name", "folder", "x"])
leaves = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["KEY", "folder", "production", "https://example.org", "~nobody/x", "\0"]),
    st.just(datetime(2026, 11, 24, tzinfo=UTC)),
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=20,
)
files = st.dictionaries(st.sampled_from([*File.model_fields, "x"]), values, max_size=6)


def toml(value: Any) -> str:
    """Return a value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return value.isoformat() if isinstance(value, datetime) else repr(value)


@given(file=files)
def test_whatever_stands_in_the_file_it_is_read_or_refused_in_words(file: dict[str, Any]):
    text = "\n".join(f"{name} = {toml(value)}" for name, value in file.items())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lifeboat.toml"
        path.write_text(text, encoding="utf-8")
        try:
            settings = read(path, {"KEY": "name-a-123|01deadbeef"})
        except SettingsRefused as refused:
            assert all(m.where and m.what and m.hint for m in refused.mistakes)
        else:
            assert settings.deployments


def test_settings_never_show_a_key(tmp_path: Path):
    path = tmp_path / "lifeboat.toml"
    path.write_text(
        '[deployments.a]\nurl = "https://example.org"\nkey_env = "KEY"\n'
        '[vaults.local]\nkind = "folder"\nfolder = "v"\n[encryption]\nkind = "none"\n'
    )
    settings = read(path, {"KEY": "name-a-123|01deadbeef"})

    assert "deadbeef" not in repr(settings)
    assert "deadbeef" not in str(settings.deployments)
    with pytest.raises(TypeError):
        pickle.dumps(settings.deployments["a"])


def test_the_environment_is_only_the_one_that_is_given(tmp_path: Path, monkeypatch: Any):
    monkeypatch.setitem(os.environ, "KEY", "name-a-123|01deadbeef")
    path = tmp_path / "lifeboat.toml"
    path.write_text(
        '[deployments.a]\nurl = "https://example.org"\nkey_env = "KEY"\n'
        '[vaults.local]\nkind = "folder"\nfolder = "v"\n[encryption]\nkind = "none"\n'
    )

    with pytest.raises(SettingsRefused):
        read(path, {})
