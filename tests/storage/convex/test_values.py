"""Numbers and shapes as Convex writes them, and garbage in their place."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.convex import values
from storage.errors import BadAnswer

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$integer", "a"]), inner, max_size=2)
    ),
    max_leaves=5,
)


def encoded(number):
    return {"$integer": base64.b64encode(number.to_bytes(8, "little", signed=True)).decode()}


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_int64_is_read_exactly(number):
    assert values.whole(encoded(number), "it") == number


@pytest.mark.parametrize(
    ("written", "number"), [(5, 5), (5.0, 5), (-0.0, 0), ("5", 5), ("-5", -5), ("10001", 10001)]
)
def test_a_whole_number_is_read_however_it_is_written(written, number):
    assert values.whole(written, "it") == number


@pytest.mark.parametrize(
    "garbage",
    [
        {"$integer": ""},
        {"$integer": "AAAA"},
        {"$integer": "AAAAAAAAAAAAAAAA"},
        {"$integer": "!!!!!!!!!!!="},
        {"$integer": "é"},
        {"$integer": 5},
        {"$integer": "AAAAAAAAAAA=", "more": 1},
        {"$float": "AAAAAAAAAAA="},
        5.5,
        float("nan"),
        float("inf"),
        True,
        None,
        "",
        "-",
        "--5",
        "5.0",
        "٣",
        "9" * 5000,
        [5],
    ],
    ids=lambda garbage: str(garbage)[:30],
)
def test_garbage_is_no_number_and_says_for_what(garbage):
    with pytest.raises(BadAnswer, match="no number for the count of stored files"):
        values.whole(garbage, "the count of stored files")


@given(JSON)
@example({"$integer": "AAAAAAAA"})
def test_anything_is_a_whole_number_or_a_bad_answer(anything):
    try:
        number = values.whole(anything, "it")
    except BadAnswer:
        return

    assert type(number) is int


@pytest.mark.parametrize(
    ("read", "good", "bad", "word"),
    [
        (values.text, "a", 5, "no text"),
        (values.identity, "kg27rxfv99gzp01wmph0gvt92d6hnvy6", "../version", "no id"),
        (values.identity, "a", "", "no id"),
        (values.identity, "a", "\ud800", "no id"),
        (values.table, {"a": 1}, ["a"], "no object"),
        (values.rows, [1], {"a": 1}, "no list"),
    ],
)
def test_another_shape_than_the_promised_one_is_a_bad_answer(read, good, bad, word):
    assert read(good, "it") == good
    with pytest.raises(BadAnswer, match=f"{word} for it"):
        read(bad, "it")
