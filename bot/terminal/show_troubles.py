"""Troubles that stand now, in a terminal: what is wrong, what is safe, what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from bot.terminal.layout import BAD, DOUBTFUL, GAP, GOOD, blank, line
from bot.words import counted
from commands.trouble import Trouble


def standing(troubles: Sequence[Trouble] | None, alerts: int | None = 0) -> Iterator[Text]:
    """Yield the troubles, the severe ones first; None: nobody looked.

    `alerts` are open: they may be about what is not seen without asking a deployment; None: they
    can't be read now.
    """
    if troubles is None:
        return
    yield blank()
    if not troubles and alerts is None:
        yield line(("Troubles: ", DOUBTFUL), "none seen here, and open alerts can't be read now.")
        return
    if not troubles and alerts:
        seen = f"none seen without asking the deployments, and {counted(alerts, 'open alert')}."
        yield line(("Troubles: ", DOUBTFUL), seen)
        yield line(GAP, "See them: lifeboat alert")
        return
    if not troubles:
        yield line(("Troubles: none.", GOOD))
        return
    for trouble in sorted(troubles, key=lambda each: each.severity != "severe"):
        severe = trouble.severity == "severe"
        kind = trouble.kind.upper() if severe else trouble.kind.capitalize()
        yield line((f"{kind}: ", BAD if severe else DOUBTFUL), trouble.what)
        yield line(GAP, trouble.safe)
        yield line(GAP, trouble.hint)
