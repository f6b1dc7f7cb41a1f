"""The modal that asks how to restore, and what its fields mean in words of /backup restore."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    MarkdownTextObject,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.messages.model import Field, ViewId
from bot.messages.parts import OPTION_VALUE_MAX
from bot.messages.text import at, bold, code, plain
from bot.messages.typed import words_of
from bot.messages.verdict import quoted
from bot.words import counted, size
from storage.catalog import Entry

OPTIONS_MAX = 100
REASON_MIN = 5
WORD_MIN = 3  # What was checked, or why not.
REASON_MAX = 500
OPTION_MAX = 75
METADATA_MAX = 3_000
TABLES_MAX = 3_000
FITTING = "fitting"
MODES = {
    FITTING: "What fits: all of the backup exactly, or only swap named tables",
    "replace-all": "replace-all: exactly the backup, other tables are deleted",
    "replace": "replace: swap the backup's tables, leave others alone",
    "append": "append: only insert",
    "merge": "merge: keep rows that are there, add missing ones",
}
NOWHERE = "No deployment of the settings may be restored into from here."
TOO_MANY = (
    "{count:,} tables were typed, more than this question can hold. Nothing was asked for. Restore "
    "them in smaller parts, or from a terminal."
)
ORDER = (
    "Before anything is imported, the deployment is backed up whole and the archive is verified. "
    "You see the plan in the thread."
)


@dataclass(frozen=True)
class Typed:
    """What was typed before the modal was opened, and is filled in."""

    mode: str | None = None
    tables: Sequence[str] = ()
    reason: str = ""

    @property
    def fits(self) -> bool:
        """Whether every table can stand in the field: one left out would not be restored."""
        return len(",".join(self.tables)) <= TABLES_MAX


def restore(
    backup: Entry | str,
    targets: Sequence[str],
    default_target: str | None = None,
    channel: str = "",
    typed: Typed | None = None,
) -> dict[str, Any]:
    """Return the modal. `private_metadata` is the backup's id, and the channel if one is given."""
    id = backup if isinstance(backup, str) else backup.id
    typed = typed or Typed()
    usable = [name for name in targets if name.strip() and len(name) <= OPTION_VALUE_MAX]
    why_not = "" if usable else NOWHERE
    if not typed.fits:
        why_not = TOO_MANY.format(count=len(typed.tables))
    asked = (
        [SectionBlock(text=_plain(why_not))] if why_not else _fields(usable, default_target, typed)
    )
    view = View(
        type="modal",
        callback_id=ViewId.RESTORE.value,
        title=_plain("Restore a backup"),
        submit=None if why_not else _plain("Restore"),
        close=_plain("Close"),
        private_metadata=f"{id} {channel}".strip()[:METADATA_MAX],
        blocks=[SectionBlock(text=MarkdownTextObject(text=_about(backup), verbatim=True)), *asked],
    )
    return view.to_dict()


def restore_values(state: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words that follow `restore <backup>`, from a submitted view's state.

    Nothing in it is believed: the words are read and checked like typed ones.
    """
    values = state.get("values", state)
    target = _chosen(values, Field.TARGET)
    mode = _chosen(values, Field.MODE)
    typed = _input(values, Field.TABLES).get("value") or ""
    tables = ",".join(words_of(str(typed)))
    given = (
        ("to", target),
        ("mode", "" if mode == FITTING else mode),
        ("tables", tables),
    )
    words = tuple(word for name, value in given if value for word in (name, value))
    reason = text_of(state, Field.REASON)
    return (*words, f"--reason={reason}") if reason else words


def text_of(state: Mapping[str, Any], field: Field) -> str:
    """Return what was typed into a field, in one line."""
    values = state.get("values", state)
    return " ".join(str(_input(values, field).get("value") or "").split())


def mistakes(state: Mapping[str, Any], protected: Collection[str]) -> dict[str, str]:
    """Return what is missing for a protected deployment, by field; empty when nothing is."""
    target = _chosen(state.get("values", state), Field.TARGET)
    if target not in protected:
        return {}
    found = {}
    if len(text_of(state, Field.REASON)) < REASON_MIN:
        found[Field.REASON.value] = f"{plain(target, 60)} is protected: say why, in a few words."
    if text_of(state, Field.NAME) != target:
        found[Field.NAME.value] = f"Type {plain(target, 60)} here, by hand, to be sure."
    return found


def _fields(targets: Sequence[str], default_target: str | None, typed: Typed) -> Iterator[Block]:
    yield _select(
        Field.TARGET, "Into which deployment", _targets(targets, default_target), default_target
    )
    yield _select(Field.MODE, "How", list(MODES.items()), typed.mode or FITTING)
    yield InputBlock(
        block_id=Field.TABLES.value,
        label=_plain("Only these tables"),
        hint=_plain("Names with commas between; _storage names the stored files. Empty: all."),
        optional=True,
        element=PlainTextInputElement(
            action_id=Field.TABLES.value,
            placeholder=_plain("npd,sp2d"),
            initial_value=",".join(typed.tables) or None,
            max_length=TABLES_MAX,
        ),
    )
    yield _line(Field.REASON, "Why", "Needed for a protected deployment", typed.reason, REASON_MAX)
    yield _line(
        Field.NAME, "Its name, typed by hand", "Needed for a protected deployment", "", OPTION_MAX
    )
    yield SectionBlock(text=_plain(ORDER))


def _line(field: Field, label: str, hint: str, initial: str, most: int) -> InputBlock:
    return InputBlock(
        block_id=field.value,
        label=_plain(label),
        hint=_plain(hint),
        optional=True,
        element=PlainTextInputElement(
            action_id=field.value, initial_value=initial[:most] or None, max_length=most
        ),
    )


def _about(backup: Entry | str) -> str:
    if isinstance(backup, str):
        return f"Restore {code(backup)}"
    label = f"\n{quoted(backup.label)}" if backup.label.strip() else ""
    return (
        f"Restore {code(backup.id)} of {bold(backup.deployment)}{label}\n"
        f"{at(backup.taken_at)} · {size(backup.bytes)} · {counted(backup.documents, 'document')}, "
        f"{counted(backup.files, 'stored file')}"
    )


def _targets(names: Sequence[str], default: str | None) -> list[tuple[str, str]]:
    """Return the options; of very many deployments the default one is never left out."""
    first = [name for name in names if name == default]
    listed = list(dict.fromkeys((*first, *names)))[:OPTIONS_MAX]
    return [(name, name) for name in listed]


def _select(
    field: Field, label: str, options: Sequence[tuple[str, str]], initial: str | None
) -> InputBlock:
    made = {
        value: Option(text=_plain(plain(words, OPTION_MAX)), value=value)
        for value, words in options
    }
    return InputBlock(
        block_id=field.value,
        label=_plain(label),
        element=StaticSelectElement(
            action_id=field.value,
            placeholder=_plain("Choose one"),
            options=list(made.values()),
            initial_option=made.get(initial or ""),
        ),
    )


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=text, emoji=False)


def _input(values: Mapping[str, Any], field: Field) -> Mapping[str, Any]:
    """Return one input's state; an input that nobody touched may be null or missing."""
    return (values.get(field) or {}).get(field) or {}


def _chosen(values: Mapping[str, Any], field: Field) -> str:
    return str((_input(values, field).get("selected_option") or {}).get("value") or "")
