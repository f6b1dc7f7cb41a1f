"""The recovery kit is true: exactly its commands, run by `sh` with Debian's `age` and the official
Convex CLI, bring back every row and file, with no Lifeboat in between."""

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.age_command import age_command
from tests.journeys import house as of
from tests.node_cli import NODE, NPM, ConvexCli, convex_cli
from tests.storage.seal_keys import key_file

SEALED = True
COMMAND = re.compile(r"^    \$ (.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> ConvexCli:
    """The CLI, and npm's own `npx` beside it: the one in the wheel's bin lacks its library."""
    made = convex_cli(tmp_path_factory.mktemp("cli"))
    npx = made.project / "bin" / "npx"
    npx.parent.mkdir()
    npx.write_text(f'#!/bin/sh\nexec "{NODE}" "{NPM.with_name("npx-cli.js")}" "$@"\n')
    npx.chmod(0o755)
    return made


def kit(house, *words):
    ended = house.process("recovery-kit", *words)

    assert ended.code == 0, ended.err
    return ended.out


def section(text, number):
    return text.split(f"\n{number}. ")[1].split(f"\n{number + 1}. ")[0]


def a_person_does(text, house, cli, stand, deployment="production"):
    """Type what the kit says, in its order, with the three things filled in that it asks for."""
    set_up = COMMAND.findall(section(text, 3))
    restore = section(text, 4).split(f"\n   {deployment}, ")[1]
    steps = COMMAND.findall(re.split(r"\n   (?=\w)(?=.*, as it was )", restore)[0])
    script = "\n".join(("set -eu", *set_up, *steps))
    script = script.replace("https://<name>.convex.cloud", stand.url)
    script = script.replace("<deploy key>", stand.key)
    assert "<" not in script, script
    ran = subprocess.run(
        ["sh", "-c", script],
        cwd=cli.project,
        env={"PATH": f"{cli.project}/bin:{NODE.parent}:{Path(age_command()).parent}:/usr/bin:/bin"}
        | {"HOME": str(cli.project), "CI": "1", "CONVEX_PROVISION_HOST": "http://127.0.0.1:9"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    house.kept += [ran.stdout.replace(stand.key, "")]
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.node
@pytest.mark.slow
def test_what_the_kit_says_brings_every_row_and_file_back(house, cli):
    held = of.rows(house.production)
    house.backup("production")
    text = kit(house)
    shutil.copy(house.identity, cli.project / "lifeboat.identity")
    said = a_person_does(text, house, cli, house.staging)

    assert of.rows(house.staging) == held
    assert said.count(": OK") == 2  # What lay in the vault, and what was in it.
    assert list(cli.project.glob("*.zip*")) == []


@pytest.mark.node
@pytest.mark.slow
def test_a_plain_backup_of_either_deployment_is_brought_back_without_age(house, cli):
    house.write(encryption={"kind": "none", "recipients": None, "identity_file": None})
    held = of.rows(house.staging)
    house.backup("production")
    house.backup("staging")
    text = kit(house)
    a_person_does(text, house, cli, house.production, "staging")

    assert "age -d" not in text
    assert "Nothing is needed" in text
    assert of.rows(house.production) == held


@pytest.mark.node
@pytest.mark.slow
def test_the_kit_names_every_vault_and_takes_each_backup_from_the_first_that_has_it(house, cli):
    house.write(**{"vaults.second": {"kind": "folder", "folder": "second"}})
    house.backup()
    copied = kit(house)
    (folder,) = (house.vault / "backups/production").iterdir()
    shutil.rmtree(folder)
    house.run("list")
    only_there = kit(house)

    assert "Vault local: " in copied
    assert "Vault second: " in copied
    assert "(also in second: cp " in copied
    assert f"export VAULT={house.folder / 'second'}" in copied
    assert '"$VAULT/backups/production' not in section(only_there, 4)
    assert str(house.folder / "second/backups/production") in section(only_there, 4)
    shutil.copy(house.identity, cli.project / "lifeboat.identity")
    a_person_does(only_there, house, cli, house.staging)


def test_the_secret_at_the_end_of_a_kit_is_an_identity_file(house, cli):
    house.backup()
    path = house.folder / "kit.identity"
    ended = house.process("recovery-kit", "--with-identity", "--out", str(path))
    text = path.read_text()
    *_, secret, _ = re.split(r"^-+ secret.*-+$", text, flags=re.MULTILINE)
    (cli.project / "lifeboat.identity").write_text(secret)
    a_person_does(text, house, cli, house.staging)

    assert of.rows(house.staging) == of.rows(house.production)
    assert "THE SECRET KEY IS IN IT" in ended.out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "AGE-SECRET-KEY" not in ended.out + ended.err


def test_debians_age_opens_what_is_sealed_and_seals_what_is_opened(house, tmp_path):
    id_ = house.backup()
    out = tmp_path / "out.zip"
    age = age_command()
    subprocess.run([age, "-d", "-i", house.identity, "-o", out, house.archive(id_)], check=True)

    assert out.read_bytes() == house.plain(id_)


def test_the_newest_backups_of_a_folder_are_found_as_the_kit_says(house):
    first = house.backup()
    text = kit(house)
    second = house.backup()
    (vault,) = re.findall(r"\$ (export VAULT=.*)", text)
    listing = COMMAND.findall(text.split("\n5. ")[1])[0]
    said = subprocess.run(
        ["sh", "-c", f"{vault}\n{listing}"], capture_output=True, text=True, check=True
    )

    assert said.stdout.split() == [first, second]


def test_the_kit_tells_of_each_deployment_and_of_whole_backups_only(house):
    whole = house.backup()
    house.backup("--tables", "npd")
    house.do("restore", whole, "--to", "staging", "--yes")
    text = kit(house)

    assert whole in text
    assert "--tables" not in text
    assert "staging: it had no whole backup" in text  # Its safety backup is none of these.
    page, code = text.split("\n6. TO SCAN")
    assert len(page.splitlines()) < 66
    assert len(code.splitlines()) < 40
    assert max(map(len, text.splitlines())) < 200


def test_the_kit_names_the_identity_that_is_needed_and_never_the_secret(house):
    (other,) = key_file(house.folder / "safe.identity")
    house.encryption["recipients"].append(other)
    house.write()
    house.backup()
    text = kit(house)
    first = house.encryption["recipients"][0]

    assert f"{first} <- in the identity file below" in text
    assert f"{other}\n" in text
    assert str(house.identity) in text
    assert "AGE-SECRET-KEY" not in text


def test_a_kit_is_written_for_its_owner_and_over_nothing(house):
    house.backup()
    path = house.folder / "kit.txt"
    ended = house.run("recovery-kit", "--out", str(path), "--json")

    assert ended.code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == ended.last["text"]
    again = house.run("recovery-kit", "--out", str(path))
    assert again.code == 2
    assert "never written over" in again.err


def test_what_can_not_be_is_refused_in_words(house):
    for words, told in (
        ((), "no whole backup yet"),
        (("--with-identity",), "never onto a screen"),
        (("--out", str(house.folder / "no" / "kit")), "no whole backup yet"),
    ):
        ended = house.run("recovery-kit", *words)

        assert ended.code == 2, ended.err
        assert told in ended.err
    house.backup()
    assert "can't be written" in house.run("recovery-kit", "--out", "/proc/x/kit").err
    house.write(encryption={"identity_file": None})
    ended = house.run("recovery-kit", "--with-identity", "--out", str(house.folder / "k"))
    assert "name no identity_file" in ended.err
    assert not (house.folder / "k").exists()
