"""One process of this machine at a time: a lock that a dying process lets go of by itself.

You will not find locks between machines here; those are the job records in the vault.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.errors import Refused, SpoolError

LOOK_SECONDS = 0.05  # Far longer than `is_held` takes.


@contextmanager
def held(path: Path, *, what: str) -> Iterator[None]:
    """Hold the lock while the block runs; Refused, naming the holder, when another one does.

    `what` is what is being done, as in "a restore into staging". The file stays behind and means
    nothing by itself: the lock is the kernel's, and ends with the process that took it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SpoolError(
            f"The lock {path} can't be made ({error.strerror}).",
            safe="Nothing was touched.",
            hint="Set data_folder in the settings to a folder of your own.",
        ) from error
    try:
        _take(file, what)
        os.ftruncate(file, 0)
        os.pwrite(file, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(file)


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock at this moment."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _take(file: int, what: str) -> None:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    time.sleep(LOOK_SECONDS)  # Somebody may only have looked whether it is held.
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(file, 200, 0).decode("utf-8", "replace") or "another process"
        raise Refused(
            f"There is already {what} under way ({holder}).",
            hint="Wait until it has ended, then run the same command again.",
        ) from None


def lives(pid: int) -> bool:
    """Whether a process of this machine has that number, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # Somebody else's, and alive.
    return True
