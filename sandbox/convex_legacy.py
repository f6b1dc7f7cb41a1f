"""The encoding of archives from before March 2026: clean JSON, and beside it what JSON lost.

A value is written as `json` writes it; where that is ambiguous (an int64 is a string), a context
of the same form says what it was. Shapes, by which old servers said it for a whole table at once,
are neither written nor understood here: every row that needs a context has its own.
"""

import base64
import json
import math
import struct
from collections.abc import Callable
from typing import Any

from sandbox.convex_formats import from_export, written

_INFER = "infer"
_READ: dict[str, Callable[[str], Any]] = {
    "int64": int,
    "bytes": base64.b64decode,
    "float64inf": lambda told: float(told.replace("Infinity", "inf")),
}


def split(body: str) -> tuple[str, Any]:
    """The line in clean JSON, and the row's context or None where it needs none."""
    value = from_export(body)
    context = _context(value)
    line = json.dumps(written(value, "json"), ensure_ascii=False, separators=(",", ":"))
    return line, None if context == _INFER else context


def _context(value: Any) -> Any:
    if isinstance(value, dict):
        inside = {key: _context(one) for key, one in value.items()}
        return inside if any(one != _INFER for one in inside.values()) else _INFER
    if isinstance(value, list):
        listed = [_context(one) for one in value]
        return listed if any(one != _INFER for one in listed) else _INFER
    if isinstance(value, bytes):
        return "bytes"
    if isinstance(value, int) and not isinstance(value, bool):
        return "int64"
    if isinstance(value, float) and math.isnan(value):
        return {"$float64NaN": base64.b64encode(struct.pack("<d", value)).decode()}
    return "float64inf" if isinstance(value, float) and math.isinf(value) else _INFER


def joined(clean: Any, context: Any) -> Any:
    """The Python value of a clean one and its context; a bare number is a float64."""
    if isinstance(clean, dict):
        told = context if isinstance(context, dict) else {}
        return {key: joined(one, told.get(key, _INFER)) for key, one in clean.items()}
    if isinstance(clean, list):
        listed = context if isinstance(context, list) else [_INFER] * len(clean)
        return [joined(one, told) for one, told in zip(clean, listed, strict=True)]
    if isinstance(context, dict) and "$float64NaN" in context:
        return struct.unpack("<d", base64.b64decode(context["$float64NaN"]))[0]
    if isinstance(context, str) and context in _READ:
        return _READ[context](clean)
    return float(clean) if isinstance(clean, int) and not isinstance(clean, bool) else clean
