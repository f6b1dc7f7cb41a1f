"""The backups there are, a few a page, each with a menu of what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator

from slack_sdk.models.blocks import ButtonElement

from bot.copy_words import doubtful, places
from bot.messages.model import ActionId, Message
from bot.messages.parts import Listed, Part, Pressed, Said, button, header, menu, message
from bot.messages.text import ago, at, bold, code, said, told
from bot.messages.typed import command
from bot.messages.verdict import quoted
from bot.words import counted, size
from commands.events import BackupsListed
from storage.catalog import Entry

PAGE = 5
UNREADABLE_MAX = 5


def page(
    listed: BackupsListed, page: int, deployment: str | None, typed: str | None = None
) -> Message:
    """Return one page of the list, newest first; a page that is not there is the nearest one.

    `typed` are the words that followed `list`: a turned page goes by them again.
    """
    return message(_page(listed, page, deployment, typed or deployment))


def _page(
    listed: BackupsListed, page: int, deployment: str | None, typed: str | None
) -> Iterator[Part]:
    pages = max(1, -(-len(listed.entries) // PAGE))
    page = min(max(page, 1), pages)
    yield header(f"Backups of {deployment}" if deployment else "Backups")
    if not listed.entries:
        yield from _none(listed, deployment)
    else:
        where = f"Page {page:,} of {pages:,} · {counted(len(listed.entries), 'backup')}"
        later = _turn("Later backups", page - 1, typed) if page > 1 else None
        yield Said(f"{where}, newest first", menu=later)
        for entry in listed.entries[(page - 1) * PAGE : page * PAGE]:
            yield _entry(entry, listed)
    if listed.more and page == pages:
        limit = code(f"{command('list')} limit {len(listed.entries) + listed.more}")
        yield Said(f"… and {counted(listed.more, 'older one')}: {limit}", "context")
    yield _unreadable(listed)
    if page < pages:
        yield Pressed([_turn("Earlier backups", page + 1, typed)])


def _none(listed: BackupsListed, deployment: str | None) -> Iterator[Part]:
    of = f" of {bold(deployment)}" if deployment else ""
    what = "No backup here can be read" if listed.unreadable else f"There are no such backups{of}"
    take = command("now", *([deployment] if deployment else []))
    yield Said(f"{what}. Take one: {code(take)}")


def _entry(entry: Entry, listed: BackupsListed) -> Said:
    label = f"\n{quoted(entry.label)}" if entry.label.strip() else ""
    contents = (
        f"{counted(entry.documents, 'document')} in {counted(entry.tables, 'table')}, "
        f"{counted(entry.files, 'stored file')}"
    )
    return Said(
        f"{code(entry.id)} · {bold(entry.deployment)} · {said(entry.kind)}{label}\n"
        f"{at(entry.taken_at)}, {ago(entry.taken_at, listed.now)} · {size(entry.bytes)}, "
        f"{'sealed' if entry.sealed else 'plain'} · "
        f"{contents}\n{verified(entry, listed)}"
        + (f"\n*Held:* {said(entry.held, 300)}" if entry.held else ""),
        menu=menu(
            ActionId.BACKUP_MENU,
            (
                ("Show", f"show {entry.id}"),
                ("Verify", f"verify {entry.id}"),
                ("Restore…", f"restore {entry.id}"),
            ),
        ),
    )


def verified(entry: Entry, listed: BackupsListed) -> str:
    """Return when and by whom a backup was last verified, and how it ended, in words.

    Of several vaults, each copy with its own last proof.
    """
    if listed.vaults:
        where = said("; ".join(places(entry.copies, listed.vaults, listed.now)), 500)
        return f"{'Look at its copies: ' if doubtful(entry.copies, listed.vaults) else ''}{where}"
    if entry.verified_at is None:
        return "NEVER verified"
    by = f" by {said(entry.verified_by)}" if entry.verified_by else ""
    when = f"{ago(entry.verified_at, listed.now)}{by}"
    if entry.verified_findings:
        return f"Look at it: {counted(entry.verified_findings, 'finding')} when verified {when}"
    return f"Verified {when}: sound"


def _unreadable(listed: BackupsListed) -> Listed:
    shown = listed.unreadable[:UNREADABLE_MAX]
    return Listed(
        [f"*Can't be read:* {code(name)}: {told(why, 300)}" for name, why in shown],
        "that can't be read",
        left_out=len(listed.unreadable) - len(shown),
    )


def _turn(label: str, page: int, typed: str | None) -> ButtonElement | None:
    return button(label, ActionId.LIST_PAGE, f"{page} {typed or '*'}")
