"""The seal has to be said, and what is said of it has to make sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import read
from storage.seal import new_identity
from tests.bot.settings_files import ENVIRON, VAULT, WHOLE, mistakes, write
from tests.storage.seal_keys import key_file

RECIPIENT = "age1us5v6vpn8pwevpks0k8sw3l9qgmhy7luu6u3xzcfvx4w4lufaszs4y8m9h"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN"
UNSAID = WHOLE.replace('[encryption]\nkind = "none"\n', "")


def with_seal(folder: Path, text: str) -> Path:
    return write(folder, f"{UNSAID}\n[encryption]\n{text}\n")


def test_a_file_that_says_nothing_of_the_seal_is_refused_with_what_to_do(tmp_path: Path):
    assert "[encryption]" in VAULT
    found = mistakes(write(tmp_path, UNSAID))

    assert list(found) == ["encryption"]
    assert "lifeboat keys new" in found["encryption"]
    assert 'kind = "none"' in found["encryption"]


def test_plain_archives_have_to_be_asked_for(tmp_path: Path):
    seal = read(write(tmp_path, WHOLE), ENVIRON).seal

    assert not seal.on
    assert seal.identity_file is None


def test_recipients_alone_seal_and_the_identity_file_lies_beside_the_settings(tmp_path: Path):
    text = f'recipients = ["{RECIPIENT}", "{SSH} ayu@laptop", " {RECIPIENT} "]\n'
    seal = read(with_seal(tmp_path, text + 'identity_file = "keys/lb"'), ENVIRON).seal

    assert seal.recipients == (RECIPIENT, SSH)
    assert seal.identity_file == tmp_path / "keys" / "lb"
    assert read(with_seal(tmp_path, text), ENVIRON).seal.identity_file is None


@pytest.mark.parametrize(
    ("text", "where", "told"),
    [
        ("recipients = []", "encryption", "not said whom"),
        ('kind = "age"', "encryption", "not said whom"),
        ('kind = "gpg"', "encryption.kind", "sealed with age, or not at all"),
        ('recipients = "age1x"', "encryption.recipients", "a list"),
        (f'recipients = ["{RECIPIENT}", "age1x"]', "encryption.recipients", "Item 2 is not a"),
        (f'kind = "none"\nrecipients = ["{RECIPIENT}"]', "encryption.recipients", "plain"),
        ('recipient = ["age1x"]', "encryption.recipient", "Did you mean 'recipients'?"),
        ('identity_file = ""', "encryption.identity_file", "not empty"),
    ],
)
def test_a_mistake_is_told_where_it_is(tmp_path: Path, text: str, where: str, told: str):
    assert told in mistakes(with_seal(tmp_path, text))[where]


def test_a_secret_key_among_the_recipients_is_told_and_never_repeated(tmp_path: Path):
    secret = new_identity()[0].reveal()
    for text in (secret, secret.lower()):
        found = mistakes(with_seal(tmp_path, f'recipients = ["{text}"]'))

        assert "secret key" in found["encryption.recipients"]
        assert secret[20:40] not in str(found).upper()


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, True), (0o602, True)])
def test_an_identity_file_that_others_can_touch_is_warned_of(tmp_path: Path, mode: int, warned):
    (recipient,) = key_file(tmp_path / "lb")
    (tmp_path / "lb").chmod(mode)
    text = f'recipients = ["{recipient}"]\nidentity_file = "lb"'
    told = [
        what for what, hint in read(with_seal(tmp_path, text), ENVIRON).warnings if "600" in hint
    ]

    assert bool(told) == warned


def test_an_identity_file_that_is_not_there_is_no_mistake(tmp_path: Path):
    text = f'recipients = ["{RECIPIENT}"]\nidentity_file = "on-a-stick"'

    assert read(with_seal(tmp_path, text), ENVIRON).warnings == ()
