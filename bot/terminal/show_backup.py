"""Backups in a terminal: taken, listed, shown, verified. Result in, lines out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from bot import copy_words
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
    width,
)
from bot.terminal.show_copies import copies
from bot.words import age, chosen, counted, duration, holds, moment, number, saw, size, some
from commands.events import BackupFinished, BackupsListed, BackupVerified
from storage.catalog import Entry
from storage.finding import Finding, LookedAt


def finished(event: BackupFinished, reader: Reader) -> Iterator[Text]:
    """Yield what was taken, what is odd about it, and what to type next."""
    manifest = event.manifest
    if event.damaged:
        yield line(("Backup taken, but the snapshot is damaged: ", BAD), (manifest.id, LOUD))
    else:
        yield line(("Backup taken: ", GOOD), (manifest.id, LOUD))
    yield from pairs(
        (
            ("of", f"{manifest.deployment.name} ({manifest.deployment.url})"),
            ("snapshot at", moment(manifest.snapshot.taken_at, reader.zone)),
            ("holds", holds(manifest)),
            ("chosen", chosen(manifest)),
            ("label", manifest.label),
            ("kept in", f"{event.vault}: {manifest.archive.name}"),
            ("sha256", manifest.archive.sha256),
            ("took", duration(event.seconds)),
        )
    )
    yield from copies(event.copies)
    yield from findings(event.findings)
    yield blank()
    yield line(("Next:", QUIET))
    yield line(GAP, f"lifeboat verify {manifest.id}")
    yield line(GAP, f"lifeboat restore {manifest.id} --to …")


def listed(event: BackupsListed, reader: Reader) -> Iterator[Text]:
    """Yield the backups, newest first; on a narrow terminal each one takes three lines."""
    if not event.entries:
        yield line("There are no such backups." if not event.unreadable else "No readable backups.")
        yield line(GAP, "Take one: lifeboat now")
    table = list(
        columns(
            (
                *("backup", "taken", "size", "seal", "documents", "kind"),
                "copies" if event.vaults else "verified",
            ),
            (_row(entry, event, reader) for entry in event.entries),
            right=(2, 4),
        )
    )
    if event.entries and width(table) <= reader.width:
        yield table[0]
        for row, entry in zip(table[1:], event.entries, strict=True):
            yield row
            yield from _label(entry)
    elif event.entries:
        for entry in event.entries:
            yield from _block(entry, event)
    if event.more:
        yield line(GAP, (f"and {counted(event.more, 'older one')}; see --limit", QUIET))
    for name, why in event.unreadable:
        yield line(("Can't be read: ", BAD), name, ": ", why)


def verified(event: BackupVerified, reader: Reader) -> Iterator[Text]:
    """Yield the verdict, what was looked at, and every finding."""
    yield line(*_verdict(event), (event.id, LOUD))
    only = "; size and SHA-256 only, no row was read" if event.depth == "manifest" else ""
    yield from pairs(
        (
            ("looked at", saw(event.looked_at) + only),
            ("copy in", event.vault or None),
            ("compared", f"with {some(event.compared_with, 3)}" if event.compared_with else None),
            ("took", duration(event.seconds)),
            ("kept", None if event.recorded else "no: the vault could not be written"),
        )
    )
    yield from findings(event.findings)


def findings(found: Sequence[Finding]) -> Iterator[Text]:
    """Yield each finding with its check and place; nothing when there are none."""
    if not found:
        return
    yield blank()
    yield line((f"{counted(len(found), 'finding')}:", LOUD))
    for finding in found:
        style = BAD if finding.severity == "damage" else DOUBTFUL
        where = f" [{finding.where}]" if finding.where else ""
        word = "DAMAGE" if finding.severity == "damage" else "WARNING"
        yield line(GAP, (f"{word:<7}", style), f" {finding.check}: {finding.what}{where}")


def verification(entry: Entry, event: BackupsListed) -> str:
    """Return when and by whom a backup was last verified, and how it ended.

    Of several vaults, each copy with its own last proof.
    """
    if event.vaults:
        return "; ".join(copy_words.places(entry.copies, event.vaults, event.now))
    if entry.verified_at is None:
        return "never"
    found = f", {counted(entry.verified_findings, 'finding')}" if entry.verified_findings else ""
    by = f" by {entry.verified_by}" if entry.verified_by else ""
    return f"{age(entry.verified_at, event.now)}{by}{found}"


def _verdict(event: BackupVerified) -> Iterable[Part]:
    if event.looked_at == LookedAt():
        return [("Could not look: ", BAD)]
    if any(finding.severity == "damage" for finding in event.findings):
        return [("NOT SOUND: ", BAD)]
    if event.findings:
        return [("Readable, but look at it: ", DOUBTFUL)]
    return [("Sound: ", GOOD)]


def _row(entry: Entry, event: BackupsListed, reader: Reader) -> Sequence[Part]:
    verified = verification(entry, event)
    doubt = entry.verified_at is None or bool(entry.verified_findings)
    if event.vaults:
        doubt = copy_words.doubtful(entry.copies, event.vaults)
    return (
        (entry.id, LOUD),
        age(entry.taken_at, event.now),
        size(entry.bytes),
        _seal(entry),
        number(entry.documents),
        entry.kind,
        (verified, DOUBTFUL) if doubt else verified,
    )


def _seal(entry: Entry) -> str:
    return "sealed" if entry.sealed else "plain"


def _label(entry: Entry) -> Iterator[Text]:
    if entry.label:
        yield line(GAP * 2, (f"“{entry.label}”", QUIET))
    if entry.held:
        yield line(GAP * 2, ("held: ", LOUD), entry.held)


def _block(entry: Entry, event: BackupsListed) -> Iterator[Text]:
    yield line(GAP, (entry.id, LOUD))
    yield from _label(entry)
    yield line(
        GAP * 2,
        f"{age(entry.taken_at, event.now)}, {size(entry.bytes)}, {_seal(entry)}, "
        f"{counted(entry.documents, 'document')}, {entry.kind}",
    )
    told = "copies" if event.vaults else "verified"
    yield line(GAP * 2, f"{told}: {verification(entry, event)}")
