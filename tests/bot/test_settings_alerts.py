"""What the settings say of alerts: contradictions are refused at start, secrets stay secret."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from bot import settings_alerts, settings_secrets
from bot.settings import read
from bot.settings_secrets import Named
from bot.settings_words import SettingsRefused
from storage.secret import Secret

START = """
[deployments.local]
url = "http://127.0.0.1:3210"
key_env = "CONVEX_KEY"
[vaults.local]
kind = "folder"
folder = "vault"
[encryption]
kind = "none"
"""
MAIL = '[smtp]\nhost = "mail.example.com"\nsender = "a@example.com"\nto = ["b@example.com"]\n'
ENVIRON = {"CONVEX_KEY": "local|0123456789abcdef"}


def settings(tmp_path: Path, text: str):
    path = tmp_path / "lifeboat.toml"
    path.write_text(START + text)
    return read(path, ENVIRON)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[alerts]\nchannel = "general"', "alerts.channel"),
        ('[alerts]\nmention = { grave = ["U012ABCDEF"] }', "alerts.mention"),
        ('[alerts]\nmention = { severe = ["rizal"] }', "alerts.mention"),
        ('[alerts]\nquiet_from = "22:00"', "alerts"),
        ('[alerts]\nquiet_from = "22:00"\nquiet_until = "22:00"', "alerts.quiet_until"),
        ('[alerts]\nquiet_from = "25:00"\nquiet_until = "7"', "alerts.quiet_from"),
        ('[alerts]\nquiet_zone = "Asia/Jakrta"', "alerts.quiet_zone"),
        ("[alerts]\nlook_seconds = 60", "alerts.look_seconds"),
        ('[webhook]\nurl_env = "https://hooks.example.com/T0K3N"', "webhook.url_env"),
        ('[webhook]\nurl_env = "HOOK"\nurl_file = "hook"', "webhook"),
        ('[smtp]\nto = ["b@example.com"]', "smtp"),
        ('[smtp]\nhost = "mail.example.com"\nsender = "a@example.com"', "smtp.to"),
        (MAIL.replace("b@example.com", "b@example.com\\r\\nBcc: c@example.com"), "smtp.to"),
        (MAIL + 'user = "me"', "smtp"),
        (MAIL + 'password_env = "MAIL_PASSWORD"', "smtp"),
        (MAIL + 'user = "me"\npassword_env = "P"\nsecurity = "none"', "smtp.security"),
    ],
)
def test_what_contradicts_itself_is_refused_at_start(tmp_path: Path, text: str, where: str):
    with pytest.raises(SettingsRefused) as refused:
        settings(tmp_path, text)

    assert where in [mistake.where for mistake in refused.value.mistakes]
    assert "T0K3N" not in str(refused.value)


def test_roads_are_what_is_named(tmp_path: Path):
    told = settings(
        tmp_path,
        '[approvals]\nchannel = "C012ABCDEF"\n'
        '[alerts]\nquiet_from = "22:00"\nquiet_until = "07:00"\nquiet_zone = "Asia/Jakarta"\n'
        f'[webhook]\nurl_env = "HOOK"\nseverity = "warning"\n{MAIL}',
    ).alerts

    assert told.channel == "C012ABCDEF"
    assert told.rules.roads == {"slack": "warning", "webhook": "warning", "smtp": "severe"}
    assert told.rules.quiet is not None
    assert (told.rules.quiet.begins, told.rules.quiet.ends) == (time(22), time(7))
    assert told.rules.quiet.until(datetime(2026, 11, 24, 16, 0, tzinfo=UTC)) == datetime(
        2026, 11, 25, 0, 0, tzinfo=UTC
    )
    assert told.smtp is not None
    assert told.smtp.port == 587


def test_without_any_of_it_there_is_no_road(tmp_path: Path):
    assert settings(tmp_path, "").alerts.rules.roads == {}


def test_schedules_without_an_alert_channel_are_warned_of(tmp_path: Path):
    daily = '[schedules.daily]\nverb = "backup"\nevery = "6h"\nchannel = "C012ABCDEF"\n'

    assert "names no channel" in settings(tmp_path, daily).warnings[0][0]
    assert settings(tmp_path, daily + '[alerts]\nchannel = "C012ABCDEF"\n').warnings == ()


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/T0K3N",
        "ftp://x/T0K3N",
        "T0K3N",
        "https:///T0K3N",
        "https://[T0K3N",
    ],
)
def test_an_address_that_is_not_safe_is_refused_without_a_word_of_it(url: str):
    with pytest.raises(SettingsRefused) as refused:
        settings_alerts.address(Secret(url), "webhook.url", "lifeboat.toml")

    assert "T0K3N" not in str(refused.value)


def test_a_secret_is_read_from_its_variable_or_file_and_its_lack_is_a_sentence(tmp_path: Path):
    (tmp_path / "hook").write_text("https://hooks.example.com/T0K3N\n")
    file, env = Named(None, "hook", "webhook.url"), Named("HOOK", None, "webhook.url")
    read_one = settings_secrets.secret

    assert read_one(file, tmp_path, {}, "x").reveal() == "https://hooks.example.com/T0K3N"
    assert read_one(env, tmp_path, {"HOOK": " s3cr3t "}, "x").reveal() == "s3cr3t"
    for named, environ in ((env, {}), (env, {"HOOK": ""}), (Named(None, "no", "w"), {})):
        with pytest.raises(SettingsRefused):
            read_one(named, tmp_path, environ, "x")


def test_a_log_hides_each_roads_secret_and_says_which_one_is_missing(tmp_path: Path):
    told = settings(
        tmp_path,
        '[approvals]\nchannel = "C012ABCDEF"\n'
        '[webhook]\nurl_env = "HOOK"\n'
        f'{MAIL}user = "lifeboat"\npassword_env = "MAIL_PASSWORD"\n',
    ).alerts
    environ = {"HOOK": "https://hooks.example.com/T0K3N", "MAIL_PASSWORD": "pa55word"}
    hidden = settings_alerts.hidden(told, tmp_path, environ, "lifeboat.toml")

    assert [each.reveal() for each in hidden] == [
        "https://hooks.example.com/T0K3N",
        "/T0K3N",
        "pa55word",
    ]
    with pytest.raises(SettingsRefused, match="MAIL_PASSWORD"):
        settings_alerts.hidden(told, tmp_path, {"HOOK": environ["HOOK"]}, "lifeboat.toml")
