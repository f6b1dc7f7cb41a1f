"""What the engine can do, by the name in a wish: long verbs, and the jobs around a restore."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from commands import VERBS, ask, asked, restore_approved, restore_thawed
from commands.events import Result
from commands.roles import check
from commands.verb import Context, Verb
from storage import typed
from storage.errors import Refused

ASK, APPROVED, THAW = "ask", "approved", "thaw"
JOBS: dict[str, tuple[type[Any], Callable[[Any, Context], Result]]] = {
    **{verb.name: (verb.request, verb.run) for verb in VERBS.values() if verb.request},
    ASK: (asked.Request, ask.run),
    APPROVED: (asked.Approved, restore_approved.run),
    THAW: (restore_thawed.Request, restore_thawed.run),
}


def do(job: str, request: dict[str, Any], ctx: Context, *, settle: bool = False) -> Result:
    """Do a job whose request was kept as JSON builtins, for a caller who may ask for it.

    With `settle` what it touches is settled first, and kept: a job that goes on means the same
    backup by latest.
    """
    verb = VERBS.get(job, VERBS["restore"])
    check(verb, ctx.caller)
    kind, run = JOBS[job]
    wanted = typed.convert(request, kind)
    if settle:
        settled = ctx.kept("settle", lambda: _settled(verb, wanted, ctx), dict)
        wanted = typed.convert(settled, kind)
    return run(wanted, ctx)


def _settled(verb: Verb, request: Any, ctx: Context) -> dict[str, Any]:
    """Return a request with its names settled; Refused when other people would be asked."""
    assert verb.aim is not None  # noqa: S101 - only long verbs are jobs.
    aim = verb.aim(request, ctx)
    if aim.question is not None:
        raise Refused("Other people have to be asked about this.", hint="Ask for it in Slack.")
    told: dict[str, Any] = msgspec.to_builtins(aim.request)
    return told
