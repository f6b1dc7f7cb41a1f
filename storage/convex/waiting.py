"""Waiting for Convex by looking again and again: bounded, told at every look, patient with outages.

A server that restarts in the middle of an export or import is no reason to give it up; a server
that stays away for longer than the settings' patience is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from storage.convex.deployment import Deployment
from storage.convex.progress import Tell, Waiting
from storage.errors import ServerTrouble, Unreachable

T = TypeVar("T")
GROWS = 1.5


class TookTooLong(Exception):
    """The bound was reached; who waited knows what that means."""


def until(
    look: Callable[[], T | None],
    deployment: Deployment,
    *,
    hours_max: float,
    for_what: Callable[[], str],
    tell: Tell,
) -> T:
    """Return what `look` returns as soon as it is not None; TookTooLong after so many hours.

    Whatever `tell` raises ends the waiting, so a listener can cancel it.
    """
    patience = deployment.patience
    began = patience.clock()
    pause = patience.poll_seconds
    heard = began
    while True:
        waited, asked = patience.clock() - began, 0.0
        try:
            found = look()
        except (Unreachable, ServerTrouble) as error:
            if patience.clock() - heard > patience.outage_seconds_max:
                raise
            asked = (error.retry_after if isinstance(error, ServerTrouble) else None) or 0.0
            tell(Waiting(f"{deployment.name} to answer again", waited))
        else:
            if found is not None:
                return found
            heard = patience.clock()
            tell(Waiting(for_what(), waited))
        if waited > hours_max * 3600:
            raise TookTooLong
        patience.sleep(max(pause, asked))
        pause = min(pause * GROWS, patience.poll_seconds_max)
