"""A vault with bad days: around any vault, it injects seeded faults into every method.

Self-contained: it needs nothing but the vault it wraps, no clock and no thread. The same seed and
the same calls give the same faults, so whatever a simulation finds is replayed by its seed:

    vault = FaultyVault(LocalFolder(folder), Faults(seed=7, rate=0.2))
    …
    assert vault.told == […]              # What was injected, in order, ready to be printed.

or, with faults laid out by hand:

    vault = FaultyVault(inner, [Fault("put", "crash after", nth=2)])

What each fault does, and what it stands for:

| fault        | put                     | open                   | list / stat / delete …    |
|--------------|-------------------------|------------------------|---------------------------|
| error        | not done, and said      | the same, at once      | the same                  |
| timeout      | done, and not answered  | cut after some chunks  | done, and not answered    |
| truncated    | cut on the way in: not  | ends early without a   | list: ends early without  |
|              | done, and said          | word                   | a word; others: as error  |
| duplicate    | done; sent once more    | a chunk comes twice    | list: an entry twice;     |
|              | (it is AlreadyThere)    |                        | delete: done twice        |
| reordered    | done when the next call | two chunks change      | list: two change places;  |
|              | comes, or at `settle`   | places                 | delete: as put            |
| crash before | Crashed, not done       | Crashed                | Crashed, not done         |
| crash after  | Crashed, done           | Crashed after some     | Crashed, done             |

"Said" is VaultUnreachable. stat and sweep know no order: "reordered" does nothing to them.

`Crashed` is a BaseException, as SIGKILL is no error: nothing may catch it and go on. After it the
vault is `dead` and raises Crashed at every call until `revive()`, as for a new process.

A sound caller survives all of them but some are lies that no vault tells that keeps its promises:
LIES holds those (an early end without a word, chunks or entries twice or out of order). They are
off unless asked for, and are there to prove that what reads back does compare.

"reordered" puts and deletes stand for a server that answered before others can see it. Vaults
promise to be durable when they return, so that too is a lie.
"""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from storage.errors import AlreadyThere, NotThere, VaultUnreachable
from storage.vaults.vault import KeepsParts, Stored, Vault

T = TypeVar("T")
Kind = Literal[
    "error", "timeout", "truncated", "duplicate", "reordered", "crash before", "crash after"
]
Method = Literal["put", "open", "list", "stat", "delete", "leftovers", "sweep"]
KINDS: tuple[Kind, ...] = (
    "error",
    "timeout",
    "truncated",
    "duplicate",
    "reordered",
    "crash before",
    "crash after",
)
METHODS: tuple[Method, ...] = ("put", "open", "list", "stat", "delete", "leftovers", "sweep")
LIES: frozenset[tuple[Method, Kind]] = frozenset(
    {
        ("open", "truncated"),
        ("open", "duplicate"),
        ("open", "reordered"),
        ("list", "truncated"),
        ("list", "duplicate"),
        ("list", "reordered"),
        ("put", "reordered"),
        ("delete", "reordered"),
    }
)
HONEST: tuple[tuple[Method, Kind], ...] = tuple(
    pair for pair in itertools.product(METHODS, KINDS) if pair not in LIES
)
EVERY: tuple[tuple[Method, Kind], ...] = tuple(itertools.product(METHODS, KINDS))


class Crashed(BaseException):
    """The process is gone; only a new one may go on."""


@dataclass(frozen=True)
class Fault:
    """One fault: in the nth call, from 1 on, of a method; `name` narrows it to names with that."""

    method: Method
    kind: Kind
    nth: int = 1
    name: str = ""


@dataclass
class Faults:
    """A source of faults: every call draws one with this probability, of these pairs."""

    seed: int
    rate: float = 0.1
    pairs: Sequence[tuple[Method, Kind]] = HONEST
    most: int | None = None  # No more than so many in all; None: no end.
    _random: random.Random = field(init=False)
    _drawn: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def draw(self, method: Method, _name: str) -> Kind | None:
        """Return what happens to this call."""
        roll, pick = self._random.random(), self._random.random()
        kinds = [kind for each, kind in self.pairs if each == method]
        if roll >= self.rate or not kinds or (self.most is not None and self._drawn >= self.most):
            return None
        self._drawn += 1
        return kinds[int(pick * len(kinds))]


