"""Archives that lie about sizes, hide bytes, or hold what Convex would import and nobody sees."""

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
FIVE_GB = 5 << 30


def snapshot(layout):
    out = io.BytesIO()
    tables = {"users": convex_zip.rows(10001, 4), "a/c": convex_zip.rows(10001, 2)}
    convex_zip.write(out, tables, storage=[convex_zip.stored_file(1)], layout=layout)
    return out.getvalue()


SNAPSHOTS = {layout: snapshot(layout) for layout in LAYOUTS}
SOUND = {layout: inspect([data]).contents for layout, data in SNAPSHOTS.items()}


def built(fill, layout="plain"):
    """Return an archive of a list of tables and the entries that `fill` adds."""
    out = io.BytesIO()
    zip_ = Zip(out, layout)
    zip_.add("_tables/documents.jsonl", b"")
    fill(zip_)
    zip_.close()
    return out.getvalue()


def refusal(data, **limits):
    with pytest.raises(ArchiveError) as caught:
        inspect([data], limits=Limits(**limits))
    return caught.value


def findings(*entries):
    found = inspect([built(lambda zip_: [zip_.add(name, body) for name, body in entries])])
    return [(finding.check, finding.severity, finding.where) for finding in found.findings]


def header(name, method, compressed, size, extra=b""):
    """Return a local header, believed whatever it says."""
    sizes = (0xFFFFFFFF, 0xFFFFFFFF) if extra else (compressed, size)
    fields = (20, 0x0800, method, 0, 0, 0, *sizes, len(name), len(extra))
    return b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", *fields) + name + extra


@pytest.mark.parametrize("method", [0, 8], ids=["stored", "deflated"])
def test_a_header_that_claims_five_gigabytes_takes_no_memory(method):
    wide = struct.pack("<HHQQ", 1, 16, FIVE_GB, FIVE_GB)
    body = b"tiny" if method == 0 else zlib.compress(b"tiny", wbits=-15)
    data = header(b"users/documents.jsonl", method, 0, 0, wide) + body
    tracemalloc.start()
    error = refusal(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert error.where == "users/documents.jsonl"
    assert peak < 4 << 20


def test_a_central_directory_that_claims_five_gigabytes_is_refused():
    data = built(lambda zip_: zip_.add("_storage/x", b"tiny", size=FIVE_GB), "convex")

    assert "central directory disagrees" in refusal(data).what


@pytest.mark.slow
def test_an_entry_past_four_gibibytes_is_read_in_convexs_own_layout():
    block = bytes(16 << 20)
    press = zlib.compressobj(1, zlib.DEFLATED, -15)
    piece = press.compress(block) + press.flush(zlib.Z_FULL_FLUSH)
    count = FIVE_GB // len(block)
    crc = 0
    for _ in range(count):
        crc = zlib.crc32(block, crc)
    id_ = convex_zip.doc_id(convex_zip.STORAGE_NUMBER, 1)
    body = piece * count + b"\x03\x00"

    data = built(lambda z: z.add(f"_storage/{id_}", b"", raw=body, crc=crc, size=FIVE_GB), "convex")
    (files,) = inspect([data]).contents.storage

    assert (files.count, files.bytes) == (1, FIVE_GB)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LAYOUTS), st.binary(min_size=1, max_size=40), st.data())
def test_bytes_put_in_anywhere_are_found(layout, more, data):
    whole = SNAPSHOTS[layout]
    at = data.draw(st.integers(0, len(whole)))

    assert notices(whole[:at] + more + whole[at:], layout)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LAYOUTS), st.data())
def test_bytes_left_out_anywhere_are_found(layout, data):
    whole = SNAPSHOTS[layout]
    first = data.draw(st.integers(0, len(whole) - 1))
    last = data.draw(st.integers(first + 1, min(len(whole), first + 60)))

    assert notices(whole[:first] + whole[last:], layout)


def notices(data, layout):
    """Return whether damage raises, or is a finding, or shows in what is held."""
    try:
        found = inspect([data])
    except ArchiveError:
        return True
    return bool(found.findings) or found.contents != SOUND[layout]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LAYOUTS), st.data())
def test_whatever_is_overwritten_ends_in_words(layout, data):
    changed = bytearray(SNAPSHOTS[layout])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(changed) - 1))
        value = data.draw(st.integers(0, 255) | st.sampled_from([0, 0x7F, 0x80, 0xFF]))
        changed[at : at + data.draw(st.sampled_from([1, 2, 4, 8]))] = bytes([value])

    try:
        inspect([bytes(changed)])
    except ArchiveError as error:
        assert error.what


