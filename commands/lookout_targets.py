"""How old the newest good backup of a deployment may be before that is a trouble, and why so much.

Pure. The target itself is that of `target.py`; here a backup is given its time, and it is said in
words where the target comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from commands.target import GRACE_MAX, GRACE_SHARE, backs_up, target
from commands.timetable import Schedule

SETTINGS = "the settings"


@dataclass(frozen=True)
class Target:
    """At most so old; `why` says where that comes from, for a sentence."""

    age_max: timedelta
    why: str
    schedules: tuple[str, ...] = ()


def promised(
    deployment: str, schedules: Mapping[str, Schedule], stated: timedelta | None
) -> Target | None:
    """Return a deployment's target; None when neither the settings nor a schedule give one."""
    names = tuple(each.name for each in schedules.values() if backs_up(each, deployment))
    allowed = target(schedules, deployment, stated)
    if allowed is None:
        return None
    if stated is not None:
        return Target(stated, SETTINGS, names)
    which = "schedule" if len(names) == 1 else "schedules"
    return Target(
        allowed + min(allowed / GRACE_SHARE, GRACE_MAX), f"the {which} {', '.join(names)}", names
    )
