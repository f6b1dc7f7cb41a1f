"""What is told of troubles, when, and to whom: one alert a trouble, from its begin to its end.

Pure: the open alerts, what was seen and the time go in; what becomes of each alert and what is to
be told of it come out. A look that could not be made changes nothing. You will not find here who
looks (`commands/trouble.py`), where alerts are kept (`storage/outbox.py`) or how they are sent.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from commands import unsteady
from commands.alert_rules import AlertRules
from commands.alert_state import CALLING, Alert, Change, What, tells
from commands.causes import gather, together
from commands.trouble import RANK, Kind, Seen, Trouble
from storage.errors import Refused

AGAIN_AT_ONCE = 5  # So many repeats are told as they come; later ones at most once an hour.
AGAIN_AFTER = timedelta(hours=1)
CHANGED_AFTER = timedelta(minutes=10)


def decide(
    alerts: Iterable[Alert], seen: Seen, now: datetime, rules: AlertRules
) -> Sequence[Change]:
    """Return what changes by a look: of the open alerts, and of troubles that have none yet.

    `alerts` may hold some that are over: what comes back soon after its end is told in these.
    """
    named: dict[str, Trouble] = {}
    for trouble in seen.troubles:
        named[trouble.key] = _graver(named.get(trouble.key), trouble)
    alerts = tuple(alerts)
    opened = [alert for alert in alerts if alert.ended_at is None]
    told = {alert.id: alert.troubles for alert in opened}
    free = {alert.id for alert in opened if not (alert.acknowledged_at or alert.snoozed_until)}
    groups = gather(told, named, seen.unknown, free)
    changes: list[Change] = []
    for alert in opened:
        parts = groups.pop(alert.id, ())
        change = None
        if not parts:
            change = _gone(alert, now, rules)
        elif any(part.key in named for part in parts) or _dwindled(alert, parts):
            change = _standing(alert, parts, now, rules)
        changes += [] if change is None else [change]
    return [*changes, *_new(groups.values(), alerts, now, rules)]


def acknowledge(alert: Alert, by: str, now: datetime, rules: AlertRules) -> Change:
    """Return an alert that somebody has taken on; Refused when it is over."""
    _still_open(alert)
    if alert.acknowledged_at is not None:
        raise Refused(
            f"{alert.acknowledged_by} has acknowledged it already.",
            hint="Snooze it if it is to be silent for a while.",
        )
    taken = replace(alert, acknowledged_by=by, acknowledged_at=now)
    return Change(taken, tells("acknowledged", taken, now, rules))


def snooze(alert: Alert, length: timedelta, by: str, now: datetime, rules: AlertRules) -> Change:
    """Return an alert that is silent for so long; Refused when it is over or that is too long."""
    _still_open(alert)
    if not timedelta(0) < length <= rules.snooze_max:
        raise Refused(
            f"An alert is snoozed for {hours(rules.snooze_max)} at most.",
            hint="Snooze it for less; it can be snoozed again when it comes back.",
        )
    silent = replace(alert, snoozed_by=by, snoozed_until=now + length)
    return Change(silent, tells("snoozed", silent, now, rules))


def hours(length: timedelta) -> str:
    """Return a length in the largest unit that it is whole in: 4 hours, 1 day."""
    minutes = round(length.total_seconds() / 60)
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size and minutes % size == 0:
            count = minutes // size
            return f"{count} {unit}" + ("" if count == 1 else "s")
    return f"{minutes} minutes"


def called(alert: Alert, what: What, rules: AlertRules) -> tuple[str, ...]:
    """Return the ids of those who are mentioned: nobody for what somebody has taken on.

    A warning that comes back calls nobody again.
    """
    if what not in CALLING or (alert.acknowledged_at is not None and what != "worse"):
        return ()
    if what == "returned" and alert.trouble.severity != "severe":
        return ()  # They were called when it began.
    return rules.mention.get(alert.trouble.severity, ())


def _graver(one: Trouble | None, other: Trouble) -> Trouble:
    """Return the graver of two that were seen under the same key."""
    if one is None or RANK[other.severity] > RANK[one.severity]:
        return other
    return one


def _new(
    groups: Iterable[tuple[Trouble, ...]],
    alerts: Sequence[Alert],
    now: datetime,
    rules: AlertRules,
) -> Iterator[Change]:
    """Yield what becomes of troubles that no open alert tells of: the same once more, or new."""
    over = [each for each in alerts if each.ended_at and unsteady.same_again(each.ended_at, now)]
    over.sort(key=lambda alert: alert.ended_at or now, reverse=True)
    for parts in groups:
        keys = {part.key for part in parts}
        same = next((each for each in over if keys & {part.key for part in each.troubles}), None)
        if same is None:
            yield _raised(parts, now, rules)
            continue
        over.remove(same)
        still = together(parts)
        again = replace(
            _back(same, now),
            trouble=replace(still, since=min(still.since, same.trouble.since)),
            parts=parts,
            led_by=_led_by(same, still),
            worst=still.severity,
            acknowledged_by="",
            acknowledged_at=None,
            snoozed_by="",
            snoozed_until=None,
        )
        yield _told("returned", again, now, rules)


def _back(alert: Alert, now: datetime) -> Alert:
    """Return one that is seen again after it was gone."""
    gone = alert.gone_since or alert.ended_at or now
    return replace(
        alert,
        ended_at=None,
        gone_since=None,
        returns=alert.returns + 1,
        returned=unsteady.noted(alert.returned, now),
        away=max(timedelta(0), now - gone),
    )


def _raised(parts: tuple[Trouble, ...], now: datetime, rules: AlertRules) -> Change:
    trouble = together(parts)
    digest = hashlib.sha256(f"{trouble.key} {now.isoformat()}".encode()).digest()
    alert = Alert(
        id="a-" + base64.b32encode(digest)[:6].decode().lower(),
        trouble=trouble,
        raised_at=now,
        told_at=now,
        told_times=trouble.times,
        worst=trouble.severity,
        changed_at=now,
        parts=parts,
    )
    return Change(alert, tells("raised", alert, now, rules))


def _gone(alert: Alert, now: datetime, rules: AlertRules) -> Change | None:
    """Return what becomes of one that is not seen any more: over, now or after a while."""
    since = alert.gone_since
    if since is None or now < since:
        if not alert.unsteady(now):
            return _recovered(alert, now, rules)
        quiet = replace(alert, gone_since=now)
        return _edited(quiet, now, rules) or Change(quiet)
    if unsteady.quiet_enough(since, now):
        return _recovered(alert, now, rules)
    return _edited(alert, now, rules) if alert.changed_at < since else None


def _edited(alert: Alert, now: datetime, rules: AlertRules) -> Change | None:
    """Return an edit of its message, if it is not too soon for one."""
    if alert.snoozed_until is not None or now - alert.changed_at < CHANGED_AFTER:
        return None
    changed = replace(alert, changed_at=now)
    return Change(changed, tells("changed", changed, now, rules))


def _recovered(alert: Alert, now: datetime, rules: AlertRules) -> Change:
    over = replace(alert, ended_at=now)
    return Change(over, tells("recovered", over, now, rules))


def _standing(
    before: Alert, parts: tuple[Trouble, ...], now: datetime, rules: AlertRules
) -> Change | None:
    """Return what becomes of an alert whose trouble still stands; None when nothing does."""
    still = together(parts)
    alert = before if before.gone_since is None else _back(before, now)
    since = min(still.since, alert.trouble.since)
    seen = replace(
        alert, trouble=replace(still, since=since), parts=parts, led_by=_led_by(alert, still)
    )
    if RANK[still.severity] > RANK[alert.worst]:
        worse = replace(seen, worst=still.severity, snoozed_by="", snoozed_until=None)
        return _told("worse", worse, now, rules)
    if alert.snoozed_until is not None:
        return _snoozed(before, seen, now, rules)
    led = _led_by_another(alert, still, parts)
    if led == "cause":
        seen = replace(seen, returned=unsteady.noted(seen.returned, now))
    if led is not None:  # A cause that comes and goes is an edit each time, and no more words.
        return _told("changed" if alert.unsteady(now) else led, seen, now, rules)
    what = _due(before, alert, still, now, rules)
    if what is None:
        # What is not worth an edit yet is not kept either: it would never differ again.
        told = min(alert.told_times, still.times)
        quietly = replace(alert, parts=parts, told_times=told)
        return None if _same(parts, before) and alert is before else Change(quietly)
    if what == "changed":
        changed = replace(seen, changed_at=now)
        return Change(changed, tells("changed", changed, now, rules))
    return _told(what, seen, now, rules)


def _dwindled(alert: Alert, parts: Sequence[Trouble]) -> bool:
    """Whether a part of what was there is gone, and the rest can't be looked for."""
    return alert.gone_since is None and not _same(parts, alert)


