"""A folder as a vault: the reference for the five promises.

An object is written beside its place under a dot-name, synced, made read-only and only then given
its name, by a hard link that fails if the name is taken. So a name always means whole bytes, also
after a kill or a power cut. What a killed writer leaves is a `.lifeboat-….part` file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.errors import AlreadyThere, NotThere, Refused, VaultFull, VaultUnreachable
from storage.vaults.vault import ByHand, Stored, legal

CHUNK = 256 * 1024
PART_BEGINS, PART_ENDS = ".lifeboat-", ".part"
PARENT_TRIES = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


class LocalFolder:
    """A folder of this machine, or of a disk that is mounted here.

    The folder itself is made by the first `put`, its parent never: a missing parent is more
    likely a disk that is not mounted than a wish for a new folder.
    """

    def __init__(self, folder: Path, name: str = "local") -> None:
        self._folder = folder
        self._name = name

    @property
    def name(self) -> str:
        """What the settings call it."""
        return self._name

    def by_hand(self) -> ByHand:
        """Return how a person reaches it: a folder is copied from."""
        folder = str(self._folder.absolute())
        return ByHand(what=f"the folder {folder}", root=folder, copy="cp", list="ls")

    def free_bytes(self) -> int:
        """Return how many bytes there is room for on its disk, for who may not use what is kept."""
        folder = self._folder if self._folder.is_dir() else self._folder.parent
        with self._in_words(str(folder)):
            known = os.statvfs(folder)
        return known.f_bavail * known.f_frsize

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Keep a new object, whole or not at all, and return when it is durable."""
        path = self._path(name)
        with self._in_words(name):
            part, file = self._new_part(path)
        try:
            if os.path.lexists(path):
                raise _taken(name)
            for chunk in chunks:  # Its own errors are not the vault's, so they are not reworded.
                with self._in_words(name):
                    _write(file, chunk)
            with self._in_words(name):
                _seal(file)
                self._publish(part, path, name)
        except AlreadyThere:
            self._sync_names(path, name)  # Whoever gave it may have been killed right then.
            raise
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            os.close(file)
        self._sync_names(path, name)
        return self.stat(name)

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Yield the object's bytes from `start` on, in bounded chunks; NotThere at once if none."""
        if start < 0:
            raise ValueError("start is a number of bytes, from 0 on")
        self.stat(name)
        return self._chunks(name, start)

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yield each whole object whose name begins so, in the order of the names' bytes."""
        inside = prefix.rpartition("/")[0]
        if inside:
            legal(inside)
        for stored, whole in self._walk(inside):
            if whole and stored.name.startswith(prefix):
                yield stored

    def stat(self, name: str) -> Stored:
        """Return what is known of an object without reading it; NotThere if there is none."""
        with self._in_words(name):
            known = self._path(name).lstat()
        if not stat.S_ISREG(known.st_mode):
            raise self._missing(name)
        return _stored(name, known)

    def delete(self, name: str) -> None:
        """Remove an object, and the folders that are empty then; one not there is fine."""
        path = self._path(name)
        with suppress(NotThere), self._in_words(name):
            path.unlink()
            _sync_folder(path.parent)
        for folder in path.parents:
            if folder == self._folder or not folder.is_relative_to(self._folder):
                break
            try:
                folder.rmdir()
            except OSError:
                break  # Not empty, or another process was faster.

    def leftovers(self) -> Iterator[Stored]:
        """Yield all that is in the folder and no whole object: unfinished parts, foreign files."""
        for stored, whole in self._walk(""):
            if not whole:
                yield stored

    def sweep(self, before: datetime) -> Sequence[Stored]:
        """Remove unfinished parts last written before that moment whose writer is gone."""
        return [
            stored
            for stored in list(self.leftovers())
            if is_part(stored.name) and stored.modified < before and self._drop(stored.name)
        ]

    def _path(self, name: str) -> Path:
        """Return where an object is; Refused if a link on the way could lead out of the folder."""
        path = self._folder.joinpath(*legal(name).split("/"))
        for step in (path, *path.parents):
            if step == self._folder:
                break
            if step.is_symlink():
                raise Refused(
                    f"{step} is a link, and a vault does not follow links.",
                    hint="Put the real folder there, or give the vault another folder.",
                )
        return path

    def _new_part(self, path: Path) -> tuple[Path, int]:
        """Make the folders on the way and open a private file beside the object's place."""
        part = path.parent / f"{PART_BEGINS}{os.getpid()}-{secrets.token_hex(8)}{PART_ENDS}"
        for tries_left in reversed(range(PARENT_TRIES)):
            try:
                self._make_folders(path.parent)
                file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            except FileNotFoundError:
                if not tries_left:
                    raise
                continue  # A delete took the empty folder away in between.
            with suppress(OSError):  # Held while we live, so that no sweep takes it from us.
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return part, file
        raise AssertionError("unreachable")

    def _make_folders(self, folder: Path) -> None:
        if not folder.is_dir():
            if folder != self._folder:
                self._make_folders(folder.parent)
            with suppress(FileExistsError):
                folder.mkdir()
                _sync_folder(folder.parent)

    def _sync_names(self, path: Path, name: str) -> None:
        """Make every name on the way durable: a killed writer may have made a folder and no more.

        To sync a folder in which nothing changed costs next to nothing.
        """
        with self._in_words(name):
            for folder in path.parents:
                _sync_folder(folder)
                if folder == self._folder:
                    break

    def _publish(self, part: Path, path: Path, name: str) -> None:
        """Give the written file its name, unless somebody has it; both are atomic."""
        try:
            os.link(part, path, follow_symlinks=False)
        except FileExistsError:
            raise _taken(name) from None
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            _publish_by_rename(part, path, name)

    def _chunks(self, name: str, start: int) -> Iterator[bytes]:
        with self._in_words(name):
            file = os.open(self._path(name), os.O_RDONLY | os.O_NOFOLLOW)
        try:
            with self._in_words(name):
                os.lseek(file, start, os.SEEK_SET)
            while True:
                with self._in_words(name):
                    chunk = os.read(file, CHUNK)
                if not chunk:
                    return
                yield chunk
        finally:
            os.close(file)

    def _walk(self, inside: str) -> Iterator[tuple[Stored, bool]]:
        """Yield every file below, and whether it is a whole object, in the order of the names."""
        folder = self._folder / inside
        with self._in_words(inside or str(self._folder)):
            try:
                entries = list(os.scandir(folder))
            except FileNotFoundError:
                if not inside and not self._folder.parent.is_dir():
                    raise
                return
        # A folder sorts as its name and a slash, as the names of what is in it do.
        for entry in sorted(entries, key=_as_in_names):
            name = f"{inside}/{entry.name}" if inside else entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(name)
                continue
            try:
                known = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield _stored(name, known), _is_whole(name, known)

    def _drop(self, name: str) -> bool:
        """Remove a part unless its writer still holds it."""
        path = self._folder / name
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        except OSError:
            return False
        finally:
            os.close(file)
        return True

    @contextmanager
    def _in_words(self, name: str) -> Iterator[None]:
        """Turn the system's errors into the vault's, in sentences."""
        try:
            yield
        except FileNotFoundError as error:
            if self._folder.is_dir() or self._folder.parent.is_dir():
                raise self._missing(name) from error
            raise self._unreachable(error) from error
        except OSError as error:
            if error.errno in _FULL:
                raise VaultFull(
                    f"The vault {self._name!r} has no room for {name} ({_reason(error)}).",
                    safe="Nothing of it was kept; what was in the vault before is untouched.",
                    hint=f"Make room on the disk of {self._folder}, then run the same again.",
                ) from error
            raise self._unreachable(error) from error

    def _missing(self, name: str) -> NotThere:
        return NotThere(
            f"The vault {self._name!r} holds no {name}.",
            safe="Nothing was changed.",
            hint="Run `lifeboat list` to see the backups there are.",
        )

    def _unreachable(self, error: OSError) -> VaultUnreachable:
        return VaultUnreachable(
            f"The vault {self._name!r} can't be used: {error.filename or self._folder}: "
            f"{_reason(error)}.",
            safe="What was in the vault before is untouched.",
            hint=f"Is the disk of {self._folder} mounted, does its parent folder exist, and may "
            f"this user write there?",
        )


