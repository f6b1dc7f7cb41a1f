"""What the settings say of the replicas' database: mistakes are told, its address never."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import settings_database
from bot.settings import SettingsRefused
from bot.settings_secrets import Named
from bot.settings_shape import File
from storage.database import hidden
from storage.secret import Secret

ENV = Named("DATABASE", None, "jobs.database")


def read(tmp_path: Path, text: str) -> str:
    return settings_database.address(ENV, tmp_path / "lifeboat.toml", {"DATABASE": text})().reveal()


def test_without_a_word_of_it_there_is_none():
    assert settings_database.database(File.model_validate({})) is None


def test_it_stands_in_one_place_and_never_in_the_settings():
    both = File.model_validate({"jobs": {"database_env": "DB", "database_file": "database.url"}})
    pasted = File.model_validate({"jobs": {"database_env": "postgresql://a:b@c/d"}})

    assert [each.what for each in settings_database.mistakes(both)] == [
        "It has both database_env and database_file."
    ]
    assert [each.where for each in settings_database.mistakes(pasted)] == ["jobs.database_env"]


def test_a_folder_is_told_to_be_no_place_for_the_backups_of_several_machines():
    vaults = {"here": {"kind": "folder", "folder": "vault"}, "there": {"kind": "s3"}}
    alone = File.model_validate({"vaults": vaults})
    several = File.model_validate({"vaults": vaults, "jobs": {"database_env": "DB"}})
    ((what, _),) = settings_database.warnings(several)

    assert list(settings_database.warnings(alone)) == []
    assert "here is a folder" in what


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("postgres://u:p@h:5432/d?sslmode=require", "postgresql://u:p@h:5432/d?sslmode=require"),
        ("postgresql://h/d", "postgresql://h/d"),
    ],
)
def test_both_ways_to_begin_an_address_are_one(tmp_path: Path, told: str, meant: str):
    assert read(tmp_path, told) == meant


@pytest.mark.parametrize(
    "told",
    ["", "sqlite:///secret", "postgresql://secret@h", "mysql://secret@h/d", "secret",
     "postgresql://secret@h:port/d"],
)  # fmt: skip
def test_what_is_no_such_address_is_told_without_a_word_of_it(tmp_path: Path, told: str):
    with pytest.raises(SettingsRefused) as refused:
        read(tmp_path, told)

    assert "secret" not in str(refused.value)


def test_a_password_is_hidden_as_it_is_written_and_as_it_is_meant():
    found = [each.reveal() for each in hidden(Secret("postgresql://u:p%40ss@h/d"))]

    assert found[0] == "postgresql://u:p%40ss@h/d"
    assert set(found[1:]) == {"p%40ss", "p@ss"}
