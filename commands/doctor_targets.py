"""What `doctor` says of targets: how old each deployment's newest good backup may be."""

from __future__ import annotations

from collections.abc import Iterator

from commands.events import DoctorLine
from commands.lookout_backups import length
from commands.lookout_targets import promised
from commands.verb import Context


def backup_ages(ctx: Context) -> Iterator[DoctorLine]:
    """Say each target where something is done by a schedule at all; none for what matters: WARN."""
    if not ctx.rules.targets and not any(each.on for each in ctx.schedules.values()):
        return
    for name, deployment in sorted(ctx.deployments.items()):
        target = promised(name, ctx.schedules, ctx.rules.targets.get(name))
        if target is not None:
            what = f"Its newest good backup may be {length(target.age_max)} old ({target.why})."
            yield DoctorLine(f"{name} backup age", "OK", what)
            continue
        yield DoctorLine(
            f"{name} backup age",
            "WARN" if deployment.protected else "OK",
            "No schedule backs all of it up and the settings name no target, so nobody is told "
            "when its backups get old.",
            f"Add it to a schedule, or write target_hours into [deployments.{name}].",
        )
