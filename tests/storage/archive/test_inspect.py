"""Sound archives of every layout are read for exactly what they hold, however the bytes come."""

import hashlib
import io
import itertools
import shutil
import subprocess
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.archive.inspect import inspect
from storage.manifest import FileFacts, TableFacts
from tests import convex_zip

LAYOUTS = ["convex", "zip64", "descriptor", "bare", "plain"]
USERS = convex_zip.rows(10001, 300, body="Nota Pencairan Dana · é 🌊")
INNER = convex_zip.rows(10001, 3)
FILES = [convex_zip.stored_file(1, b"%PDF-1.7 " * 500), convex_zip.stored_file(2, b"")]


def archive(**changes):
    out = io.BytesIO()
    given_ = {"tables": {"users": USERS, "empty": [], "a/b/inner": INNER}, "storage": FILES}
    convex_zip.write(out, **{**given_, **changes})
    return out.getvalue()


CONVEX = archive()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sound_archive_has_no_findings(layout):
    assert inspect([archive(layout=layout)]).findings == ()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_holds_the_same(layout):
    assert inspect([archive(layout=layout)]).contents == inspect([CONVEX]).contents


def test_stored_entries_hold_the_same():
    stored = archive(layout="plain", method=0)

    assert inspect([stored]).contents == inspect([CONVEX]).contents


def test_a_tables_facts_are_those_of_its_bytes():
    rows = b"".join(row + b"\n" for row in USERS)
    facts = {(table.component, table.name): table for table in inspect([CONVEX]).contents.tables}

    assert facts["", "users"] == TableFacts(
        name="users",
        number=10001,
        documents=300,
        bytes=len(rows),
        sha256=hashlib.sha256(rows).hexdigest(),
        first_creation=1762000000000.25,
        last_creation=1762000000299.25,
        encoding="uniform",
    )


def test_tables_of_components_carry_its_path():
    contents = inspect([CONVEX]).contents

    assert [(t.component, t.name) for t in contents.tables] == [
        ("", "empty"),
        ("", "users"),
        ("a/b", "inner"),
    ]


def test_stored_files_are_listed_by_id():
    (storage,) = inspect([CONVEX]).contents.storage

    assert storage.files == tuple(
        FileFacts(id=f.id, sha256=hashlib.sha256(f.data).hexdigest(), bytes=len(f.data))
        for f in FILES
    )


def test_what_was_looked_at_is_counted():
    seen = inspect([CONVEX]).looked_at

    assert (seen.bytes, seen.entries, seen.tables) == (len(CONVEX), 12, 3)
    assert (seen.documents, seen.files) == (303, 2)


def test_the_archive_is_hashed_whole():
    inspection = inspect([CONVEX])

    assert inspection.sha256 == hashlib.sha256(CONVEX).hexdigest()
    assert inspection.bytes == len(CONVEX)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, len(CONVEX)), max_size=40))
def test_how_the_bytes_are_cut_into_chunks_changes_nothing(cuts):
    places = [0, *sorted(cuts), len(CONVEX)]
    chunks = [CONVEX[a:b] for a, b in itertools.pairwise(places)]

    assert inspect(chunks) == inspect([CONVEX])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_byte_at_a_time_is_enough(layout):
    data = archive(layout=layout)

    assert inspect(data[n : n + 1] for n in range(len(data))) == inspect([data])


def test_an_empty_deployment_is_sound():
    inspection = inspect([archive(tables={}, storage=None)])

    assert (inspection.findings, inspection.contents.tables) == ((), ())


def test_a_component_without_tables_is_known():
    inspection = inspect([archive(components=["quiet"])])

    assert inspection.contents.components == ("", "a/b", "quiet")


@pytest.mark.parametrize("encoding", ["legacy", "none"])
def test_older_encodings_are_read_and_named(encoding):
    inspection = inspect([archive(encoding=encoding)])

    assert inspection.findings == ()
    assert {table.encoding for table in inspection.contents.tables} == {encoding}


@pytest.mark.parametrize("encoding", ["legacy", "none"])
def test_a_whole_creation_time_is_fine_where_numbers_say_no_type(encoding):
    row = convex_zip.row(10001, 1).replace(b"1762000000001.25", b"1762000000001")

    assert inspect([archive(tables={"users": [row]}, encoding=encoding)]).findings == ()


def test_a_folder_around_the_snapshot_is_seen_through():
    packed_again = archive(lead="snapshot_happy-animal/")

    assert inspect([packed_again]).contents == inspect([CONVEX]).contents


def test_progress_rises_to_the_archives_size():
    heard = []
    big = archive(tables={"t": convex_zip.rows(10001, 2000, x="é")}, layout="plain", method=0)
    inspect([big[n : n + 50_000] for n in range(0, len(big), 50_000)], progress=heard.append)

    assert heard == sorted(heard)
    assert heard[-1] == len(big)


def test_what_progress_raises_stops_the_reading():
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inspect([CONVEX], progress=stop)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_pythons_zipfile_packs_is_read(method, tmp_path):
    target = tmp_path / "again.zip"
    with zipfile.ZipFile(target, "w", method) as out:
        _copy_into(out)

    assert inspect([target.read_bytes()]).contents == inspect([CONVEX]).contents


def test_what_pythons_zipfile_streams_is_read():
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.data += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as out:
        _copy_into(out)

    assert inspect([bytes(pipe.data)]).contents == inspect([CONVEX]).contents


@pytest.mark.skipif(not shutil.which("zip"), reason="Info-ZIP's zip is not installed")
@pytest.mark.parametrize("options", [["-r"], ["-r", "-0"], ["-r", "-fz"], ["-r", "-D"]])
def test_what_info_zip_packs_is_read(options, tmp_path):
    folder = tmp_path / "snapshot"
    zipfile.ZipFile(io.BytesIO(CONVEX)).extractall(folder)
    subprocess.run(["zip", "-q", *options, "../again.zip", "."], cwd=folder, check=True)
    inspection = inspect([(tmp_path / "again.zip").read_bytes()])

    assert inspection.findings == ()
    assert inspection.contents == inspect([CONVEX]).contents


@pytest.mark.skipif(not shutil.which("zip"), reason="Info-ZIP's zip is not installed")
def test_what_info_zip_streams_is_read(tmp_path):
    zipfile.ZipFile(io.BytesIO(CONVEX)).extractall(tmp_path / "snapshot")
    done = subprocess.run(
        ["zip", "-q", "-r", "-", "snapshot"], cwd=tmp_path, check=True, capture_output=True
    )

    assert inspect([done.stdout]).contents == inspect([CONVEX]).contents


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pythons_zipfile_reads_what_our_builder_lays_out(layout):
    with zipfile.ZipFile(io.BytesIO(archive(layout=layout))) as built:
        assert built.testzip() is None


def test_lines_longer_than_a_block_are_read():
    row = convex_zip.row(10001, 1, body="x" * 3_000_000)

    assert inspect([archive(tables={"users": [row]})]).contents.documents == 1


def _copy_into(out):
    with zipfile.ZipFile(io.BytesIO(CONVEX)) as original:
        for info in original.infolist():
            out.writestr(info.filename, original.read(info))
