"""An archive's bytes as they arrive: in pieces of any size, counted and hashed once.

What the forward reader stands on. You will not find ZIP structure here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn

from storage.errors import ArchiveError

PIECE = 256 * 1024
_PROGRESS_EVERY = 1 << 20


class Feed:
    """Bytes to take from the front, and how many went by.

    `progress` is called about every MiB with the bytes read so far; what it raises goes to the
    caller. Holds two pieces at most beyond what was asked for.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        bytes_max: int,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._pieces = _pieces(chunks)
        self._bytes_max = bytes_max
        self._progress = progress
        self._told = 0
        self._digest = hashlib.sha256()
        self._piece = b""
        self._next = 0  # Where in the piece the byte that comes next is.
        self.read = 0

    @property
    def at(self) -> int:
        """The offset of the byte that comes next."""
        return self.read - len(self._piece) + self._next

    @property
    def sha256(self) -> str:
        """The SHA-256 of all that was read so far."""
        return self._digest.hexdigest()

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, or all there are, and leave them where they are."""
        while len(self._piece) - self._next < size and (more := self._pull()):
            self._piece = self._piece[self._next :] + more
            self._next = 0
        return self._piece[self._next : self._next + size]

    def take(self, size: int, where: str = "") -> bytes:
        """Return the next `size` bytes; ArchiveError if the archive ends before."""
        taken = self._piece[self._next : self._next + size]
        if len(taken) < size and len(taken := self.peek(size)) < size:
            self.cut(where)
        self._next += size
        return taken

    def piece(self, where: str, size_max: int = PIECE) -> bytes:
        """Return some bytes, at least one; ArchiveError if the archive ends here."""
        if self._next == len(self._piece):
            self._piece, self._next = self._pull(), 0
        if not self._piece:
            self.cut(where)
        taken = self._piece[self._next : self._next + size_max]
        self._next += len(taken)
        return taken

    def give_back(self, size: int) -> None:
        """Let the last `size` bytes of the last piece come next again."""
        self._next -= size

    def ended(self) -> bool:
        """Return whether every byte was taken."""
        return not self.peek(1)

    def cut(self, where: str) -> NoReturn:
        """Say that the archive ends too early."""
        raise broken(f"The archive is cut: it ends at byte {self.read:,}", where)

    def _pull(self) -> bytes:
        piece = next(self._pieces, b"")
        self._digest.update(piece)
        self.read += len(piece)
        if self.read > self._bytes_max:
            raise broken(f"The archive is larger than {self._bytes_max:,} bytes, the most allowed")
        if self._progress and (self.read - self._told >= _PROGRESS_EVERY or not piece):
            self._told = self.read
            self._progress(self.read)
        return piece


def broken(what: str, where: str = "") -> ArchiveError:
    """Return the error for bytes that are no whole archive; `where` is the entry's name."""
    return ArchiveError(
        f"{what}, in entry {where!r}." if where else f"{what}.",
        where=where,
        safe="The archive was only read; nothing was changed.",
        hint="Don't restore from it: take a new backup, or use an older one (lifeboat list).",
    )


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the chunks in pieces of about PIECE bytes, however they come."""
    gathered: list[bytes] = []
    held = 0
    for chunk in chunks:
        gathered.append(chunk)
        held += len(chunk)
        if held >= PIECE:
            whole = b"".join(gathered) if len(gathered) > 1 else chunk
            gathered, held = [], 0
            if len(whole) <= 2 * PIECE:
                yield whole
                continue
            view = memoryview(whole)
            for start in range(0, len(whole), PIECE):
                yield bytes(view[start : start + PIECE])
    if held:
        yield b"".join(gathered)
