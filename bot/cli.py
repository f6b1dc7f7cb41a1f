"""The terminal door: words in, exit code out.

Each verb is one row of `commands.VERBS`; what it tells is printed by `bot/terminal/`. The whole
process ends here: only this file reads `sys.argv`, handles signals and names exit codes.

    0  done            1  done, but somebody should look; or it failed, in words
    2  refused: bad words, bad settings, or (verify, doctor) could not look
    130, 143  stopped by Ctrl-C or SIGTERM, after cleaning up
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from storage.errors import Cancelled, LifeboatError, Refused

if TYPE_CHECKING:
    from bot.terminal import Printer
    from commands.events import Result
    from commands.verb import Verb

SETTINGS = "lifeboat.toml"
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(Cancelled):
    """A person pressed Ctrl-C, or the machine asked us to end."""

    def __init__(self, signum: int) -> None:
        super().__init__(
            "You stopped it." if signum == signal.SIGINT else "It was asked to stop.",
            safe="What was begun is cleaned up.",
            hint="Run the same command again when you like.",
        )
        self.code = 128 + signum


@dataclass(frozen=True)
class Words:
    """What stands on the command line, sorted."""

    settings: Path
    json: bool
    help: bool
    rest: tuple[str, ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        words = read_words(sys.argv[1:] if argv is None else argv)
        return _run(words)
    except BrokenPipeError:
        # The reader went away (`lifeboat list | head`); there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def read_words(argv: Sequence[str]) -> Words:
    """Take out the words that every verb shares; the rest is the verb and its own words."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--settings", default=os.environ.get("LIFEBOAT_SETTINGS", SETTINGS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--help", "-h", action="store_true")
    known, rest = parser.parse_known_args(list(argv))
    return Words(Path(known.settings), known.json, known.help, tuple(rest))


def _run(words: Words) -> int:
    name, *rest = words.rest or ("help",)
    asks_help = words.help or name == "help"
    if name == "help":
        name, *rest = rest or ("",)
    if name == "sandbox":
        return _sandbox(rest, asks_help=asks_help)
    if name == "demo":
        from bot.demo import main as demo

        return demo([*rest, *(["--help"] if asks_help else [])])
    if asks_help:
        return _help(name)
    return _bot(words, rest) if name == "run" else _with_printer(name, rest, words)


def _with_printer(name: str, rest: Sequence[str], words: Words) -> int:
    """Run what tells events."""
    from bot import help_text, terminal
    from commands import TERMINAL_VERBS, VERBS

    if name in ("--version", "version"):
        return _say(help_text.version())
    with terminal.printer(json=words.json, out=sys.stdout, err=sys.stderr) as printer:
        verb = {**VERBS, **TERMINAL_VERBS}.get(name)
        if verb is None:
            return _failed(help_text.unknown_verb(name), printer, failed_exit_code=2)
        return _do(verb, rest, words, printer)


def _say(text: str) -> int:
    sys.stdout.write(text.rstrip() + "\n")
    return 0


def _help(topic: str) -> int:
    from bot import help_text

    try:
        return _say(help_text.for_topic(topic))
    except Refused as refused:
        sys.stderr.write(f"{refused.what} {refused.hint}\n")
        return refused.exit_code


def _sandbox(words: Sequence[str], *, asks_help: bool) -> int:
    """Start a stand-in for the world outside; the only place that knows the sandbox."""
    which, *rest = words or ("",)
    more = [*rest, *(["--help"] if asks_help else [])]
    if which == "convex":
        from sandbox import convex

        return convex.main(more)
    if which == "slack":
        from sandbox import slack

        return slack.main(more)
    return _say(
        "lifeboat sandbox convex [--port 3210] [--deployments production,staging] …\n"
        "lifeboat sandbox slack [--port 3300] …"
    )


def _bot(words: Words, rest: Sequence[str]) -> int:
    """Run the bot until it is told to stop.

    It may be told so at once: the first process of a container is deaf to every signal that it
    does not handle, and what is imported here takes a second.
    """
    told = threading.Event()
    for signum in SIGNALS:
        signal.signal(signum, lambda *_: told.set())
    from bot import log_lines, terminal
    from bot.run import main as run
    from bot.settings import read

    with terminal.printer(json=words.json, out=sys.stdout, err=sys.stderr) as printer:
        try:
            format = log_lines.read(rest)
            return run(read(words.settings, os.environ), os.environ, format, told)
        except LifeboatError as error:
            return _failed(error, printer, failed_exit_code=1)


def _do(verb: Verb, rest: Sequence[str], words: Words, printer: Printer) -> int:
    """Do one verb: its words first, then the settings, then the work."""
    from bot import app
    from bot.settings import SettingsRefused, read
    from commands.roles import perform

    for signum in SIGNALS:
        signal.signal(signum, _stop)
    try:
        request = verb.parse(rest)
        alone = verb.alone(request, words.settings.parent) if verb.alone else None
        if alone is not None:
            result = alone
        else:
            settings = read(words.settings, os.environ)
            asker = _ask(words)
            with app.built(settings, printer.tell, asker, asker.word) as ctx:
                result = perform(verb, request, ctx)
            _picture(request, result)
    except SettingsRefused as refused:
        if verb.name != "doctor":
            return _failed(refused, printer, verb.failed_exit_code)
        result = app.ill_settings(refused)
    except LifeboatError as error:
        return _failed(error, printer, verb.failed_exit_code)
    except Exception as error:  # noqa: BLE001 - the last net: a bug still ends in a sentence.
        return _bug(error, printer, verb.failed_exit_code)
    printer.tell(result)
    return result.exit_code


def _picture(request: object, result: Result) -> None:
    """Write the picture of a summary, where somebody asked for its file."""
    path = getattr(request, "picture", None)
    if path is not None:
        from bot.summary_picture import write
        from commands.summary_events import SummaryTold

        if isinstance(result, SummaryTold):
            write(result, Path(path))


def _failed(error: LifeboatError, printer: Printer, failed_exit_code: int) -> int:
    from commands.events import JobFailed

    code = error.code if isinstance(error, Stopped) else max(error.exit_code, failed_exit_code)
    printer.tell(JobFailed(error.what, error.safe, error.hint, type(error).__name__, code))
    return code


def _bug(error: Exception, printer: Printer, failed_exit_code: int) -> int:
    """End in a sentence even when we are wrong; the traceback goes to the error stream."""
    number = secrets.token_hex(4)
    sys.stderr.write(f"--- {number}\n{''.join(traceback.format_exception(error))}---\n")
    failure = LifeboatError(
        f"Lifeboat itself made a mistake ({type(error).__name__}, {number}).",
        safe="A backup without a manifest does not exist; a restore is settled by its next run.",
        hint="Please report it with the lines above.",
    )
    return _failed(failure, printer, failed_exit_code)


def _stop(signum: int, _frame: FrameType | None) -> None:
    """Turn the first signal into an error that cleans up; a second one ends at once."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    raise Stopped(signum)


def _ask(words: Words) -> _Asker:
    return _Asker(interactive=sys.stdin.isatty() and not words.json)


@dataclass(frozen=True)
class _Asker:
    interactive: bool

    def word(self, question: str) -> str:
        """Return what is typed in answer; Refused where nobody is there to type."""
        if not self.interactive:
            raise Refused(
                "Nobody is there to type the name: this is no terminal.",
                hint="Run the command in a terminal.",
            )
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline()

    def __call__(self, question: str) -> bool:
        if not self.interactive:
            raise Refused(
                f"{question} Nobody is there to answer: this is no terminal.",
                hint="Add --yes if you are sure, or --dry-run to see the plan.",
            )
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")


if __name__ == "__main__":
    sys.exit(main())
