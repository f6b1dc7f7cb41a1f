"""A day, a week or a month in sentences: what a terminal and a Slack message share. Pure.

Each door says how it writes a moment and how it makes other people's words harmless (`Hand`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import audit_words, copy_words
from bot.words import ROADS, age, counted, duration, number, size, some
from commands.alert_events import RoadStanding
from commands.alert_state import Alert
from commands.standings import DeploymentStanding
from commands.summary_events import Coming, Covered, Failure, Ran, SummaryTold, Taken, VaultUse

NAMES_MAX = 3
FAILURES_MAX = 20
ALERTS_MAX = 10
OF = {"daily": "day", "weekly": "week", "monthly": "month"}
TITLES = {"daily": "The last day", "weekly": "The last week", "monthly": "The last month"}
VERBS = {
    "now": "backup",
    "verify": "verification",
    "copy": "copy",
    "sync": "filling of a vault",
    "prune": "prune",
    "restore": "restore",
    "summary": "summary",
}
PLURALS = {"copy": "copies", "sync": "fillings of vaults"}
NO_BACKUP = "NO GOOD BACKUP YET"


@dataclass(frozen=True)
class Hand:
    """How one door writes: a moment, and words that are not ours."""

    at: Callable[[datetime], str]
    said: Callable[[str], str]


def title(told: SummaryTold) -> str:
    """Return in words which time it tells of."""
    return "Since the summary before" if told.longer else TITLES[told.period]


def headline(told: SummaryTold) -> str:
    """Return the one sentence that says it all, readable alone on a locked phone."""
    if told.blind:
        return "The vault can't be read: nobody can say how old the backups are"
    standings = [each.standing for each in told.deployments]
    wanted = [each for each in standings if each.last or each.target is not None]
    covered = [each for each in standings if each.last is not None]
    if told.overdue:
        return _overdue(told, len(wanted)) + _besides(told)
    if not covered:
        return "Nothing is backed up yet" + _besides(told)
    newest = max(each.last.taken_at for each in covered if each.last is not None)
    share = f"{len(covered)} of {counted(len(standings), 'deployment')} backed up"
    words = f"{share}, newest {_old(newest, told.now)}"
    return f"All is well: {words}" if told.well else f"{words}{_besides(told)}"


def sections(told: SummaryTold, hand: Hand) -> Iterator[tuple[str, list[str]]]:
    """Yield each part of a summary that has something to say: its heading and its lines."""
    parts: list[tuple[str, list[str]]] = [
        ("Could not be looked at", [hand.said(sentence) for sentence in told.unknown]),
        ("Deployments", [line for each in told.deployments for line in _covered(each, told, hand)]),
        ("What ran", _ran(told, hand)),
        ("What failed", _failed(told, hand)),
        ("Alerts", _alerts(told, hand)),
        ("3-2-1-1-0", [line for each in told.deployments for line in _rule(each.standing, hand)]),
        ("Restores and approvals", _stories(told, hand)),
        ("Vaults", [_vault(each, told, hand) for each in told.vaults]),
        ("The last 30 days", list(course(told, hand))),
        ("What comes next", [_coming(each, hand) for each in told.coming]),
    ]
    yield from ((heading, lines) for heading, lines in parts if lines)


def course(told: SummaryTold, hand: Hand) -> Iterator[str]:
    """Yield what the picture shows, in numbers: a line for each deployment that has any."""
    for each in told.deployments:
        if each.course:
            yield f"{hand.said(each.standing.name)}: {_course(each.course)}"


def rpo(each: DeploymentStanding, now: datetime) -> str:
    """Return how old the last good backup is, held against its target."""
    old = "no good backup" if each.last is None else _old(each.last.taken_at, now)
    if each.target is None:
        return f"{old}, no schedule backs it up"
    word = "OVERDUE, " if each.overdue else ""
    allowed = f"{span(each.target)} allowed"
    if each.last is None:
        return f"{word}{old}{'' if each.overdue else ' yet'}, {allowed}"
    return f"{word}{old} of {allowed}"


def span(length: timedelta) -> str:
    """Return a length of time in the biggest unit that says it whole: `24 h`, `7 d`, `90 min`."""
    seconds = length.total_seconds()
    for unit, least, every in (("d", 172_800, 86_400), ("h", 3_600, 3_600), ("min", 60, 60)):
        if seconds >= least and seconds % every == 0:
            return f"{seconds / every:,.0f} {unit}"
    return duration(seconds)


def staged(each: DeploymentStanding, hand: Hand) -> str:
    """Return the last restore to staging and how long it took."""
    if each.staged is None:
        return "no restore to an unprotected deployment is recorded"
    last = each.staged
    return (
        f"last restored to {hand.said(last.into)} {hand.at(last.at)}, "
        f"in {duration(last.seconds)} ({hand.said(last.backup)})"
    )


def proof(each: DeploymentStanding, now: datetime) -> str:
    """Return how the last proof of the last good backup ended."""
    if each.last is None or each.last.verified_at is None:
        return "not verified"
    found = counted(each.last.verified_findings, "FINDING")
    how = found if each.last.verified_findings else "sound"
    return f"verified {age(each.last.verified_at, now)}: {how}"


def _overdue(told: SummaryTold, wanted: int) -> str:
    late = told.overdue
    names = [
        f"{each.name}, {_old(each.last.taken_at, told.now) if each.last else 'no good backup'}"
        for each in late[:NAMES_MAX]
    ]
    more = len(late) - NAMES_MAX
    of = f"{len(late)} of {counted(wanted, 'deployment')} {'is' if len(late) == 1 else 'are'}"
    return f"{of} overdue: {'; '.join(names)}" + (f" and {more:,} more" if more > 0 else "")


def _besides(told: SummaryTold) -> str:
    """Return what else somebody should look at, in few words."""
    told_of = (
        (len(told.failed), "job failed", "jobs failed"),
        (len(told.alerts), "alert open", "alerts open"),
        (len(told.damaged), "backup has findings", "backups have findings"),
        (sum(bool(each.trouble) for each in told.vaults), "vault in trouble", "vaults in trouble"),
        (len(told.unknown), "thing could not be looked at", "things could not be looked at"),
    )
    words = [counted(count, one, many) for count, one, many in told_of if count]
    return "; " + ", ".join(words) if words else ""


def _alerts(told: SummaryTold, hand: Hand) -> list[str]:
    """Return what stands open, and when each road that would tell of it was last proven."""
    lines = [_open(alert, told.now, hand) for alert in told.alerts[:ALERTS_MAX]]
    left = len(told.alerts) - ALERTS_MAX
    if left > 0:
        lines.append(f"and {counted(left, 'more alert')}")
    if told.roads is not None and not told.roads:
        lines.append("nobody is told of alerts: the settings name no channel in [alerts]")
    return lines + [_road(road, told.now) for road in told.roads or ()]


def _open(alert: Alert, now: datetime, hand: Hand) -> str:
    trouble = alert.trouble
    about = hand.said(trouble.deployment or trouble.about)
    by = f", {hand.said(alert.acknowledged_by)} has taken it on" if alert.acknowledged_by else ""
    return f"{trouble.severity}: {trouble.kind}, {about}, {age(trouble.since, now)}{by}"


def _road(road: RoadStanding, now: datetime) -> str:
    name = ROADS.get(road.name, road.name)
    waits = f", {counted(road.waiting, 'message')} WAITING" if road.waiting else ""
    if road.proven_at is None:
        return f"{name}: NEVER PROVEN{waits} (type: alert test)"
    return f"{name}: last proven {age(road.proven_at, now)}{waits}"


def _covered(each: Covered, told: SummaryTold, hand: Hand) -> Iterator[str]:
    standing, name = each.standing, hand.said(each.standing.name)
    guard = " (protected)" if standing.protected else ""
    last = standing.last
    if last is None:
        kept = counted(standing.backups, "backup")
        none = f" ({kept}, none of them good)" if standing.backups else ""
        if standing.target is None and not standing.backups:
            yield f"{name}{guard}: no backup, and no schedule takes any"
            return
        late = ""
        if standing.target is not None:
            late = f"; {'OVERDUE, ' if standing.overdue else ''}{span(standing.target)} allowed"
        yield f"{name}{guard}: {NO_BACKUP}{none}{late}"
        return
    which = f"{hand.said(last.id)}, {hand.at(last.taken_at)}"
    yield f"{name}{guard}: {rpo(standing, told.now)} · {which}"
    yield f"  {_grown(each, told)}"
    yield f"  {proof(standing, told.now)} · {staged(standing, hand)}"


def _grown(each: Covered, told: SummaryTold) -> str:
    """Return size and documents, and how they changed since the period before."""
    last, before = each.standing.last, each.before
    assert last is not None  # noqa: S101 - the caller looked.
    words = f"{size(last.bytes)}, {counted(last.documents, 'document')}"
    if before is None or before.id == last.id:
        return f"{words} (nothing to compare with before this {_of(told)})"
    changed = f"{_change(last.bytes - before.bytes, size)}, "
    changed += f"{_change(last.documents - before.documents, number)} documents"
    earlier = "summary" if told.longer else OF[told.period]
    return f"{words} ({changed} since the {earlier} before)"


def _of(told: SummaryTold) -> str:
    return "time" if told.longer else OF[told.period]


def _span(told: SummaryTold) -> str:
    return "this time" if told.longer else f"the last {OF[told.period]}"


def _change(by: int, told: Callable[[int], str]) -> str:
    return "±0" if not by else f"{'+' if by > 0 else '−'}{told(abs(by))}"


def _ran(told: SummaryTold, hand: Hand) -> list[str]:
    if not told.ran and (told.blind or told.unknown):
        return []  # What can't be read can't be said to be nothing.
    return [_counted(each, hand) for each in told.ran] or ["Nothing ran."]


def _counted(each: Ran, hand: Hand) -> str:
    of = f" of {hand.said(each.deployment)}" if each.deployment else ""
    one = hand.said(VERBS.get(each.verb, each.verb))
    runs = counted(each.done + each.failed, one, PLURALS.get(each.verb, ""))
    return f"{runs}{of}" + (f", {each.failed:,} FAILED" if each.failed else "")


def _failed(told: SummaryTold, hand: Hand) -> list[str]:
    lines = [_failure(each, hand) for each in told.failed[:FAILURES_MAX]]
    more = len(told.failed) - FAILURES_MAX
    return [*lines, f"and {more:,} more"] if more > 0 else lines


def _failure(each: Failure, hand: Hand) -> str:
    of = f" of {hand.said(each.deployment)}" if each.deployment else ""
    why = hand.said(each.why) if each.why else "its message says why"
    return f"{hand.said(VERBS.get(each.verb, each.verb))}{of}, {hand.at(each.at)}: {why}"


def _rule(each: DeploymentStanding, hand: Hand) -> Iterator[str]:
    if each.last is None or not each.rule:
        return
    missing = [hand.said(copy_words.digit(digit)) for digit in each.rule if not digit.kept]
    kept = f"missing {'; '.join(missing)}" if missing else "kept"
    yield f"{hand.said(each.name)}: {hand.said(copy_words.rule(each.rule))}, {kept}"


def _stories(told: SummaryTold, hand: Hand) -> list[str]:
    return [
        f"{hand.said(audit_words.restore(story))}: "
        f"{hand.said('; '.join(audit_words.clauses(story)))}"
        for story in told.stories
    ]


def _vault(each: VaultUse, told: SummaryTold, hand: Hand) -> str:
    name = hand.said(each.name)
    if each.trouble and not each.backups:
        return f"{name}: {hand.said(each.trouble)}"
    came = f"+{size(each.came)}" if each.came else "nothing new"
    went = f", −{size(each.went)} removed" if each.went else ""
    trouble = f". {hand.said(each.trouble)}" if each.trouble else ""
    return (
        f"{name}: {size(each.bytes)} in {counted(each.backups, 'backup')} "
        f"({came}{went} in {_span(told)}){trouble}"
    )


def _course(taken: Sequence[Taken]) -> str:
    good = [each for each in taken if not each.failed]
    bad = len(taken) - len(good)
    failed = f", {bad:,} failed" if bad else ""
    if not good:
        return f"{counted(bad, 'backup')} failed, none was taken"
    sizes = [each.bytes or 0 for each in good]
    took = [each.seconds or 0.0 for each in good]
    grew = " to ".join(dict.fromkeys((size(sizes[0]), size(sizes[-1]))))
    usual, most = duration(sum(took) / len(took)), duration(max(took))
    longest = f"{usual} on average, {most} at most" if most != usual else usual
    return f"{counted(len(good), 'backup')}{failed}; {grew}; took {longest}"


def _coming(each: Coming, hand: Hand) -> str:
    of = f" of {hand.said(some(each.deployments, NAMES_MAX))}" if each.verb != "summary" else ""
    pause = ", after its pause" if each.paused else ""
    verb = hand.said(VERBS.get(each.verb, each.verb))
    return f"{hand.at(each.at)}: {verb}{of} ({hand.said(each.schedule)}){pause}"


def _old(then: datetime, now: datetime) -> str:
    told = age(then, now)
    if told == "just now":
        return "under a minute old"
    return told.replace(" ago", " old") if told.endswith(" ago") else told
