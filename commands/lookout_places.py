"""Troubles with places: a vault that can't be used, that fills up or lacks copies; clocks apart.

Pure: facts and the moment in, troubles out. The facts are gathered in `looking.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from commands.lookout_backups import length, moment
from commands.lookout_rules import LookoutRules
from commands.trouble import Trouble, key_of

GB, MB, KB = 1e9, 1e6, 1e3


@dataclass(frozen=True)
class Lacking:
    """The backups that a vault should hold and does not, of those that are old enough to be told.

    `of` counts all that it should hold.
    """

    vault: str
    ids: tuple[str, ...]
    of: int
    oldest: datetime


@dataclass(frozen=True)
class Room:
    """The free room of a vault's disk, and what the next backup of every deployment needs."""

    vault: str
    free: int
    next: int


@dataclass(frozen=True)
class Away:
    """A vault that can't be used as it should be, in the words of whoever tried."""

    vault: str
    what: str
    safe: str
    hint: str
    others: tuple[str, ...] = ()  # Vaults that can be.
    first: bool = False


def copy_failing(
    lacking: Lacking, rules: LookoutRules, now: datetime, *, full: bool = False
) -> Iterator[Trouble]:
    """Find a vault that lacks copies of backups which are older than copies ever take.

    `full`: its disk has no room for any more of them.
    """
    if not lacking.ids or now - lacking.oldest < rules.copy_within:
        return
    vault, many = lacking.vault, len(lacking.ids)
    which = lacking.ids[0] if many == 1 else f"{many:,} of {lacking.of:,} backups"
    age = length(now - lacking.oldest)
    what = f"{which} has no copy in {vault}, and is {age} old."
    if many > 1:
        what = f"{which} have no copy in {vault}; the oldest of them is {age} old."
    yield Trouble(
        kind="copy failing",
        about=vault,
        severity="warning",
        what=f"{what} Copies are expected within {length(rules.copy_within)}.",
        safe="The backups themselves are whole in the other vaults.",
        hint=f"Fill it: lifeboat sync {vault}",
        since=lacking.oldest + rules.copy_within,
        retry=f"sync {vault}",
        because=(
            key_of("vault unreachable", vault),
            *((key_of("vault filling", vault),) if full else ()),
        ),
    )


def filling(room: Room, rules: LookoutRules, now: datetime) -> Iterator[Trouble]:
    """Find a vault whose disk has no room for the next backups; severe when not for one."""
    if not room.next or room.free >= room.next * rules.room_for:
        return
    fits = room.free // room.next
    runs = f"room for {fits:,} more run{'' if fits == 1 else 's'}"
    left = runs if fits else "no room for even one more run"
    yield Trouble(
        kind="vault filling",
        about=room.vault,
        severity="warning" if fits else "severe",
        what=f"The disk of the vault {room.vault!r} has {size(room.free)} free; a backup of every "
        f"deployment takes {size(room.next)}, so there is {left}.",
        safe="Every backup that is there is whole; one that finds no room leaves nothing behind.",
        hint="Make room on that disk, or see what may go: lifeboat prune --dry-run",
        since=now,
    )


def unreachable(away: Away, now: datetime) -> Iterator[Trouble]:
    """Find a vault that can't be used; severe when it is the one that is written to, or the last.

    Without the first no backup can be made; without any other one copies wait.
    """
    safe = away.safe or "What is in it was not touched."
    if away.others:
        safe += f" Backups can be read from {', '.join(away.others)}."
    yield Trouble(
        kind="vault unreachable",
        about=away.vault,
        severity="severe" if away.first or not away.others else "warning",
        what=away.what,
        safe=safe,
        hint=away.hint or f"See what is wrong with {away.vault}: lifeboat doctor",
        since=now,
    )


def skewed(
    skews: Mapping[str, float | None], seconds_max: float, now: datetime
) -> Iterator[Trouble]:
    """Find deployments and vaults whose clock and this machine's are apart; None: it tells none.

    Seconds are positive when this machine's clock is ahead. If it is ahead of several, or behind
    them, it is the one that is wrong: each but the first is explained by the first.
    """
    apart = {
        name: seconds
        for name, seconds in sorted(skews.items())
        if seconds is not None and abs(seconds) > seconds_max
    }
    before: dict[bool, tuple[str, ...]] = {True: (), False: ()}
    for what, seconds in apart.items():
        way = "ahead of" if seconds > 0 else "behind"
        yield Trouble(
            kind="clock skew",
            about=what,
            severity="warning",
            what=f"This machine's clock is {abs(seconds):,.0f} s {way} that of {what}; "
            f"{seconds_max:g} s are allowed. It shows {moment(now)}.",
            safe="Backups are whole: what they hold does not depend on clocks. Ages and names may "
            "lie.",
            hint="Set this machine's clock (NTP), then: lifeboat doctor",
            since=now,
            because=before[seconds > 0],
        )
        before[seconds > 0] += (key_of("clock skew", what),)


def size(number: float) -> str:
    """Return bytes for a sentence."""
    unit, many = ("GB", GB) if number >= GB else ("MB", MB) if number >= MB else ("kB", KB)
    return f"{number / many:,.1f} {unit}"
