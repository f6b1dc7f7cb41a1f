"""What a person types in Slack: `/backup restore latest to staging`, with no dashes.

The verbs' own sentences and examples are written for a terminal. Here they become what works in
Slack, so that nobody is told to type something that can't be typed where they are.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from commands import VERBS
from commands.events import Plan
from commands.verb import Option, Verb

COMMAND = "/backup"
CHOSEN_CHARACTERS_MAX = 300

_VERBS = "|".join(sorted(VERBS, key=len, reverse=True))
# From `lifeboat now` to the end of the sentence, of the brackets or of the line.
_ENDS = r"\. [A-Z]|\.$|; |\)[\s.]|\)$"
_TYPED = re.compile(rf"lifeboat ((?:{_VERBS})\b(?:(?!{_ENDS})[^`\n])*)", re.MULTILINE)
_DASHED = re.compile(
    r"(?<![\w'\"-])--([a-z][a-z-]*)=?"
)  # What a person typed is quoted, and stays.
_SPANS = re.compile(r"(`[^`\n]*`)")


def in_slack(sentence: str) -> str:
    """Return a sentence in which every command and option is spelled as in Slack."""
    return "".join(_spelled(part) for part in _SPANS.split(sentence))


def command(*words: str) -> str:
    """Return words as they are typed after /backup, quoted where they have to be."""
    return " ".join((COMMAND, *(shlex.quote(word) for word in words)))


def example(words: str) -> str:
    """Return a verb's example in Slack's words."""
    return f"{COMMAND} {_DASHED.sub(_bare, words)}"


def usage(verb: Verb) -> str:
    """Return everything that may be typed after a verb, on one line."""
    words = [f"<{a.name}>" if a.required else f"[{a.name}]" for a in verb.arguments]
    return " ".join((COMMAND, verb.name, *words, *(f"[{spelled(o)}]" for o in verb.options)))


def spelled(option: Option) -> str:
    """Return an option with its value: `tables a,b`, `kind manual|daily`, `dry-run`."""
    value = "|".join(option.choices) or option.metavar
    if option.metavar is None or value is None:
        return option.name
    return f"{option.name} [{value}]" if option.bare is not None else f"{option.name} {value}"


def again(plan: Plan) -> str:
    """Return the words that carry out exactly a plan; its tables only if they can be typed."""
    words = ["restore", plan.backup, "to", plan.target, "mode", plan.mode]
    chosen = ",".join(plan.chosen or ())
    if chosen:
        words += ["tables", chosen if len(chosen) <= CHOSEN_CHARACTERS_MAX else "…"]
    return command(*words)


def words_of(typed: str) -> Iterator[str]:
    """Yield the names in a list that a person typed with commas, spaces or lines between."""
    yield from dict.fromkeys(name for name in re.split(r"[,\s]+", typed) if name)


def _spelled(part: str) -> str:
    if part.startswith("`") and part.endswith("`") and len(part) > 1:
        if re.match(rf"`lifeboat (?!(?:{_VERBS})\b)", part):
            return part  # What only a terminal can do, such as `lifeboat keys new`.
        return _DASHED.sub(_bare, part.replace("`lifeboat ", f"`{COMMAND} "))
    typed = _TYPED.sub(lambda match: f"`{COMMAND} {_DASHED.sub(_bare, match[1]).rstrip()}`", part)
    return "".join(
        inner if inner.startswith("`") else _DASHED.sub(_named, inner)
        for inner in _SPANS.split(typed)
    )


def _named(match: re.Match[str]) -> str:
    return f"`{match[1]}`" + (" " if match[0].endswith("=") else "")


def _bare(match: re.Match[str]) -> str:
    return match[1] + (" " if match[0].endswith("=") else "")
