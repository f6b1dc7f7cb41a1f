"""Holds: who said that a backup must stay, why, and who took that back.

Each word is a create-only object beside the manifest, so nothing is ever taken back by deleting.
A release names the holds it ends: one that came in between stands. What can't be read is for
whoever asks to take as a hold.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from storage import shelf, typed
from storage.errors import ManifestError
from storage.manifest import Door, Facts
from storage.vaults.vault import Stored, Vault

Act = Literal["hold", "release asked", "release"]


class Hold(Facts, frozen=True, kw_only=True):
    """One word about one backup. `by` and `team` are canonical ids; `ends` are names of holds."""

    act: Act
    at: datetime
    by: str
    by_name: str
    team: str = ""
    door: Door
    why: str
    ends: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """Why, who and when, on one line."""
        return f"{self.why} ({self.by_name}, {self.at:%Y-%m-%d})"


def write(vault: Vault, deployment: str, id: str, hold: Hold, name: str = "") -> Stored:
    """Keep a word beside the manifest; `name` is that of the same word in another vault."""
    text = msgspec.json.format(msgspec.json.encode(hold), indent=2) + b"\n"
    return vault.put(name or name_of(deployment, id, hold), [text])


def name_of(deployment: str, id: str, hold: Hold) -> str:
    """Return a new name for a word; names sort by time."""
    stamp = hold.at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    leaf = f"{stamp}-{secrets.token_hex(4)}.json"
    return f"{shelf.folder_name(deployment, id)}{shelf.HOLDS}/{leaf}"


def read(vault: Vault, deployment: str, id: str) -> dict[str, Hold]:
    """Return every word about a backup by its object's name; ManifestError if one can't be read."""
    names = [stored.name for stored in vault.list(shelf.folder_name(deployment, id))]
    return {name: read_one(vault, name) for name in names if shelf.backup_of(name, shelf.HOLDS)}


def read_one(vault: Vault, name: str) -> Hold:
    """Read one word by its object's name."""
    try:
        return typed.decode(shelf.read_small(vault, name), Hold)
    except msgspec.MsgspecError as error:
        raise ManifestError(
            f"{name} is not a readable hold: {error}.",
            safe="The backup it is about is kept.",
            hint=f"Look at it; move {name} away when you know that nothing is held by it.",
        ) from error


def standing(words: Mapping[str, Hold]) -> dict[str, Hold]:
    """Return the holds that nobody has released, in the order of their names: oldest first."""
    ended = {name for word in words.values() if word.act == "release" for name in word.ends}
    return {
        name: word
        for name, word in sorted(words.items())
        if word.act == "hold" and name not in ended
    }


def release_asked(words: Mapping[str, Hold], now: datetime, within: timedelta) -> Hold | None:
    """Return the newest wish to release exactly the standing holds that is not too old."""
    held = set(standing(words))
    wishes = [
        word
        for _, word in sorted(words.items())
        if word.act == "release asked"
        and held <= set(word.ends)
        and timedelta(0) <= now - word.at <= within
    ]
    return wishes[-1] if held and wishes else None
