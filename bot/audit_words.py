"""The audit log in words: what a terminal and a Slack message share. Pure.

Names and reasons are other people's words; each door makes them harmless in its own way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.words import counted
from commands.audit_story import Story
from commands.events import AuditVerified
from storage.audit import Entry

DOORS = {"slack": "Slack", "terminal": "terminal", "schedule": "schedule"}


def who(entry: Entry) -> str:
    """Return who did it and through which door: `Rizal, Slack`."""
    return f"{entry.by_name or entry.by or 'somebody'}, {DOORS.get(entry.door, entry.door)}"


def more(entry: Entry) -> Iterator[str]:
    """Yield what else an entry says, each with its name."""
    if entry.about:
        yield f"about {entry.about}"
    job = entry.facts.get("bot_job") or entry.facts.get("job")
    if job and job != entry.about:
        yield f"job {job}"
    if trouble := entry.facts.get("trouble"):
        yield str(trouble)
    if until := entry.facts.get("until"):
        yield f"until {until}"
    if entry.what == "thaw.asked":
        yield f"in the vault {entry.facts.get('vault')}"
    if entry.why:
        yield f"why: {entry.why}"


def restore(story: Story) -> str:
    """Return which restore a story is of."""
    return f"{story.backup or 'a backup'} into {story.deployment or 'a deployment'}"


def clauses(story: Story) -> Iterator[str]:
    """Yield who asked, who agreed, and whether it was done, in their order."""
    yield f"asked by {story.asked_by}" if story.asked_by else "who asked is not in these entries"
    if story.approved:
        yield f"approved by {_names(story.approved)}"
    if story.denied:
        yield f"denied by {_names(story.denied)}"
    if story.refused:
        yield f"{counted(len(story.refused), 'vote')} refused"
    if story.alone:
        yield f"BREAK-GLASS by {story.alone}: {story.why or 'no reason'}"
    if story.unapproved:
        yield "NOBODY'S YES IS IN THESE ENTRIES"
    if story.confirmed:
        yield f"confirmed by {story.confirmed_by or 'somebody'}"
    elif story.answer and story.answer != "approved" and not story.outcome:
        yield f"never begun: {story.answer}"
        return
    else:
        yield "never confirmed"
    found = f", {counted(story.findings, 'finding')}" if story.findings else ""
    yield (
        f"ended: {story.outcome}{found}"
        if story.outcome
        else ("NO END IS WRITTEN: it waits, runs, or was stopped")
    )


def whole(event: AuditVerified) -> str:
    """Return the verdict on the log."""
    if not event.looked_at.entries:
        return "COULD NOT LOOK"
    if any(finding.severity == "damage" for finding in event.findings):
        return "NOT WHOLE"
    return "Whole, but look at it" if event.findings else "Whole"


def looked(event: AuditVerified) -> str:
    """Return how many entries a walk read, and against which head."""
    entries = event.looked_at.entries
    told = counted(entries, "entry", "entries") if entries else "NOTHING"
    if event.expected is None:
        return told
    return f"{told}; entry {event.expected.number:,} held against the head of earlier"


def _names(names: Sequence[str]) -> str:
    each = list(dict.fromkeys(names))
    return " and ".join([", ".join(each[:-1]), each[-1]] if len(each) > 1 else each)
