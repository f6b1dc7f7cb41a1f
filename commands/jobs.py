"""What the engine can do, by the name in a wish: long verbs, and the two jobs of an approval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from commands import VERBS, ask, asked, restore_approved
from commands.events import Result
from commands.roles import check
from commands.verb import Context

ASK, APPROVED = "ask", "approved"
JOBS: dict[str, tuple[type[Any], Callable[[Any, Context], Result]]] = {
    **{verb.name: (verb.request, verb.run) for verb in VERBS.values() if verb.request},
    ASK: (asked.Request, ask.run),
    APPROVED: (asked.Approved, restore_approved.run),
}


def do(job: str, request: dict[str, Any], ctx: Context) -> Result:
    """Do a job whose request was kept as JSON builtins, for a caller who may ask for it."""
    check(VERBS.get(job, VERBS["restore"]), ctx.caller)
    kind, run = JOBS[job]
    return run(msgspec.convert(request, kind), ctx)
