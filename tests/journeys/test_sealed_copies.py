"""Sealed archives in two vaults: copied without any key, and opened from whichever is sound."""

import hashlib

import pytest

SEALED = True


@pytest.fixture
def two(house):
    house.changes = {"vaults.second": {"kind": "folder", "folder": "second"}}
    house.write()
    return house


def sealed(house, vault):
    (path,) = (house.folder / vault).glob("backups/*/*/archive.zip.age")
    return path


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_machine_without_the_identity_copies_what_is_sealed_byte_for_byte(two):
    two.write(encryption={"identity_file": None})
    ended = two.run("now", "--json")

    assert ended.code == 0, ended.out
    assert [copy["state"] for copy in ended.last["copies"]] == ["copied"]
    assert digest(sealed(two, "vault")) == digest(sealed(two, "second"))
    assert sealed(two, "second").read_bytes().startswith(b"age-encryption.org/v1\n")


def test_a_restore_opens_the_copy_of_the_next_vault_when_the_first_is_rotten(two):
    two.backup()
    path = sealed(two, "vault")
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(body)
    ended = two.run("restore", "latest:production", "--to", "staging", "--yes", "--json")

    assert ended.code == 0, ended.out
    told = " ".join(event["text"] for event in ended.events if event["event"] == "Warned")
    assert "Reading the copy in 'second' instead" in told


def test_verify_of_one_copy_opens_that_copy(two):
    two.backup()
    sealed(two, "second").unlink()
    first = two.run("verify", "latest:production", "--json")
    second = two.run("verify", "latest:production", "--vault", "second", "--json")

    assert (first.code, first.last["depth"], first.last["vault"]) == (0, "full", "local")
    assert second.code in (1, 2)
    assert "its archive" in str(second.last["findings"])
