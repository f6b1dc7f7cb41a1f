"""SAYS, in a terminal: events in, text out, in the way that suits whoever reads it.

A person at a terminal gets a bar (`live.py`), a log gets lines (`lines.py`), a machine gets JSON
(`json_lines.py`). Results go to stdout; steps, notes and failures to stderr. Nothing here decides
anything: exit codes and words typed belong to `bot/cli.py`.
"""

from __future__ import annotations

from types import TracebackType
from typing import IO, Protocol, Self, TextIO, cast

from bot.terminal.streams import Deafened, forgive_letters, is_window
from commands.events import Event

WIDE = 500  # For a pipe or a log: nobody there has a window that is too narrow.


class Printer(Protocol):
    """Whoever listens to a job and shows it; a context manager that leaves the terminal tidy."""

    def tell(self, event: Event) -> None:
        """Show one event."""
        ...

    def close(self) -> None:
        """Take away whatever moves."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def printer(*, json: bool, out: TextIO, err: TextIO) -> Printer:
    """Return the printer that suits the two streams; the right width and colours come with it."""
    for stream in (out, err):
        forgive_letters(stream)
    if json:
        from bot.terminal.json_lines import JsonLines  # noqa: PLC0415 - no need to load rich.

        return JsonLines(out)
    from rich.console import Console  # noqa: PLC0415

    from bot.terminal.layout import Reader  # noqa: PLC0415
    from bot.terminal.lines import Lines  # noqa: PLC0415
    from bot.terminal.live import Live  # noqa: PLC0415

    def console(stream: TextIO, file: IO[str]) -> Console:
        width = None if is_window(stream) else WIDE
        return Console(file=file, width=width, soft_wrap=True, legacy_windows=False)

    shown, told = console(out, out), console(err, cast("IO[str]", Deafened(err)))
    return (Live if is_window(err) else Lines)(shown, told, Reader(width=shown.width))
