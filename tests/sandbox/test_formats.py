import base64
import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.convex_formats import FORMATS, from_export, written

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text()
    | st.binary(),
    lambda inside: (
        st.lists(inside) | st.dictionaries(st.text(st.characters(exclude_characters="$")), inside)
    ),
    max_leaves=20,
)


def same(one: object, other: object) -> bool:
    """Equal in type as well, and for floats in every bit: NaN and -0.0 count."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("<d", one) == struct.pack("<d", other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@given(VALUES)
def test_export_json_holds_every_value_exactly(value: object) -> None:
    text = json.dumps(written(value, "export_json"), allow_nan=False)

    assert same(from_export(text), value)


@given(VALUES)
def test_every_format_is_strict_json(value: object) -> None:
    for form in FORMATS.values():
        assert json.dumps(written(value, form), allow_nan=False)


@pytest.mark.parametrize(
    ("value", "json_", "encoded", "export"),
    [
        (123, "123", {"$integer": "ewAAAAAAAAA="}, 123),
        (-1, "-1", {"$integer": "//////////8="}, -1),
        (5.0, 5.0, 5.0, 5.0),
        (math.inf, "Infinity", {"$float": "AAAAAAAA8H8="}, {"$float": "AAAAAAAA8H8="}),
        (-math.inf, "-Infinity", {"$float": "AAAAAAAA8P8="}, {"$float": "AAAAAAAA8P8="}),
        (b"\x00\x01", "AAE=", {"$bytes": "AAE="}, {"$bytes": "AAE="}),
        (True, True, True, True),
    ],
)
def test_each_format_writes_a_value_its_own_way(
    value: object, json_: object, encoded: object, export: object
) -> None:
    told = [written(value, form) for form in ("json", "convex_encoded_json", "export_json")]

    assert told == [json_, encoded, export]


def test_the_sign_of_zero_is_written_as_bytes_only_in_the_encoded_form() -> None:
    told = [json.dumps(written(-0.0, form)) for form in ("json", "export_json")]

    assert told == ["-0.0", "-0.0"]
    assert written(-0.0, "convex_encoded_json") == {
        "$float": base64.b64encode(bytes([0, 0, 0, 0, 0, 0, 0, 0x80])).decode()
    }
