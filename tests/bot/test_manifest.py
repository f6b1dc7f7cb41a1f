"""manifest.yml installs the app as it is: Slack's limits, our verbs, the scopes the code uses.

The limits are those of Slack's manifest reference (docs.slack.dev/reference/app-manifest).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from commands import VERBS

ROOT = Path(__file__).parent.parent.parent
# Web API methods that the code calls, and the scope of a bot token that each one needs.
SCOPES = {
    "auth_test": None,
    "apps_connections_open": None,
    "views_open": None,
    "chat_getPermalink": None,
    "chat_postMessage": "chat:write",
    "chat_postEphemeral": "chat:write",
    "chat_update": "chat:write",
    "files_getUploadURLExternal": "files:write",
    "files_completeUploadExternal": "files:write",
    "users_info": "users:read",
    "usergroups_users_list": "usergroups:read",
    "conversations_info": "channels:read",
}
ALSO_NEEDED = {"commands", "groups:read"}  # /backup itself; conversations.info of private channels.
KEYS = {
    "_metadata": {"major_version", "minor_version"},
    "display_information": {"name", "description", "long_description", "background_color"},
    "features": {"app_home", "bot_user", "slash_commands", "shortcuts"},
    "oauth_config": {"redirect_urls", "scopes", "token_management_enabled"},
    "settings": {
        "allowed_ip_address_ranges",
        "event_subscriptions",
        "interactivity",
        "org_deploy_enabled",
        "socket_mode_enabled",
        "token_rotation_enabled",
    },
}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "manifest.yml").read_text())


def called() -> set[str]:
    code = "\n".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))
    return set(re.findall(r"(?:client|web|_web)\.([a-z]+_[A-Za-z_]+)\(", code))


def test_it_has_only_keys_that_slack_knows(manifest: dict[str, Any]):
    strange = {
        f"{table}.{key}"
        for table, told in manifest.items()
        for key in told
        if key not in KEYS.get(table, set())
    }

    assert manifest.keys() <= KEYS.keys()
    assert not strange


def test_its_texts_fit_slacks_limits(manifest: dict[str, Any]):
    about, features = manifest["display_information"], manifest["features"]
    (command,) = features["slash_commands"]

    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert re.fullmatch(r"[a-z0-9._-]{1,80}", features["bot_user"]["display_name"])
    assert re.fullmatch(r"/[a-z0-9_-]{1,31}", command["command"])
    assert len(command["description"]) <= 2000
    assert len(command["usage_hint"]) <= 1000


def test_it_asks_for_the_scopes_that_the_code_uses_and_for_no_others(manifest: dict[str, Any]):
    used = {SCOPES[method] for method in called()} - {None}

    assert called()
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == used | ALSO_NEEDED


def test_its_hint_names_every_verb(manifest: dict[str, Any]):
    (command,) = manifest["features"]["slash_commands"]

    assert command["usage_hint"].split(" | ") == [
        "now",
        "list",
        "show",
        "verify",
        "copy",
        "sync",
        "restore",
        "prune",
        "hold",
        "release",
        "status",
        "summary",
        "schedule",
        "alert",
        "cancel",
        "approve",
        "deny",
        "withdraw",
        "audit",
        "recovery-kit",
        "doctor",
        "help",
    ]
    assert set(command["usage_hint"].split(" | ")) == {*VERBS, "help"}


def test_it_needs_no_address_and_no_rotation(manifest: dict[str, Any]):
    settings = manifest["settings"]

    assert settings["socket_mode_enabled"] is True
    assert settings["token_rotation_enabled"] is False
    assert settings["interactivity"] == {"is_enabled": True}
    assert "url" not in (ROOT / "manifest.yml").read_text().replace("background", "")
