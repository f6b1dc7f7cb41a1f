"""A disk in memory that forgets what was not synced, and a folder on it that is a vault.

The folder does what `storage/vaults/local.py` does, operation by operation: it writes beside,
syncs, links, syncs the folder. A process can be killed between any two operations. A power cut
leaves of a file that was not synced some of its first bytes, and of the names in a folder that was
not synced some of the first changes.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from storage.errors import AlreadyThere, NotThere
from storage.vaults.vault import Stored, legal
from tests.storage.vaults.faulty import Crashed

CHUNK = 4096
PART = ".lifeboat-{}.part"
Change = tuple[Literal["add", "drop"], str, "File | None"]


@dataclass(eq=False)
class File:
    """A file's bytes: as processes see them, and as they would be after a power cut."""

    modified: datetime
    seen: bytes = b""
    synced: bytes | None = None


class Disk:
    """Files under paths. `None` in place of a file is a folder; every change has to be synced."""

    def __init__(self) -> None:
        self.seen: dict[str, File | None] = {}
        self._sorted: list[str] | None = None
        self.synced: dict[str, File | None] = {}
        self._unsynced: dict[str, list[Change]] = {}
        self.kill_in: int | None = None  # After so many operations from now on.
        self.forgets_bytes = self.forgets_names = False  # Planted bugs: an fsync that is missing.
        self.kills = 0

    def go_on_from(self, other: Disk) -> None:
        """Hold the same as another disk, on which everything is synced."""
        files = {path: replace(file) if file else None for path, file in other.seen.items()}
        self.seen, self.synced, self._sorted = files, dict(files), None

    def operation(self) -> None:
        """Count one operation; Crashed when it is the one before which the process dies."""
        if self.kill_in is not None:
            self.kill_in -= 1
            if self.kill_in < 0:
                self.kill_in, self.kills = None, self.kills + 1
                raise Crashed("killed between two operations of the disk")

    def add(self, path: str, file: File | None) -> None:
        """Give a file or folder its name."""
        self.operation()
        self.seen[path], self._sorted = file, None
        self._unsynced.setdefault(_folder(path), []).append(("add", path, file))

    def drop(self, path: str) -> None:
        """Take a name away."""
        self.operation()
        file, self._sorted = self.seen.pop(path), None
        self._unsynced.setdefault(_folder(path), []).append(("drop", path, file))

    def sync(self, file: File) -> None:
        """Make a file's bytes durable."""
        self.operation()
        if not self.forgets_bytes:
            file.synced = file.seen

    def sync_folder(self, folder: str) -> None:
        """Make the names in a folder durable."""
        self.operation()
        if not self.forgets_names:
            self._apply(self._unsynced.pop(folder, []))

    def time_passes(self) -> None:
        """Let the kernel write everything back, as it does within half a minute."""
        for changes in self._unsynced.values():
            self._apply(changes)
        self._unsynced.clear()
        for file in self.synced.values():
            if file is not None:
                file.synced = file.seen

    def power_cut(self, chance: random.Random) -> None:
        """Forget what was not synced, or some of it."""
        for folder in sorted(self._unsynced):
            changes = self._unsynced[folder]
            self._apply(changes[: chance.randint(0, len(changes))])
        self._unsynced.clear()
        for path in sorted(self.synced, key=lambda path: path.count("/")):
            folder = _folder(path)
            if folder and folder not in self.synced:
                del self.synced[path]
        for path in sorted(self.synced):
            file = self.synced[path]
            if file is not None and file.synced is None:
                file.synced = file.seen[: chance.randint(0, len(file.seen))]
        for file in self.synced.values():
            if file is not None:
                file.seen = file.synced or b""
        self.seen, self._sorted = dict(self.synced), None

    def paths(self, begins: str) -> list[str]:
        """Return the paths that begin so, in order."""
        if self._sorted is None:
            self._sorted = sorted(self.seen)
        first = bisect_left(self._sorted, begins)
        return self._sorted[first : bisect_left(self._sorted, begins + "\x7f")]

    def durable(self, path: str) -> bytes | None:
        """Return what certainly is under that path after a power cut."""
        above = path
        while above := _folder(above):
            if above not in self.synced:
                return None
        file = self.synced.get(path)
        return None if file is None else file.synced

    def _apply(self, changes: Sequence[Change]) -> None:
        for change, path, file in changes:
            if change == "add":
                self.synced[path] = file
            else:
                self.synced.pop(path, None)


