"""What the settings say of standing troubles: the shape of `[lookout]`, what follows from it."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from bot.settings_shape_kept import Table
from commands.baseline import Learning
from commands.lookout_rules import LookoutRules


class LookoutTable(Table):
    learn_from: int = Field(
        default=14,
        ge=5,
        le=365,
        description="From how many last backups it is learned what size and counts are usual.",
    )
    learn_min: int = Field(
        default=5,
        ge=3,
        le=365,
        description="Before there are so many, the warnings of [verify] are told instead.",
    )
    odd_percent_min: float = Field(
        default=20,
        ge=1,
        le=100,
        description="What shrank by less, or grew by less than five times that, is never odd.",
    )
    copy_hours_max: float = Field(
        default=6, ge=0, le=8784, description="How old a backup may be without its copies."
    )
    room_for_backups: int = Field(
        default=3,
        ge=1,
        le=1_000_000_000,
        description="For how many more backups of every deployment a vault's disk must have room.",
    )
    approval_minutes: float = Field(
        default=15, ge=0, le=10_080, description="How long a question may wait for an approval."
    )
    paused_minutes: float = Field(
        default=30,
        ge=0,
        le=10_080,
        description="How long a deployment may stand still while no restore is at work on it.",
    )
    probe_minutes: float = Field(
        default=10,
        ge=0.05,
        le=1440,
        description="How often each deployment is asked whether it takes its key.",
    )


def rules(table: LookoutTable) -> LookoutRules:
    """Return the bounds of the lookout."""
    return LookoutRules(
        learning=Learning(
            values_max=max(table.learn_from, table.learn_min),
            values_min=table.learn_min,
            percent_min=table.odd_percent_min,
        ),
        copy_within=timedelta(hours=table.copy_hours_max),
        room_for=table.room_for_backups,
        approval_within=timedelta(minutes=table.approval_minutes),
        paused_within=timedelta(minutes=table.paused_minutes),
        probe_every=timedelta(minutes=table.probe_minutes),
    )
