"""Keeps a protected deployment paused while it is restored, and never leaves it so silently.

That a restore has paused its target is written into the restore's own record before it is done,
so every way on knows it: the job itself after a kill, and a later restore that settles this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from commands.events import (
    DeploymentPaused,
    DeploymentResumed,
    Event,
    RestoreFinished,
    Warned,
)
from commands.restore_work import who
from commands.verb import Context
from storage.convex import pausing
from storage.convex.deployment import Deployment
from storage.errors import Cancelled, ConvexError, LifeboatError, VaultError
from storage.finding import Finding
from storage.records import Job

PAUSING, UNPAUSED = "pausing", "unpaused"
IN_DASHBOARD = "in the Convex dashboard"


@dataclass(frozen=True)
class Pause:
    """The pause of one restore's target; `job` is the restore's record."""

    target: Deployment
    ctx: Context
    job: Job

    @property
    def ours(self) -> bool:
        """Whether this restore has paused the target, in this life or an earlier one, or tried."""
        told = [each.step for each in self.job.records if each.step in (PAUSING, UNPAUSED)]
        return told[-1:] == [PAUSING]

    def begin(self) -> None:
        """Pause the target; ConvexError when it does not take the wish.

        One that the key may not pause, or that was paused before, is told aloud: people were
        shown that before they agreed.
        """
        target, ctx = self.target, self.ctx
        too_late = any(self.job.last(step) is not None for step in ("confirming", "ended"))
        if too_late or not ctx.rules.approvals.pause:
            return
        ctx.stop_if_asked()
        if not self.ours:
            if pausing.paused(target):
                ctx.tell(Warned(f"{target.name} was paused already, and will be left paused."))
                return
            if not pausing.may_pause(target):
                ctx.tell(
                    Warned(
                        f"{target.name} is not paused: its key may not do that. Whatever is "
                        f"written to it while it is restored is lost."
                    )
                )
                return
            self.job.write(PAUSING, ctx.now(), **who(ctx))
        try:
            pausing.pause(target)
        except ConvexError as error:  # It may be paused all the same: it is started again anyway.
            error.safe = "Nothing was restored: it has to stand still meanwhile."
            error.hint = f"Pause {target.name} {IN_DASHBOARD}, then ask again."
            raise
        ctx.tell(DeploymentPaused(target.name))

    def over(self, finished: RestoreFinished) -> RestoreFinished:
        """Start the target again after a restore; a finding if it can't be."""
        still = self.end()
        if not still:
            return finished
        finding = Finding(check="started again", what=still)
        return replace(finished, findings=(*finished.findings, finding))

    def broken_off(self, error: BaseException) -> None:
        """Start the target again after an error, which says whether that went well."""
        was_ours = self.ours
        still = self.end()
        if was_ours and isinstance(error, LifeboatError):
            error.safe = f"{error.safe} {still or f'{self.target.name} runs again.'}".strip()

    def end(self) -> str:
        """Start it again if it is we who paused it; return the sentence to say when it isn't so."""
        if not self.ours:
            if self.job.last(UNPAUSED) is not None:  # In an earlier life, which may not have told.
                self._tell(DeploymentResumed(self.target.name))
            return ""
        try:
            pausing.unpause(self.target)
        except ConvexError as error:
            still = self._still_paused()
            if still:
                self._tell(Warned(f"{still} ({error.what})"))
                return still
        self._tell(DeploymentResumed(self.target.name))
        with suppress(VaultError):  # Then it is started once more, which does nothing.
            self.job.write(UNPAUSED, self.ctx.now())
        return ""

    def _still_paused(self) -> str:
        """Return the sentence for a target that did not take the wish, "" for one that runs."""
        name = self.target.name
        try:
            if pausing.paused(self.target):
                return f"{name} IS STILL PAUSED: start it {IN_DASHBOARD}."
        except ConvexError:
            return f"{name} MAY STILL BE PAUSED: look, and start it {IN_DASHBOARD}."
        return ""

    def _tell(self, event: Event) -> None:
        with suppress(Cancelled):  # It is too late for that.
            self.ctx.tell(event)


def start_again(target: Deployment, ctx: Context, job: Job) -> None:
    """Start a target again that a killed restore has paused, now that it is brought to its end."""
    Pause(target, ctx, job).end()


@contextmanager
def never_left_paused(target: Deployment, ctx: Context, job: Job) -> Iterator[Pause]:
    """Start the target again however the block ends, if this restore has paused it.

    A block that goes well ends its pause itself, by `over`.
    """
    pause = Pause(target, ctx, job)
    try:
        yield pause
    except BaseException as error:
        pause.broken_off(error)
        if job.open and job.last("asked") is None:
            with suppress(VaultError):
                job.write("ended", ctx.now(), outcome="stopped before it began")
        raise
