"""What can be typed after /backup, made from the verbs' own rows, in Slack's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bot.messages.model import Message
from bot.messages.parts import Listed, Part, Said, header, listed, message, small
from bot.messages.text import code, told
from bot.messages.typed import COMMAND, command, example, spelled, usage
from commands.verb import Option, Verb

WHICH = "Wherever a backup is named: its id, the start of its id, `latest`, `latest:production`."
ABOUT_MAX = 500
USAGE_MAX = 600


def overview(verbs: Mapping[str, Verb] | Iterable[Verb]) -> Message:
    """Return every verb with what it does and its first example."""
    rows = verbs.values() if isinstance(verbs, Mapping) else verbs
    return message(_overview(tuple(rows)))


def verb(verb: Verb) -> Message:
    """Return everything about one verb: its words, what each means, and examples."""
    return message(_verb(verb))


def _overview(verbs: tuple[Verb, ...]) -> Iterator[Part]:
    yield header("Lifeboat")
    yield Said("Backups of Convex databases that a team runs, trusts and restores.")
    yield listed(_row, verbs, "verbs")
    yield Said(WHICH)
    yield small(f"More about one of them: {code(command('help', verbs[0].name if verbs else ''))}")


def _row(verb: Verb) -> str:
    who = " For operators." if verb.role == "operator" else ""
    return f"{code(f'{COMMAND} {verb.name}')}  {told(verb.about, ABOUT_MAX)}{who}"


def _verb(verb: Verb) -> Iterator[Part]:
    yield header(f"{COMMAND} {verb.name}")
    yield Said(told(verb.about, ABOUT_MAX))
    yield Said(f"*Usage:* {code(usage(verb), USAGE_MAX)}")
    words = [f"• {code(each.name)}  {told(each.about, ABOUT_MAX)}" for each in verb.arguments]
    words += [_option(option) for option in verb.options]
    yield Listed(words, "words")
    if verb.examples:
        yield Said("*Examples*")
        yield listed(lambda each: code(example(each), USAGE_MAX), verb.examples, "examples")
    if verb.role == "operator":
        yield small("For operators.")


def _option(option: Option) -> str:
    also = f" (also {', '.join(code(each) for each in option.also)})" if option.also else ""
    return f"• {code(spelled(option))}  {told(option.about, ABOUT_MAX)}{also}"
