"""How a call of the Web API comes in: its arguments, its token, and refusals as Slack says them.

What a method does is in the `slack_api_*.py` files; the way of a call past tokens, scopes, rates
and troubles is `slack_api.py`'s.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from sandbox.slack_people import Json, Token

# Arguments that are JSON, also where they come as text in a form.
_NESTED = frozenset(("blocks", "attachments", "metadata", "view", "files"))
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Refused(Exception):
    """Slack's `ok: false`; `more` is what it says besides the error."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error, self.more = error, more

    def answer(self) -> Json:
        return {"ok": False, "error": self.error, **self.more}


class TooQuick(Exception):
    """429: says after how many seconds to come back."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def invalid(error: str, problems: Sequence[str]) -> Refused:
    """A refusal with the problems as Slack lists them, twice."""
    told = [f"[ERROR] {problem}" for problem in problems]
    return Refused(error, errors=list(problems), response_metadata={"messages": told})


def missing(name: str) -> Refused:
    return invalid("invalid_arguments", [f"missing required field: {name}"])


@dataclass
class Call:
    """One call of one method by whoever holds the token."""

    method: str
    token: Token
    args: Json = field(default_factory=dict)

    def need(self, *scopes: str) -> None:
        """Raises `missing_scope` unless the token has one of the scopes."""
        if not set(scopes) & set(self.token.scopes):
            provided = ",".join(self.token.scopes)
            raise Refused("missing_scope", needed=scopes[0], provided=provided)

    def text(self, name: str) -> str:
        """A required argument as text."""
        value = self.args.get(name)
        if value in (None, ""):
            raise missing(name)
        return str(value)

    def maybe(self, name: str) -> str:
        """An optional argument as text; "" where there is none."""
        value = self.args.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.args.get(name)
        return default if value is None else str(value).lower() in ("1", "true")

    def number(self, name: str, default: int, most: int) -> int:
        value = self.args.get(name, default)
        try:
            return max(1, min(most, int(value)))
        except (TypeError, ValueError):
            raise Refused("invalid_limit") from None

    def page(self, rows: Sequence[Any], most: int = 1000) -> tuple[list[Any], str]:
        """The rows that `cursor` and `limit` ask for, and the next cursor."""
        cursor = self.maybe("cursor") or "0"
        if not cursor.isdecimal():
            raise Refused("invalid_cursor")
        start = int(cursor)
        end = start + self.number("limit", most, most)
        return list(rows[start:end]), str(end) if end < len(rows) else ""


async def arguments(request: web.Request) -> Json:
    """Query, form, or JSON; nested JSON is opened. Raises Refused."""
    told: Json = dict(request.query)
    if request.method == "POST":
        told |= await _body(request)
    for name in _NESTED & told.keys():
        if isinstance(told[name], str):
            told[name] = _opened(name, told[name])
    return told


def _opened(name: str, text: str) -> Any:
    if not text:
        return None
    try:
        return msgspec.json.decode(text.encode())
    except msgspec.DecodeError:
        if name == "blocks":
            raise Refused("invalid_blocks_format") from None
        if name == "metadata":
            raise Refused("invalid_metadata_format") from None
        raise invalid("invalid_arguments", [f"must provide valid JSON for {name}"]) from None


async def _body(request: web.Request) -> Json:
    if request.content_type in _FORMS:
        form = await request.post()
        return {name: value for name, value in form.items() if isinstance(value, str)}
    raw = await request.read()
    if not raw:
        return {}
    if request.content_type != "application/json":
        raise Refused("invalid_post_type")
    try:
        told = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        raise Refused("invalid_json") from None
    if not isinstance(told, dict):
        raise Refused("json_not_object")
    return {name: value for name, value in told.items() if value is not None}


def shown_token(request: web.Request, args: Json) -> tuple[str, bool]:
    """The token that came with the call, and whether it came in the header."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    in_args = str(args.pop("token", "") or "")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip(), True
    return in_args, False


def read_json(raw: bytes) -> Any:
    """What JSON says; None where it says nothing."""
    with contextlib.suppress(msgspec.DecodeError):
        return msgspec.json.decode(raw)
    return None