def is_part(name: str) -> bool:
    """Whether a file is one that a writer did not finish."""
    leaf = name.rpartition("/")[2]
    return leaf.startswith(PART_BEGINS) and leaf.endswith(PART_ENDS)


def _publish_by_rename(part: Path, path: Path, name: str) -> None:
    """Publish where the disk knows no hard links; a lock on the folder keeps others out."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if os.path.lexists(path):
            raise _taken(name)
        part.rename(path)
    finally:
        os.close(folder)


def _taken(name: str) -> AlreadyThere:
    return AlreadyThere(
        f"The vault already holds {name}, and nothing in a vault is overwritten.",
        safe="What is there is untouched.",
    )


def _write(file: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(file, left) :]


def _seal(file: int) -> None:
    """Make the bytes durable and the file read-only, where the disk knows permissions."""
    with suppress(PermissionError):
        os.fchmod(file, 0o444)
    os.fsync(file)


def _sync_folder(folder: Path) -> None:
    """Make a folder's names durable; disks that can't sync a folder say EINVAL, and that is all."""
    try:
        file = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return  # Emptied and removed by another process since.
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(file)


def _is_whole(name: str, known: os.stat_result) -> bool:
    if not stat.S_ISREG(known.st_mode):
        return False
    try:
        legal(name)
    except Refused:
        return False
    return True


def _as_in_names(entry: os.DirEntry[str]) -> bytes:
    return os.fsencode(entry.name) + (b"/" if entry.is_dir(follow_symlinks=False) else b"")


def _stored(name: str, known: os.stat_result) -> Stored:
    return Stored(name=name, bytes=known.st_size, modified=_moment(known.st_mtime_ns))


def _moment(nanoseconds: int) -> datetime:
    """Return a file's time; one that no calendar knows counts as the last there is."""
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
