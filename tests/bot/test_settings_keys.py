"""Where a deployment's key comes from, and which keys are refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bot.settings import read
from tests.bot import settings_files
from tests.bot.settings_files import ENVIRON, LOCAL_KEY, OTHER_KEY, STAGING, VAULT, mistakes

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return partial(settings_files.write, tmp_path)


def test_a_key_of_another_deployment_is_refused_by_both_names(write: Write):
    found = mistakes(write(), {**ENVIRON, "PRODUCTION_KEY": OTHER_KEY})

    told = found["deployments.production.key_env"]
    assert "happy-animal-123" in told
    assert "calm-otter-456" in told


def test_a_key_comes_from_a_file_beside_the_settings(write: Write, tmp_path: Path):
    (tmp_path / "staging.key").write_text(LOCAL_KEY + "\r\n")
    (tmp_path / "staging.key").chmod(0o600)
    text = STAGING.replace('key_env = "STAGING_KEY"', 'key_file = "staging.key"')
    settings = read(write(text + VAULT), {})

    assert settings.deployments["staging"].key.reveal() == LOCAL_KEY
    assert settings.warnings == ()


def test_a_key_file_that_everybody_can_read_is_a_warning(write: Write, tmp_path: Path):
    (tmp_path / "staging.key").write_text(LOCAL_KEY)
    (tmp_path / "staging.key").chmod(0o644)
    text = STAGING.replace('key_env = "STAGING_KEY"', 'key_file = "staging.key"')
    ((what, hint),) = read(write(text + VAULT), {}).warnings

    assert "everybody" in what
    assert hint == f"Type: chmod 600 {tmp_path / 'staging.key'}"


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (None, "no file"),
        ("", "empty"),
        ("\n", "empty"),
        (f"{LOCAL_KEY}\nmore", "one line"),
        (f'"{LOCAL_KEY}"', "quotes"),
        ("x" * 70_000, "too large"),
        (f"{LOCAL_KEY}\x00", "one line"),
        ("clé|01", "one line"),
    ],
)
def test_a_key_file_without_a_usable_key_is_a_mistake(
    write: Write, tmp_path: Path, held: str | None, why: str
):
    if held is not None:
        (tmp_path / "staging.key").write_text(held, encoding="utf-8")
    text = STAGING.replace('key_env = "STAGING_KEY"', 'key_file = "staging.key"')
    found = mistakes(write(text + VAULT), {})

    assert why in found["deployments.staging.key_file"]


def test_a_key_file_that_is_a_folder_is_a_mistake(write: Write, tmp_path: Path):
    (tmp_path / "staging.key").mkdir()
    text = STAGING.replace('key_env = "STAGING_KEY"', 'key_file = "staging.key"')

    assert "can't be read" in mistakes(write(text + VAULT), {})["deployments.staging.key_file"]


def test_a_key_file_that_can_not_be_read_is_a_mistake(write: Write, tmp_path: Path):
    (tmp_path / "staging.key").symlink_to(tmp_path / "staging.key")  # A loop, even for root.
    text = STAGING.replace('key_env = "STAGING_KEY"', 'key_file = "staging.key"')

    assert "can't be read" in mistakes(write(text + VAULT), {})["deployments.staging.key_file"]


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "STAGING_KEY is not set"),
        ({"STAGING_KEY": ""}, "empty"),
        ({"STAGING_KEY": " "}, "empty"),
    ],
)
def test_a_variable_without_a_key_is_a_mistake(write: Write, environ: dict[str, str], why: str):
    found = mistakes(write(STAGING + VAULT), environ)

    assert why in found["deployments.staging.key_env"]


def test_a_deployment_has_exactly_one_source_of_its_key(write: Write):
    both = STAGING + 'key_file = "staging.key"\n' + VAULT
    neither = STAGING.replace('key_env = "STAGING_KEY"', "") + VAULT

    assert "both" in mistakes(write(both))["deployments.staging"]
    assert "nowhere" in mistakes(write(neither))["deployments.staging"]
