"""`cancel`: ask a job of the bot to stop at its next safe point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commands.events import CancelAsked
from commands.verb import Argument, Context, Verb
from commands.words import read
from storage.errors import Refused

JOB = Argument("job", "the job's id, or the start of one; `status` lists them", required=True)


@dataclass(frozen=True)
class Request:
    job: str


def parse(words: Sequence[str]) -> Request:
    """Read `cancel <job>`; Refused for anything else."""
    return Request(read("cancel", words, (JOB,), ())["job"])


def run(request: Request, ctx: Context) -> CancelAsked:
    """Ask the job to stop; a restore whose import is confirmed goes on to its end."""
    if ctx.jobs is None:
        raise Refused(
            "No bot has ever run on this data folder, so there is no job to cancel.",
            hint="A command in a terminal is stopped with Ctrl-C.",
        )
    standing = ctx.jobs.cancel(request.job)
    return CancelAsked(job_id=standing.id, was=standing.state)


VERB = Verb(
    name="cancel",
    about="Ask a running or waiting job of the bot to stop.",
    parse=parse,
    run=run,
    arguments=(JOB,),
    examples=("cancel now-production-4k2f9c",),
)
