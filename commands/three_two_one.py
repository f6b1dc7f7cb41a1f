"""3-2-1-1-0: whether a backup would outlive a bad day, counted from facts. Pure.

Three copies, and the deployment itself is the first of them, so two in vaults. Two kinds of vault:
the deployment is not counted here, or one vault would do. One off-site, one locked or offline, and
no error in the last proof of any copy. Each digit that is missing says what would fix it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.catalog import Copy, Entry

COPIES, KINDS, OFFSITE, LOCKED = 3, 2, 1, 1


@dataclass(frozen=True)
class Place:
    """What the settings say of a vault. `locked`: what is in it can't be removed before its time.

    `locked_kinds` are the kinds of backup that are locked; None: every one.
    """

    name: str
    kind: str = "folder"
    offsite: bool = False
    offline: bool = False
    locked: bool = False
    locked_kinds: frozenset[str] | None = None

    def keeps_safe(self, kind: str) -> bool:
        """Whether an intruder could not remove a backup of that kind there."""
        locked = self.locked and (self.locked_kinds is None or kind in self.locked_kinds)
        return locked or self.offline


@dataclass(frozen=True)
class Digit:
    """One digit of the rule: what is asked for, what there is, and what would fix it."""

    want: int
    of: str  # copies, kinds of vault, off-site, locked or offline, errors
    has: int
    what: str
    fix: str = ""  # "" when nothing is missing.

    @property
    def kept(self) -> bool:
        return not self.fix


def digits(last: Entry | None, deployment: str, places: Mapping[str, Place]) -> tuple[Digit, ...]:
    """Return the five digits for a deployment's newest good backup, `last`."""
    copies = [copy for copy in last.copies if copy.whole] if last is not None else []
    at = [places.get(copy.vault, Place(copy.vault)) for copy in copies]
    return (
        _copies(last, deployment, copies, places),
        _kinds(at),
        _offsite(at, places),
        _locked(last, at, places),
        _errors(last, deployment, copies),
    )


def _copies(
    last: Entry | None, deployment: str, copies: Sequence[Copy], places: Mapping[str, Place]
) -> Digit:
    has = len(copies) + (last is not None)
    what = f"{deployment} itself" + "".join(f", {copy.vault}" for copy in copies)
    if last is None:
        fix = f"Take a backup: lifeboat now {deployment}"
        return Digit(COPIES, "copies", 0, "no good backup", fix)
    if has >= COPIES:
        return Digit(COPIES, "copies", has, what)
    lacks = [name for name in places if name not in {copy.vault for copy in copies}]
    fix = (
        f"Copy it: lifeboat copy {last.id} --to {lacks[0]}"
        if lacks
        else "Add another [vaults.<name>] to the settings, then: lifeboat sync"
    )
    return Digit(COPIES, "copies", has, what, fix)


def _kinds(at: Sequence[Place]) -> Digit:
    kinds = sorted({place.kind for place in at})
    fix = "Add a vault of another kind to the settings, then: lifeboat sync"
    what = ", ".join(kinds) or "none"
    return Digit(KINDS, "kinds of vault", len(kinds), what, "" if len(kinds) >= KINDS else fix)


def _offsite(at: Sequence[Place], places: Mapping[str, Place]) -> Digit:
    away = [place.name for place in at if place.offsite]
    fix = _needs([place.name for place in places.values() if place.offsite], at) or (
        "Add a vault that lies elsewhere, and say offsite = true in its settings"
    )
    return Digit(OFFSITE, "off-site", len(away), ", ".join(away) or "none", "" if away else fix)


def _locked(last: Entry | None, at: Sequence[Place], places: Mapping[str, Place]) -> Digit:
    kind = last.kind if last is not None else ""
    safe = [place.name for place in at if place.keeps_safe(kind)]
    could = [place.name for place in places.values() if place.keeps_safe(kind)]
    fix = _needs(could, at) or (
        "Turn on object lock for a vault, or keep one offline and say offline = true"
    )
    what = ", ".join(safe) or "none"
    return Digit(LOCKED, "locked or offline", len(safe), what, "" if safe else fix)


def _needs(could: Sequence[str], at: Sequence[Place]) -> str:
    """Return how to fill a vault that would do and lacks the backup; "" if there is none."""
    there = {place.name for place in at}
    return next((f"Fill it: lifeboat sync {name}" for name in could if name not in there), "")


def _errors(last: Entry | None, deployment: str, copies: Sequence[Copy]) -> Digit:
    if last is None:
        fix = f"Take a backup: lifeboat now {deployment}"
        return Digit(0, "errors", 0, "nothing was proven", fix)
    for copy in copies:
        if copy.verified_at is None:
            fix = f"Prove it: lifeboat verify {last.id} --vault {copy.vault}"
            return Digit(0, "errors", 0, f"the copy in {copy.vault} was never proven", fix)
    halves = [copy.vault for copy in last.copies if not copy.whole]
    other = [copy.vault for copy in copies if copy.differs]
    found = {copy.vault: copy.verified_findings for copy in copies if copy.verified_findings}
    has = sum(found.values()) + len(halves) + len(other)
    if not has:
        return Digit(0, "errors", 0, "none in the last proof of each copy")
    where = [*found, *halves, *other][0]
    why = f"{has} in {', '.join(dict.fromkeys([*found, *halves, *other]))}"
    fix = f"Look at it: lifeboat verify {last.id} --vault {where}"
    if where in halves:
        fix = f"Copy it again: lifeboat copy {last.id} --to {where}"
    return Digit(0, "errors", has, why, fix)
