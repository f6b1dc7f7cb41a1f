"""The audit log: who asked for what, who agreed, and what was done; a chain of small objects.

Every entry is an object of its own in the vault, created once, that holds the hash of the one
before it. Two writers can't fork the chain: the number is taken by whoever creates it first, and
the other one reads again. Whether the chain is whole is found out in `audit_walk.py`.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from storage import audit_walk
from storage.audit_entry import (
    NOTHING_BEFORE,
    NUMBER_MAX,
    PREFIX,
    Entry,
    Happened,
    clean,
    from_bytes,
    name_of,
    number_of,
    read,
    to_bytes,
)
from storage.audit_walk import SKEW, Head, Walked
from storage.carrying import carry_entry, entries
from storage.errors import (
    AlreadyThere,
    ManifestError,
    NotThere,
    SourceLost,
    VaultError,
    VaultUnreachable,
)
from storage.vaults.vault import Vault

__all__ = ["Audit", "Entry", "Happened", "Head", "Walked"]

TRIES = 60
PAUSE_SECONDS = 0.002  # Doubled at each try, up to the longest, and drawn between none and that.
PAUSE_SECONDS_MAX = 0.5
LOOK_BACK = 1_000
OLDER_MAX = 100  # So many old ones in a row end a look back: one wrong clock must not.
WINDOW = 10_000

Unreadable = Callable[[str, str], None]  # The object's name, and why it can't be read.


class Audit:
    """The audit log of one vault. Several processes may write to it at the same time.

    `copies` are vaults that may hold a copy of it: a log that was lost goes on from there, instead
    of beginning anew.
    """

    def __init__(
        self,
        vault: Vault,
        now: Callable[[], datetime],
        pause: Callable[[float], None] = time.sleep,
        copies: Sequence[Vault] = (),
    ) -> None:
        self._vault, self._now, self._pause, self._copies = vault, now, pause, copies
        self._random = secrets.SystemRandom()

    def write(self, happened: Happened, once: str = "", since: datetime | None = None) -> Entry:
        """Add an entry and return it when it is durable; VaultError when the vault can't take it.

        With `once`, an entry that was written with the same key is returned and no second one is
        written. `since` bounds how far back it is looked for: no earlier than the job began.
        """
        happened, looked = clean(happened), 0
        for attempt in range(TRIES):
            head = self._head()
            there = self._once(once, since, looked) if once else None
            if there is not None:
                return there
            looked = head
            if (entry := self._add(happened, once, head)) is not None:
                return entry
            longest = min(PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2**attempt)
            self._pause(self._random.uniform(0, longest))
        raise VaultError(
            f"The audit log could not be written: others were faster, {TRIES} times in a row.",
            safe="What was in the vault before is untouched.",
            hint="Run the same again in a moment.",
        )

    def entries(
        self,
        since: datetime | None = None,
        about: str | None = None,
        limit: int | None = None,
        unreadable: Unreadable | None = None,
    ) -> Iterator[Entry]:
        """Yield entries, newest first, a few in memory at a time.

        `about` is the whole name of a backup, job or deployment. What is missing or can't be read
        is handed to `unreadable`; without that, it is a ManifestError.
        """
        found = self._newest_first(since, unreadable or _raise)
        return islice((each for each in found if about is None or each.concerns(about)), limit)

    def verify(self, skew: timedelta = SKEW, expected: Head | None = None) -> Walked:
        """Walk the whole chain, oldest first, and return what was looked at and found.

        `expected` is a head that somebody wrote down elsewhere; it has to be in the chain.
        """
        return audit_walk.walk(self._vault, skew, expected)

    def _add(self, happened: Happened, once: str, head: int) -> Entry | None:
        """Create the entry after `head`; None when somebody else has taken its place."""
        if not head and self._brought_back():
            return None
        if head >= NUMBER_MAX:
            raise VaultError(
                f"The audit log can't go on: there is an object {name_of(head)}.",
                safe="Nothing was changed.",
                hint="Nobody wrote so many entries. Run `lifeboat audit verify` to see the gap.",
            )
        entry = Entry(
            **msgspec.structs.asdict(happened),
            number=head + 1,
            at=self._now(),
            once=once,
            before=read(self._vault, head).sha256 if head else NOTHING_BEFORE,
        )
        text = to_bytes(entry)
        try:
            self._vault.put(name_of(entry.number), [text])
        except AlreadyThere:
            # A vault may have taken it though its answer was lost on the way here.
            return entry if read(self._vault, entry.number).text == text else None
        return entry

    def _brought_back(self) -> bool:
        """Bring a lost log back from the first vault that has a copy; False when none has."""
        for copy in self._copies:
            try:
                numbers = entries(copy, self._vault)
                for number in numbers:
                    carry_entry(copy, self._vault, number)
                if numbers:
                    return True
            except SourceLost:
                continue
            except VaultUnreachable:
                self._head()  # Raises if it is this vault that can't be reached.
        return False

    def _once(self, once: str, since: datetime | None, looked: int) -> Entry | None:
        """Return the entry of that key among those that came after `looked`."""
        for entry in islice(self._newest_first(since, _ignore), LOOK_BACK):
            if entry.number <= looked:
                return None
            if entry.once == once:
                return entry
        return None

    def _newest_first(self, since: datetime | None, unreadable: Unreadable) -> Iterator[Entry]:
        older = 0
        for number in self._numbers_down(unreadable):
            try:
                entry = from_bytes(read(self._vault, number).text, number)
            except (ManifestError, NotThere) as error:
                unreadable(name_of(number), error.what)
                continue
            if since is None or entry.at >= since:
                older = 0
                yield entry
                continue
            older += 1
            if older == OLDER_MAX:
                return

    def _numbers_down(self, unreadable: Unreadable) -> Iterator[int]:
        """Yield the numbers there are from the newest on, telling of those that are missing."""
        below = None
        while True:
            numbers = (each for each in self._numbers() if below is None or each < below)
            window = deque(numbers, maxlen=WINDOW)
            for number in reversed(window):
                if below is not None and number != below - 1:
                    unreadable(name_of(below - 1), audit_walk.missing(number + 1, below - 1))
                yield number
                below = number
            if not window:
                if below is not None and below > 1:
                    unreadable(name_of(below - 1), audit_walk.missing(1, below - 1))
                return

    def _head(self) -> int:
        return next(iter(deque(self._numbers(), maxlen=1)), 0)

    def _numbers(self) -> Iterator[int]:
        """Yield the numbers there are, lowest first."""
        for stored in self._vault.list(PREFIX):
            number = number_of(stored.name)
            if number is not None:
                yield number


def _raise(name: str, why: str) -> None:
    raise ManifestError(
        f"{name}: {why}",
        safe="Backups are untouched: the log only tells of them.",
        hint="Run `lifeboat audit verify` to see all of it.",
    )


def _ignore(_name: str, _why: str) -> None:
    """A broken entry keeps nobody from writing the next one; `verify` tells of it."""
