"""Blocks are cut into whole lines wherever their edges fall, and a line is never changed."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.archive.lines import is_text, whole_lines
from storage.archive.noticed import Noticed
from storage.errors import ArchiveError

MARK = b"\xef\xbb\xbf"


def lines(blocks, most=1000):
    """Return the lines that come of the blocks, and the checks that noticed something."""
    noticed = Noticed()
    found = [block.split(b"\n") for block in whole_lines(blocks, "t", noticed, most)]
    return list(itertools.chain(*found)), [finding.check for finding in noticed.all()]


def cut(data, places):
    edges = [0, *sorted(places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line)), st.data())
def test_where_the_blocks_are_cut_changes_no_line(written, data):
    whole = MARK * data.draw(st.integers(0, 1)) + b"".join(line + b"\n" for line in written)
    places = data.draw(st.lists(st.integers(0, len(whole)), max_size=10))

    assert lines(cut(whole, places)) == lines([whole])


@given(st.binary(max_size=60))
def test_nothing_is_lost_or_added(whole):
    found, checks = lines([whole])
    end = b"" if "newline at the end" in checks or not found else b"\n"

    assert b"\n".join(found) + end == (whole.removeprefix(MARK) if "BOM" in checks else whole)


@pytest.mark.parametrize("places", [[], [1], [2], [1, 2], [3]])
def test_a_byte_order_mark_is_found_in_however_many_blocks_it_comes(places):
    assert lines(cut(MARK + b"{}\n", places)) == ([b"{}"], ["BOM"])


def test_a_byte_order_mark_alone_is_no_line():
    assert lines([MARK]) == ([], ["BOM"])


def test_only_the_first_line_can_start_with_a_byte_order_mark():
    assert lines([b"{}\n" + MARK + b"{}\n"]) == ([b"{}", MARK + b"{}"], [])


@pytest.mark.parametrize(("size", "refused"), [(1000, False), (1001, True)])
def test_a_line_has_up_to_so_many_bytes(size, refused):
    blocks = [b"x" * 100] * (size // 100) + [b"x" * (size % 100)]
    if refused:
        with pytest.raises(ArchiveError, match="longer than 1,000"):
            lines(blocks)
    else:
        assert lines(blocks)[0] == [b"x" * size]


@given(st.binary(max_size=30))
def test_text_is_what_python_decodes(data):
    try:
        data.decode()
        expected = True
    except UnicodeDecodeError:
        expected = False

    assert is_text(data) == expected
