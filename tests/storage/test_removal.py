"""Removals that were stopped half-way, as the next prune finds them."""

from datetime import timedelta

import pytest

from storage import holds, removal, shelf
from storage.errors import NotThere
from storage.holds import Hold
from storage.removal import Lying, Removed
from storage.vaults.local import LocalFolder
from tests.fakes import AT, keep, make_manifest

WORD = Hold(act="hold", at=AT, by="U1", by_name="Rizal", door="terminal", why="the tax audit")


@pytest.fixture
def vault(tmp_path):
    return LocalFolder(tmp_path / "vault")


@pytest.fixture
def note(vault):
    """A removal of a backup that lies in the vault."""
    manifest = keep(vault, make_manifest())
    return Removed(
        id=manifest.id,
        deployment="production",
        at=AT,
        by="U1",
        by_name="Rizal",
        door="terminal",
        why="expired",
        bytes=3,
        manifest=removal.label_text(vault, "production", manifest.id),
    )


def _lying(vault) -> Lying:
    (each,) = removal.lying(vault)
    assert isinstance(each, Lying)
    return each


def test_a_removed_backup_that_is_held_comes_back(vault, note):
    removal.remove(vault, note)
    holds.write(vault, "production", note.id, WORD)

    said = removal.settle(vault, _lying(vault), AT)

    assert "it is a backup again" in said
    assert shelf.read_manifest(vault, "production", note.id).id == note.id


def test_a_hold_that_came_when_the_bytes_were_gone_is_told_and_stops_nothing(vault, note):
    removal.remove(vault, note)
    vault.delete(shelf.archive_name("production", note.id))
    holds.write(vault, "production", note.id, WORD)

    said = removal.settle(vault, _lying(vault), AT + timedelta(days=9))

    assert said == f"{note.id} is held, but its bytes are gone from 'local'."
    with pytest.raises(NotThere):
        shelf.read_manifest(vault, "production", note.id)
