"""Small makers of audit logs, and hands that change them past Lifeboat."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from storage.audit import Audit, Happened
from storage.audit_entry import name_of
from storage.vaults.local import LocalFolder
from tests.fakes import AT


class Ticking:
    """A clock that goes on by a minute each time it is looked at."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> Any:
        self.at += timedelta(minutes=1)
        return self.at


def happened(what: str = "backup.ended", **changes: Any) -> Happened:
    """Return something that Rizal did in a terminal."""
    return Happened(
        **{"what": what, "by": "U024BE7LH", "by_name": "Rizal", "door": "terminal", **changes}
    )


def log(folder: Path, count: int = 0) -> Audit:
    """Return the audit log of a vault in that folder, after writing so many entries."""
    clock = Ticking()
    audit = Audit(LocalFolder(folder), clock)
    clock.at = max((entry.at for entry in audit.entries(unreadable=_ignore)), default=AT)
    for number in range(count):
        audit.write(happened(why=f"the {number}th"))
    return audit


def _ignore(_name: str, _why: str) -> None:
    """What is broken is what a test is about."""


def path_of(folder: Path, number: int) -> Path:
    """Return the file of an entry."""
    return folder / name_of(number)


def texts(folder: Path) -> list[bytes]:
    """Return the bytes of every entry, oldest first."""
    return [path.read_bytes() for path in sorted((folder / "audit").iterdir())]


def rewrite(folder: Path, entries: list[bytes]) -> None:
    """Make these the entries, numbered from 1, as somebody would who can write into the vault."""
    for path in (folder / "audit").iterdir():
        path.unlink()
    for number, text in enumerate(entries, start=1):
        path_of(folder, number).write_bytes(text)


def overwrite(path: Path, text: bytes) -> None:
    """Put other bytes into a file that is read-only."""
    path.chmod(0o644)
    path.write_bytes(text)


class Meddling:
    """A vault with a hand in it: `before_put` is called with each name that is about to be put."""

    def __init__(self, vault: LocalFolder, before_put: Callable[[str], None]) -> None:
        self._vault, self._before_put = vault, before_put
        self.opened: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vault, name)

    def put(self, name: str, chunks: Any) -> Any:
        self._before_put(name)
        return self._vault.put(name, chunks)

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        self.opened.append(name)
        return self._vault.open(name, start)


def environ(root: Path) -> dict[str, str]:
    """Return what another process needs to find the house."""
    return {**os.environ, "PYTHONPATH": str(root)}


def sealed(entry: bytes, **changes) -> bytes:
    """Return an entry with other contents, and with an own hash that fits, as a forger would."""
    told = json.dumps({**json.loads(entry), **changes}, separators=(",", ":")).encode()
    told = told.partition(b',"sha256"')[0]
    return told + b',"sha256":"' + hashlib.sha256(told).hexdigest().encode() + b'"}\n'


def chained(entries: list[bytes]) -> list[bytes]:
    """Return the same entries as a new chain, every hash of which fits."""
    forged: list[bytes] = []
    for number, text in enumerate(entries, start=1):
        before = hashlib.sha256(forged[-1]).hexdigest() if forged else "0" * 64
        forged.append(sealed(text, number=number, before=before))
    return forged
