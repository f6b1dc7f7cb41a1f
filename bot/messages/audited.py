"""The audit log: what happened, what became of each restore, and whether the log is whole."""

from __future__ import annotations

from collections.abc import Iterator

from bot.audit_words import clauses, looked, more, restore, who, whole
from bot.messages.model import Message
from bot.messages.parts import Listed, Part, Said, header, listed, message, small
from bot.messages.text import at, bold, code, said, told
from bot.messages.typed import command
from bot.messages.verdict import findings
from commands.audit_story import Story
from commands.events import AuditTold, AuditVerified
from storage.audit import Entry

UNREADABLE_MAX = 5
CLAUSE_MAX = 300
HEAD_MAX = 80


def answer(event: AuditTold | AuditVerified) -> Message:
    """Return what became of each restore and every entry; or whether the log is whole."""
    return message(_log(event) if isinstance(event, AuditTold) else _verified(event))


def _log(event: AuditTold) -> Iterator[Part]:
    yield header("Audit log")
    if not event.entries:
        yield Said("There are no such entries.")
    if event.stories:
        yield Said("*Restores*")
        yield listed(_story, event.stories, "restores")
        yield Said("*Entries, newest first*")
    yield listed(_entry, event.entries, "entries")
    if event.more:
        older = code(f"{command('audit')} limit {2 * len(event.entries)}")
        yield small(f"… and older ones: {older}")
    shown = event.unreadable[:UNREADABLE_MAX]
    yield Listed(
        [f"*Can't be read:* {code(name)}: {told(why, CLAUSE_MAX)}" for name, why in shown],
        "that can't be read",
        left_out=len(event.unreadable) - len(shown),
    )


def _verified(event: AuditVerified) -> Iterator[Part]:
    yield header("Audit log")
    yield Said(f"*{whole(event)}.* Looked at {said(looked(event))}.")
    yield findings(event.findings)
    if event.head is None:
        return
    later = f"{command('audit', 'verify')} head {event.head}"
    yield Said(
        f"*Head:* {code(str(event.head), HEAD_MAX)}\nPaste it into this channel: whoever can "
        f"write into the vault can cut off its newest entries, and can't change what stands here."
    )
    yield small(f"Hold the log against it later: {code(later)}")


def _story(story: Story) -> str:
    told_of = "; ".join(said(clause, CLAUSE_MAX) for clause in clauses(story))
    return f"• {bold(restore(story))}: {told_of}"


def _entry(entry: Entry) -> str:
    where = f" · {bold(entry.deployment)}" if entry.deployment else ""
    outcome = f" · {said(entry.outcome)}" if entry.outcome else ""
    under = " · ".join(said(part, CLAUSE_MAX) for part in more(entry))
    return (
        f"{entry.number:,} · {at(entry.at)} · {code(entry.what)}{where} · by {said(who(entry))}"
        f"{outcome}" + (f"\n   {under}" if under else "")
    )
