"""Which troubles have one cause, so that one alert tells all of them.

Pure. A trouble names what would explain it (`Trouble.because`); it is told in the alert of that, if
that stands as well. What was told in one alert stays there until it is over, and so does what is
left when the cause has ended: nobody is called anew for what he has heard of. Which alert says
what, and when, is decided in `alerts.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from commands.trouble import RANK, Kind, Trouble, key_of

BESIDE_MAX = 3  # So many of what hangs on a cause are told in words; the rest is counted.
KEY_ERRORS = frozenset({"WrongKey", "MissingPermission"})
AWAY_ERRORS = frozenset({"VaultUnreachable", "VaultDenied", "SourceLost"})
FULL_ERROR = "VaultFull"
COPYING = frozenset({"copy", "sync"})


def of_a_job(
    verb: str, deployment: str, vault: str, error: str, vaults: Sequence[str]
) -> tuple[str, ...]:
    """Return the keys of the troubles that would explain why a job failed, the deepest first.

    `vault` is the one that it was asked for, "" for whichever it takes; `vaults` begins with the
    one that backups are written to.
    """
    places = (vault,) if vault else tuple(vaults[:1] if verb == "backup" else vaults)
    found: list[tuple[Kind, str]] = []
    if error in KEY_ERRORS:
        found.append(("key refused", deployment))
    if error in AWAY_ERRORS:
        found += [("vault unreachable", place) for place in places]
    if error == FULL_ERROR:
        found += [("vault filling", place) for place in places]
    if verb in COPYING:
        found += [("copy failing", place) for place in places]
    return tuple(key_of(kind, about) for kind, about in found)


def gather(
    told: Mapping[str, Sequence[Trouble]],
    named: Mapping[str, Trouble],
    unknown: Collection[Kind],
    free: Collection[str],
) -> dict[str, tuple[Trouble, ...]]:
    """Return the troubles of each alert, and of each cause that has none, what leads it first.

    `told` are the troubles of the open alerts by the alert's id, oldest alert first; groups without
    an alert go by the key of their cause. What was told and is of an `unknown` kind still stands. A
    cause that comes to light joins a `free` alert about what hangs on it.
    """
    home: dict[str, str] = {}
    standing = dict(named)
    for id, troubles in told.items():
        for each in troubles:
            if each.key not in home and (each.key in named or each.kind in unknown):
                home[each.key] = id
                standing.setdefault(each.key, each)
    groups: dict[str, list[Trouble]] = {}
    for key in [*home, *(key for key in standing if key not in home)]:
        where = home.get(key) or _joins(key, standing, home, told, free)
        groups.setdefault(where, []).append(standing[key])
    return {
        where: _led(told.get(where, ()), members, standing) for where, members in groups.items()
    }


def together(troubles: Sequence[Trouble]) -> Trouble:
    """Return the first with what hangs on it in its words, as grave as the gravest of all."""
    lead, *others = troubles
    if not others:
        return lead
    more = len(others) - BESIDE_MAX
    words = [lead.what, *(each.what for each in others[:BESIDE_MAX])]
    words += [f"And {more:,} more like it."] if more > 0 else []
    return replace(
        lead,
        severity=max((each.severity for each in troubles), key=RANK.__getitem__),
        what=" ".join(words),
        retry=lead.retry or (others[0].retry if len(others) == 1 else ""),
    )


def _joins(
    key: str,
    standing: Mapping[str, Trouble],
    home: Mapping[str, str],
    told: Mapping[str, Sequence[Trouble]],
    free: Collection[str],
) -> str:
    """Return where one belongs that is in no alert: its cause's alert, or that of its effects."""
    path = _path(key, standing)
    for cause in path:
        if cause in home:
            return home[cause]
    origin = _origin(key, standing)
    for id, troubles in told.items():
        lead = troubles[0].key
        if id in free and home.get(lead) == id and _origin(lead, standing) == origin:
            return id
    return origin


def _led(
    before: Sequence[Trouble], members: Sequence[Trouble], standing: Mapping[str, Trouble]
) -> tuple[Trouble, ...]:
    """Return a group with its lead first: the cause, else what led before, else the gravest.

    The others go by their keys, so that the same group always reads the same.
    """
    here = {each.key: each for each in members}
    first = before[0].key if before and before[0].key in here else _gravest(members).key
    origin = _origin(first, standing)
    lead = here.get(origin, here[first])
    others = sorted((each for each in members if each is not lead), key=lambda each: each.key)
    return (lead, *others)


def _gravest(troubles: Iterable[Trouble]) -> Trouble:
    return min(troubles, key=lambda each: (-RANK[each.severity], each.since, each.key))


def _path(key: str, standing: Mapping[str, Trouble]) -> list[str]:
    """Return a trouble and, one after another, what explains it among what stands."""
    path = [key]
    while True:
        causes = standing[path[-1]].because
        cause = next((each for each in causes if each in standing), None)
        if cause is None or cause in path:
            return path
        path.append(cause)


def _origin(key: str, standing: Mapping[str, Trouble]) -> str:
    """Return what explains a trouble in the end; of a circle always the same one."""
    path = _path(key, standing)
    last = standing[path[-1]].because
    back = next((each for each in last if each in standing), None)
    return path[-1] if back is None else min(path[path.index(back) :])
