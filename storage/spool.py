"""The spool: local scratch files that archives pass through, never a place they rest.

A scratch file is removed when its block ends. The file of a process that was killed is known by
its lock being free, whatever the clocks say, and `sweep` removes it.
"""

from __future__ import annotations

import fcntl
import io
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from storage.errors import SpoolError

ENDS = ".scratch"
BUFFER = 256 * 1024
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]+")


class Sink:
    """A scratch file being written; what the disk refuses is told as SpoolError.

    `file` is for writers that want a file; its errors are SpoolErrors as well.
    """

    def __init__(self, path: Path) -> None:
        self._buffer = io.BufferedWriter(_Scratch(path), BUFFER)

    @property
    def file(self) -> BinaryIO:
        return cast(BinaryIO, self._buffer)

    def write(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        self._buffer.write(chunk)

    def restart(self) -> None:
        """Forget what was written; the next bytes are the first."""
        self._buffer.seek(0)
        self._buffer.truncate()

    def close(self) -> None:
        """Write what is still held back, and close."""
        self._buffer.close()


class Spool:
    """The scratch folder; it is made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def file(self, label: str) -> Iterator[Path]:
        """Lend a new empty file, and remove it when the block ends, however it ends."""
        with _in_words(self._folder):
            path, lock = self._new(_NOT_PLAIN.sub("-", label)[:60])
        try:
            yield path
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            os.close(lock)

    @contextmanager
    def writer(self, path: Path) -> Iterator[Sink]:
        """Open a scratch file for writing from its beginning; it is complete when the block ends.

        Errors of the block come through unchanged.
        """
        sink = Sink(path)
        try:
            yield sink
        except BaseException:
            with suppress(SpoolError):
                sink.close()
            raise
        sink.close()

    def free_bytes(self) -> int:
        """Return how many bytes this process may still write on the spool's disk."""
        with _in_words(self._folder):
            self._make_folder()
            return shutil.disk_usage(self._folder).free

    def sweep(self) -> list[str]:
        """Remove the scratch files of processes that are gone, and return their names."""
        swept = []
        with _in_words(self._folder):
            self._make_folder()
            for path in sorted(self._folder.glob(f"*{ENDS}")):
                if path.is_file() and not path.is_symlink() and _drop_if_free(path):
                    swept.append(path.name)
        return swept

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _new(self, label: str) -> tuple[Path, int]:
        """Return a new file and the open lock that says its process lives."""
        self._make_folder()
        while True:
            path = self._folder / f"{label}-{os.getpid()}-{secrets.token_hex(8)}{ENDS}"
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return path, lock
            os.close(lock)  # A sweep saw it between its making and its locking.


class _Scratch(io.FileIO):
    """A file whose failures to keep bytes are SpoolErrors."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        with _in_words(self._folder):
            super().__init__(path, "w")

    def write(self, chunk: Any) -> int:
        with _in_words(self._folder):
            return super().write(chunk)

    def truncate(self, size: int | None = None) -> int:
        with _in_words(self._folder):
            return super().truncate(size)

    def close(self) -> None:
        with _in_words(self._folder):
            super().close()


def _drop_if_free(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(file)


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SpoolError(
            f"The spool {folder} can't be written: {(error.strerror or str(error)).lower()}.",
            safe="Nothing was changed in the deployment or the vault.",
            hint="Make room, or set data_folder in the settings to a bigger disk of your own.",
        ) from error
