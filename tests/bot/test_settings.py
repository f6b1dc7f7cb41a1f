"""The settings file becomes one frozen object, or every mistake at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsRefused, read
from tests.bot import settings_files
from tests.bot.settings_files import (
    ENVIRON,
    FOLDER,
    KEY,
    NOT_SEALED,
    PRODUCTION,
    STAGING,
    VAULT,
    WHOLE,
    bucket,
    mistakes,
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return partial(settings_files.write, tmp_path)


def test_a_whole_file_is_read(write: Write, tmp_path: Path):
    settings = read(write(), ENVIRON)

    assert isinstance(settings, Settings)
    assert list(settings.deployments) == ["production", "staging"]
    assert settings.deployments["production"].protected
    assert settings.deployments["production"].restore_to == "staging"
    assert settings.deployments["production"].key.reveal() == KEY
    assert settings.deployments["staging"].expected_tables is None
    assert settings.vault.folder == tmp_path / "vault"
    assert settings.paths.data == tmp_path / "lifeboat-data"
    assert settings.warnings == ()


def test_settings_are_frozen(write: Write):
    settings = read(write(), ENVIRON)

    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.default_deployment = "staging"  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.deployments["more"] = settings.deployments["staging"]  # type: ignore[index]


def test_the_rules_and_the_patience_come_from_the_file(write: Write):
    settings = read(
        write(
            WHOLE
            + """
            [lifeboat]
            clock_skew_seconds_max = 5
            download_tries = 2
            [verify]
            compare_with = 3
            shrink_percent_max = 10.5
            grow_percent_max = 50
            [patience]
            export_hours_max = 1
            import_hours_max = 2
            connect_seconds = 3
            read_seconds = 4
            poll_seconds_max = 0.5
            [sweep]
            grace_hours = 48
            """
        ),
        ENVIRON,
    )

    rules, patience = settings.rules, settings.patience
    assert (rules.clock_skew_seconds_max, rules.download_tries, rules.compare_with) == (5, 2, 3)
    assert (rules.shrink_percent_max, rules.grow_percent_max) == (10.5, 50)
    assert rules.grace_hours == 48
    assert (patience.export_hours_max, patience.import_hours_max) == (1, 2)
    assert (patience.connect_seconds, patience.read_seconds) == (3, 4)
    assert (patience.poll_seconds_max, patience.download_tries) == (0.5, 2)


def test_the_only_deployment_is_the_default(write: Write):
    settings = read(write(STAGING + VAULT), ENVIRON)

    assert settings.default_deployment == "staging"


def test_of_two_deployments_none_is_the_default_unless_said(write: Write):
    assert read(write(), ENVIRON).default_deployment is None

    said = write('[lifeboat]\ndefault_deployment = "staging"\n' + WHOLE)
    assert read(said, ENVIRON).default_deployment == "staging"


def test_every_mistake_is_listed_at_once(write: Write):
    found = mistakes(
        write(
            """
            [lifeboat]
            default_deployment = "prodction"
            download_tris = 3
            [deployments.production]
            url = "ftp://happy-animal-123.convex.cloud"
            key_env = "NOT_SET"
            restore_to = "production"
            [deployments.staging]
            key_env = "STAGING_KEY"
            protected = "no"
            [vaults.local]
            kind = "folder"
            [verify]
            compare_with = 0
            [encryption]
            recipients = ["age1nonsense"]
            """
        )
    )

    assert found.keys() == {
        "lifeboat.download_tris",
        "lifeboat.default_deployment",
        "deployments.production.url",
        "deployments.production.key_env",
        "deployments.production.protected",
        "deployments.production.restore_to",
        "deployments.staging",
        "deployments.staging.protected",
        "vaults.local",
        "encryption.recipients",
        "verify.compare_with",
    }


def test_each_mistake_has_its_line_of_advice_in_what_is_printed(write: Write):
    with pytest.raises(SettingsRefused) as refused:
        read(write("[verfy]\n"), {})

    lines = refused.value.what.splitlines()
    assert lines[0] == "The settings in lifeboat.toml have 4 mistakes:"
    assert "  verfy: There is no setting called 'verfy'. Did you mean 'verify'?" in lines
    assert len(lines) == 5
    assert all(mistake.hint for mistake in refused.value.mistakes)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("urll = 'x'", "Did you mean 'url'?"),
        ("restoreto = 'x'", "Did you mean 'restore_to'?"),
        ("expect_tables = []", "Did you mean 'expected_tables'?"),
        ("zzz = 1", "There are: url, key_env, key_file"),
    ],
)
def test_an_unknown_key_gets_the_near_ones(write: Write, line: str, meant: str):
    found = mistakes(write(WHOLE.replace("key_env", f"{line}\nkey_env", 1)))

    assert meant in " ".join(found.values())


def test_broken_toml_gives_line_and_column(write: Write):
    found = mistakes(write("[lifeboat]\ndownload_tries = = 3\n"))

    assert list(found) == ["line 2, column 18"]


def test_a_table_that_stands_twice_is_said(write: Write):
    found = mistakes(write(WHOLE + STAGING))

    assert "twice" in " ".join(found.values())


def test_bytes_that_are_not_utf8_give_the_line(tmp_path: Path):
    path = tmp_path / "lifeboat.toml"
    path.write_bytes(b"[lifeboat]\n# caf\xe9\n")

    assert list(mistakes(path)) == ["line 2"]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path):
    path = tmp_path / "lifeboat.toml"
    path.write_text("\ufeff" + WHOLE, encoding="utf-8")

    assert read(path, ENVIRON).deployments


def test_a_missing_file_says_what_to_copy(tmp_path: Path):
    found = mistakes(tmp_path / "lifeboat.toml")

    assert "lifeboat.example.toml" in found["the file"]


@pytest.mark.parametrize("name", ["production", "prod"])
@pytest.mark.parametrize("said", ["true", "false"])
def test_a_deployment_called_production_must_say_whether_it_is_protected(
    write: Write, name: str, said: str
):
    text = STAGING.replace("staging", name) + VAULT
    unsaid = mistakes(write(text))
    settings = read(write(text.replace("[vaults", f"protected = {said}\n[vaults")), ENVIRON)

    assert "Say protected = true" in unsaid[f"deployments.{name}.protected"]
    assert settings.deployments[name].protected == (said == "true")


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("production", "itself"),
        ("live", "protected"),
        ("stagin", "Did you mean 'staging'?"),
        ("nowhere", "There are: staging, live."),
    ],
)
def test_restore_to_names_another_deployment_that_is_not_protected(
    write: Write, target: str, why: str
):
    live = STAGING.replace("staging", "live").replace("3211", "3299") + "protected = true\n"
    text = PRODUCTION.replace('"staging"', f'"{target}"') + STAGING + live + VAULT
    found = mistakes(write(text))

    assert why in found["deployments.production.restore_to"]


@pytest.mark.parametrize("name", ["Production", "a b", "-x", "x" * 41, "späte", ""])
def test_a_name_that_can_not_stand_in_an_id_is_refused(write: Write, name: str):
    found = mistakes(write(WHOLE + STAGING.replace("staging", f'"{name}"', 1)))

    assert "is no name for a deployment" in " ".join(found.values())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("happy-animal-123.convex.cloud", "begins with https://"),
        ("ftp://example.org", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://a b", "begins with https://"),
        ("https://example.org:port", "not an address"),
        ("https://[::1", "not an address"),
        ("https://user:word@example.org", "more than the host"),
        ("https://example.org?adminKey=x", "more than the host"),
        ("https://example.org/some/path", "holds a path"),
        ("https://happy-animal-123.convex.site", "dashboard's or the HTTP actions'"),
        ("https://dashboard.convex.dev/d/happy-animal-123", "dashboard's"),
        ("http://example.org", "anyone on the way can read the key"),
        ("http://8.8.8.8:3210", "anyone on the way can read the key"),
    ],
)
def test_an_address_that_is_none_is_refused(write: Write, url: str, why: str):
    found = mistakes(write(STAGING.replace("http://127.0.0.1:3211", url) + VAULT))

    assert why in found["deployments.staging.url"]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://Example.org/", "https://example.org"),
        ("https://example.org:443", "https://example.org"),
        ("http://localhost:3210", "http://localhost:3210"),
        ("http://10.1.2.3", "http://10.1.2.3"),
        ("http://[::1]:3210/", "http://[::1]:3210"),
    ],
)
def test_an_address_is_kept_as_an_origin(write: Write, url: str, kept: str):
    settings = read(write(STAGING.replace("http://127.0.0.1:3211", url) + VAULT), ENVIRON)

    assert settings.deployments["staging"].url == kept


def test_plain_http_to_a_public_address_can_be_allowed(write: Write):
    text = STAGING.replace("127.0.0.1", "example.org") + "allow_plain_http = true\n" + VAULT
    settings = read(write(text), ENVIRON)

    assert settings.deployments["staging"].url == "http://example.org:3211"


def test_two_deployments_of_one_address_are_refused(write: Write):
    twin = STAGING.replace("staging", "twin").replace("3211", "3211/")
    found = mistakes(write(WHOLE + twin))

    assert "twin and staging have the same address" in found["deployments.twin.url"]


@pytest.mark.parametrize("name", ["", "npd table", "_hidden", "1st", "a//b", "/npd", "npd/"])
def test_an_expected_table_that_can_not_exist_is_a_mistake(write: Write, name: str):
    text = STAGING + f'expected_tables = ["users", "{name}"]\n' + VAULT

    assert "Item 2" in mistakes(write(text))["deployments.staging.expected_tables"]


def test_no_expected_tables_and_an_empty_list_are_two_things(write: Write):
    text = STAGING + "expected_tables = []\n" + VAULT

    assert read(write(text), ENVIRON).deployments["staging"].expected_tables == ()


@pytest.mark.parametrize(
    ("vaults", "where", "why"),
    [
        ("", "vaults", "No vault is named"),
        (VAULT + FOLDER.replace("local", "more"), "vaults.more.folder", "are the same folder"),
        (
            VAULT + FOLDER.replace("local", "more").replace('"vault"', '"vault/inner"'),
            "vaults.more.folder",
            "lie one in the other",
        ),
        (
            VAULT.replace('"vault"', '"other/vault"')
            + FOLDER.replace("local", "more").replace('"vault"', '"other"'),
            "vaults.more.folder",
            "lie one in the other",
        ),
        (VAULT + bucket("far") + bucket("there"), "vaults.there.bucket", "are the same place"),
        (
            VAULT + bucket("far") + bucket("there", "prefix = 'a/'"),
            "vaults.there.bucket",
            "lie one in the other",
        ),
        (
            VAULT
            + bucket("far", "endpoint = 'https://s3.eu-central-1.amazonaws.com'")
            + bucket("there"),
            "vaults.there.bucket",
            "are the same place",
        ),
        ("[vaults.local]\nkind='tape'\nfolder='v'", "vaults.local.kind", '"folder" or "s3"'),
        ("[vaults.local]\nfolder='v'", "vaults.local", "no kind"),
        ("[vaults.local]\nkind='folder'", "vaults.local", "no folder"),
        ("[vaults.local]\nkind='folder'\nfolder='lifeboat-data'", "vaults.local.folder", "swept"),
        (
            "[vaults.local]\nkind='folder'\nfolder='lifeboat-data/spool/v'",
            "vaults.local.folder",
            "swept",
        ),
        ("[vaults.local]\nkind='folder'\nfolder='.'", "vaults.local.folder", "swept"),
        (
            "[vaults.local]\nkind='folder'\nfolder='a\\u0000'".replace("'", '"'),
            "vaults.local.folder",
            "not a path",
        ),
        ("[vaults.Local]\nkind='folder'\nfolder='v'", "vaults.Local", "no name for a vault"),
    ],
)
def test_a_vault_is_a_folder_of_its_own(write: Write, vaults: str, where: str, why: str):
    found = mistakes(write(STAGING + vaults))

    assert why in found[where]


def test_any_number_of_vaults_keep_the_order_of_the_file(write: Write):
    folders = "".join(
        f"[vaults.{name}]\nkind = 'folder'\nfolder = '{name}-vault'\n{more}\n"
        for name, more in (("zoo", ""), ("attic", "offsite = true"), ("mid", "offline = true"))
    )
    settings = read(write(STAGING + folders + NOT_SEALED), ENVIRON)

    assert list(settings.vaults) == ["zoo", "attic", "mid"]
    assert settings.vault.name == "zoo"
    assert [each.offsite for each in settings.vaults.values()] == [False, True, False]
    assert [each.offline for each in settings.vaults.values()] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("[verify]\ncompare_with = 1.5", "verify.compare_with", "whole number"),
        ("[verify]\ncompare_with = true", "verify.compare_with", "whole number"),
        ("[verify]\nshrink_percent_max = 101", "verify.shrink_percent_max", "at most 100"),
        ("[verify]\nshrink_percent_max = nan", "verify.shrink_percent_max", "plain number"),
        ("[verify]\nshrink_percent_max = '30'", "verify.shrink_percent_max", "a number"),
        ("[patience]\nread_seconds = 0", "patience.read_seconds", "more than 0"),
        ("[sweep]\ngrace_hours = 0", "sweep.grace_hours", "at least 1"),
        ("[lifeboat]\ndata_folder = 3", "lifeboat.data_folder", "a text"),
        ("[lifeboat]\ndata_folder = ''", "lifeboat.data_folder", "not empty"),
        ("sweep = 3", "sweep", "[sweep]"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_in_our_words(
    write: Write, text: str, where: str, why: str
):
    found = mistakes(write(text + "\n" + WHOLE))

    assert list(found) == [where]
    assert why in found[where]


def test_a_mistake_of_shape_is_not_told_twice(write: Write):
    found = mistakes(write("[deployments]\nstaging = 3\n" + VAULT))

    assert list(found) == ["deployments.staging"]