def test_bytes_behind_an_entrys_own_are_refused():
    body = zlib.compress(b"data", wbits=-15) + b"hidden"

    assert "holds 4 bytes" in refusal(built(lambda z: z.add("x", b"data", raw=body))).what


@pytest.mark.parametrize("layout", ["convex", "zip64", "descriptor", "bare"])
def test_bytes_behind_a_streamed_entrys_own_are_refused(layout):
    body = zlib.compress(b"data", wbits=-15) + b"hidden"

    assert "descriptor" in refusal(built(lambda z: z.add("x", b"data", raw=body), layout)).what


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("before", [b"PK\x01\x02", b"PK\x05\x06"])
def test_bytes_between_the_parts_are_refused(layout, before):
    whole = SNAPSHOTS[layout]
    at = whole.index(before)

    assert refusal(whole[:at] + b"hidden" + whole[at:]).what


def test_an_entry_listed_twice_is_refused():
    def twice(zip_):
        zip_.add("x", b"")
        zip_._directory.append(zip_._directory[-1])

    assert refusal(built(twice)).where == "x"


@pytest.mark.parametrize(("at", "value"), [(8, 0x0801), (10, 0)], ids=["encrypted", "stored"])
def test_a_central_directory_that_tells_otherwise_how_to_read_is_refused(at, value):
    data = bytearray(built(lambda zip_: None))
    start = data.rfind(b"PK\x01\x02")
    struct.pack_into("<H", data, start + at, value)

    assert "central directory disagrees" in refusal(bytes(data)).what


@pytest.mark.parametrize("at", [4, 6], ids=["this disk", "the directory's disk"])
def test_one_part_of_an_archive_of_several_is_refused(at):
    data = bytearray(SNAPSHOTS["plain"])
    struct.pack_into("<H", data, data.rfind(b"PK\x05\x06") + at, 1)

    assert "end record disagrees" in refusal(bytes(data)).what


def test_an_archive_of_no_entries_is_no_snapshot():
    out = io.BytesIO()
    Zip(out).close()
    (finding,) = inspect([out.getvalue()]).findings

    assert "Nothing in the archive" in finding.what


def test_an_entry_of_empty_blocks_alone_ends():
    nothing = b"\x00\x00\x00\xff\xff" * 200_000 + b"\x03\x00"
    found = inspect([built(lambda z: z.add("users/documents.jsonl", b"", raw=nothing))])

    assert found.contents.documents == 0


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("tables", "t{}/documents.jsonl"),
        ("schemas", "t{}/generated_schema.jsonl"),
        ("components", "_components/c{}/_tables/documents.jsonl"),
    ],
)
def test_more_than_memory_should_hold_is_refused(what, name):
    data = built(lambda zip_: [zip_.add(name.format(n), b'"x"\n') for n in range(4)])

    assert f"more than 3 {what}" in refusal(data, tables_max=3).what


def test_lists_of_tables_are_bounded_over_all_components():
    def lists(zip_):
        for name in ("a", "b"):
            lines = b"".join(b'{"name":"t%d","id":%d}\n' % (n, 10001 + n) for n in range(2))
            zip_.add(f"_components/{name}/_tables/documents.jsonl", lines)

    assert "more than 3 tables in its lists" in refusal(built(lists), tables_max=3).what


@pytest.mark.parametrize(
    "name",
    [
        "a/b/users/documents.jsonl",
        "a/b/users/generated_schema.jsonl",
        "a/b/_tables/documents.jsonl",
        "a/b/_storage/kg2abc.pdf",
        "my_storage/kg2abc.pdf",
        "_storage/generated_schema.jsonl",
        "_components/a/b/users/documents.jsonl",
        "other/users/documents.jsonl",
        "__MACOSX/users/documents.jsonl",
    ],
)
def test_rows_where_convex_writes_none_and_would_import_them_are_damage(name):
    assert findings((name, b"")) == [("entries", "damage", name)]


@pytest.mark.parametrize(
    "name", ["a/b/_scheduled_jobs/documents.jsonl", "notes.txt", "other/README.md", "a/_storage/"]
)
def test_what_convex_does_not_import_is_no_damage(name):
    assert all(severity == "warning" for _, severity, _ in findings((name, b"")))
