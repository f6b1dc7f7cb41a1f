"""A vault that fails when it is told to: at once, at a byte, in a listing, or by ending early."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from storage.errors import NotThere, VaultError, VaultUnreachable
from storage.vaults.vault import Stored, Vault


class Held:
    """A vault in memory, to be read only."""

    def __init__(self, name: str, objects: dict[str, bytes]) -> None:
        self.name, self._objects = name, objects

    def stat(self, name: str) -> Stored:
        if name not in self._objects:
            raise NotThere(f"{self.name} holds no {name}.")
        return Stored(name, len(self._objects[name]), datetime(2026, 1, 1, tzinfo=UTC))

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        self.stat(name)
        body = self._objects[name][start:]
        return iter([body[at : at + 5] for at in range(0, len(body), 5)])

    def list(self, prefix: str = "") -> Iterator[Stored]:
        return iter([self.stat(name) for name in sorted(self._objects) if name.startswith(prefix)])


class Failing:
    """A vault in front of a real one."""

    def __init__(self, vault: Vault | Held) -> None:
        self._vault: Any = vault
        self.name = vault.name
        self._error: VaultError | None = None
        self._after: int | None = None
        self._lists: int | None = None

    @classmethod
    def of(
        cls, name: str, objects: dict[str, bytes], fault: Any, lists: int | None = None
    ) -> Failing:
        made = cls(Held(name, objects))
        made._lists = lists
        match fault:
            case ("breaks", at):
                made.breaks(VaultUnreachable("cut"), after_bytes=at)
            case ("ends_early", at):
                made.ends_early(at)
            case ("lost", _):
                made.breaks(VaultUnreachable("lost"))
        return made

    def breaks(self, error: VaultError, after_bytes: int | None = None) -> None:
        """Raise this: from everything, or from a read after so many bytes of it."""
        self._error, self._after = error, after_bytes

    def ends_early(self, after_bytes: int) -> None:
        """End every read after so many bytes."""
        self._error, self._after = None, after_bytes

    def heal(self) -> None:
        self._error = self._after = self._lists = None

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        self._fail()
        return self._vault.put(name, chunks)

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        self._fail()
        chunks = self._vault.open(name, start)
        return chunks if self._after is None else self._cut(chunks)

    def list(self, prefix: str = "") -> Iterator[Stored]:
        self._fail()
        for place, stored in enumerate(self._vault.list(prefix)):
            if place == self._lists:
                raise VaultUnreachable("the listing broke")
            yield stored
        if self._lists is not None and self._lists == len(list(self._vault.list(prefix))):
            raise VaultUnreachable("the listing broke at its end")

    def stat(self, name: str) -> Stored:
        self._fail()
        return self._vault.stat(name)

    def delete(self, name: str) -> None:
        self._fail()
        self._vault.delete(name)

    def _fail(self) -> None:
        if self._error is not None and self._after is None:
            raise self._error

    def _cut(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        left = self._after or 0
        for chunk in chunks:
            if left < len(chunk):
                yield chunk[:left]
                if self._error is not None:
                    raise self._error
                return
            left -= len(chunk)
            yield chunk