def _same(parts: Sequence[Trouble], alert: Alert) -> bool:
    return {part.key for part in parts} == {part.key for part in alert.troubles}


def _led_by(alert: Alert, still: Trouble) -> tuple[Kind, ...]:
    return alert.led_by if still.kind == alert.trouble.kind else alert.kinds


def _led_by_another(alert: Alert, still: Trouble, parts: Sequence[Trouble]) -> What | None:
    """Return whether what the alert tells of first has changed, and in which way."""
    if still.key == alert.trouble.key:
        return None
    return "cause" if alert.trouble.key in {part.key for part in parts} else "left"


def _due(
    before: Alert, alert: Alert, still: Trouble, now: datetime, rules: AlertRules
) -> What | None:
    """Return what is to be told of a trouble that still stands, if anything."""
    quiet_for = now - alert.told_at
    often = still.times <= AGAIN_AT_ONCE or quiet_for >= AGAIN_AFTER
    if still.times > alert.told_times and often:
        return "again"
    if alert is not before and quiet_for >= AGAIN_AFTER:
        return "unsteady"
    if alert.acknowledged_at is None and quiet_for >= rules.remind_after:
        return "reminder"
    if before.gone_since is not None and before.changed_at >= before.gone_since:
        return "changed"  # Its message says that it is gone.
    others = _sentences(still) != _sentences(alert.trouble) or alert is not before
    return "changed" if others and now - alert.changed_at >= CHANGED_AFTER else None


def _snoozed(alert: Alert, seen: Alert, now: datetime, rules: AlertRules) -> Change | None:
    """Return what becomes of one that is silent: nothing, until its time is over."""
    assert alert.snoozed_until is not None  # noqa: S101 - whoever calls has looked.
    if now < alert.snoozed_until:
        return Change(seen) if seen != alert else None
    awake = replace(
        seen, snoozed_by="", snoozed_until=None, acknowledged_by="", acknowledged_at=None
    )
    return _told("back", awake, now, rules)


def _told(what: What, alert: Alert, now: datetime, rules: AlertRules) -> Change:
    told = replace(alert, told_at=now, told_times=alert.trouble.times, changed_at=now)
    return Change(told, tells(what, told, now, rules))


def _sentences(trouble: Trouble) -> tuple[object, ...]:
    return (trouble.what, trouble.safe, trouble.hint, trouble.severity, trouble.retry)


def _still_open(alert: Alert) -> None:
    if alert.ended_at is not None:
        raise Refused(
            f"{alert.id} is over since {alert.ended_at:%Y-%m-%d %H:%M} UTC.",
            hint="`lifeboat alert` lists what is open.",
        )