class _Planned:
    """Faults that were laid out by hand."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = list(faults)
        self._calls = dict.fromkeys(self._faults, 0)

    def draw(self, method: Method, name: str) -> Kind | None:
        """Return what happens to this call."""
        for fault in self._faults:
            if fault.method == method and fault.name in name:
                self._calls[fault] += 1
                if self._calls[fault] == fault.nth:
                    return fault.kind
        return None


class FaultyVault:
    """A vault around a vault; `told` is what was injected: (call number, method, fault, name)."""

    def __init__(self, inner: Vault, faults: Faults | Sequence[Fault]) -> None:
        self.inner = inner
        self._faults = faults if isinstance(faults, Faults) else _Planned(faults)
        self.told: list[tuple[int, Method, Kind, str]] = []
        self.dead = False
        self._calls = 0
        self._late: list[Callable[[], object]] = []

    @property
    def name(self) -> str:
        """What the settings call it."""
        return self.inner.name

    def revive(self) -> None:
        """Let a new process use it; what was late never comes."""
        self.dead = False
        self._late.clear()

    def settle(self) -> None:
        """Carry out what is late."""
        late, self._late = self._late, []
        for doing in late:
            doing()

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Keep a new object, if the day is good."""
        kind = self._kind("put", name)
        if kind == "truncated":
            list(itertools.islice(chunks, 1))
            raise self._unreachable("put", name, "cut")
        if kind == "reordered":
            body = b"".join(chunks)
            try:
                stored = self.inner.stat(name)
            except NotThere:
                self._late.append(lambda: self._quietly(lambda: self.inner.put(name, [body])))
                return Stored(name, len(body), _newest(self.inner))
            return self.inner.put(stored.name, [body])  # AlreadyThere, at once.
        stored = self._act(kind, "put", name, lambda: self.inner.put(name, chunks))
        if kind == "duplicate":
            self._quietly(lambda: self.inner.put(name, [b"sent twice"]))
        return stored

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Yield the object's bytes, if the day is good."""
        kind = self._kind("open", name)
        if kind == "error":
            raise self._unreachable("open", name, "no answer")
        if kind == "crash before":
            raise self._crash()
        return self._spoiled(kind, name, self.inner.open(name, start))

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yield each whole object, if the day is good."""
        kind = self._kind("list", prefix)
        listed = self._act(kind, "list", prefix, lambda: list(self.inner.list(prefix)))
        return iter(_spoiled_list(kind, listed))

    def stat(self, name: str) -> Stored:
        """Return what is known of an object, if the day is good."""
        kind = self._kind("stat", name)
        return self._act(kind, "stat", name, lambda: self.inner.stat(name))

    def delete(self, name: str) -> None:
        """Remove an object, if the day is good."""
        kind = self._kind("delete", name)
        if kind == "reordered":
            self._late.append(lambda: self.inner.delete(name))
            return
        self._act(kind, "delete", name, lambda: self.inner.delete(name))
        if kind == "duplicate":
            self.inner.delete(name)

    def leftovers(self) -> Iterator[Stored]:
        """Yield what is no whole object, if the vault knows and the day is good."""
        kind = self._kind("leftovers", "")
        left = self._act(kind, "leftovers", "", lambda: list(self._parts().leftovers()))
        return iter(_spoiled_list(kind, left))

    def sweep(self, before: datetime) -> Sequence[Stored]:
        """Remove unfinished parts, if the vault knows and the day is good."""
        kind = self._kind("sweep", "")
        swept = self._act(kind, "sweep", "", lambda: self._parts().sweep(before))
        if kind == "duplicate":
            self._parts().sweep(before)
        return swept

    def _parts(self) -> Any:
        return self.inner if isinstance(self.inner, KeepsParts) else _NoParts()

    def _kind(self, method: Method, name: str) -> Kind | None:
        """Draw this call's fault, after what was late has come."""
        if self.dead:
            raise Crashed("a dead process does nothing")
        self.settle()
        self._calls += 1
        kind = self._faults.draw(method, name)
        if kind is not None:
            self.told.append((self._calls, method, kind, name))
        return kind

    def _act(self, kind: Kind | None, method: Method, name: str, doing: Callable[[], T]) -> T:
        if kind == "crash before":
            raise self._crash()
        if kind == "error" or (kind == "truncated" and method not in ("list", "leftovers")):
            raise self._unreachable(method, name, "no answer")
        result = doing()
        if kind == "timeout":
            raise self._unreachable(method, name, "silent; whether it was done is not known")
        if kind == "crash after":
            raise self._crash()
        return result

    def _spoiled(self, kind: Kind | None, name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield chunks as they come on such a day; small objects are cut small to be spoiled."""
        if kind is None:
            yield from chunks
            return
        body = list(_smaller(chunks))
        half = len(body) // 2
        if kind == "duplicate" and body:
            body.insert(half, body[half])
        elif kind == "reordered" and len(body) > 1:
            body[half - 1], body[half] = body[half], body[half - 1]
        elif kind in ("truncated", "timeout", "crash after"):
            body = body[:half]
        yield from body
        if kind == "timeout":
            raise self._unreachable("open", name, "cut")
        if kind == "crash after":
            raise self._crash()

    def _crash(self) -> Crashed:
        self.dead = True
        return Crashed("killed")

    def _unreachable(self, method: Method, name: str, why: str) -> VaultUnreachable:
        return VaultUnreachable(f"The vault {self.name!r} did not answer {method} {name}: {why}.")

    @staticmethod
    def _quietly(doing: Callable[[], object]) -> None:
        with contextlib.suppress(AlreadyThere):
            doing()


class _NoParts:
    def leftovers(self) -> Iterator[Stored]:
        return iter(())

    def sweep(self, before: datetime) -> Sequence[Stored]:
        return ()


def _spoiled_list(kind: Kind | None, listed: list[Stored]) -> list[Stored]:
    half = len(listed) // 2
    if kind == "truncated":
        return listed[:half]
    if kind == "duplicate" and listed:
        return [*listed[: half + 1], *listed[half:]]
    if kind == "reordered" and len(listed) > 1:
        return [*listed[: half - 1], listed[half], listed[half - 1], *listed[half + 1 :]]
    return listed


def _smaller(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        step = max(1, -(-len(chunk) // 4))
        for at in range(0, len(chunk), step):
            yield chunk[at : at + step]


def _newest(vault: Vault) -> datetime:
    """Return a time that fits: the vault's own newest, or the epoch's end of a fresh one."""
    return max((stored.modified for stored in vault.list()), default=datetime.now(UTC))
