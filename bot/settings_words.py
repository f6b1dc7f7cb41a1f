"""Mistakes in the settings, in our own words: where, what, and what to write instead.

Values are never repeated back, because any of them may be a key that somebody put in the wrong
place; names are, as far as they look like names. Which things are mistakes is not decided here.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from bot.settings_shape import TABLES, File
from storage.errors import Refused

SHOWABLE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
KEY_LIKE = ("key", "deploy_key", "admin_key", "secret", "token", "password")
Where = tuple[str, ...]

_BOUNDS = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "at least {}"),
    "less_than_equal": ("le", "at most {}"),
}
_KINDS = {
    "string_type": ("a text", 'Put it in quotes: "…".'),
    "bool_type": ("true or false", "Write true or false, in small letters, without quotes."),
    "int_type": ("a whole number", "Write digits only, without quotes."),
    "int_from_float": ("a whole number", "Write digits only, without a point."),
    "float_type": ("a number", "Write a number, without quotes."),
    "finite_number": ("a plain number", "inf and nan are no limits; write a number."),
    "list_type": ("a list", 'Write it in square brackets: ["npd", "sp2d"].'),
    "string_too_short": ("a text that is not empty", "Fill it in, or leave the line out."),
    "too_long": ("a shorter list", "Name fewer."),
}
_GENERIC = ("a value of another kind", "lifeboat.example.toml explains every key.")


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong in the settings, and the line of advice that goes with it."""

    where: str
    what: str
    hint: str


class SettingsRefused(Refused):
    """The settings can't be used; `mistakes` holds every one of them, in the file's order."""

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        lines = [f"  {m.where}: {m.what} {m.hint}".rstrip() for m in mistakes]
        super().__init__(
            "\n".join((f"The settings in {file} have {count}:", *lines)),
            hint="Correct the file, then type `lifeboat doctor`.",
        )
        self.mistakes = tuple(mistakes)


def dotted(where: Where) -> str:
    """Return `deployments.production.url`, with names that can't be shown left out."""
    return ".".join(shown(part) for part in where)


def shown(name: str) -> str:
    """Return a name a person typed if it looks like a name; anything else may be a secret."""
    return name if SHOWABLE.fullmatch(name) else "(a name that can't be shown)"


def quoted(name: str) -> str:
    """Return the name in quotes, ready to stand in a sentence."""
    return f"{name!r}" if SHOWABLE.fullmatch(name) else shown(name)


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """Return the nearest known name as a question, or `otherwise` when none is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else otherwise


def not_toml(error: tomllib.TOMLDecodeError) -> Mistake:
    """Say where the file stops being TOML."""
    text = str(error)
    place = re.search(r"\(at (?:line (\d+), column (\d+)|end of document)\)$", text)
    if place is None:
        return Mistake("the file", "It is not TOML.", "Compare it with lifeboat.example.toml.")
    line = f"line {place[1]}, column {place[2]}" if place[1] else "the end of the file"
    doubled = "twice" in text or "overwrite" in text
    return Mistake(
        line,
        "Something is written twice here." if doubled else "This is not TOML.",
        "Every table and every key may stand once."
        if doubled
        else 'A line is `key = "text"`, `key = 3`, `key = true`, or a `[table]`.',
    )


def not_utf8(text: bytes, error: UnicodeDecodeError) -> Mistake:
    """Say which line is not UTF-8."""
    line = text.count(b"\n", 0, error.start) + 1
    return Mistake(f"line {line}", "The file is not UTF-8 text.", "Save it as UTF-8.")


def shape(error: ValidationError) -> list[tuple[Where, Mistake]]:
    """Translate what pydantic found, each with the path of what has to be set aside."""
    found: dict[Where, Mistake] = {}
    for part in error.errors(include_url=False, include_input=False):
        # A wrong item spoils its whole list: the path ends before the item's number.
        path = tuple(piece for piece in part["loc"] if isinstance(piece, str))
        found.setdefault(path, _translated(path, part["type"], part.get("ctx", {})))
    return list(found.items())


def without_secrets(mistakes: Iterable[Mistake], secrets: Iterable[str]) -> list[Mistake]:
    """Blot out every secret that found its way into a sentence after all."""
    known = [secret for secret in secrets if secret]

    def blot(text: str) -> str:
        for secret in known:
            text = text.replace(secret, "**********")
        return text

    return [replace(m, where=blot(m.where), what=blot(m.what), hint=blot(m.hint)) for m in mistakes]


def _translated(path: Where, kind: str, ctx: Mapping[str, Any]) -> Mistake:
    where = dotted(path)
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind in ("model_type", "dict_type"):
        return Mistake(where, "This has to be a table.", f"Write it as [{where}].")
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        limit = words.format(f"{ctx[bound]:g}")
        return Mistake(where, f"This has to be {limit}.", f"Write a number that is {limit}.")
    if kind == "literal_error" and path[:1] == ("encryption",):
        what = "Archives are sealed with age, or not at all."
        return Mistake(where, what, 'Write kind = "age", or kind = "none".')
    if kind == "literal_error":
        choices = str(ctx["expected"]).replace("'", '"')  # They are ours, not the person's.
        return Mistake(where, f"This has to be {choices}.", f"Write {path[-1]} = {choices}.")
    what, hint = _KINDS.get(kind, _GENERIC)
    what = f"This has to be {what}." if kind in _KINDS else f"This is {what} than it has to be."
    return Mistake(where, what, hint)


def _unknown(path: Where) -> Mistake:
    *table, name = path
    if table[:1] == ["deployments"] and name in KEY_LIKE:
        return Mistake(
            dotted(path),
            "A key is never written into the settings.",
            'Keep it in a file or an environment variable: key_env = "CONVEX_DEPLOY_KEY".',
        )
    known = _known_in(table)
    return Mistake(
        dotted(path),
        f"There is no setting called {quoted(name)}"
        + (f" in [{dotted(tuple(table))}]." if table else "."),
        did_you_mean(name, known, f"There are: {', '.join(known)}."),
    )


def _known_in(table: Sequence[str]) -> list[str]:
    if not table:
        return list(File.model_fields)
    whole = ".".join(table)
    row = whole if whole in TABLES else ".".join((*table[:-1], "<name>"))
    return list(TABLES[row].model_fields)
