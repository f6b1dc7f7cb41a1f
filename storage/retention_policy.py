"""What the settings say of how long backups are kept, for each deployment and each vault.

Pure. You will not find here what follows from it for a backup; that is `retention.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import msgspec

from storage.manifest import Kind

KINDS: tuple[Kind, ...] = ("daily", "weekly", "monthly", "pre-deploy", "manual", "safety")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How long each kind is kept, in days; 0: not for its age.

    `floor` newest proven backups are kept whatever their age. Weeks and months are those of the
    calendar in `zone`.
    """

    daily_days: int = 90
    weekly_days: int = 365
    monthly_days: int = 2557  # Seven years, of which two may be leap years.
    pre_deploy_days: int = 30
    manual_days: int = 90
    safety_days: int = 30
    floor: int = 7
    zone: str = "UTC"

    def days(self, kind: Kind) -> int:
        """Return how many days backups of a kind are kept."""
        days: int = getattr(self, key_of(kind))
        return days


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """What holds instead for one deployment or one vault; None: nothing else."""

    daily_days: int | None = None
    weekly_days: int | None = None
    monthly_days: int | None = None
    pre_deploy_days: int | None = None
    manual_days: int | None = None
    safety_days: int | None = None
    floor: int | None = None


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """The policy of every deployment in every vault.

    `pinned` are ids that are kept whatever else is said. A removed backup's bytes stay for
    `grace`. `cold_days` is the age from which monthlies rest in cold storage; 0: never.
    """

    usual: Policy = Policy()
    deployments: Mapping[str, Override] = {}
    vaults: Mapping[str, Override] = {}
    pinned: frozenset[str] = frozenset()
    grace: timedelta = timedelta(days=7)
    cold_days: int = 365
    release_needs_second_person: bool = False
    release_within: timedelta = timedelta(hours=24)

    def of(self, deployment: str, vault: str) -> Policy:
        """Return what holds there; where both say something, the one that keeps longer does."""
        changed: dict[str, int] = {}
        for override in (self.deployments.get(deployment), self.vaults.get(vault)):
            for name in Override.__struct_fields__:
                said = getattr(override, name, None)
                if said is not None:
                    changed[name] = max(said, changed.get(name, 0))
        return msgspec.structs.replace(self.usual, **changed)


def key_of(kind: str) -> str:
    """Return the setting that says how long a kind is kept."""
    return f"{kind.replace('-', '_')}_days"


def contradictions(policy: Policy, undo_within: timedelta) -> Iterator[tuple[str, str, str]]:
    """Yield what makes no sense in a policy: the key, what is wrong, what to do.

    A kind of 0 days is switched off, and in nobody's way.
    """
    if not any(policy.days(kind) for kind in KINDS if kind != "safety"):
        yield (
            "daily_days",
            "No kind of backup is kept at all.",
            "Give at least one kind its days, or leave the line out: daily_days = 90.",
        )
    for shorter, longer in (("daily", "weekly"), ("weekly", "monthly"), ("daily", "monthly")):
        short, long = getattr(policy, key_of(shorter)), getattr(policy, key_of(longer))
        if 0 < long < short:
            yield (
                key_of(longer),
                f"{longer} backups would be kept {long} days and {shorter} ones {short}: the one "
                f"that stands for the longer time would go first.",
                f"Write {key_of(longer)} = {short} or more, or 0 to keep none for being {longer}.",
            )
    if policy.safety_days * timedelta(days=1) < undo_within:
        hours = undo_within / timedelta(hours=1)
        yield (
            "safety_days",
            f"Safety backups would be kept {policy.safety_days} days, and an undo is offered for "
            f"{hours:g} hours.",
            "Raise safety_days, or lower approvals.undo_within_hours.",
        )
