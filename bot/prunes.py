"""A prune that is asked for in Slack: the plan first, and a button that has exactly it done.

The button carries the deployment and a part of the plan's fingerprint. At the click the plan is
made again by whoever pressed; only if it is still the same does it become a job.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.jobs import Wish
from bot.messages import pruning
from bot.messages.model import Message
from bot.worker import submitted
from commands import prune
from commands.verb import Context


def shown(words: tuple[str, ...], page: int, ctx: Context) -> Message:
    """Return what a prune would do; whatever was typed, nothing is removed without the button."""
    request = prune.parse(words)
    return pruning.plan(prune.planned(request, ctx), page)


def confirmed(
    value: str, channel: str, ctx: Context, submit: Callable[[str, Wish], None]
) -> Message | None:
    """Have the plan done that a button was shown with; the plan as it is now if it changed."""
    where, _, fingerprint = value.partition(" ")
    of, _, within = where.partition("@")
    request = prune.Request(None if of == pruning.EVERYWHERE else of, within or None)
    plan = prune.planned(request, ctx)
    if not fingerprint or pruning.short(plan.fingerprint) != fingerprint:
        return pruning.changed(plan)
    aim = prune.settled(request, plan)
    wish = Wish(
        verb=prune.VERB.name,
        deployment=aim.deployment,
        request=submitted(prune.VERB.name, aim.request),
        backup="",
        queue=prune.QUEUE,
        caller_id=ctx.caller.id,
        caller_name=ctx.caller.name,
        team=ctx.caller.team,
        door="slack",
        asked_at=ctx.now(),
        channel=channel,
    )
    submit(aim.deployment, wish)
    return None
