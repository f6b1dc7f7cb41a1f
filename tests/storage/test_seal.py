"""The seal: what goes in comes out, and nothing that was touched does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import ArchiveError, SealError
from storage.seal import Seal, new_identity, read_identities, short, some, valid_recipient
from tests.storage.seal_keys import (
    SSH_KEY,
    SSH_LOCKED_KEY,
    SSH_LOCKED_PUBLIC,
    SSH_PUBLIC,
    key_file,
    opened_bytes,
    seal_with,
    sealed_bytes,
)

CHUNK = 65_536  # age seals so many bytes at a time, each with 16 more.
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def seal(tmp_path_factory: pytest.TempPathFactory) -> Seal:
    return seal_with(tmp_path_factory.mktemp("keys"))


def test_what_is_sealed_begins_as_every_age_file_does_and_hides_what_is_in_it(seal: Seal):
    sealed = sealed_bytes(seal, b"a very plain word " * 1000)

    assert sealed.startswith(b"age-encryption.org/v1\n-> X25519 ")
    assert b"plain word" not in sealed


@given(chunks=st.lists(st.binary(max_size=300), max_size=30), cut=st.integers(1, 700))
def test_any_bytes_in_any_chunks_come_back(seal: Seal, chunks: list[bytes], cut: int):
    sealed = b"".join(seal.sealed(chunks))
    pieces = [sealed[at : at + cut] for at in range(0, len(sealed), cut)]

    assert b"".join(seal.opened(pieces, seal.recipients)) == b"".join(chunks)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3_000_001])
def test_sizes_around_what_age_seals_at_a_time_come_back(seal: Seal, size: int):
    plain = os.urandom(size)

    assert opened_bytes(seal, sealed_bytes(seal, plain)) == plain


@given(place=st.integers(0, 1 << 24), bit=st.integers(0, 7))
def test_one_changed_bit_anywhere_is_found(seal: Seal, place: int, bit: int):
    sealed = bytearray(sealed_bytes(seal, b"row" * 50_000))
    sealed[place % len(sealed)] ^= 1 << bit

    with pytest.raises(ArchiveError):
        opened_bytes(seal, bytes(sealed))


@given(place=st.integers(0, 1 << 24))
def test_a_sealed_archive_that_is_cut_anywhere_is_found(seal: Seal, place: int):
    sealed = sealed_bytes(seal, b"row" * 50_000)

    with pytest.raises(ArchiveError):
        opened_bytes(seal, sealed[: place % len(sealed)])


def test_no_byte_of_the_header_can_be_changed(seal: Seal):
    whole = sealed_bytes(seal, b"")
    for place in range(len(whole)):
        sealed = bytearray(whole)
        sealed[place] ^= 1

        with pytest.raises(ArchiveError):
            opened_bytes(seal, bytes(sealed))


@pytest.mark.parametrize("kept", [1, 2])
def test_one_that_is_cut_between_two_of_ages_chunks_is_found(seal: Seal, kept: int):
    sealed = sealed_bytes(seal, bytes(3 * CHUNK))
    header = len(sealed) - 3 * (CHUNK + 16)

    with pytest.raises(ArchiveError):
        opened_bytes(seal, sealed[: header + kept * (CHUNK + 16)])


@given(tail=st.binary(min_size=1, max_size=70_000))
def test_bytes_after_the_end_are_found(seal: Seal, tail: bytes):
    with pytest.raises(ArchiveError):
        opened_bytes(seal, sealed_bytes(seal, b"row" * 50_000) + tail)


def test_two_of_ages_chunks_that_changed_places_are_found(seal: Seal):
    sealed = sealed_bytes(seal, os.urandom(3 * CHUNK))
    header, body = sealed[: -3 * (CHUNK + 16)], sealed[-3 * (CHUNK + 16) :]
    one, two, three = (body[n * (CHUNK + 16) : (n + 1) * (CHUNK + 16)] for n in range(3))

    with pytest.raises(ArchiveError):
        opened_bytes(seal, header + two + one + three)


def test_the_header_of_another_archive_does_not_open_this_one(seal: Seal):
    size = CHUNK + 16
    first, second = (sealed_bytes(seal, os.urandom(CHUNK)) for _ in range(2))

    with pytest.raises(ArchiveError):
        opened_bytes(seal, first[:-size] + second[-size:])


@pytest.mark.parametrize("text", [b"", b"PK\x03\x04" + bytes(300), b"age-encryption.org/v1\n"])
def test_what_is_no_age_file_is_damage_and_no_crash(seal: Seal, text: bytes):
    with pytest.raises(ArchiveError, match="damaged"):
        opened_bytes(seal, text)


def test_each_of_several_recipients_opens_it_alone(tmp_path: Path):
    ours, theirs = key_file(tmp_path / "ours"), key_file(tmp_path / "theirs")
    sealed = sealed_bytes(Seal((*ours, *theirs)), b"rows")

    for name in ("ours", "theirs"):
        assert b"".join(Seal((), tmp_path / name).opened([sealed], (*ours, *theirs))) == b"rows"


def test_an_old_identity_beside_a_new_one_still_opens(tmp_path: Path):
    old, new = key_file(tmp_path / "both", count=2)
    for recipient in (old, new):
        sealed = sealed_bytes(Seal((recipient,)), b"rows")

        assert b"".join(Seal((new,), tmp_path / "both").opened([sealed], (recipient,))) == b"rows"


def test_a_wrong_identity_is_told_before_a_byte_is_asked_for(seal: Seal, tmp_path: Path):
    (stranger,) = key_file(tmp_path / "stranger")
    asked = []

    def chunks():
        asked.append(1)
        yield sealed_bytes(seal, b"rows")

    with pytest.raises(SealError) as told:
        Seal((), tmp_path / "stranger").opened(chunks(), seal.recipients)
    assert not asked
    assert short(seal.recipients[0]) in told.value.what
    assert str(tmp_path / "stranger") in told.value.what
    assert short(stranger) in told.value.what
    assert told.value.safe == "Nothing was touched."
    assert "identity_file" in told.value.hint


def test_no_identity_file_and_one_that_is_not_there_are_told_apart(seal: Seal, tmp_path: Path):
    with pytest.raises(SealError, match=r"sealed for age1.* name no identity_file"):
        Seal().check(seal.recipients)
    with pytest.raises(SealError, match=r"sealed for age1.* no identity file .*/gone"):
        Seal((), tmp_path / "gone").check(seal.recipients)


def test_a_key_that_fits_and_a_header_that_does_not_open_is_damage(seal: Seal, tmp_path: Path):
    other = sealed_bytes(seal_with(tmp_path), b"rows")

    with pytest.raises(ArchiveError, match="header opens with no identity, and one fits"):
        opened_bytes(seal, other)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no identity"),
        ("# only a comment\n\n", "holds no identity"),
        ("AGE-SECRET-KEY-1NONSENSE\n", "no identity of age"),
        ("AGE-PLUGIN-YUBIKEY-1QQQQQQ\n", "no identity of age"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nbm9uc2Vuc2U=\n", "can't be used"),
    ],
)
def test_an_identity_file_of_nonsense_is_told_without_what_it_holds(tmp_path, text, told):
    path = tmp_path / "identity"
    path.write_text(text)

    with pytest.raises(SealError, match=told) as error:
        read_identities(path)
    assert "NONSENSE" not in str(error.value)


def test_a_secret_is_nowhere_in_what_is_printed(tmp_path: Path):
    seal = seal_with(tmp_path)
    secret, recipient = new_identity()
    body = (tmp_path / "lifeboat.identity").read_text().splitlines()[1].split("-1")[1]

    assert body.isalnum()
    assert body not in repr((seal, seal.identities(), secret, recipient))
    assert secret.reveal() not in f"{secret} {secret!r}"


def test_an_ssh_key_seals_and_opens(tmp_path: Path):
    (tmp_path / "key").write_text(SSH_KEY)
    recipient = valid_recipient(SSH_PUBLIC)
    seal = Seal((recipient or "",), tmp_path / "key")

    assert recipient is not None
    assert recipient.count(" ") == 1  # Its comment is somebody's name and address.
    assert opened_bytes(seal, sealed_bytes(seal, b"rows")) == b"rows"


def test_an_ssh_key_with_a_passphrase_fits_nothing_and_says_so(tmp_path: Path):
    (tmp_path / "key").write_text(SSH_LOCKED_KEY)
    recipient = valid_recipient(SSH_LOCKED_PUBLIC)

    with pytest.raises(SealError):
        Seal((), tmp_path / "key").check((recipient or "",))


@pytest.mark.parametrize("text", ["", "age1nonsense", "ssh-ed25519 AAAA", "ssh-dss AAAA", "x" * 99])
def test_what_is_no_public_key_is_no_recipient(text: str):
    assert valid_recipient(text) is None


def test_a_secret_key_is_no_recipient():
    assert valid_recipient(new_identity()[0].reveal()) is None


def test_recipients_are_shown_short_and_counted():
    names = [new_identity()[1] for _ in range(5)]

    assert some(names).endswith(f"{short(names[2])} and 2 more")
    assert short(ED25519) == "ssh-ed25519 …" + ED25519[-12:]


def test_what_the_chunks_raise_comes_through_and_the_thread_ends(seal: Seal):
    def breaking():
        yield b"x" * 200_000
        raise KeyError("the vault's own")

    for work in (seal.sealed(breaking()), seal.opened(breaking(), seal.recipients)):
        with pytest.raises((KeyError, ArchiveError)):
            list(work)
    with pytest.raises(KeyError, match="the vault's own"):
        list(seal.sealed(breaking()))
    assert not [t for t in threading.enumerate() if t.name == "seal"]


def test_one_that_nobody_reads_to_the_end_leaves_no_thread(seal: Seal):
    sealing = seal.sealed(os.urandom(100_000) for _ in range(100))
    next(sealing)
    sealing.close()

    assert not [t for t in threading.enumerate() if t.name == "seal"]


def test_chunks_are_taken_in_the_callers_own_thread(seal: Seal):
    seen = set()

    def chunks():
        for _ in range(5):
            seen.add(threading.current_thread())
            yield bytes(100_000)

    list(seal.sealed(chunks()))

    assert seen == {threading.current_thread()}


MEASURE = """
import hashlib, resource, sys
from pathlib import Path
from storage.seal import Seal
seal = Seal((sys.argv[1],), Path(sys.argv[2]))
block, blocks = bytes(range(256)) * 1024, 1200  # 300 MiB
def plain():
    for _ in range(blocks):
        yield block
list(seal.opened(seal.sealed([block]), seal.recipients))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(len(chunk) for chunk in seal.opened(seal.sealed(plain()), seal.recipients))
assert count == blocks * len(block), count
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_sealing_and_opening_300_mb_takes_a_few_mb_of_memory(tmp_path: Path):
    seal = seal_with(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, seal.recipients[0], str(seal.identity_file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(ran.stdout) < 16 * 1024  # KiB
