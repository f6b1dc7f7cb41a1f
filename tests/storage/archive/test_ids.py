"""Ids: Convex's own examples, every kind of damage, and blocks that agree with one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import convex_ids
from storage.archive import ids

# Convex's stability test and ids out of its documentation: the id, and its table's number.
KNOWN = {
    "z43zp6c3e75gkmz1kfwj6mbbx5sw281h": 1017,
    "kg27rxfv99gzp01wmph0gvt92d6hnvy6": 540,
    "jd7f2yq3tcc5h4ce9qhqdk0ach6hbmyb": 10003,
    "4d9wy5r5x7rmjdjqnx45ct829fff4ar": 35,
    "j57fzzzzzzzzzzzzzzzzzzzzzzzzzkyr": 10001,
    "j57000820c20a1g7104gm2rc1m70ynr8": 10001,
}
numbers = st.integers(1, 2**32 - 1)
usual_numbers = st.integers(128, 16383)
internals = st.binary(min_size=16, max_size=16)


@pytest.mark.parametrize(("id_", "number"), KNOWN.items())
def test_convexs_own_ids_are_read(id_, number):
    assert ids.decode(id_)[0] == number


@pytest.mark.parametrize("id_", KNOWN)
def test_convexs_own_ids_are_written(id_):
    assert ids.encode(*ids.decode(id_)) == id_


@given(numbers, internals)
def test_what_is_encoded_is_decoded(number, internal):
    assert ids.decode(ids.encode(number, internal)) == (number, internal)


@given(numbers, internals)
def test_the_stand_in_writes_the_same_ids(number, internal):
    assert ids.encode(number, internal) == convex_ids.encode(number, internal)


@given(usual_numbers, internals, st.integers(0, 31), st.characters())
def test_one_changed_character_is_never_the_same_document(number, internal, at, char):
    id_ = ids.encode(number, internal)
    changed = id_[:at] + char + id_[at + 1 :]
    if changed == id_:
        return
    try:
        decoded = ids.decode(changed)
    except ValueError:
        return

    assert decoded != (number, internal)


@pytest.mark.parametrize(
    ("id_", "why"),
    [
        ("", "characters"),
        ("j57000820c20a1g7104gm2rc1m70yn", "characters"),
        ("j57000820c20a1g7104gm2rc1m70ynr8j57000", "characters"),
        ("J57000820c20a1g7104gm2rc1m70ynr8", "a character"),
        ("j57000820c20a1g7104gm2rc1m70ynrl", "a character"),
        ("j57000820c20a1g7104gm2rc1m70yn_8", "a character"),
        ("j57000820c20a1g7104gm2rc1m70yn 8", "a character"),
        ("j57000820c20a1g7104gm2rc1m70ynr9", "checksum"),
        ("j57000820c20a1g7104gm2rc1m70ynr80", "one form"),
        ("4d9wy5r5x7rmjdjqnx45ct829fff4as", "one form"),
        ("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", "never ends"),
    ],
)
def test_a_broken_id_says_why(id_, why):
    with pytest.raises(ValueError, match=why):
        ids.decode(id_)


@pytest.mark.parametrize("number", [0, -1, 2**32])
def test_no_id_has_a_number_that_no_table_has(number):
    with pytest.raises(ValueError, match="table number"):
        ids.encode(number, bytes(16))


@given(numbers, st.lists(internals, min_size=1, max_size=40))
def test_a_block_of_one_tables_ids_is_of_that_table(number, many):
    assert ids.all_of_table([ids.encode(number, each) for each in many], number)


@given(usual_numbers, st.lists(internals, min_size=1, max_size=8), st.data())
def test_a_block_agrees_with_one_by_one(number, many, data):
    block = [ids.encode(number, each) for each in many]
    which = data.draw(st.integers(0, len(block) - 1))
    at = data.draw(st.integers(0, 31))
    char = data.draw(st.sampled_from([*ids.ALPHABET, "_", " ", "i", "A", "é", "+"]))
    block[which] = block[which][:at] + char + block[which][at + 1 :]

    assert ids.all_of_table(block, number) == _one_by_one(block, number)


def test_a_block_of_another_table_is_not_of_this():
    block = [ids.encode(10002, bytes([n]) * 16) for n in range(5)]

    assert not ids.all_of_table(block, 10001)


def test_lengths_that_even_out_do_not_pass():
    short, long = ids.encode(35, bytes(16)), ids.encode(10001, bytes(16)) + "0"

    assert not ids.all_of_table([short, long], 10001)


def _one_by_one(block, number):
    try:
        return all(ids.decode(each)[0] == number for each in block)
    except ValueError:
        return False
