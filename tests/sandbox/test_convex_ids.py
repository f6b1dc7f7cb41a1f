"""Ids: Convex's own vectors, and every id either read back whole or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.convex_ids import BadId, decode, encode, fresh, number_of

NUMBERS = st.integers(1, 2**32 - 1)
INTERNALS = st.binary(min_size=16, max_size=16)
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def stability() -> bytes:
    internal = [251]
    while len(internal) < 16:
        internal.append(internal[-1] * 251 % 256)
    return bytes(internal)


@pytest.mark.parametrize(
    ("number", "internal", "text"),
    [
        (1017, stability(), "z43zp6c3e75gkmz1kfwj6mbbx5sw281h"),
        (10001, b"\xff" * 16, "j57fzzzzzzzzzzzzzzzzzzzzzzzzzkyr"),
        (10001, bytes(range(16)), "j57000820c20a1g7104gm2rc1m70ynr8"),
    ],
)
def test_the_official_ids(number: int, internal: bytes, text: str) -> None:
    assert encode(number, internal) == text
    assert decode(text) == (number, internal)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("kg27rxfv99gzp01wmph0gvt92d6hnvy6", 540),
        ("jd7f2yq3tcc5h4ce9qhqdk0ach6hbmyb", 10003),
        ("4d9wy5r5x7rmjdjqnx45ct829fff4ar", 35),
    ],
)
def test_numbers_of_ids_seen_in_the_wild(text: str, number: int) -> None:
    assert number_of(text) == number


@given(NUMBERS, INTERNALS)
def test_every_id_is_read_back(number: int, internal: bytes) -> None:
    text = encode(number, internal)

    assert decode(text) == (number, internal)
    assert number_of(text) == number


@given(NUMBERS, INTERNALS, st.data())
def test_one_wrong_letter_is_refused(number: int, internal: bytes, data: st.DataObject) -> None:
    text = encode(number, internal)
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from(ALPHABET + "ilouA _-").filter(lambda c: c != text[place]))
    changed = text[:place] + letter + text[place + 1 :]

    with pytest.raises(BadId):
        number_of(changed)


@given(st.text(max_size=40))
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadId):
        number_of(text)


@given(st.integers(1, 20000), st.lists(INTERNALS, min_size=2))
def test_ids_of_a_table_sort_as_their_bytes_do(number: int, internals: list[bytes]) -> None:
    by_bytes = [encode(number, internal) for internal in sorted(internals)]

    assert by_bytes == sorted(by_bytes)


def test_fresh_ids_are_of_their_table_and_differ() -> None:
    made = {fresh(10001) for _ in range(100)}

    assert len(made) == 100
    assert {number_of(text) for text in made} == {10001}
