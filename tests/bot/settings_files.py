"""Settings that are whole, and the mistakes of those that are not, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.settings import SettingsRefused, read

KEY = "prod:happy-animal-123|eyJ2MiI6IjAxMjM0NTY3ODlhYmNkZWYifQ=="
OTHER_KEY = "prod:calm-otter-456|eyJ2MiI6ImZlZGNiYTk4NzY1NDMyMTAifQ=="
LOCAL_KEY = "calm-otter-456|01c2b0a9f8e7d6c5b4a39281706f5e4d3c2b1a09"
ENVIRON = {"PRODUCTION_KEY": KEY, "STAGING_KEY": LOCAL_KEY}

PRODUCTION = """
[deployments.production]
url = "https://happy-animal-123.convex.cloud"
key_env = "PRODUCTION_KEY"
protected = true
restore_to = "staging"
"""
STAGING = """
[deployments.staging]
url = "http://127.0.0.1:3211"
key_env = "STAGING_KEY"
"""
FOLDER = """
[vaults.local]
kind = "folder"
folder = "vault"
"""
NOT_SEALED = """
[encryption]
kind = "none"
"""
VAULT = FOLDER + NOT_SEALED
WHOLE = PRODUCTION + STAGING + VAULT


def bucket(name: str, more: str = "") -> str:
    """Return a vault that is a bucket; every one of them is the same."""
    return f"[vaults.{name}]\nkind = 's3'\nbucket = 'backups'\n{more}\n"


def write(folder: Path, text: str = WHOLE) -> Path:
    """Write a settings file and return its path."""
    path = folder / "lifeboat.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(path: Path, environ: Mapping[str, str] = ENVIRON) -> dict[str, str]:
    """Return the mistakes by where they are; the advice stands behind an arrow."""
    with pytest.raises(SettingsRefused) as refused:
        read(path, environ)
    return {m.where: f"{m.what} -> {m.hint}" for m in refused.value.mistakes}
