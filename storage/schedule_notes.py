"""What happened to a schedule, as small create-only objects in the vault: set, paused, resumed.

The bot and every terminal read and write the same ones, and a bot on a new machine finds them. The
order is that of their numbers, never that of clocks; of two that were written at once, that of
their names. You will not find here what is due.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from storage import typed
from storage.errors import AlreadyThere, ManifestError, VaultError
from storage.vaults.vault import Vault

FOLDER = "schedules"
What = Literal["set", "gone", "paused", "resumed", "reminded"]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
TRIES = 20
_NAME = re.compile(rf"{FOLDER}/([a-z0-9][a-z0-9-]*)/(\d{{6}})-([a-z]+)\.json", re.ASCII)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a schedule.

    `fingerprint` is that of what the settings said when it was `set`; `until` ends what was
    `paused`. Never holds a secret.
    """

    schedule: str
    what: What
    at: Moment
    by: str = ""
    by_name: str = ""
    why: str = ""
    until: Moment | None = None
    fingerprint: str = ""


class Notes(msgspec.Struct, frozen=True):
    """The newest of each: what the settings said last, the last pause or its end, its reminder.

    `reminded` is the newest reminder after the pause, None if there was none since.
    """

    set: Note | None = None
    pause: Note | None = None
    reminded: Note | None = None


def is_note(name: str) -> bool:
    """Whether an object of that name is one of these."""
    return _NAME.fullmatch(name) is not None


def read(vault: Vault, schedule: str) -> Notes:
    """Return the newest notes of a schedule; ManifestError if one of them can't be read."""
    newest: dict[str, str] = {}
    for name in _names(vault, schedule):
        newest[_kind(name)] = name
        if _kind(name) == "pause":
            newest.pop("reminded", None)
    return Notes(**{kind: _note(vault, name) for kind, name in newest.items()})


def known(vault: Vault) -> Sequence[str]:
    """Return the names of all schedules that anything was ever noted of."""
    found = (_NAME.fullmatch(stored.name) for stored in vault.list(f"{FOLDER}/"))
    return list(dict.fromkeys(match[1] for match in found if match))


def write(vault: Vault, note: Note) -> None:
    """Add a note after all that are there; VaultError when the vault can't take it."""
    for _ in range(TRIES):
        numbers = [int(name.split("/")[2][:6]) for name in _names(vault, note.schedule)]
        name = f"{FOLDER}/{note.schedule}/{max(numbers, default=0) + 1:06d}-{note.what}.json"
        with suppress(AlreadyThere):
            vault.put(name, [msgspec.json.encode(note)])
            return
    raise VaultError(
        f"What happened to the schedule {note.schedule!r} could not be written down.",
        safe="The schedule is as it was.",
        hint="Run the same again in a moment.",
    )


def _names(vault: Vault, schedule: str) -> Sequence[str]:
    stored = vault.list(f"{FOLDER}/{schedule}/")
    return [each.name for each in stored if is_note(each.name)]


def _kind(name: str) -> str:
    what = name.rpartition("-")[2].removesuffix(".json")
    return {"gone": "set", "paused": "pause", "resumed": "pause"}.get(what, what)


def _note(vault: Vault, name: str) -> Note:
    try:
        return typed.decode(b"".join(vault.open(name)), Note)
    except msgspec.MsgspecError as error:
        raise ManifestError(
            f"{name} can't be read: {error}.",
            safe="Backups are untouched: it only says whether a schedule is paused.",
            hint=f"Move {name} out of the vault, then pause the schedule again if you want to.",
        ) from error
