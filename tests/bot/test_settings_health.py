"""What the settings say of who watches the bot: mistakes are told at once, addresses never."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import settings_health
from bot.settings import SettingsRefused
from bot.settings_health import HealthSettings
from bot.settings_shape import File
from storage.secret import Secret

SCHEDULE = {"verb": "backup", "cron": "0 2 * * *"}


def mistakes(**tables: object) -> list[str]:
    found = settings_health.mistakes(File.model_validate(tables))
    return [f"{each.where}: {each.what}" for each in found]


def wanted(*pings: tuple[str, str]) -> HealthSettings:
    named = {f"daily-{number}": ping for number, ping in enumerate(pings)}
    return HealthSettings(on=False, host="127.0.0.1", port=9464, pings=named)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "[::]", "bot.internal"])
def test_an_address_of_this_machine_is_one(host: str):
    assert mistakes(health={"host": host}) == []


@pytest.mark.parametrize("host", ["http://127.0.0.1", "one two", "a/b", "127.0.0.1:9464/x"])
def test_what_is_no_address_is_told(host: str):
    assert mistakes(health={"host": host}) == [
        "health.host: This is not an address of this machine."
    ]


def test_a_ping_is_kept_in_one_place():
    both = SCHEDULE | {"ping_env": "PING", "ping_file": "ping.url"}

    assert mistakes(schedules={"daily": both}) == [
        "schedules.daily: It has both ping_env and ping_file."
    ]


def test_an_address_where_its_variables_name_belongs_is_told_without_a_word_of_it():
    found = mistakes(schedules={"daily": SCHEDULE | {"ping_env": "https://hc-ping.com/5e0c"}})

    assert found == [
        "schedules.daily.ping_env: "
        "This is not the name of an environment variable in capital letters."
    ]


def test_addresses_are_read_from_the_environment_and_from_files(tmp_path: Path):
    (tmp_path / "ping.url").write_text("\ufeffhttps://hc-ping.com/two\r\n")
    read = settings_health.pings(
        wanted(("env", "PING"), ("file", "ping.url")),
        {"PING": " https://hc-ping.com/one\n"},
        tmp_path / "lifeboat.toml",
    )

    assert [each.reveal() for each in read.values()] == [
        "https://hc-ping.com/one",
        "https://hc-ping.com/two",
    ]
    assert "hc-ping" not in repr(read)


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("", "is empty or not set"),
        ("hc-ping.com/secret", "begins with https://"),
        ("ftp://hc-ping.com/secret", "begins with https://"),
        ("http://hc-ping.com/secret", "anyone on the way can read it"),
        ("https://hc-ping.com/a secret", "is not an address"),
        ("https://hc-ping.com:port/secret", "is not an address"),
        ("https://[hc-ping/secret", "is not an address"),
    ],
)
def test_what_is_no_address_to_ping_is_told_without_a_word_of_it(url: str, wrong: str):
    with pytest.raises(SettingsRefused) as refused:
        settings_health.pings(wanted(("env", "PING")), {"PING": url}, Path("lifeboat.toml"))

    assert wrong in refused.value.what
    assert "secret" not in refused.value.what


def test_every_file_that_is_missing_is_named_at_once(tmp_path: Path):
    with pytest.raises(SettingsRefused) as refused:
        settings_health.pings(
            wanted(("file", "one.url"), ("file", "two.url")), {}, tmp_path / "lifeboat.toml"
        )

    assert "daily-0" in refused.value.what
    assert "daily-1" in refused.value.what


def test_what_is_secret_in_an_address_is_hidden_wherever_the_rest_of_it_stands():
    read = {"daily": Secret("https://hc-ping.com/5e0c-secret/daily/?create=1")}
    hidden = [each.reveal() for each in settings_health.hidden(read)]

    assert hidden == ["https://hc-ping.com/5e0c-secret/daily/?create=1", "/5e0c-secret/daily"]
