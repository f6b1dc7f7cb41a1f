"""Values as Convex writes them in `convex_encoded_json`, and the few shapes we read from them.

An int64 arrives as {"$integer": "<base64 of 8 bytes, little-endian>"}, every bare number is a
float64 (convex-backend `crates/value/src/json`).
"""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from typing import Any

from storage.errors import BadAnswer

_DECIMAL = re.compile(r"-?[0-9]{1,19}")  # As many digits as an int64 has.
_ID = re.compile(r"[0-9A-Za-z_-]{1,100}")


def whole(value: Any, what: str) -> int:
    """Return a whole number, however Convex wrote it; BadAnswer says `what` was none."""
    match value:
        case {"$integer": str(encoded)} if len(value) == 1:
            octets = b""
            with suppress(ValueError):  # binascii.Error is one too.
                octets = base64.b64decode(encoded, validate=True)
            if len(octets) == 8:
                return int.from_bytes(octets, "little", signed=True)
        case bool():
            pass
        case int():
            return value
        case float() if value.is_integer():
            return int(value)
        case str() if _DECIMAL.fullmatch(value):
            return int(value)
    raise BadAnswer(f"Convex gave no number for {what}.", hint="See `lifeboat doctor`.")


def text(value: Any, what: str) -> str:
    """Return a string; BadAnswer says `what` was none."""
    if isinstance(value, str):
        return value
    raise BadAnswer(f"Convex gave no text for {what}.", hint="See `lifeboat doctor`.")


def identity(value: Any, what: str) -> str:
    """Return an id, which may stand in a path as it is; BadAnswer says `what` was none."""
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise BadAnswer(f"Convex gave no id for {what}.", hint="See `lifeboat doctor`.")


def table(value: Any, what: str) -> dict[str, Any]:
    """Return an object; BadAnswer says `what` was none."""
    if isinstance(value, dict):
        return value
    raise BadAnswer(f"Convex gave no object for {what}.", hint="See `lifeboat doctor`.")


def rows(value: Any, what: str) -> list[Any]:
    """Return an array; BadAnswer says `what` was none."""
    if isinstance(value, list):
        return value
    raise BadAnswer(f"Convex gave no list for {what}.", hint="See `lifeboat doctor`.")
