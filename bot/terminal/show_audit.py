"""The audit log, and whether it is whole. Result in, lines out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC

from rich.text import Text

from bot.audit_words import clauses, looked, more, restore, who, whole
from bot.terminal import show_backup
from bot.terminal.layout import (
    BAD,
    DOUBTFUL,
    GAP,
    GOOD,
    LOUD,
    QUIET,
    Part,
    Reader,
    blank,
    columns,
    line,
    pairs,
)
from commands.audit_story import Story
from commands.events import AuditTold, AuditVerified
from storage.audit import Entry

VERDICTS = {"Whole": GOOD, "Whole, but look at it": DOUBTFUL}
KEEP = (
    "Keep this head where nobody who can write into the vault can change it, such as your team's "
    "channel:"
)


def told(event: AuditTold, _reader: Reader) -> Iterator[Text]:
    """Yield each entry with what else it says under it, then the story of each restore."""
    if not event.entries:
        yield line("There are no such entries in the audit log.")
    else:
        table = columns(
            ("entry", "at (UTC)", "what", "deployment", "by", "outcome"),
            (_row(entry) for entry in event.entries),
            right=(0,),
        )
        yield next(table)
        for row, entry in zip(table, event.entries, strict=True):
            yield row
            under = " · ".join(more(entry))
            if under:
                yield line(GAP * 3, (under, QUIET))
    if event.more:
        yield line(GAP, ("and older ones; see --limit and --since", QUIET))
    yield from _stories(event.stories)
    for name, why in event.unreadable:
        yield line(("Can't be read: ", BAD), name, ": ", why)


def verified(event: AuditVerified, _reader: Reader) -> Iterator[Text]:
    """Yield the verdict, what was looked at, every finding, and the head to keep elsewhere."""
    verdict = whole(event)
    yield line((f"{verdict}: ", VERDICTS.get(verdict, BAD)), ("the audit log", LOUD))
    yield from pairs((("looked at", looked(event)),))
    yield from show_backup.findings(event.findings)
    if event.head is not None:
        yield blank()
        yield line(KEEP)
        yield line(GAP, str(event.head))
        yield line("Hold the log against it later:")
        yield line(GAP, f"lifeboat audit verify --head {event.head}")


def _row(entry: Entry) -> Sequence[Part]:
    return (
        str(entry.number),
        f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        (entry.what, LOUD),
        entry.deployment,
        who(entry),
        entry.outcome,
    )


def _stories(stories: Sequence[Story]) -> Iterator[Text]:
    if not stories:
        return
    yield blank()
    yield line(("Restores:", LOUD))
    for story in stories:
        told = "; ".join(clauses(story))
        loud = story.unapproved or (story.confirmed and not story.outcome)
        yield line(GAP, (restore(story), LOUD), ": ", (told, DOUBTFUL) if loud else told)
