"""Archives that were changed, cut, grown or made to do harm are refused with a sentence."""

import io
import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.archive.inspect import Limits, inspect
from storage.errors import ArchiveError
from tests import convex_zip
from tests.convex_zip import Zip

LAYOUTS = ["convex", "zip64", "descriptor", "bare", "plain"]
# Bytes of headers that nobody reads, from the header's start. The archive's own SHA-256 sees a
# change in them; in flags, the bits that say nothing of how to read.
UNREAD = {
    b"PK\x03\x04": {4, 5, 6, 7, 10, 11, 12, 13},  # Version, idle flags, time, date.
    b"PK\x01\x02": {*range(4, 10), *range(12, 16), *range(36, 42)},  # Also file attributes.
    b"PK\x06\x06": {*range(12, 16)},  # Versions.
}


def snapshot(layout="convex"):
    out = io.BytesIO()
    convex_zip.write(
        out,
        {"users": convex_zip.rows(10001, 4), "a/c": convex_zip.rows(10001, 2)},
        storage=[convex_zip.stored_file(1)],
        layout=layout,
    )
    return out.getvalue()


SNAPSHOTS = {layout: snapshot(layout) for layout in LAYOUTS}
SOUND = {layout: inspect([data]) for layout, data in SNAPSHOTS.items()}


def built(fill, layout="plain", **end):
    """Return an archive of the entries that `fill` adds."""
    out = io.BytesIO()
    zip_ = Zip(out, layout)
    fill(zip_)
    zip_.close(**end)
    return out.getvalue()


def refusal(data, **limits):
    with pytest.raises(ArchiveError) as caught:
        inspect([data], limits=Limits(**limits))
    return caught.value


def is_unread(data, at):
    """Return whether nothing depends on this byte of a header."""
    kind, start = max((data.rfind(kind, 0, at + 1), kind) for kind in UNREAD)[::-1]
    return start >= 0 and at - start in UNREAD[kind]


def is_spare(layout, data):
    """Return whether an archive still inflates to the very same bytes."""
    found = inspect([data])
    return found.contents == SOUND[layout].contents and not found.findings


def notices(data, layout):
    """Return whether damage raises, or is a finding."""
    try:
        found = inspect([data])
    except ArchiveError:
        return True
    return bool(found.findings) or found.contents != SOUND[layout].contents


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def in_deflate(data, at):
    """Return whether this byte is of an entry's compressed bytes."""
    start = data.rfind(b"PK\x03\x04", 0, at + 1)
    name, extra = struct.unpack_from("<HH", data, start + 26)
    stream = zlib.decompressobj(-15)
    body = start + 30 + name + extra
    stream.decompress(data[body:])
    return body <= at < len(data) - len(stream.unused_data)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(LAYOUTS), st.data())
