"""Summaries for every view of them: believable ones, and the longest plausible one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from commands.audit_story import Story
from commands.standings import DeploymentStanding, Staged
from commands.summary_events import (
    Coming,
    Covered,
    Failure,
    Ran,
    SummaryTold,
    Taken,
    VaultUse,
)
from commands.three_two_one import Digit
from tests.bot import terminal_events as made
from tests.bot.messages import alert_facts
from tests.bot.terminal_events import AT, NOW

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
RULE = (
    Digit(3, "copies", 3, "3 copies"),
    Digit(2, "kinds of vault", 2, "2 kinds of vault"),
    Digit(1, "off-site", 1, "1 off-site"),
    Digit(1, "locked or offline", 0, "none locked", "Lock a vault"),
    Digit(0, "errors", 0, "no errors"),
)


def course(days: int = 30, failed: tuple[int, ...] = ()) -> tuple[Taken, ...]:
    """Return a backup a day that grows and takes longer; on some days it failed."""
    return tuple(
        Taken(NOW - (days - i) * DAY)
        if i in failed
        else Taken(
            NOW - (days - i) * DAY - HOUR,
            12_000_000 + i * 90_000 + (i % 5) * 200_000,
            4.0 + (i * 7 % 11) / 3,
            20_000 + i * 40,
        )
        for i in range(days)
    )


def standing(**changes: Any) -> DeploymentStanding:
    facts: dict[str, Any] = {
        "name": "production",
        "protected": True,
        "last": made.entry(taken_at=NOW - 3 * HOUR),
        "backups": 12,
        "rule": RULE,
        "target": 24 * HOUR,
        "staged": Staged(NOW - 4 * DAY, "production-2026-11-20-0200", "staging", 92.0),
        "next": NOW + 21 * HOUR,
    }
    return DeploymentStanding(**{**facts, **changes})


def covered(**changes: Any) -> Covered:
    before = made.entry(id="production-2026-11-23-0200", bytes=1_180_000, documents=207)
    return Covered(**{"standing": standing(), "before": before, "course": course(), **changes})


def told(**changes: Any) -> SummaryTold:
    """Return a day on which all went well."""
    staging = standing(name="staging", protected=False, staged=None, backups=3)
    facts: dict[str, Any] = {
        "period": "daily",
        "since": NOW - DAY,
        "now": NOW,
        "deployments": (covered(), covered(standing=staging, before=None, course=course(3))),
        "ran": (Ran("now", "production", 1, 0), Ran("copy", "production", 2, 0)),
        "vaults": (
            VaultUse("local", 15, 182_400_000, 12_300_000, 11_900_000),
            VaultUse("second", 14, 170_400_000, 0),
        ),
        "coming": (
            Coming("checks", "verify", ("production",), NOW + HOUR),
            Coming("daily", "now", ("production", "staging"), NOW + 21 * HOUR),
            Coming("daily-summary", "summary", ("all",), NOW + 23 * HOUR, paused=True),
        ),
        "stories": (
            Story(
                "ask-production-4k2f9c",
                backup="production-2026-11-23-0200",
                deployment="production",
                protected=True,
                asked_by="Rizal",
                approved=("Sari",),
                answer="approved",
                confirmed_by="Rizal",
                confirmed=True,
                outcome="restored",
            ),
        ),
    }
    return SummaryTold(**{**facts, **changes})


def one_overdue() -> SummaryTold:
    late = standing(last=made.entry(taken_at=NOW - 31 * HOUR), overdue=True)
    return told(deployments=(covered(standing=late, course=course(29)), told().deployments[1]))


def failures() -> SummaryTold:
    why = "Convex did not answer within 60 s."
    return told(
        period="weekly",
        since=NOW - 7 * DAY,
        deployments=(covered(course=course(30, (12, 28))), told().deployments[1]),
        ran=(Ran("now", "production", 6, 1), Ran("verify", "production", 27, 1)),
        failed=(
            Failure("now", "production", NOW - 2 * DAY, why),
            Failure("verify", "production", NOW - 3 * DAY),
        ),
        alerts=(alert_facts.alert(), alert_facts.TAKEN),
        roads=alert_facts.ROADS,
    )


def nothing_yet() -> SummaryTold:
    bare = standing(last=None, backups=0, rule=(), staged=None, target=None)
    return told(
        deployments=(Covered(bare), Covered(replace(bare, name="staging", protected=False))),
        ran=(),
        vaults=(VaultUse("local"),),
        coming=(),
        stories=(),
    )


def vault_lost() -> SummaryTold:
    return told(
        deployments=(),
        ran=(),
        vaults=(),
        stories=(),
        unknown=("The vault 'local' can't be used: its folder is gone.",),
        blind=True,
    )


def longest(hostile: str) -> SummaryTold:
    """Return very many of everything, in other people's worst words."""
    names = [f"{'d' * 36}{i:04}" for i in range(200)]
    return told(
        deployments=tuple(
            covered(standing=standing(name=name, overdue=bool(i % 2)))
            for i, name in enumerate(names)
        ),
        ran=tuple(Ran("now", name, 10**6, 10**6) for name in names),
        failed=tuple(Failure(hostile, name, AT, hostile * 90) for name in names),
        vaults=tuple(VaultUse(name, trouble=hostile * 40) for name in names),
        coming=tuple(Coming(name, hostile, tuple(names), NOW + DAY) for name in names),
        stories=(replace(told().stories[0], asked_by=hostile, why=hostile * 40),) * 200,
        unknown=(hostile * 90,) * 200,
    )
