"""`summary`: what a day, a week or a month came to, in one message that always comes.

What can't be looked at is said in it; it ends in an error only when it is asked for in words that
it does not know. `tell_of` is pure: facts in, the summary out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from commands import due, summary_period, timetable
from commands.aim import Aim
from commands.alert_events import RoadStanding
from commands.alert_state import Alert
from commands.audit_story import of_a_restore, stories
from commands.last_good import LOOKED_BACK_MAX, last_good
from commands.staged import last_staged
from commands.standings import Staged
from commands.status import notes_of, standing_of
from commands.summary_events import (
    Coming,
    Covered,
    Failure,
    Period,
    Ran,
    SummaryTold,
    Taken,
    VaultUse,
)
from commands.timetable import Schedule, ScheduledRun
from commands.verb import Argument, Context, Option, Verb
from commands.words import closest, read
from storage.audit import Entry as AuditEntry
from storage.errors import Cancelled, LifeboatError, Refused
from storage.looked import Looked, look
from storage.manifest import Manifest
from storage.schedule_notes import Notes

PERIODS: Mapping[str, Period] = {"daily": "daily", "weekly": "weekly", "monthly": "monthly"}
T = TypeVar("T")
COURSE = timedelta(days=30)
ENTRIES_MAX = 5_000  # Of the audit log; far more than a month of a busy house.
COMING_MAX = 20
ENDED = ".ended"
BADLY = ("failed", "damaged")
VERBS = {"backup": "now"}  # What the audit log calls a verb by.
EVERY = "all"  # What stands for every deployment in a job's id.
QUEUE = "summary"  # It waits for nobody's backup.

ARGUMENTS = (Argument("period", "daily, weekly or monthly; daily if left out"),)
OPTIONS = (
    Option(
        "picture", "write its picture into this PNG file as well; in a terminal", metavar="file"
    ),
)


@dataclass(frozen=True)
class Request:
    period: Period = "daily"
    picture: str | None = None  # A file of whoever types; the terminal's door writes it.


@dataclass(frozen=True)
class Facts:
    """What could be looked at. `log` are entries of the period and of thirty days, newest first."""

    looked: Looked | None  # None: no vault could be read.
    log: Sequence[AuditEntry] = ()
    runs: Sequence[tuple[Schedule, ScheduledRun]] = ()
    notes: dict[str, Notes] = field(default_factory=dict)
    staged: dict[str, Staged] = field(default_factory=dict)
    unknown: Sequence[str] = ()
    alerts: Sequence[Alert] | None = None
    roads: Sequence[RoadStanding] | None = None


def parse(words: Sequence[str]) -> Request:
    """Read `summary [daily|weekly|monthly]`; Refused for anything else."""
    typed = read("summary", words, ARGUMENTS, OPTIONS)
    period = (typed["period"] or "daily").lower()
    if period not in PERIODS:
        raise Refused(
            f"There is no summary of {period!r}.{closest(period, PERIODS)}",
            hint="Type summary daily, summary weekly or summary monthly.",
        )
    return Request(PERIODS[period], typed["picture"])


def aim(request: Request, _ctx: Context) -> Aim:
    """It is about every deployment, reads only, and takes nobody's turn."""
    if request.picture is not None:
        raise Refused(
            "Nothing writes a file here: a picture in a file is for a terminal.",
            hint="In Slack the picture is in the message's thread.",
        )
    return Aim(EVERY, request, queue=QUEUE)


def run(request: Request, ctx: Context) -> SummaryTold:
    """Gather the facts, whatever of them can be had, and tell of them."""
    told_of = _period(request, ctx)
    since = told_of.since
    facts = gathered(ctx, since)
    blind = facts.looked is None
    return SummaryTold(
        period=request.period,
        since=since,
        now=ctx.now(),
        deployments=() if blind else tuple(_covered(facts, since, ctx)),
        ran=_ran(facts, since),
        failed=_failed(facts, since),
        stories=stories(e for e in facts.log if e.at >= since and of_a_restore(e)),
        vaults=() if blind else tuple(_vaults(facts, since, ctx)),
        coming=_coming(facts, ctx),
        alerts=tuple(facts.alerts or ()),
        roads=None if facts.roads is None else tuple(facts.roads),
        unknown=tuple(facts.unknown),
        blind=blind,
        longer=told_of.longer,
    )


