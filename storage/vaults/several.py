"""Several vaults as one: written to the first, read from the first that can.

`put` and `delete` go to the first vault alone, so what a job writes lies in one place; copies are
made by `storage/copying.py`, never here. Reads fall back to the next vault, and say so. What only
some vaults can (locks, thawing, telling how they are reached) is asked of each of them by itself,
not of all as one. You will not find here what makes a copy sound: whoever reads an archive holds
it against the manifest's hash, because two vaults may hold other bytes of the same size under one
name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from storage.errors import NotThere, VaultError, VaultUnreachable
from storage.vaults.vault import KeepsByKind, Stored, Vault

Told = Callable[[str, str], None]  # A vault that others stood in for, and the sentence.
DOCS = "or put another vault first in the settings (docs/several-vaults.md)"


class Several:
    """One vault in front of several, in order of preference; `told` hears of each fallback once.

    Once means once for each vault and kind of trouble, not for each object.
    """

    def __init__(
        self, vaults: Sequence[Vault], told: Told = lambda _vault, _sentence: None
    ) -> None:
        self.each = tuple(vaults)
        self.first = First(vaults[0])
        self._told, self._said = told, set[tuple[str, str]]()

    @property
    def name(self) -> str:
        """The first vault's name: it is the one that is written to."""
        return self.each[0].name

    def hearing(self, told: Told) -> Several:
        """Return the same vaults with another listener, who has heard nothing yet."""
        return Several(self.each, told)

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Keep a new object in the first vault; the others are not asked."""
        return self.first.put(name, chunks)

    def put_as(self, kind: str, name: str, chunks: Iterable[bytes]) -> Stored:
        """Keep it in the first vault, as that one keeps its kind."""
        return self.first.put_as(kind, name, chunks)

    def delete(self, name: str) -> None:
        """Remove an object from the first vault; a copy of it elsewhere stays."""
        self.first.delete(name)

    def stat(self, name: str) -> Stored:
        """Return what the first vault that has the object knows of it.

        NotThere only when every vault could be asked and none has it.
        """
        return self._find(name)[1]

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Yield an object's bytes from the first vault that has it.

        When that breaks in the middle, the next vault goes on at the same byte, but only if the
        object there has the same size. Whether it has the same bytes too is not known here: a
        reader who needs to know compares the manifest's hash, as every reader of an archive does.
        """
        if start < 0:
            raise ValueError("start is a number of bytes, from 0 on")
        place, stored = self._find(name)
        return self._chunks(name, start, place, stored.bytes)

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yield every object that any vault has, once, in the order of the names' bytes.

        What is known of it is what the first vault that has it says. A vault that can't be listed
        is left out, with a word; when all of them fail, the first one's trouble is raised.
        """
        heads = [_Head(vault, prefix) for vault in self.each]
        troubles: list[VaultError] = []
        ends = 0
        while heads:
            for head in list(heads):
                try:
                    there = head.filled()
                except VaultError as error:
                    troubles.append(error)
                    heads.remove(head)
                    self._say(head.vault, error, "The others were listed without it.")
                    continue
                if not there:
                    heads.remove(head)
                    ends += 1
            if heads:
                least = min(head.name for head in heads)
                found = [head.taken() for head in heads if head.name == least]
                yield found[0]
        if troubles and not ends:
            raise troubles[0]

    def _find(self, name: str, after: int = -1, size: int | None = None) -> tuple[int, Stored]:
        """Return the next vault that has the object (of that size), and what it knows of it."""
        troubles: list[tuple[Vault, VaultError]] = []
        for place in range(after + 1, len(self.each)):
            vault = self.each[place]
            try:
                stored = vault.stat(name)
            except VaultError as error:
                troubles.append((vault, error))
                continue
            if size is not None and stored.bytes != size:
                continue
            for failed, trouble in troubles:
                self._say(failed, trouble, f"{vault.name!r} stood in for it.")
            return place, stored
        raise _worst([trouble for _, trouble in troubles], name)

    def _chunks(self, name: str, start: int, place: int, size: int) -> Iterator[bytes]:
        done = start
        while True:
            vault = self.each[place]
            try:
                for chunk in vault.open(name, done):
                    done += len(chunk)
                    yield chunk
                if done >= size:
                    return
                raise VaultError(
                    f"The vault {vault.name!r} gave {done:,} of the {size:,} bytes of {name}.",
                    safe="Nothing was changed.",
                    hint="Run the same again; if it stays so, `lifeboat verify` that copy.",
                )
            except VaultError as error:
                try:
                    place, _ = self._find(name, after=place, size=size)
                except VaultError:
                    raise error from None
                self._say(vault, error, f"{self.each[place].name!r} went on at byte {done:,}.")

    def _say(self, vault: Vault, error: VaultError, then: str) -> None:
        about = (vault.name, type(error).__name__)
        if about not in self._said:
            self._said.add(about)
            self._told(vault.name, f"{error.what} {then}")


class First:
    """The first of several vaults, alone; when it is lost, it says how to go on without it."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    @property
    def name(self) -> str:
        """What the settings call it."""
        return self._vault.name

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Keep a new object."""
        with way_out():
            return self._vault.put(name, chunks)

    def put_as(self, kind: str, name: str, chunks: Iterable[bytes]) -> Stored:
        """Keep a new object as its kind is kept, where that makes a difference."""
        with way_out():
            if isinstance(self._vault, KeepsByKind):
                return self._vault.put_as(kind, name, chunks)
            return self._vault.put(name, chunks)

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Yield the object's bytes."""
        with way_out():
            return self._vault.open(name, start)

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yield each whole object whose name begins so."""
        with way_out():
            yield from self._vault.list(prefix)

    def stat(self, name: str) -> Stored:
        """Return what is known of an object."""
        with way_out():
            return self._vault.stat(name)

    def delete(self, name: str) -> None:
        """Remove an object."""
        with way_out():
            self._vault.delete(name)


class _Head:
    """The next object of one vault's listing."""

    def __init__(self, vault: Vault, prefix: str) -> None:
        self.vault = vault
        self._prefix = prefix
        self._listing: Iterator[Stored] | None = None
        self._next: Stored | None = None

    @property
    def name(self) -> bytes:
        assert self._next is not None  # noqa: S101 - whoever asks has filled it.
        return self._next.name.encode()

    def filled(self) -> bool:
        """Whether there is a next object."""
        if self._listing is None:
            self._listing = iter(self.vault.list(self._prefix))
        if self._next is None:
            self._next = next(self._listing, None)
        return self._next is not None

    def taken(self) -> Stored:
        """Return the next object and go past it."""
        taken, self._next = self._next, None
        assert taken is not None  # noqa: S101
        return taken


def _worst(troubles: Sequence[VaultError], name: str) -> VaultError:
    """Return what a reader has to know: a vault that can't be asked before one that has it not."""
    for error in troubles:
        if not isinstance(error, NotThere):
            return error
    if troubles:
        return troubles[0]
    return NotThere(f"No further vault holds {name} in that size.", safe="Nothing was changed.")


@contextmanager
def way_out() -> Iterator[None]:
    """Let the trouble of a first vault that is lost say how to go on without it."""
    try:
        yield
    except VaultUnreachable as error:
        if DOCS not in error.hint:
            error.hint = f"{error.hint} Bring it back, {DOCS}."
        raise
