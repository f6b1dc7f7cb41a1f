"""Damage to rows: each kind is found on its own line, and the reading goes on."""

import io
import json
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.archive.inspect import inspect
from storage.manifest import Contents
from tests import convex_zip

GOOD = convex_zip.rows(10001, 5)
ID = convex_zip.doc_id(10001, 2)
TIME = b'"_creationTime":1762000000002.25'


def read(rows, **changes):
    out = io.BytesIO()
    convex_zip.write(out, {"users": rows}, **changes)
    return inspect([out.getvalue()])


def read_raw(body):
    """Read an archive whose one table has these bytes."""
    out = io.BytesIO()
    zip_ = convex_zip.Zip(out)
    zip_.add("_tables/documents.jsonl", b'{"name":"users","id":10001}\n')
    zip_.add("users/documents.jsonl", body)
    zip_.add("users/generated_schema.jsonl", b'"uniform"\n')
    zip_.close()
    return inspect([out.getvalue()])


def with_third(line):
    return read([*GOOD[:2], line, *GOOD[3:]])


def changed(before, after):
    assert before in GOOD[2]
    return GOOD[2].replace(before, after)


@pytest.mark.parametrize(
    ("line", "check"),
    [
        (changed(b'"n":2', b'"n":NaN'), "JSON"),
        (changed(b'"n":2', b'"n":01'), "JSON"),
        (changed(b'"n":2', b'"n":+1'), "JSON"),
        (changed(b'"n":2', b'"n":.5'), "JSON"),
        (changed(b'"n":2', b'"n":"\t"'), "JSON"),
        (changed(b'"n":2', b'"n":"\\x"'), "JSON"),
        (changed(b'"n":2', b'"n":"\\ud800"'), "JSON"),
        (changed(b'"n":2', b'"n":"\\udc00"'), "JSON"),
        (changed(b'"n":2', b'"n":"\\ud800\\u0041"'), "JSON"),
        (changed(b'"n":2', b'"\\ud800":2'), "JSON"),
        (changed(b'"n":2', b'"n":Infinity'), "JSON"),
        (changed(b'"n":2', b'"n":-Infinity'), "JSON"),
        (changed(b'"n":2', b'"n":"\0"'), "JSON"),
        (changed(b'"n":2', b'"n":[1,]'), "JSON"),
        (changed(b'"n":2', b"'n':2"), "JSON"),
        (changed(b'"n":2', b'"n":2,'), "JSON"),
        (changed(b'"n":2', b'"n":' + b"[" * 100_000 + b"]" * 100_000), "JSON"),
        (GOOD[2][:-1], "JSON"),
        (GOOD[2] + b",", "JSON"),
        (GOOD[2] + GOOD[3], "JSON"),
        (b"[" + GOOD[2] + b"]", "JSON"),
        (b"null", "JSON"),
        (changed(b'"n":2', b'"n":"\xff"'), "UTF-8"),
        (changed(b'"n":2', b'"n":"\xed\xa0\x80"'), "UTF-8"),
        (changed(b'"n":2', b'"n":"\xc0\xaf"'), "UTF-8"),
        (changed(b'"n":2', b'"n":"\xf4\x90\x80\x80"'), "UTF-8"),
        (changed(b'"n":2', b'"\xff":2'), "UTF-8"),
        (b"", "blank line"),
        (b" ", "blank line"),
        (b'{"_creationTime":1.0}', "_id"),
        (b'{"_creationTime":1.0,"_id":7}', "_id"),
        (changed(ID.encode(), convex_zip.doc_id(10002, 2).encode()), "_id"),
        (changed(ID.encode(), ID[:-1].encode() + b"0"), "_id"),
        (changed(ID.encode(), b"short"), "_id"),
        (changed(ID.encode(), ID.upper().encode()), "_id"),
        (json.dumps({"_id": ID}).encode(), "_creationTime"),
        (changed(TIME, b'"_creationTime":"1762000000002.25"'), "_creationTime"),
        (changed(TIME, b'"_creationTime":null'), "_creationTime"),
        (changed(TIME, b'"_creationTime":true'), "_creationTime"),
        (changed(TIME, b'"_creationTime":1762000000002'), "_creationTime"),
        (changed(TIME, b'"_creationTime":' + b"9" * 310), "_creationTime"),
        (changed(TIME, b'"_creationTime":-' + b"9" * 310), "_creationTime"),
        (changed(TIME, b'"_creationTime":1e400'), "JSON"),
        (changed(TIME, b'"_creationTime":NaN'), "JSON"),
    ],
)
def test_a_damaged_row_is_found_on_its_line(line, check):
    (finding,) = with_third(line).findings

    assert (finding.check, finding.where) == (check, "users/documents.jsonl:3")


def test_rows_after_a_damaged_one_still_count():
    table = with_third(b"{").contents.tables[0]

    assert (table.documents, table.last_creation) == (5, 1762000000004.25)


def test_a_blank_line_is_no_document():
    assert with_third(b"").contents.documents == 4


