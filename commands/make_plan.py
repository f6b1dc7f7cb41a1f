"""Reads what a target holds right now and plans a restore into it; touches nothing."""

from __future__ import annotations

from collections.abc import Collection

from commands import plan as planning
from commands.events import Plan
from commands.plan import Mode
from storage.convex import facts
from storage.convex.deployment import Deployment
from storage.manifest import Manifest


def make_plan(
    manifest: Manifest, target: Deployment, mode: Mode, chosen: Collection[str] | None
) -> Plan:
    """Read what the target holds and return what the restore would do; touches nothing."""
    return planning.build(
        manifest,
        planning.Target(
            name=target.name,
            url=target.url,
            tables=facts.tables(target),
            files=facts.files(target),
        ),
        mode,
        chosen,
    )
