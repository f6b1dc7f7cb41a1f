"""A bar on a real terminal for the step that runs; what is done stays as quiet lines above it."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from bot.terminal.layout import Reader
from bot.terminal.lines import Lines, moved, write
from bot.words import escaped
from commands.events import Progressed


class Live(Lines):
    """The same lines as in a log, and a bar while a step runs."""

    def __init__(self, out: Console, err: Console, reader: Reader) -> None:
        super().__init__(out, err, reader)
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def _began(self, step: str) -> None:
        self._ended()
        self._bar = Progress(
            TextColumn("  {task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[moved]}", markup=False),
            TimeElapsedColumn(),
            console=self._err,
            transient=True,
            redirect_stdout=False,
            refresh_per_second=8,
        )
        self._task = self._bar.add_task(escaped(step), total=None, moved="")
        self._bar.start()

    def _progressed(self, event: Progressed) -> None:
        if self._bar is None:
            return
        self._bar.update(
            self._task,
            description=escaped(event.step),
            completed=event.done,
            total=event.total,
            moved=moved(event),
        )

    def _ended(self) -> None:
        if self._bar is not None:
            bar, self._bar = self._bar, None
            bar.stop()

    def _say(self, text: Text) -> None:
        write(self._bar.console if self._bar else self._err, text)
