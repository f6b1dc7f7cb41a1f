"""Keeps a protected deployment paused while it is restored, and never leaves it so silently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from commands.events import DeploymentPaused, DeploymentResumed, Warned
from commands.verb import Context
from storage.convex import pausing
from storage.convex.deployment import Deployment
from storage.errors import ConvexError, LifeboatError


@contextmanager
def paused(target: Deployment, ctx: Context) -> Iterator[None]:
    """Pause the target while the block runs, and start it again however the block ends.

    A target that somebody had paused before stays paused. One that can't be started again is said
    so aloud: in a warning, and in the error if there is one.
    """
    if not ctx.rules.approvals.pause:
        yield
        return
    ours = ctx.kept("pause", lambda: _pause(target, ctx), bool)
    try:
        yield
    except LifeboatError as error:
        left = _unpause(target, ctx) if ours else ""
        error.safe = f"{error.safe} {left}".strip() if left else error.safe
        raise
    else:
        if ours:
            _unpause(target, ctx)


def _pause(target: Deployment, ctx: Context) -> bool:
    """Pause it; False when it was paused already or can't be."""
    ctx.stop_if_asked()
    if pausing.paused(target):
        return False
    try:
        pausing.pause(target)
    except ConvexError as error:
        ctx.tell(
            Warned(
                f"{target.name} could not be paused ({error.what}) Whatever is written to it while "
                f"it is restored is lost. Pause it in the Convex dashboard."
            )
        )
        return False
    ctx.tell(DeploymentPaused(target.name))
    return True


def _unpause(target: Deployment, ctx: Context) -> str:
    """Start it again; return the sentence to add to an error when that failed."""
    try:
        pausing.unpause(target)
    except ConvexError as error:
        left = f"{target.name} IS STILL PAUSED: start it in the Convex dashboard."
        ctx.tell(Warned(f"{left} ({error.what})"))
        return left
    ctx.tell(DeploymentResumed(target.name))
    return f"{target.name} runs again."
