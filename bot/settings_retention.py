"""What the settings say of how long backups are kept, and what makes no sense in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.settings_sense import Shaped, named
from bot.settings_shape import File
from bot.settings_shape_kept import KeptTable
from bot.settings_words import Mistake, Where, did_you_mean, dotted, shown
from storage.retention_policy import Override, Policies, Policy, contradictions

BACKUP_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}-\d{4}-\d\d-\d\d-\d{4}(?:-\d+)?")
SAME = Policy.__struct_fields__  # Keys of the settings that a policy has under the same name.
ZONE_HINT = "Write one of the names of the zone database, such as Asia/Jakarta or UTC."


def policies(file: File) -> Policies:
    """Return how long backups are kept; a zone that is none was told as a mistake."""
    table = file.retention
    return Policies(
        usual=_usual(file),
        deployments=_overrides(table.deployments),
        vaults=_overrides(table.vaults),
        cold_days=table.cold_days,
        pinned=frozenset(table.pinned),
        grace=timedelta(days=table.grace_days),
        release_needs_second_person=table.release_needs_second_person,
        release_within=timedelta(hours=table.release_within_hours),
    )


def mistakes(shaped: Shaped) -> Iterator[Mistake]:
    """Find a policy that keeps nothing, contradicts itself, or speaks of what there is not."""
    table = shaped.file.retention
    if not is_zone(table.zone):
        yield Mistake("retention.zone", "There is no such zone.", ZONE_HINT)
    for number, id in enumerate(table.pinned, start=1):
        if not BACKUP_ID.fullmatch(id):
            yield Mistake(
                "retention.pinned",
                f"Item {number} is not the id of a backup.",
                "Copy it from `lifeboat list`: production-2026-11-24-0200.",
            )
    for name, kept in table.deployments.items():
        place = ("retention", "deployments", name)
        where = dotted(place)
        yield from named(name, where, shaped)
        yield from _says_something(place, kept, shaped)
    for name, kept in table.vaults.items():
        place = ("retention", "vaults", name)
        where = dotted(place)
        known = [shown(each) for each in shaped.file.vaults]
        if name not in shaped.file.vaults and not shaped.told("vaults", name):
            others = f"There are: {', '.join(known)}." if known else "Add it as [vaults.<name>]."
            hint = did_you_mean(name, known, others)
            yield Mistake(where, "There is no vault of that name.", hint)
        yield from _says_something(place, kept, shaped)
    yield from _contradictions(shaped.file)


def is_zone(name: str) -> bool:
    """Whether the zone database of this machine knows it."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _contradictions(file: File) -> Iterator[Mistake]:
    """Find what makes no sense, in [retention] itself and in what comes of each override."""
    told, undo = policies(file), timedelta(hours=file.approvals.undo_within_hours)
    usual = list(contradictions(told.usual, undo))
    for key, what, hint in usual:
        yield Mistake(f"retention.{key}", what, hint)
    seen = {what for _, what, _ in usual}
    places = [
        *((("deployments", name), told.of(name, "")) for name in told.deployments),
        *((("vaults", name), told.of("", name)) for name in told.vaults),
        *(
            (("deployments", deployment), told.of(deployment, vault))
            for deployment in told.deployments
            for vault in told.vaults
        ),
    ]
    for place, policy in places:
        for key, what, hint in contradictions(policy, undo):
            if what not in seen:
                seen.add(what)
                yield Mistake(f"{dotted(('retention', *place))}.{key}", what, hint)


def _says_something(place: Where, kept: KeptTable, shaped: Shaped) -> Iterator[Mistake]:
    told = any(gone[: len(place)] == place for gone in shaped.aside)
    if not kept.model_fields_set and not told:
        hint = "Write what is different there, such as daily_days = 180, or take the table out."
        yield Mistake(dotted(place), "It says nothing.", hint)


def _usual(file: File) -> Policy:
    table = file.retention
    zone = table.zone if is_zone(table.zone) else "UTC"
    return Policy(**{name: getattr(table, name) for name in SAME if name != "zone"}, zone=zone)


def _overrides(tables: Mapping[str, KeptTable]) -> dict[str, Override]:
    return {name: Override(**table.model_dump()) for name, table in tables.items()}