class ModelFolder:
    """A folder of the disk as a vault; `before_delete` hears of each object that is about to go."""

    def __init__(self, name: str, disk: Disk, now: Callable[[], datetime]) -> None:
        self.name, self.disk, self._now = name, disk, now
        self._parts, self._writing = 0, set[str]()
        self.before_delete: Callable[[ModelFolder, str], None] = lambda _vault, _name: None

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Keep a new object: beside its place, synced, linked, and the folder synced."""
        path, disk = self._path(name), self.disk
        self._make_folder(_folder(path))
        self._parts += 1
        part = f"{_folder(path)}/{PART.format(self._parts)}"
        file = File(self._now())
        disk.add(part, file)
        self._writing.add(part)
        try:
            if path in disk.seen:
                raise self._taken(path, name)
            for chunk in chunks:
                disk.operation()
                file.seen += chunk
            disk.sync(file)
            if path in disk.seen:
                raise self._taken(path, name)
            disk.add(path, file)
        except Crashed:
            self._writing.clear()
            raise
        except AlreadyThere:
            self._sync_names(path)
            self._unlink(part)
            raise
        except BaseException:
            self._unlink(part)
            raise
        self._unlink(part)
        self._sync_names(path)
        return self.stat(name)

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Yield the object's bytes; NotThere at once if none."""
        if start < 0:
            raise ValueError("start is a number of bytes, from 0 on")
        body = self._file(name).seen
        return (body[at : at + CHUNK] for at in range(start, len(body), CHUNK))

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yield each whole object whose name begins so."""
        inside = prefix.rpartition("/")[0]
        if inside:
            legal(inside)
        skip = len(self.name) + 1
        for path in self.disk.paths(f"{self.name}/{prefix}"):
            file = self.disk.seen.get(path)
            if file is not None and not path.endswith(".part"):
                yield Stored(path[skip:], len(file.seen), file.modified)

    def stat(self, name: str) -> Stored:
        """Return what is known of an object; NotThere if there is none."""
        file = self._file(name)
        return Stored(name, len(file.seen), file.modified)

    def delete(self, name: str) -> None:
        """Remove an object, and the folders that are empty then."""
        path = self._path(name)
        if self.disk.seen.get(path) is not None:
            self.before_delete(self, name)
            self.disk.drop(path)
            self.disk.sync_folder(_folder(path))
        while (path := _folder(path)) != self.name:
            if path not in self.disk.seen:
                continue
            if self.disk.paths(f"{path}/"):
                break
            self.disk.drop(path)

    def leftovers(self) -> Iterator[Stored]:
        """Yield what a killed writer left."""
        for path in sorted(self.disk.seen):
            file = self.disk.seen[path]
            if file is not None and path.startswith(f"{self.name}/") and path.endswith(".part"):
                yield Stored(path.removeprefix(f"{self.name}/"), len(file.seen), file.modified)

    def sweep(self, before: datetime) -> Sequence[Stored]:
        """Remove parts that are old enough and whose writer is gone."""
        old = [part for part in self.leftovers() if part.modified < before]
        gone = [part for part in old if f"{self.name}/{part.name}" not in self._writing]
        for part in gone:
            self.disk.drop(f"{self.name}/{part.name}")
        return gone

    def killed(self) -> None:
        """Let go of what a writer held that is dead now."""
        self._writing.clear()

    def bytes_of(self, name: str) -> bytes | None:
        """Return an object's bytes, None if there is none; for whoever judges."""
        file = self.disk.seen.get(f"{self.name}/{name}")
        return None if file is None else file.seen

    def names(self) -> list[str]:
        """Return the names of all whole objects; for whoever judges."""
        skip, seen = len(self.name) + 1, self.disk.seen
        paths = self.disk.paths(f"{self.name}/")
        return [path[skip:] for path in paths if seen[path] is not None and path[-5:] != ".part"]

    def _make_folder(self, folder: str) -> None:
        if folder and folder not in self.disk.seen:
            self._make_folder(_folder(folder))
            self.disk.add(folder, None)
            self.disk.sync_folder(_folder(folder))

    def _sync_names(self, path: str) -> None:
        while path := _folder(path):
            self.disk.sync_folder(path)

    def _unlink(self, part: str) -> None:
        self._writing.discard(part)
        self.disk.drop(part)

    def _taken(self, path: str, name: str) -> AlreadyThere:
        return AlreadyThere(f"{self.name} already holds {name}.")

    def _file(self, name: str) -> File:
        file = self.disk.seen.get(self._path(name))
        if file is None:
            raise NotThere(f"{self.name} holds no {name}.")
        return file

    def _path(self, name: str) -> str:
        return f"{self.name}/{legal(name)}"


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
