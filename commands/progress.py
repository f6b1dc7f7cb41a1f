"""The small facts that storage tells while it works, passed on as a job's events.

Nothing here decides; it only translates, and keeps a fast loop from telling too often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from commands.events import Noted, Progressed
from commands.verb import Context
from storage.convex.progress import Moved, Progress, Retrying, Said, Waiting

TELL_EVERY_SECONDS = 0.2
WAIT_TOLD_EVERY_SECONDS = 60.0


def convex(ctx: Context, step: str) -> Callable[[Progress], None]:
    """Return a listener for what the Convex client tells during a step."""
    often = _Often(ctx, step)
    said = ""
    wait_told = float("-inf")

    def listen(progress: Progress) -> None:
        nonlocal said, wait_told
        ctx.stop_if_asked()
        match progress:
            case Moved(done, total, unit):
                often.tell(done, total, unit)
            case Said(text) if text != said:
                said = text
                ctx.tell(Noted(text))
            case Waiting(for_what, _) if ctx.monotonic() - wait_told >= WAIT_TOLD_EVERY_SECONDS:
                wait_told = ctx.monotonic()
                ctx.tell(Noted(f"Waiting for {for_what}."))
            case Retrying(what, tries_left, in_seconds):
                ctx.tell(Noted(f"{what} Trying again in {in_seconds:.0f} s, {tries_left} left."))
            case _:
                pass

    return listen


def reading(ctx: Context, step: str, total: int) -> Callable[[int], None]:
    """Return a listener for bytes read so far, out of a known total."""
    often = _Often(ctx, step)
    return lambda done: often.tell(done, total, "bytes")


def counted(chunks: Iterable[bytes], ctx: Context, step: str, total: int) -> Iterator[bytes]:
    """Pass chunks through, telling how many bytes have gone by."""
    often, done = _Often(ctx, step), 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        often.tell(done, total, "bytes")


class _Often:
    """Tells at most a few times a second, and always the end."""

    def __init__(self, ctx: Context, step: str) -> None:
        self._ctx, self._step = ctx, step
        self._last = float("-inf")

    def tell(self, done: int, total: int | None, unit: str) -> None:
        now = self._ctx.monotonic()
        self._ctx.stop_if_asked()
        if done == total or now - self._last >= TELL_EVERY_SECONDS:
            self._last = now
            self._ctx.tell(Progressed(self._step, done, total, unit))
