"""Alerts outside Slack: what a webhook is posted, what stands in an e-mail. Facts in, words out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.words import duration, escaped, times
from commands.alert_state import Alert, What
from commands.alerts import hours
from commands.unsteady import BACK_WITHIN

SUBJECT_MAX = 150
STATES: dict[What, str] = {
    "raised": "",
    "reminder": "still stands",
    "worse": "severe now",
    "back": "still stands after a snooze",
    "cause": "known by now",
    "left": "still stands, its cause is over",
    "returned": "came back",
    "recovered": "over",
}


@dataclass(frozen=True)
class Letter:
    """One thing that is told outside Slack. `once` is the same when it is sent a second time."""

    once: str
    what: What
    alert: Alert
    at: datetime
    late: str = ""
    twice: bool = False


def late(made: datetime, now: datetime) -> str:
    """Return that something was sent long after it was raised."""
    return f"Late: raised {_utc(made)}, it could not be sent until {_utc(now)}."


def subject(letter: Letter) -> str:
    """Return the line that is read on a lock screen."""
    trouble = letter.alert.trouble
    state = STATES.get(letter.what, letter.what)
    said = f"{trouble.severity}: {trouble.kind} — {trouble.deployment or trouble.about}"
    if letter.what == "recovered":
        said = f"over: {', '.join(letter.alert.kinds)} — {trouble.deployment or trouble.about}"
    elif state:
        said += f" ({state})"
    return f"[Lifeboat] {_line(said)}"[:SUBJECT_MAX]


def text(letter: Letter) -> str:
    """Return the body of an e-mail: what happened, what is safe, what to type next."""
    alert, trouble = letter.alert, letter.alert.trouble
    lines = [f"What happened:  {_line(trouble.what)}"]
    if letter.what == "recovered":
        lasted = duration(alert.lasted(letter.at).total_seconds())
        lines = [f"It is over. It lasted {lasted}.", f"It was:         {_line(trouble.what)}"]
    else:
        lines += [
            f"What is safe:   {_line(trouble.safe)}",
            f"What to do:     {_line(trouble.hint)}",
        ]
    lines += ["", f"Since {_utc(trouble.since)}, alert {alert.id}."]
    if trouble.times > 1:
        lines.append(f"It happened {trouble.times:,} times in a row.")
    if alert.returns:
        back = f", the last time after {duration(alert.away.total_seconds())}"
        lines.append(f"It came back {times(alert.returns)}{back}.")
    if alert.ended_at is None and alert.unsteady(letter.at):
        quiet = hours(BACK_WITHIN)
        lines.append(f"It comes and goes: you hear that it is over when it was quiet for {quiet}.")
    if letter.late:
        lines.append(letter.late)
    if letter.twice:
        lines.append("This may stand twice: the bot was stopped, or cut off, while it was sent.")
    return "\n".join(lines) + "\n"


def posted(letter: Letter) -> dict[str, Any]:
    """Return what a webhook is posted; `text` alone says all, for chats that show only that."""
    alert, trouble = letter.alert, letter.alert.trouble
    return {
        "text": f"{subject(letter)}\n{text(letter)}",
        "event": letter.what,
        "id": letter.once,
        "alert": alert.id,
        "kind": trouble.kind,
        "severity": trouble.severity,
        "about": trouble.about,
        "deployment": trouble.deployment,
        "what": trouble.what,
        "safe": trouble.safe,
        "hint": trouble.hint,
        "times": trouble.times,
        "returns": alert.returns,
        "unsteady": alert.unsteady(letter.at),
        "since": _iso(trouble.since),
        "raised_at": _iso(alert.raised_at),
        "ended_at": _iso(alert.ended_at) if alert.ended_at else None,
        "late": bool(letter.late),
        "may_stand_twice": letter.twice,
    }


TEST_SUBJECT = "[Lifeboat] test alert: nothing is wrong"


def test_text(by: str) -> str:
    """Return the body of a test alert."""
    return f"Nothing is wrong: {_line(by)} asked for this, to prove that alerts arrive here.\n"


def test_posted(by: str, at: datetime) -> dict[str, Any]:
    """Return what a webhook is posted as a test."""
    return {"text": f"{TEST_SUBJECT}\n{test_text(by)}", "event": "test", "sent_at": _iso(at)}


def _line(words: str) -> str:
    return escaped(" ".join(words.split()))


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
