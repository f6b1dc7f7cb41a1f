"""The identity file: made once, added to, never overwritten, and whole at every moment."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import identities
from storage.errors import Refused, SealError
from storage.seal import Seal, read_identities
from tests.storage.seal_keys import SSH_KEY, opened_bytes, sealed_bytes

AT = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_its_owners_alone_and_opens_what_is_sealed_for_its_recipient(tmp_path: Path):
    path = tmp_path / "lifeboat.identity"
    seal = Seal((identities.create(path, AT),), path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert opened_bytes(seal, sealed_bytes(seal, b"rows")) == b"rows"
    assert path.read_text().splitlines()[:2] == [
        "# created: 2026-11-25T02:00:00Z",
        f"# public key: {seal.recipients[0]}",
    ]


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_is_there_is_never_overwritten(tmp_path: Path, kind: str):
    path = tmp_path / "lifeboat.identity"
    if kind == "file":
        path.write_text("precious")
    elif kind == "link":
        path.symlink_to("nowhere")
    else:
        path.mkdir()
    before = names(tmp_path)

    with pytest.raises(Refused, match="never overwritten"):
        identities.create(path, AT)
    assert names(tmp_path) == before
    assert kind != "file" or path.read_text() == "precious"


def test_a_new_identity_is_added_after_the_old_ones(tmp_path: Path):
    path = tmp_path / "lifeboat.identity"
    first = identities.create(path, AT)
    old = path.read_bytes()
    second, before = identities.add(path, AT)

    assert before == (first,)
    assert path.read_bytes().startswith(old)
    assert [identity.recipient for identity in read_identities(path)] == [first, second]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == [path.name]


def test_a_link_stays_a_link_when_an_identity_is_added(tmp_path: Path):
    (tmp_path / "safe").mkdir()
    real, link = tmp_path / "safe" / "identity", tmp_path / "lifeboat.identity"
    identities.create(real, AT)
    link.symlink_to(real)
    identities.add(link, AT)

    assert link.is_symlink()
    assert len(read_identities(real)) == 2


def test_a_disk_that_fails_leaves_the_old_file_as_it_was(tmp_path: Path, monkeypatch):
    path = tmp_path / "lifeboat.identity"
    identities.create(path, AT)
    old = path.read_bytes()

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for doing in (lambda: identities.add(path, AT), lambda: identities.create(tmp_path / "n", AT)):
        with pytest.raises(SealError, match="No space left"):
            doing()

    assert path.read_bytes() == old
    assert names(tmp_path) == [path.name]


def test_nothing_is_added_to_an_ssh_key(tmp_path: Path):
    path = tmp_path / "key"
    path.write_text(SSH_KEY)
    old = path.read_bytes()

    with pytest.raises(Refused, match="SSH key"):
        identities.add(path, AT)
    assert path.read_bytes() == old


def test_a_file_that_is_not_there_can_not_be_added_to(tmp_path: Path):
    with pytest.raises(SealError, match="no identity file"):
        identities.add(tmp_path / "gone", AT)
    with pytest.raises(SealError, match="can't be written"):
        identities.create(tmp_path / "gone" / "identity", AT)
