"""The words of `--help`, made from the verbs' own rows so that they can't drift apart."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterator, Sequence
from importlib import metadata

from bot import log_lines
from commands import TERMINAL_VERBS, VERBS
from commands.verb import Argument, Option, Verb
from commands.words import build_parser, usage
from storage.errors import LifeboatError, Refused

INDENT = 24
GLOBAL = (
    ("--settings FILE", "the settings file (lifeboat.toml, or $LIFEBOAT_SETTINGS)"),
    ("--json", "one JSON event a line, the result last"),
    ("--help", "this text; after a verb, the verb's own"),
)
RUN_ENDS = (
    "Exit codes: 0 asked to stop, 1 it could not begin or go on, 2 settings missing or refused, "
    "70 it ended itself because it was dead inside, and should be started again; nothing is lost. "
    "See docs/operations.md."
)
OTHER = (
    (
        "run",
        "Run the bot: Slack, jobs that survive a restart. --log-format json: its log in JSON.",
    ),
    ("demo", "Play the whole story on stand-ins, with nothing to sign up for."),
    ("sandbox convex", "Start stand-in Convex deployments on this machine."),
    ("sandbox slack", "Start a stand-in Slack workspace, with its page, on this machine."),
    ("version", "Say which Lifeboat this is."),
)


def version() -> str:
    """Return the installed version's line."""
    return f"lifeboat {lifeboat_version()}"


def lifeboat_version() -> str:
    """Return the version of the installed distribution."""
    return metadata.version("convex-lifeboat")


def for_topic(topic: str) -> str:
    """Return the help of a verb, of the bot, or ("") of everything; Refused for an unknown verb."""
    if topic in ("", "help", "version"):
        return _everything()
    if topic == "run":
        return _run()
    verb = {**VERBS, **TERMINAL_VERBS}.get(topic)
    if verb is None:
        raise unknown_verb(topic)
    return _verb(verb)


def unknown_verb(name: str) -> LifeboatError:
    """Return the refusal of a word that is no verb, with the nearest one that is."""
    near = difflib.get_close_matches(name, [*VERBS, *TERMINAL_VERBS, "run", "demo", "sandbox"], n=1)
    return Refused(
        f"There is no verb {name!r}.",
        hint=f"Did you mean `lifeboat {near[0]}`?" if near else "Type `lifeboat --help`.",
    )


def _everything() -> str:
    rows = [(verb.name, verb.about) for verb in (*VERBS.values(), *TERMINAL_VERBS.values())]
    return "\n".join(
        (
            "Lifeboat: backups of Convex databases that a team runs, trusts and restores.",
            "",
            "usage: lifeboat <verb> [words]",
            "",
            *_rows((*rows, *OTHER)),
            "",
            "With every verb:",
            *_rows(GLOBAL),
            "",
            "Wherever a backup is named: its id, the start of its id, latest, latest:production.",
            "Exit codes: 0 done, 1 look at it or it failed, 2 refused or could not look.",
        )
    )


def _verb(verb: Verb) -> str:
    examples = ("", "examples:", *(f"  lifeboat {example}" for example in verb.examples))
    return "\n".join((*_page(verb.name, verb.about, verb.arguments, verb.options), *examples))


def _run() -> str:
    about = "Run the bot until SIGTERM or Ctrl-C: Slack, schedules, jobs that survive a restart."
    ends = textwrap.wrap(RUN_ENDS, 96)
    return "\n".join((*_page("run", about, (), (log_lines.OPTION,)), "", *ends))


def _page(
    name: str, about: str, arguments: Sequence[Argument], options: Sequence[Option]
) -> Iterator[str]:
    yield from (about, "")
    typed = usage(build_parser(name, arguments, options))
    yield from textwrap.wrap(typed, 96, subsequent_indent="  ")
    yield ""
    rows = [(argument.name, argument.about) for argument in arguments]
    rows += [(_spelled(option), _about(option)) for option in options]
    yield from _rows((*rows, *GLOBAL))


def _spelled(option: Option) -> str:
    return f"--{option.name}" + (f" {option.metavar}" if option.metavar else "")


def _about(option: Option) -> str:
    untold = [choice for choice in option.choices if choice not in option.about]
    choices = f": {', '.join(option.choices)}" if untold else ""
    also = f" (also --{', --'.join(option.also)})" if option.also else ""
    return option.about + choices + also


def _rows(rows: tuple[tuple[str, str], ...]) -> list[str]:
    lines = []
    for name, about in rows:
        wrapped = textwrap.wrap(about, 96 - INDENT) or [""]
        lines.append(f"  {name:<{INDENT - 2}}{wrapped[0]}".rstrip())
        if len(name) > INDENT - 4:
            lines[-1:] = [f"  {name}", f"{'':<{INDENT}}{wrapped[0]}"]
        lines += [f"{'':<{INDENT}}{more}" for more in wrapped[1:]]
    return lines
