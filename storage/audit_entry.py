"""One entry of the audit log: what it holds, and its bytes in the vault.

The format is documented in docs/format.md. You will not find here how entries become a chain
(`audit.py`), nor what makes one broken (`audit_walk.py`).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime
from typing import Annotated

import msgspec

from storage import typed
from storage.errors import ManifestError
from storage.vaults.vault import Vault

FORMAT = 1
PREFIX = "audit/"
NUMBER_MAX = 9_999_999_999
NOTHING_BEFORE = "0" * 64
BYTES_MAX = 1 << 20  # Far more than any entry has: texts are cut when it is written.
TEXT_MAX = 2_000
FACTS_MAX = 50

Fact = str | int | float | bool | None
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

_NAME = re.compile(rf"{PREFIX}(\d{{10}})\.json", re.ASCII)
_TAIL_BYTES = 78
_TAIL = re.compile(rb',"sha256":"([0-9a-f]{64})"\}\n')
# What stands behind the bar of a deploy key, and Slack's tokens: people paste the oddest things.
_SECRETS = re.compile(r"(?<=[\w:-]\|)[!-~]{8,}|\b(?:xox[a-z]|xapp|xwfp)-[\w.-]{8,}")
_MASK = "**********"
_encoder = msgspec.json.Encoder(order="sorted")


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did, as it is handed in. Never holds a secret.

    `what` is the event's name, such as "restore.confirmed". `by` is an id, `by_name` what people
    call them, `team` their Slack workspace. `about` is the id of a backup or a job, `deployment`
    the one that is read or written. `facts` are further small facts, such as `job`.
    """

    what: str
    by: str
    by_name: str
    door: str
    team: str = ""
    about: str = ""
    deployment: str = ""
    why: str = ""
    fingerprint: str = ""
    outcome: str = ""
    facts: dict[str, Fact] = {}


class Entry(Happened, frozen=True, kw_only=True):
    """One thing that happened, in its place in the chain.

    `before` is the SHA-256 of the previous entry's exact bytes, or 64 zeros. `once` tells a
    repeated write from a second event; `nonce` tells two writers apart who say the same.
    """

    format: int = FORMAT
    number: int
    at: Moment
    once: str = ""
    nonce: str = msgspec.field(default_factory=lambda: secrets.token_hex(4))
    before: str

    def concerns(self, word: str) -> bool:
        """Whether it is about this backup, job or deployment, by its whole name."""
        return word in (self.about, self.deployment) or word in self.facts.values()

    def begins(self, word: str) -> bool:
        """Whether it is about something whose id begins so."""
        told = [self.about, *(fact for fact in self.facts.values() if isinstance(fact, str))]
        return any(each.startswith(word) for each in told)


class Read(msgspec.Struct, frozen=True):
    """An entry's object as it lies in the vault; `text` is cut at what no entry ever has."""

    text: bytes
    bytes: int
    sha256: str


def name_of(number: int) -> str:
    """Return the name of an entry's object."""
    return f"{PREFIX}{number:010d}.json"


def number_of(name: str) -> int | None:
    """Return the number of the entry that an object's name names; None for any other name."""
    match = _NAME.fullmatch(name)
    return int(match[1]) or None if match else None


def read(vault: Vault, number: int) -> Read:
    """Read an object whole for its hash, and keep no more of it than an entry can have."""
    digest, text, size = hashlib.sha256(), bytearray(), 0
    for chunk in vault.open(name_of(number)):
        digest.update(chunk)
        size += len(chunk)
        text += chunk[: max(0, BYTES_MAX - len(text))]
    return Read(bytes(text), size, digest.hexdigest())


def to_bytes(entry: Entry) -> bytes:
    """Return one line of JSON: keys in alphabetical order, then `sha256` of all before it."""
    told = _encoder.encode(entry)[:-1]
    return b'%b,"sha256":"%b"}\n' % (told, hashlib.sha256(told).hexdigest().encode())


def from_bytes(text: bytes, number: int) -> Entry:
    """Return the entry; ManifestError if these are not the bytes of the entry of that number."""
    told, tail = text[:-_TAIL_BYTES], _TAIL.fullmatch(text[-_TAIL_BYTES:])
    if tail is None or hashlib.sha256(told).hexdigest() != tail[1].decode():
        raise _unreadable(number, "has other bytes than were written: its own hash does not fit")
    try:
        version = typed.decode(text, _Version).format
        if version > FORMAT:
            raise _unreadable(number, f"is of format {version}; this Lifeboat reads up to {FORMAT}")
        entry = typed.decode(text, Entry)
    except msgspec.MsgspecError as error:
        raise _unreadable(number, f"is not a readable entry: {error}") from error
    if entry.number != number:
        raise _unreadable(number, f"says of itself that it is number {entry.number:,}")
    return entry


def clean(happened: Happened) -> Happened:
    """Return it with texts that are too long cut, and with what looks like a key as asterisks."""
    told = {name: value for name, value in _fields(happened).items() if isinstance(value, str)}
    facts = list(happened.facts.items())[:FACTS_MAX]
    return msgspec.structs.replace(
        happened,
        **{name: _clean(value) for name, value in told.items()},
        facts={
            _clean(name): _clean(value) if isinstance(value, str) else value
            for name, value in facts
        },
    )


class _Version(msgspec.Struct):
    format: int


def _fields(happened: Happened) -> dict[str, object]:
    return {name: getattr(happened, name) for name in happened.__struct_fields__}


def _clean(text: str) -> str:
    """Mask, cut, and write half characters out: they are not JSON."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    masked = _SECRETS.sub(_MASK, whole)
    return masked if len(masked) <= TEXT_MAX else masked[: TEXT_MAX - 1] + "…"


def _unreadable(number: int, why: str) -> ManifestError:
    return ManifestError(
        f"Entry {number:,} of the audit log {why}.",
        safe="Backups are untouched: the log only tells of them.",
        hint="Run `lifeboat audit verify` to see all of it.",
    )
