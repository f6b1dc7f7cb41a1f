"""Words a person typed, in a terminal or in a sentence, become a verb's named values.

`--tables a,b` and `tables a,b` mean the same, so that a command reads alike in both doors. What
the words mean is not decided here: each verb's `parse` does that.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NoReturn

from commands.verb import Argument, Option
from storage.errors import Refused

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Typed(dict[str, Any]):
    """What was typed, by name: str, tuple of str for many-valued options, bool for switches."""


def read(
    verb: str,
    words: Sequence[str],
    arguments: Sequence[Argument],
    options: Sequence[Option],
) -> Typed:
    """Turn words into values by name; Refused, with the usage line, for anything else."""
    parser = build_parser(verb, arguments, options)
    known = {spelling: option for option in options for spelling in (option.name, *option.also)}
    values, left = parser.parse_known_args(_with_dashes(words, known))
    if left:
        raise Refused(
            f"`{verb}` does not understand {_quoted(left[0])}.{_did_you_mean(left[0], known)}",
            hint=usage(parser),
        )
    return Typed({name: _split(known.get(name), value) for name, value in vars(values).items()})


def build_parser(
    verb: str, arguments: Sequence[Argument], options: Sequence[Option]
) -> argparse.ArgumentParser:
    """Return the parser of one verb; its `format_help()` is the verb's help."""
    parser = _Parser(prog=f"lifeboat {verb}", add_help=False, allow_abbrev=False)
    for argument in arguments:
        parser.add_argument(
            argument.name,
            help=argument.about,
            nargs=None if argument.required else "?",
            metavar=argument.name,
        )
    for option in options:
        spellings = [f"--{spelling}" for spelling in (option.name, *option.also)]
        if option.metavar is None:
            parser.add_argument(
                *spellings, dest=option.name, action="store_true", help=option.about
            )
            continue
        parser.add_argument(
            *spellings,
            dest=option.name,
            help=option.about,
            metavar="|".join(option.choices) or option.metavar,
            choices=option.choices or None,
            nargs="?" if option.bare is not None else None,
            const=option.bare,
            action="append" if option.many else "store",
        )
    return parser


def usage(parser: argparse.ArgumentParser) -> str:
    """Return the usage on one line."""
    return "Usage: " + " ".join(parser.format_usage().removeprefix("usage: ").split())


def span(text: str) -> timedelta:
    """Read a length of time such as `90m`, `12h`, `7d` or `2w`."""
    match = re.fullmatch(r"(\d{1,5})([mhdw])", text.strip().lower())
    if match is None:
        raise Refused(
            f"{_quoted(text)} is not a length of time.",
            hint="Write a number and a unit: 90m, 12h, 7d, 2w.",
        )
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def whole_number(text: str, *, name: str) -> int:
    """Read a count of at least 1."""
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < 1:
        raise Refused(
            f"--{name} takes a whole number of at least 1, not {_quoted(text)}.",
            hint=f"For example: --{name} 20.",
        )
    return int(text)


def closest(word: str, names: Iterable[str]) -> str:
    """Return ` Did you mean …?`, or nothing when nothing is near."""
    return _did_you_mean(word, {name: None for name in names})


class _Parser(argparse.ArgumentParser):
    """An argparse parser that refuses instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise Refused(f"`{self.prog}`: {message}.", hint=usage(self))


def _with_dashes(words: Sequence[str], known: Mapping[str, Option]) -> list[str]:
    """Give bare option words their dashes; a word that is an option's value keeps its shape."""
    dashed: list[str] = []
    value_due = False
    for word in words:
        option = known.get(word.removeprefix("--").partition("=")[0])
        named = option is not None and (word.startswith("--") or "=" not in word)
        if value_due or not named or option is None:
            dashed.append(word)
            value_due = False
            continue
        dashed.append(word if word.startswith("--") else f"--{word}")
        value_due = option.metavar is not None and option.bare is None and "=" not in word
    return dashed


def _split(option: Option | None, value: Any) -> Any:
    if option is None or not option.many:
        return value
    if value is None:
        return None
    return tuple(
        dict.fromkeys(part.strip() for text in value for part in text.split(",") if part.strip())
    )


def _did_you_mean(word: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word.removeprefix("--"), list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def _quoted(word: str) -> str:
    return repr(word if len(word) <= 60 else word[:57] + "…")