def test_a_changed_bit_is_found(layout, data):
    whole = SNAPSHOTS[layout]
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    changed = flipped(whole, bit)

    # Deflate has spare bits: the entry's CRC then proves that its bytes are the same.
    assert (
        is_unread(whole, bit // 8)
        or notices(changed, layout)
        or (in_deflate(whole, bit // 8) and is_spare(layout, changed))
    )


@pytest.mark.slow
def test_every_changed_bit_of_convexs_layout_is_found():
    whole = SNAPSHOTS["convex"]
    missed = [
        bit
        for bit in range(len(whole) * 8)
        if not is_unread(whole, bit // 8) and not notices(flipped(whole, bit), "convex")
    ]

    assert [bit for bit in missed if not in_deflate(whole, bit // 8)] == []
    assert len(missed) < 100


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_changed_bit_changes_the_archives_hash(layout):
    changed = flipped(SNAPSHOTS[layout], 8 * 10)  # The first entry's time, which nobody reads.

    assert inspect([changed]).sha256 != SOUND[layout].sha256


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_archive_cut_anywhere_is_refused(layout):
    whole = SNAPSHOTS[layout]
    for size in range(len(whole)):
        with pytest.raises(ArchiveError):
            inspect([whole[:size]])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(LAYOUTS), st.binary(min_size=1, max_size=200))
def test_an_archive_that_grew_is_refused(layout, more):
    assert "more bytes follow" in refusal(SNAPSHOTS[layout] + more).what


def test_two_archives_in_a_row_are_refused():
    assert "more bytes follow" in refusal(SNAPSHOTS["convex"] * 2).what


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_bytes_that_are_no_zip_are_refused(data):
    with pytest.raises(ArchiveError):
        inspect([data])


def test_something_before_the_first_entry_is_refused():
    assert "no ZIP file" in refusal(b"#!/bin/sh\n" + SNAPSHOTS["convex"]).what


def test_reading_can_go_on_after_damage():
    data = SNAPSHOTS["convex"]
    chunks = iter([b"not a ZIP file" * 50_000, data])
    with pytest.raises(ArchiveError):
        inspect(chunks)

    assert next(chunks) == data


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../users/documents.jsonl",
        "users/../../documents.jsonl",
        "users/..",
        "./users/documents.jsonl",
        "users//documents.jsonl",
        "users\\documents.jsonl",
        "..\\documents.jsonl",
        "C:\\documents.jsonl",
        "C:/documents.jsonl",
        "C:documents.jsonl",
        "users/doc\0uments.jsonl",
        "",
        "//",
    ],
)
def test_a_name_that_leads_out_of_a_folder_is_refused(name):
    error = refusal(built(lambda zip_: zip_.add(name, b"x")))

    assert "name" in error.what
    assert error.where == name


def test_a_name_that_is_not_utf8_is_refused():
    assert "not UTF-8" in refusal(built(lambda zip_: zip_.add(b"us\xffers", b"x"))).what


def test_a_very_long_name_is_refused():
    assert "2,000 bytes" in refusal(built(lambda zip_: zip_.add("x" * 2000, b""))).what


@pytest.mark.parametrize(
    ("method", "called"), [(9, "deflate64"), (12, "bzip2"), (14, "LZMA"), (93, "Zstandard")]
)
def test_another_compression_is_refused_by_name(method, called):
    error = refusal(built(lambda zip_: zip_.add("x", b"", method=method, raw=b"x")))

    assert called in error.what


@pytest.mark.parametrize("flag", [0x0001, 0x0040, 0x2000])
def test_an_encrypted_entry_is_refused(flag):
    assert "encrypted" in refusal(built(lambda zip_: zip_.add("x", b"secret", flags=flag))).what


@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_entries_of_one_name_are_refused(layout):
    def twice(zip_):
        zip_.add("users/documents.jsonl", b"")
        zip_.add("users/documents.jsonl", b"")

    assert "two entries" in refusal(built(twice, layout)).what


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_wrong_checksum_is_refused(layout):
    error = refusal(built(lambda zip_: zip_.add("x", b"data", crc=1), layout))

    assert "CRC-32" in error.what


def test_a_wrong_size_in_the_header_is_refused():
    error = refusal(built(lambda zip_: zip_.add("x", b"data", size=5)))

    assert "holds 4 bytes" in error.what


def test_a_wrong_size_in_the_central_directory_alone_is_refused():
    error = refusal(built(lambda zip_: zip_.add("x", b"data", size=5), "convex"))

    assert "central directory disagrees" in error.what


def test_another_name_in_the_central_directory_is_refused():
    error = refusal(built(lambda zip_: zip_.add("x", b"", central_name="y"), "convex"))

    assert "not in the archive" in error.what


@pytest.mark.parametrize("layout", ["convex", "plain"])
@pytest.mark.parametrize("count", [0, 2, 70_000])
def test_a_wrong_count_of_entries_is_refused(layout, count):
    error = refusal(built(lambda zip_: zip_.add("x", b""), layout, count=count))

    assert "disagrees" in error.what


def test_a_comment_at_the_end_is_no_damage():
    data = built(lambda zip_: zip_.add("_tables/documents.jsonl", b""), comment=b"hello")

    assert inspect([data]).findings == ()


def test_an_entry_missing_from_the_central_directory_is_refused():
    def forget(zip_):
        zip_.add("x", b"1")
        zip_.add("y", b"2")
        zip_._directory.pop()

    error = refusal(built(forget))

    assert error.where == "y"


def test_a_deflate_stream_that_is_none_is_refused():
    error = refusal(built(lambda zip_: zip_.add("x", b"", raw=b"\xff" * 50)))

    assert "compressed bytes are damaged" in error.what


def test_a_stored_entry_of_unknown_size_is_refused():
    error = refusal(built(lambda zip_: zip_.add("x", b"data", method=0), "descriptor"))

    assert error.where == "x"


def test_an_entry_past_its_bound_is_refused():
    data = built(lambda zip_: zip_.add("_storage/x", bytes(3_000_000)))

    assert "inflates past 1,000,000" in refusal(data, entry_bytes_max=1_000_000).what


def test_an_entry_past_the_ratio_is_refused():
    data = built(lambda zip_: zip_.add("_storage/x", bytes(3_000_000)))

    assert "more than 100 times" in refusal(data, ratio_max=100).what


def test_a_line_past_its_bound_is_refused():
    data = built(lambda zip_: zip_.add("users/documents.jsonl", bytes(20_000_000)))

    assert "line is longer" in refusal(data).what


def test_an_archive_past_its_bound_is_refused():
    assert "larger than 1,000" in refusal(SNAPSHOTS["convex"], archive_bytes_max=1000).what


def test_too_many_entries_are_refused():
    assert "more than 3 entries" in refusal(SNAPSHOTS["convex"], entries_max=3).what


def test_too_many_tables_are_refused():
    data = built(lambda zip_: [zip_.add(f"t{n}/documents.jsonl", b"") for n in range(4)])

    assert "more than 3 tables" in refusal(data, tables_max=3).what


def test_a_bomb_takes_no_memory():
    bomb = built(lambda zip_: zip_.add("_storage/x", bytes(200_000_000), level=9))
    tracemalloc.start()
    inspect([bomb])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 8 << 20


def test_an_error_says_what_is_safe_and_what_to_do():
    error = refusal(SNAPSHOTS["convex"][:-1])

    assert "nothing was changed" in error.safe
    assert "lifeboat list" in error.hint
