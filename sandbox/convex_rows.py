"""Turns the rows of an import into rows as a deployment keeps them, refusing what Convex refuses.

One canonical text per row: export JSON with the keys in byte order, so that a row that goes out
and comes back is the same bytes.
"""

import base64
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from sandbox import convex_ids
from sandbox.convex_formats import written
from sandbox.convex_legacy import joined
from sandbox.convex_tables import Stored
from sandbox.convex_unpack import ImportFailed, Part, parsed_lines

_encode = msgspec.json.Encoder(order="sorted").encode
# Every digit as a 0: only in a block with 19 of them in a row can an integer be past 64 bits.
_DIGITS = bytes(48 if 48 <= code <= 57 else 32 for code in range(256))
_LONG = b"0" * 19
_WRAPPED_BYTES = {"$float": 8, "$bytes": None}


def stored(part: Part, number: int) -> Iterator[list[Stored]]:
    """The rows of a part for the table with this number, a block at a time; raises ImportFailed."""
    for before, block in part.blocks():
        values = parsed_lines(block, before)
        if part.schema != "uniform":
            values = [_typed(value, row, part) for row, value in enumerate(values, before + 1)]
        elif _LONG in block.translate(_DIGITS):
            for row, value in enumerate(values, before + 1):
                _check_integers(value, row)
        yield [
            _stored(value, row, number, part.table) for row, value in enumerate(values, before + 1)
        ]


def _stored(value: Any, row: int, number: int, table: str) -> Stored:
    if type(value) is not dict:
        raise ImportFailed(f"Row {row} wasn't an object")
    id_ = value.get("_id")
    if id_ is None:
        id_ = value["_id"] = convex_ids.fresh(number)
    else:
        _check_id(id_, number, table)
    creation = value.get("_creationTime")
    if creation is None:
        creation = value["_creationTime"] = time.time_ns() / 1e6
    elif type(creation) is not float:
        raise ImportFailed(
            f"_creationTime field is not a number: document {id_} in table '{table}' has "
            f"{_encode(creation).decode()}, and a creation time is a float64"
        )
    try:
        text = _encode(value).decode()
        if '"$' in text:
            _check(value)
    except ValueError as damage:
        raise ImportFailed(f"Row {row} wasn't a valid Convex value: {damage}") from None
    return id_, creation, text


def _check_id(id_: Any, number: int, table: str) -> None:
    try:
        found = convex_ids.number_of(id_)
    except (convex_ids.BadId, AttributeError, TypeError):
        raise ImportFailed(f"_id {id_} in table '{table}' is not a valid document ID") from None
    if found != number:
        raise ImportFailed(
            f"_id {id_} cannot be imported into '{table}' because it came from a different "
            "deployment and conflict with preexisting tables in this deployment. Try deleting "
            "preexisting tables or importing into an empty deployment."
        )


def _typed(value: Any, row: int, part: Part) -> Any:
    """The row in export JSON, from the two encodings in which a number may be something else."""
    try:
        context = (
            part.contexts.get(str(value.get("_id")), "infer") if isinstance(value, dict) else ""
        )
        return written(joined(value, context), "export_json")
    except ValueError as damage:
        raise ImportFailed(f"Row {row} wasn't a valid Convex value: {damage}") from None


def _check(value: Any) -> None:
    """Raises ValueError where the value has a field that Convex has not."""
    if isinstance(value, list):
        for one in value:
            _check(one)
    elif isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in _WRAPPED_BYTES:
            _check_wrapped(*next(iter(value.items())))
            return
        for key, one in value.items():
            if key.startswith("$"):
                raise ValueError(f"Field name {key!r} starts with '$', which is reserved.")
            _check(one)


def _check_integers(value: Any, row: int) -> None:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inside:
        _check_integers(one, row)
    if type(value) is int and not -(2**63) <= value < 2**63:
        raise ImportFailed(
            f"Row {row} wasn't a valid Convex value: integer {value} is not of 64 bits"
        )


def _check_wrapped(key: str, inside: Any) -> None:
    if not isinstance(inside, str):
        raise ValueError(f"{key} wants base64")
    raw = base64.b64decode(inside, validate=True)
    size = _WRAPPED_BYTES[key]
    if size is not None and len(raw) != size:
        raise ValueError(f"{key} wants {size} bytes, has {len(raw)}")


def number_in_rows(part: Part) -> int | None:
    """The table number in the first row's id."""
    for before, block in part.blocks():
        first = parsed_lines(block, before)[0]
        try:
            return convex_ids.number_of(first["_id"])
        except (KeyError, TypeError, AttributeError, convex_ids.BadId):
            return None
    return None
