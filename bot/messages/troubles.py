"""Troubles that stand now, in Slack: what is wrong, what is safe, what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.messages.parts import Part, Said, listed
from bot.messages.text import bold, told
from bot.words import counted
from commands.trouble import Trouble


def standing(troubles: Sequence[Trouble]) -> Iterator[Part]:
    """Yield the troubles, the severe ones first; nothing when there are none."""
    if not troubles:
        return
    severe = sum(trouble.severity == "severe" for trouble in troubles)
    graver = f", {severe:,} of them severe" if severe else ""
    yield Said(f"*{counted(len(troubles), 'trouble')} now{graver}*")
    ordered = sorted(troubles, key=lambda trouble: trouble.severity != "severe")
    yield listed(_row, ordered, "troubles")


def _row(trouble: Trouble) -> str:
    kind = trouble.kind.upper() if trouble.severity == "severe" else trouble.kind
    rest = told(f"{trouble.what} {trouble.safe} {trouble.hint}".replace("\n", " "))
    return f"• {bold(kind)} — {rest}"