def test_a_value_over_two_lines_is_damage_on_both():
    found = read_raw(b'{"_id":"a",\n"_creationTime":1.0}{"_id":"b","_creationTime":2.0}\n').findings

    assert [finding.check for finding in found] == ["JSON", "JSON"]


def test_a_missing_last_newline_is_found():
    (finding,) = read_raw(b"\n".join(GOOD)).findings

    assert finding.check == "newline at the end"


def test_a_byte_order_mark_is_found():
    (finding,) = read_raw(b"\xef\xbb\xbf" + b"\n".join(GOOD) + b"\n").findings

    assert finding.check == "BOM"


def test_windows_line_ends_are_still_json():
    assert read_raw(b"\r\n".join([*GOOD, b""])).findings == ()


def test_an_empty_line_alone_is_found():
    (finding,) = read_raw(b"\n").findings

    assert finding.check == "blank line"


def test_rows_in_any_order_are_sound():
    assert read(random.Random(1).sample(GOOD, 5)).findings == ()


def test_an_id_twice_in_a_row_is_found():
    (finding,) = read([*GOOD[:3], *GOOD[2:]]).findings

    assert finding.check == "_id unique"
    assert f"{ID}' is in the table 2 times" in finding.what


def test_an_id_twice_far_apart_is_found():
    many = convex_zip.rows(10001, 30_000, body="x" * 50)
    (finding,) = read([*many, many[0]]).findings

    assert finding.check == "_id unique"


def test_a_newline_in_an_id_does_not_make_two_ids_of_it():
    rows = [GOOD[1], GOOD[0], changed(ID.encode(), ID.encode() + b"\\n" + ID.encode()), GOOD[2]]

    assert [finding.check for finding in read(rows).findings] == ["_id"]


def test_ids_of_one_table_are_not_held_against_anothers():
    out = io.BytesIO()
    convex_zip.write(out, {"a": GOOD[::-1], "b": GOOD[::-1]}, numbers={"a": 10001, "b": 10001})
    found = inspect([out.getvalue()]).findings

    assert "_id unique" not in {finding.check for finding in found}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=40))
def test_ids_are_unique_exactly_when_none_repeats(numbers):
    found = read([convex_zip.row(10001, n) for n in numbers]).findings

    assert bool(found) == (len(set(numbers)) < len(numbers))


def test_a_million_mistakes_are_a_short_report():
    found = read([b"{}"] * 10_000).findings

    assert len(found) == 21
    assert found[-1].what == "And 9,980 more of the same kind."


def test_whole_creation_times_are_counted_over_blocks():
    rows = [row.replace(b".25,", b",") for row in convex_zip.rows(10001, 9_000, body="x" * 90)]
    found = read(rows).findings

    assert found[-1].what == "And 8,980 more of the same kind."


def test_a_creation_time_that_cannot_be_leaves_the_others_as_they_are():
    (table,) = with_third(changed(TIME, b'"_creationTime":' + b"9" * 310)).contents.tables

    assert (table.first_creation, table.last_creation) == (1762000000000.25, 1762000000004.25)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_is_called_sound_is_what_pythons_json_reads(data):
    """Two bytes of a row changed at will: what stdlib refuses is never passed over."""
    line = bytearray(convex_zip.row(10001, 2, body="a\\u00e9é", nested={"a": [1, 2.5, None]}))
    for _ in range(2):
        at = data.draw(st.integers(0, len(line) - 1))
        line[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != 10))
    sound = with_third(bytes(line)).findings == ()

    assert not sound or isinstance(json.loads(bytes(line).decode()), dict)


@pytest.mark.parametrize("number", [35, 127, 128, 16383, 16384, 3_000_000])
def test_tables_of_any_number_are_checked(number):
    rows = convex_zip.rows(number, 5)

    assert read(rows, numbers={"users": number}).findings == ()


TOKENS = [b"{", b"}", b"[", b"]", b":", b",", b'"_id"', b'"_creationTime"', b'"sha256"', b'"size"']
TOKENS += [b'"name"', b'"id"', b"1", b"1.5", b"-0.0", b"1e400", b"9" * 320, b"null", b'"uniform"']
TOKENS += [b'"\\n"', b'"\\ud800"', b"\xff", b"\n", b"\r\n", b" ", b"\xef\xbb\xbf", GOOD[2] + b"\n"]
BODIES = st.lists(st.sampled_from(TOKENS), max_size=25).map(b"".join) | st.binary(max_size=80)


@settings(max_examples=150, deadline=None)
@given(BODIES, BODIES, BODIES, BODIES)
def test_whatever_the_lines_are_a_manifest_can_hold_what_was_read(listed, rows, schema, files):
    out = io.BytesIO()
    zip_ = convex_zip.Zip(out)
    zip_.add("_tables/documents.jsonl", listed)
    zip_.add("users/documents.jsonl", rows)
    zip_.add("users/generated_schema.jsonl", schema)
    zip_.add("_storage/documents.jsonl", files)
    zip_.close()
    contents = inspect([out.getvalue()]).contents

    assert msgspec.json.decode(msgspec.json.encode(contents), type=Contents) == contents
