"""A Convex value in each of the three JSON formats that a caller may ask an answer in.

Inside, a value is plain Python: int is int64, float is float64, bytes are bytes. Which values a
document may hold is not checked here.
"""

import base64
import json
import math
import struct
from typing import Any

FORMATS = {
    "json": "json",
    "convex_clean_json": "json",
    "convex_encoded_json": "convex_encoded_json",
    "convex_json": "convex_encoded_json",
    "export_json": "export_json",
}


def from_export(text: str) -> Any:
    """The value that this export JSON stands for."""
    return json.loads(text, object_pairs_hook=_unwrapped)


def _unwrapped(pairs: list[tuple[str, Any]]) -> Any:
    if len(pairs) == 1:
        key, value = pairs[0]
        if key == "$bytes":
            return base64.b64decode(value)
        if key == "$float":
            return struct.unpack("<d", base64.b64decode(value))[0]
        if key == "$integer":
            return int.from_bytes(base64.b64decode(value), "little", signed=True)
    return dict(pairs)


def written(value: Any, form: str) -> Any:
    """The value as what `json.dumps` writes in this format, a name of FORMATS' values."""
    if isinstance(value, dict):
        return {key: written(inside, form) for key, inside in value.items()}
    if isinstance(value, list | tuple):
        return [written(inside, form) for inside in value]
    if isinstance(value, bytes):
        text = base64.b64encode(value).decode()
        return text if form == "json" else {"$bytes": text}
    if isinstance(value, float):
        return _written_float(value, form)
    if isinstance(value, int) and not isinstance(value, bool):
        return _written_int(value, form)
    return value


def _written_int(value: int, form: str) -> Any:
    if form == "export_json":
        return value
    if form == "json":
        return str(value)
    raw = value.to_bytes(8, "little", signed=True)
    return {"$integer": base64.b64encode(raw).decode()}


def _written_float(value: float, form: str) -> Any:
    if math.isfinite(value):
        # Only the encoded form has a word for the sign of zero; the others write -0.0 as it is.
        minus_zero = value == 0 and math.copysign(1, value) < 0
        if not (minus_zero and form == "convex_encoded_json"):
            return value
    elif form == "json":
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return {"$float": base64.b64encode(struct.pack("<d", value)).decode()}
