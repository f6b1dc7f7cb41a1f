"""Quiet lines for logs and pipes: one line a step when it is done, no bar, no cursor tricks."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text

from bot import words
from bot.terminal import show
from bot.terminal.layout import BAD, DOUBTFUL, QUIET, Reader, line
from bot.words import duration
from commands.events import (
    Event,
    ImportConfirmed,
    JobFailed,
    Noted,
    Progressed,
    Result,
    StepBegan,
    StepFinished,
    Warned,
)


class Lines:
    """Print steps, notes and failures to `err`, and the result to `out`."""

    def __init__(self, out: Console, err: Console, reader: Reader) -> None:
        self._out, self._err, self._reader = out, err, reader
        self._step: str | None = None
        self._moved = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def tell(self, event: Event) -> None:
        """Print one event, or remember it for the line it belongs to."""
        match event:
            case StepBegan(step):
                self._step, self._moved = step, ""
                self._began(step)
            case Progressed():
                self._moved = moved(event)
                self._progressed(event)
            case StepFinished(step, seconds):
                self._step = None
                self._ended()
                self._say(finished(step, seconds, self._moved))
                self._moved = ""
            case ImportConfirmed():
                pass  # The step that follows says it.
            case Noted(text):
                self._say(line((f"  {text}", QUIET)))
            case Warned(text):
                self._say(line(("  Warning: ", DOUBTFUL), text))
            case JobFailed():
                self._give_up_step()
                self._show(event, self._err)
            case Result():
                self._ended()
                self._show(event, self._out)
            case _:
                self._ended()
                self._show(event, self._err)

    def close(self) -> None:
        """Leave the terminal as it was found."""
        self._ended()

    def _began(self, step: str) -> None:
        """Hear that a step began; a bar would appear here."""

    def _progressed(self, event: Progressed) -> None:
        """Hear how far a step is; a bar would move here."""

    def _ended(self) -> None:
        """Hear that nothing moves any more; a bar would vanish here."""

    def _give_up_step(self) -> None:
        self._ended()
        if self._step is not None:
            self._say(line((f"  {self._step}: not finished", BAD)))
            self._step = None

    def _say(self, text: Text) -> None:
        write(self._err, text)

    def _show(self, event: Event, console: Console) -> None:
        for text in show.lines(event, self._reader):
            write(console, text)


def finished(step: str, seconds: float, done: str) -> Text:
    """Return the one line of a finished step."""
    return line(f"  {step}: ", (f"{duration(seconds)}{', ' if done else ''}{done}", QUIET))


def moved(event: Progressed) -> str:
    """Return how far a step is in words: `12.3 MB of 45.0 MB`, `120 documents`."""
    return words.moved(event.done, event.total, event.unit)


def write(console: Console, text: Text) -> None:
    """Write one line as it is: never wrapped, never cut, nothing in it read as markup."""
    console.print(text, soft_wrap=True, markup=False, highlight=False, emoji=False)
