"""`audit`: who asked for what, who agreed, and what was done; and whether the log is whole.

Nothing is written. `audit verify` walks the chain from its first entry and prints its head, to be
kept where nobody who can write into the vault can change it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from commands.audit_story import key, of_a_restore, stories
from commands.events import AuditTold, AuditVerified
from commands.verb import Argument, Context, Option, Verb
from commands.words import read, span, whole_number
from storage.audit import Audit, Entry, Head
from storage.errors import Refused

LIMIT = 50

ARGUMENTS = (Argument("verify", "the word verify: walk the whole log and say where it breaks"),)
OPTIONS = (
    Option("since", "only entries younger than this: 12h, 7d, 2w", metavar="time"),
    Option(
        "about",
        "only entries about this backup, job or deployment, by its name or the start of its id",
        metavar="name",
    ),
    Option("limit", f"at most this many ({LIMIT} if left out)", metavar="number"),
    Option(
        "head",
        "with verify: a head that was written down earlier, which has to be in the log",
        metavar="number:sha256",
    ),
)


@dataclass(frozen=True)
class Request:
    verify: bool = False
    since: timedelta | None = None
    about: str | None = None
    limit: int = LIMIT
    head: Head | None = None


def parse(words: Sequence[str]) -> Request:
    """Read `audit [since 7d] [about …] [limit …]` or `audit verify [head …]`."""
    typed = read("audit", words, ARGUMENTS, OPTIONS)
    if typed["verify"] not in (None, "verify"):
        raise Refused(
            f"`audit` does not understand {typed['verify']!r}.",
            hint="Type `lifeboat audit`, `lifeboat audit verify`, or `lifeboat audit --about …`.",
        )
    verify = typed["verify"] is not None
    _fits(typed, ("since", "about", "limit") if verify else ("head",), verify=verify)
    return Request(
        verify=verify,
        since=span(typed["since"]) if typed["since"] else None,
        about=typed["about"],
        limit=whole_number(typed["limit"] or str(LIMIT), name="limit"),
        head=_head(typed["head"]) if typed["head"] else None,
    )


def run(request: Request, ctx: Context) -> AuditTold | AuditVerified:
    """Read the log, or walk all of it; nothing is changed."""
    if ctx.audit is None:
        raise Refused("No audit log is kept here.", hint="Run the verb with its own settings.")
    if request.verify:
        skew = timedelta(seconds=ctx.rules.clock_skew_seconds_max)
        walked = ctx.audit.verify(skew, request.head)
        return AuditVerified(walked.looked_at, walked.findings, walked.head, request.head)
    unreadable: dict[str, str] = {}
    entries = _entries(request, ctx, ctx.audit, unreadable)
    shown = entries[: request.limit]
    return AuditTold(
        entries=tuple(shown),
        stories=stories(shown),
        unreadable=tuple(unreadable.items()),
        more=len(entries) > request.limit,
    )


def _entries(
    request: Request, ctx: Context, audit: Audit, unreadable: dict[str, str]
) -> list[Entry]:
    """Return one entry more than is shown; a name that nothing has is taken for a beginning."""
    since = ctx.now() - request.since if request.since else None
    about, most = _named(request.about, ctx), request.limit + 1

    def look(fits: Callable[[Entry], bool]) -> list[Entry]:
        every = audit.entries(since, unreadable=unreadable.__setitem__)
        return list(islice(filter(fits, every), most))

    if about is None:
        return look(lambda entry: True)
    found = look(lambda entry: entry.concerns(about))
    if not found and about not in ctx.deployments:
        found = look(lambda entry: entry.begins(about))
    restores = {key(entry) for entry in found if of_a_restore(entry)}
    if not restores:
        return found
    # Votes name their question, not the backup: they are part of what was asked for.
    numbers = {entry.number for entry in found}
    return look(
        lambda each: each.number in numbers or (of_a_restore(each) and key(each) in restores)
    )


def _named(about: str | None, ctx: Context) -> str | None:
    """Return the id that `latest` stands for; other words stay, the backup may be gone by now."""
    if about is not None and about.partition(":")[0] == "latest":
        return ctx.find(about).id
    return about


def _fits(typed: dict[str, Any], strange: Sequence[str], *, verify: bool) -> None:
    for name in strange:
        if typed[name] is not None:
            raise Refused(
                f"`audit verify` always walks the whole log, so --{name} has no place there."
                if verify
                else f"--{name} belongs to `audit verify`.",
                hint="Type `lifeboat audit --help` to see both.",
            )


def _head(text: str) -> Head:
    match = re.fullmatch(r"([1-9]\d{0,9}):([0-9a-f]{64})", text.strip().lower())
    if match is None:
        raise Refused(
            "That is no head of an audit log.",
            hint="Paste what `lifeboat audit verify` printed: a number, a colon, and 64 digits.",
        )
    return Head(int(match[1]), match[2])


VERB = Verb(
    name="audit",
    about="Say who asked for what, who agreed and what was done; verify that the log is whole.",
    parse=parse,
    run=run,
    role="viewer",
    arguments=ARGUMENTS,
    options=OPTIONS,
    examples=(
        "audit --since 7d",
        "audit --about latest:production",
        "audit --about restore-staging-7m1x0a",
        "audit verify",
    ),
    failed_exit_code=2,
)