def _period(request: Request, ctx: Context) -> summary_period.Told:
    schedule = timetable.of_caller(ctx.caller.id, ctx.schedules)
    if schedule is None:
        return summary_period.asked(request.period, ctx.now(), ctx.schedules)
    return summary_period.scheduled(request.period, schedule, ctx.asked_at or ctx.now())


def gathered(ctx: Context, since: datetime) -> Facts:
    """Look at everything that a summary tells of; what can't be looked at is a sentence."""
    unknown: list[str] = []
    looked = _told("", lambda: look(ctx.catalog, ctx.vaults), None, unknown)
    log: list[AuditEntry] = []
    log = _told(
        "The audit log can't be read: ", lambda: list(_log(ctx, since, unknown)), log, unknown
    )
    staged: dict[str, Staged] = {}
    notes: dict[str, Notes] = {}
    if looked is not None:
        unknown += [why for _, why in looked.unreadable]
        what = "Records of restores can't be read: "
        staged = _told(what, lambda: last_staged(ctx), staged, unknown)
        what = "Whether schedules are paused can't be read: "
        notes = _told(what, lambda: notes_of(ctx), notes, unknown)
    runs: list[tuple[Schedule, ScheduledRun]] = []
    runs = _told("What schedules did can't be read: ", lambda: list(_runs(ctx)), runs, unknown)
    opened: Sequence[Alert] | None = None
    roads: Sequence[RoadStanding] | None = None
    if ctx.alerts is not None:
        opened = _told("Alerts can't be read: ", ctx.alerts.open, None, unknown)
        if opened is not None:
            roads = _told("", ctx.alerts.roads, None, unknown)
    return Facts(looked, log, runs, notes, staged, unknown, opened, roads)


def _told(what: str, doing: Callable[[], T], otherwise: T, unknown: list[str]) -> T:
    """Return what is looked at, or note in a sentence that it could not be."""
    try:
        return doing()
    except Cancelled:
        raise
    except LifeboatError as error:
        sentence = f"{what}{error.what}"
        if sentence not in unknown:
            unknown.append(sentence)
        return otherwise


def _log(ctx: Context, since: datetime, unknown: list[str]) -> Iterator[AuditEntry]:
    if ctx.audit is None:
        return
    lost: dict[str, str] = {}
    first = min(since, ctx.now() - COURSE)
    yield from islice(ctx.audit.entries(first, unreadable=lost.__setitem__), ENTRIES_MAX)
    unknown += lost.values()


def _runs(ctx: Context) -> Iterator[tuple[Schedule, ScheduledRun]]:
    """Yield what the engine remembers of each schedule; nothing where no bot has run."""
    if ctx.jobs is None:
        return
    for schedule in ctx.schedules.values():
        for each in ctx.jobs.runs(schedule.name, schedule.requests):
            yield schedule, each


def _covered(facts: Facts, since: datetime, ctx: Context) -> Iterator[Covered]:
    for name in sorted(ctx.deployments):
        standing = standing_of(name, ctx, facts.staged, facts.notes, facts.alerts)
        before = last_good(name, ctx.catalog, before=since)
        yield Covered(standing, before, _course(name, facts, ctx))


def _course(name: str, facts: Facts, ctx: Context) -> tuple[Taken, ...]:
    """Return a deployment's backups of thirty days, those that failed among them."""
    begin = ctx.now() - COURSE
    good = ctx.catalog.previous(name, before=ctx.now(), limit=LOOKED_BACK_MAX * 10)
    taken = [_taken(each) for each in good if each.snapshot.taken_at >= begin]
    taken += [
        Taken(each.at)
        for each in facts.log
        if each.what == "backup.ended"
        and each.outcome == "failed"
        and each.deployment == name
        and each.at >= begin
    ]
    return tuple(sorted(taken, key=lambda each: each.at))


