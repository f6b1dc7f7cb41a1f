"""A hold of a backup whose bytes may be going at that very moment."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from commands import hold
from storage import removal, shelf
from storage.catalog import Catalog
from storage.errors import VaultError
from storage.removal import Removed
from storage.vaults.local import LocalFolder
from tests.commands.audit_contexts import context
from tests.fakes import AT, keep, make_manifest

REQUEST = hold.Request("production-2026-11-24-0200", "the tax audit")


class SteppedIn(LocalFolder):
    """A folder where somebody does something right before an archive is deleted."""

    stepping_in: Callable[[], None] = staticmethod(lambda: None)

    def delete(self, name: str) -> None:
        """Remove an object, a moment later."""
        if name.endswith(shelf.ARCHIVE):
            self.stepping_in()
        super().delete(name)


@pytest.fixture
def vault(tmp_path):
    return SteppedIn(tmp_path / "vault")


@pytest.fixture
def note(vault):
    manifest = keep(vault, make_manifest())
    note = Removed(
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
    assert removal.remove(vault, note)
    return note


def _at(tmp_path, vault, days: int):
    now = AT + timedelta(days=days)
    catalog = Catalog(tmp_path / "catalog.db")
    return context(tmp_path / "vault", vault=vault, now=lambda: now, audit=None, catalog=catalog)


def test_within_the_grace_period_a_removed_backup_comes_back(tmp_path, vault, note):
    hold.hold(REQUEST, _at(tmp_path, vault, days=6))

    assert shelf.read_manifest(vault, "production", note.id).id == note.id


def test_a_hold_that_comes_while_the_bytes_go_never_says_that_it_holds(tmp_path, vault, note):
    ctx = _at(tmp_path, vault, days=8)

    def held() -> None:
        with pytest.raises(VaultError, match="its bytes may be going"):
            hold.hold(REQUEST, ctx)

    vault.stepping_in = held
    removal.drop_bytes(vault, note)

    assert list(vault.list("backups/production/production-2026-11-24-0200/manifest")) == []


def test_after_the_grace_period_the_next_prune_brings_back_what_is_held(tmp_path, vault, note):
    ctx = _at(tmp_path, vault, days=8)
    with pytest.raises(VaultError, match="its bytes may be going"):
        hold.hold(REQUEST, ctx)

    assert not removal.drop_bytes(vault, note)
    (lying,) = removal.lying(vault)
    assert "it is a backup again" in removal.settle(vault, lying, ctx.now())
