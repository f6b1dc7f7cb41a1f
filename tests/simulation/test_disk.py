"""The model of a folder: it keeps a vault's promises, and syncs as the real one does."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.errors import AlreadyThere
from storage.vaults.local import LocalFolder
from storage.vaults.vault import Vault
from tests.simulation.disk import Disk, File, ModelFolder
from tests.storage.vaults.faulty import Crashed
from tests.storage.vaults.suite import VaultSuite


@pytest.fixture
def vault() -> ModelFolder:
    return ModelFolder("vault", Disk(), lambda: datetime.now(UTC))


class TestModelFolder(VaultSuite):
    pass


class Traced(Disk):
    """A disk that tells what was done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def add(self, path: str, file: File | None) -> None:
        super().add(path, file)
        if not path.endswith(".part"):
            self.told.append(f"mkdir {path}" if file is None else f"link {path}")

    def drop(self, path: str) -> None:
        super().drop(path)
        if not path.endswith(".part"):
            self.told.append(f"drop {path}")

    def sync(self, file: File) -> None:
        super().sync(file)
        self.told.append("sync the file")

    def sync_folder(self, folder: str) -> None:
        super().sync_folder(folder)
        if folder:
            self.told.append(f"sync {folder}")


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Return what is done to the disk below `tmp_path` from now on."""
    told: list[str] = []
    fsync, link, mkdir, unlink, rmdir = os.fsync, os.link, Path.mkdir, Path.unlink, Path.rmdir

    def named(path: Path) -> str:
        return str(path.relative_to(tmp_path))

    def synced(file: int) -> None:
        fsync(file)
        at = Path(f"/proc/self/fd/{file}").readlink()
        if at != tmp_path:
            told.append(f"sync {named(at)}" if at.is_dir() else "sync the file")

    def linked(part: Path, path: Path, **how: bool) -> None:
        link(part, path, **how)
        told.append(f"link {named(path)}")

    def made(path: Path, *rest: int) -> None:
        mkdir(path, *rest)
        told.append(f"mkdir {named(path)}")

    def dropped(path: Path, **how: bool) -> None:
        unlink(path, **how)
        if not path.name.endswith(".part"):
            told.append(f"drop {named(path)}")

    def emptied(path: Path) -> None:
        rmdir(path)
        told.append(f"drop {named(path)}")

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", linked)
    for name, doing in (("mkdir", made), ("unlink", dropped), ("rmdir", emptied)):
        monkeypatch.setattr(Path, name, doing)
    return told


def _used(vault: Vault) -> None:
    vault.put("a/b/one", [b"1"])
    vault.put("a/b/two", [b"2", b"3"])
    with pytest.raises(AlreadyThere):
        vault.put("a/b/two", [b"4"])
    vault.delete("a/b/two")
    vault.delete("a/b/one")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux what a file is called")
def test_the_real_folder_syncs_what_the_model_syncs_and_in_that_order(real, tmp_path: Path):
    disk = Traced()

    _used(LocalFolder(tmp_path / "vault"))
    _used(ModelFolder("vault", disk, lambda: datetime.now(UTC)))

    assert real == disk.told


def _killed_at_each_operation() -> Iterator[tuple[Disk, ModelFolder]]:
    """Yield a vault after a put that was killed before its first, second, … operation."""
    for operation in range(100):
        disk = Disk()
        folder = ModelFolder("vault", disk, lambda: datetime.now(UTC))
        disk.kill_in = operation
        try:
            folder.put("a/b", [b"one", b"two"])
        except Crashed:
            folder.killed()
            yield disk, folder
            continue
        assert operation > 5
        return


@pytest.mark.parametrize("seed", range(20))
def test_a_put_that_is_killed_at_any_operation_leaves_all_or_nothing(seed: int):
    for disk, folder in _killed_at_each_operation():
        disk.power_cut(random.Random(seed))

        assert folder.bytes_of("a/b") in (None, b"onetwo")


def test_a_name_that_is_taken_stays_taken_after_a_power_cut():
    for disk, folder in _killed_at_each_operation():
        with suppress(AlreadyThere):
            folder.put("a/b", [b"onetwo"])
        disk.power_cut(random.Random(0))

        assert folder.bytes_of("a/b") == b"onetwo"
