"""Walking the audit log from its first entry to its newest, and saying where it breaks.

What a chain can't show by itself is that its newest entries were cut off: `expected` is a head
that somebody wrote down elsewhere, and has to be in it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from storage.audit_entry import NOTHING_BEFORE, PREFIX, from_bytes, name_of, number_of, read
from storage.errors import ManifestError, NotThere
from storage.finding import Finding, LookedAt, Severity
from storage.vaults.vault import Vault

SKEW = timedelta(seconds=30)
FINDINGS_MAX = 500


class Head(msgspec.Struct, frozen=True):
    """The newest entry at some moment; `12:9f86…` is what people paste elsewhere."""

    number: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.number}:{self.sha256}"


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """What a walk looked at and found; `head` is None for a log without entries."""

    looked_at: LookedAt
    findings: tuple[Finding, ...]
    head: Head | None


def walk(vault: Vault, skew: timedelta = SKEW, expected: Head | None = None) -> Walked:
    """Read every entry, oldest first; memory does not grow with their number."""
    chain = _Chain(vault, skew, expected)
    for stored in vault.list(PREFIX):
        number = number_of(stored.name)
        if number is None:
            chain.found("foreign file", f"{stored.name} is no entry.", stored.name, "warning")
        else:
            chain.go_on(number)
    return chain.end()


def missing(first: int, last: int) -> str:
    """Return the sentence for a gap in the numbers."""
    if first == last:
        return f"Entry {first:,} is missing."
    return f"Entries {first:,} to {last:,} are missing."


class _Chain:
    """The chain as far as it was walked: its newest entry, and what was found on the way."""

    def __init__(self, vault: Vault, skew: timedelta, expected: Head | None) -> None:
        self._vault, self._skew, self._expected = vault, skew, expected
        self._findings: list[Finding] = []
        self._unsaid = 0
        self._head = Head(0, NOTHING_BEFORE)
        self._at: datetime | None = None
        self._bytes = self._entries = 0
        self._met = expected is None

    def go_on(self, number: int) -> None:
        """Look at the next entry there is."""
        try:
            seen = read(self._vault, number)
        except NotThere:
            return  # Deleted since it was listed: the next one, or the end, tells of the gap.
        follows = number == self._head.number + 1
        if not follows:
            self.found("numbers", missing(self._head.number + 1, number - 1), name_of(number))
        self._entries += 1
        self._bytes += seen.bytes
        self._look(number, seen.text, follows=follows)
        self._head = Head(number, seen.sha256)
        self._meet()

    def _look(self, number: int, text: bytes, *, follows: bool) -> None:
        """Look into an entry; one that can't be read is still hashed for the one after it."""
        try:
            entry = from_bytes(text, number)
        except ManifestError as error:
            self.found("entry", error.what, name_of(number))
            return
        if follows and entry.before != self._head.sha256:
            what = (
                f"Entry {number:,} does not hold the hash of entry {number - 1:,}: one of the two "
                f"is not what was written."
                if number > 1
                else "The first entry says that there was one before it."
            )
            self.found("chain", what, name_of(number))
        if self._at is not None and entry.at < self._at - self._skew:
            back = (self._at - entry.at).total_seconds()
            what = f"Entry {number:,} is {back:,.0f} s older than the one before it."
            self.found("clock", what, name_of(number), "warning")
        self._at = entry.at

    def _meet(self) -> None:
        """Hold the entry against the head that was written down elsewhere."""
        if self._expected is None or self._head.number != self._expected.number:
            return
        self._met = True
        if self._head.sha256 != self._expected.sha256:
            what = (
                f"Entry {self._head.number:,} has the hash {self._head.sha256}; what was written "
                f"down elsewhere is {self._expected.sha256}: the log was written anew."
            )
            self.found("head", what, name_of(self._head.number))

    def found(self, check: str, what: str, where: str, severity: Severity = "damage") -> None:
        """Keep a finding; of very many only the first are kept, and counted."""
        if len(self._findings) < FINDINGS_MAX:
            self._findings.append(Finding(check=check, what=what, where=where, severity=severity))
        else:
            self._unsaid += 1

    def end(self) -> Walked:
        """Return what the walk came to; nothing looked at is a finding."""
        if not self._met and self._expected is not None:
            what = (
                f"Entry {self._expected.number:,} was the newest once and is gone; the newest now "
                f"is {self._head.number:,}."
            )
            self.found("head", what, name_of(self._expected.number))
        if not self._entries:
            self.found("looked at something", "There is no entry in the audit log.", PREFIX)
        findings = list(self._findings)
        if self._unsaid:
            more = f"{self._unsaid:,} more findings were left out."
            findings.append(Finding(check="findings", what=more))
        return Walked(
            looked_at=LookedAt(bytes=self._bytes, entries=self._entries),
            findings=tuple(findings),
            head=self._head if self._entries else None,
        )