def _taken(manifest: Manifest) -> Taken:
    steps = sum(step.seconds for step in manifest.steps)
    whole = (manifest.finished - manifest.asked.at).total_seconds()
    return Taken(
        manifest.snapshot.taken_at,
        manifest.archive.bytes,
        steps or max(0.0, whole),
        manifest.contents.documents,
    )


def _ran(facts: Facts, since: datetime) -> tuple[Ran, ...]:
    """Count what was done, by verb and deployment; verifications are known to the engine only."""
    done: Counter[tuple[str, str]] = Counter()
    bad: Counter[tuple[str, str]] = Counter()
    for entry in _ends(facts, since):
        key = (_verb(entry), entry.deployment)
        (bad if entry.outcome in BADLY else done)[key] += 1
    for schedule, each in _verified(facts, since):
        key = (schedule.verb, each.deployment)
        (bad if each.state == "failed" else done)[key] += 1
    return tuple(Ran(*key, done[key], bad[key]) for key in sorted({*done, *bad}))


def _failed(facts: Facts, since: datetime) -> tuple[Failure, ...]:
    """Return what failed, newest first."""
    found = [
        Failure(_verb(entry), entry.deployment, entry.at, entry.why or entry.outcome)
        for entry in _ends(facts, since)
        if entry.outcome in BADLY
    ]
    found += [
        Failure(schedule.verb, each.deployment, each.asked_at)
        for schedule, each in _verified(facts, since)
        if each.state == "failed"
    ]
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))


def _ends(facts: Facts, since: datetime) -> Iterable[AuditEntry]:
    return (each for each in facts.log if each.what.endswith(ENDED) and each.at >= since)


def _verified(facts: Facts, since: datetime) -> Iterator[tuple[Schedule, ScheduledRun]]:
    """Yield the ended runs of verifications: no entry of the log tells of those."""
    for schedule, each in facts.runs:
        over = each.state not in ("queued", "running")
        if schedule.verb == "verify" and over and each.asked_at >= since:
            yield schedule, each


def _verb(entry: AuditEntry) -> str:
    word = entry.what.removesuffix(ENDED)
    return VERBS.get(word, word)


def _vaults(facts: Facts, since: datetime, ctx: Context) -> Iterator[VaultUse]:
    troubles = dict(facts.looked.troubles) if facts.looked is not None else {}
    for name in ctx.vaults:
        if facts.looked is not None and name in facts.looked.unreachable:
            yield VaultUse(name, trouble=troubles[name])
            continue
        entries = ctx.catalog.in_vault(name)
        went = (
            int(entry.facts.get("bytes") or 0)
            for entry in facts.log
            if entry.what == "prune.bytes"
            and entry.at >= since
            and entry.facts.get("vault") == name
        )
        yield VaultUse(
            name,
            backups=len(entries),
            bytes=sum(each.bytes for each in entries),
            came=sum(each.bytes for each in entries if each.taken_at >= since),
            went=sum(went),
            trouble=troubles.get(name, ""),
        )


def _coming(facts: Facts, ctx: Context) -> tuple[Coming, ...]:
    """Return what comes next of each schedule, the soonest first."""
    now, found = ctx.now(), []
    for schedule in ctx.schedules.values():
        pause = timetable.paused(facts.notes.get(schedule.name, Notes()), now)
        after = now if pause is None or pause.until is None else max(now, pause.until)
        for at in due.upcoming(schedule.calendar, after, 1) if schedule.on else ():
            of = tuple(schedule.requests)
            found.append(Coming(schedule.name, schedule.verb, of, at, pause is not None))
    return tuple(sorted(found, key=lambda each: (each.at, each.schedule))[:COMING_MAX])


VERB = Verb(
    name="summary",
    about="Say what a day, a week or a month came to, in one message.",
    parse=parse,
    run=run,
    aim=aim,
    queue=lambda _request: QUEUE,
    role="viewer",
    request=Request,
    arguments=ARGUMENTS,
    options=OPTIONS,
    examples=("summary", "summary weekly", "summary monthly --picture month.png"),
    every=EVERY,
)
