"""A bucket: the shared suite over a server on a socket, and what only a bucket can do to us."""

from __future__ import annotations

import hashlib
import queue
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import AlreadyThere, NotThere, VaultError, VaultUnreachable
from storage.vaults.local import is_part
from storage.vaults.s3 import S3Bucket
from storage.vaults.s3_claims import CLAIM_SECONDS
from storage.vaults.s3_place import PARTS_MAX, S3Place
from storage.vaults.s3_upload import cut
from storage.vaults.vault import KeepsParts
from tests.storage.vaults.conftest import PART
from tests.storage.vaults.s3_front import Changed, S3Front
from tests.storage.vaults.s3_server import client, make_bucket
from tests.storage.vaults.suite import VaultSuite

ROOT = Path(__file__).parents[3]
NOW = datetime.now(UTC)


class TestS3(VaultSuite):
    @pytest.fixture
    def vault(self, place):
        return S3Bucket(place)


class TestS3BelowAPrefix(VaultSuite):
    """Beside others in one bucket, whose objects are never seen."""

    @pytest.fixture
    def vault(self, place):
        S3Bucket(place).put("other/team", [b"theirs"])
        S3Bucket(place).put("lifeboat", [b"theirs"])
        return S3Bucket(replace(place, prefix="lifeboat/here/"))


class TestS3WithoutConditions(VaultSuite):
    """A server that knows no If-None-Match: claims decide who wins."""

    # Names are the same; many claims for many names would only take long.
    test_listing_is_in_the_order_of_the_names = None
    test_every_legal_name_is_taken = None
    test_putting_while_neighbours_are_deleted_never_fails = None

    @pytest.fixture
    def vault(self, place):
        return S3Bucket(replace(place, conditional_create=False))


class TestS3WithMd5(VaultSuite):
    """A server that knows no SHA-256."""

    test_listing_is_in_the_order_of_the_names = None  # Sums have nothing to do with names.
    test_every_legal_name_is_taken = None

    @pytest.fixture
    def vault(self, place):
        return S3Bucket(replace(place, checksum="md5"))


def keys(place):
    """What lies in the bucket, past Lifeboat."""
    listed = client(place.endpoint).list_objects_v2(Bucket=place.bucket)
    return [item["Key"] for item in listed.get("Contents", ())]


def begin_upload(place, key="backups/production/x/archive.zip"):
    plain = client(place.endpoint)
    id_ = plain.create_multipart_upload(Bucket=place.bucket, Key=key)["UploadId"]
    plain.upload_part(Bucket=place.bucket, Key=key, UploadId=id_, PartNumber=1, Body=b"x" * 2000)
    return id_


@given(sizes=st.lists(st.integers(0, 40), max_size=12), part=st.integers(1, 17))
def test_cutting_into_parts_loses_and_repeats_no_byte(sizes, part):
    source = [bytes([n]) * size for n, size in enumerate(sizes)]
    buffers = queue.SimpleQueue()
    for _ in range(3):
        buffers.put(bytearray())

    parts = []
    for body in cut(source, lambda number: part * number, buffers):
        parts.append(bytes(body))
        buffers.put(body)

    assert b"".join(parts) == b"".join(source)
    assert parts
    assert [len(body) for body in parts[:-1]] == [part * n for n in range(1, len(parts))]


def test_ten_thousand_parts_hold_half_a_terabyte_and_the_first_are_small():
    place = S3Place("b")
    sizes = [place.size_of_part(number) for number in range(1, PARTS_MAX + 1)]

    assert sizes[0] == sizes[4_999] == 8 << 20
    assert max(sizes) == 256 << 20
    assert sum(sizes) > 500 << 30


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 7 * PART + 5])
def test_every_size_around_a_part_arrives_whole(s3, size):
    body = hashlib.shake_256(b"seed").digest(size)
    stored = s3.put("a", [body[:10], body[10:]])

    assert stored.bytes == size
    assert b"".join(s3.open("a")) == body


def test_an_upload_that_outgrows_the_parts_is_refused_and_taken_back(place, monkeypatch):
    monkeypatch.setattr("storage.vaults.s3_upload.PARTS_MAX", 3)

    with pytest.raises(VaultError, match="more than 3 parts") as told:
        S3Bucket(place).put("big", [b"x" * PART] * 5)
    assert "part_mib" in told.value.hint
    assert client(place.endpoint).list_multipart_uploads(Bucket=place.bucket).get("Uploads") is None


def test_big_objects_are_created_once_too(s3):
    def other():
        yield b"x" * PART * 2
        s3.put("race", [b"y" * PART * 3])  # After the look, before the end of ours.
        yield b"x"

    with pytest.raises(AlreadyThere):
        s3.put("race", other())
    assert b"".join(s3.open("race")) == b"y" * PART * 3


def test_a_name_that_is_taken_is_said_before_a_long_upload(s3):
    s3.put("a", [b"x"])
    read = []

    def long():
        for number in range(100):
            read.append(number)
            yield b"x" * PART

    with pytest.raises(AlreadyThere):
        s3.put("a", long())
    assert len(read) < 5


def test_more_than_a_page_of_objects_is_listed(s3, place, monkeypatch):
    for number in range(7):
        s3.put(f"a/{number}", [b""])
    asked = s3.calls.once
    monkeypatch.setattr(
        s3.calls,
        "once",
        lambda operation, *a, **k: asked(
            operation, *a, **({"MaxKeys": 2} if operation == "list_objects_v2" else {}), **k
        ),
    )

    assert [stored.name for stored in s3.list("a/")] == [f"a/{n}" for n in range(7)]


def test_other_peoples_objects_are_foreign_and_stay(s3, place):
    plain = client(place.endpoint)
    for key in ("a folder/", "héllo.txt", ".hidden", "a//b"):
        plain.put_object(Bucket=place.bucket, Key=key, Body=b"x")

    assert list(s3.list()) == []
    assert sorted(stored.name for stored in s3.leftovers()) == sorted(
        ["a folder/", "héllo.txt", ".hidden", "a//b"]
    )
    assert s3.sweep(NOW + timedelta(days=9)) == []
    assert len(keys(place)) == 4


def test_an_upload_that_was_never_finished_is_told_and_swept_once_it_is_old(s3, place):
    assert isinstance(s3, KeepsParts)
    begin_upload(place)
    (left,) = s3.leftovers()

    assert is_part(left.name)
    assert left.name.startswith("backups/production/x/.lifeboat-archive.zip-")
    assert left.bytes == 2000
    assert s3.sweep(NOW - timedelta(hours=1)) == []
    assert s3.sweep(NOW + timedelta(hours=1)) == [left]
    assert list(s3.leftovers()) == []


def test_uploads_of_others_beside_the_prefix_are_not_ours(place):
    begin_upload(place, "theirs/archive.zip")

    assert list(S3Bucket(replace(place, prefix="ours/")).leftovers()) == []


def test_removing_in_a_versioned_bucket_removes_the_versions(place, s3_server, bucket):
    plain = make_bucket(s3_server.url, f"{bucket}-v", versioned=True)
    vault = S3Bucket(replace(place, bucket=f"{bucket}-v"))
    vault.put("a", [b"one"])
    plain.put_object(Bucket=f"{bucket}-v", Key="a", Body=b"by somebody else")
    vault.delete("a")

    assert plain.list_object_versions(Bucket=f"{bucket}-v").get("Versions") is None
    with pytest.raises(NotThere):
        vault.stat("a")


def test_a_claim_of_a_killed_writer_holds_a_name_for_an_hour_only(place, monkeypatch):
    waits = replace(place.waits, deadline_seconds=0.5)
    vault = S3Bucket(replace(place, conditional_create=False, waits=waits))
    claim = ".lifeboat-a-0000000000000000.part"
    client(place.endpoint).put_object(Bucket=place.bucket, Key=claim, Body=b"")

    with pytest.raises(VaultUnreachable, match="Somebody else has been writing a "):
        vault.put("a", [b"x"])
    monkeypatch.setattr("storage.vaults.s3_claims.CLAIM_SECONDS", -2)
    vault.put("a", [b"x"])
    assert CLAIM_SECONDS == 3600
    assert keys(place) == [claim, "a"]
    assert [stored.name for stored in vault.sweep(NOW + timedelta(hours=1))] == [claim]


def test_claims_leave_nothing_behind(place):
    vault = S3Bucket(replace(place, conditional_create=False))
    vault.put("a/b", [b"x"])
    vault.put("a/big", [b"x" * PART * 3])

    assert keys(place) == ["a/b", "a/big"]


def test_without_claims_and_conditions_two_writers_would_both_win(place, monkeypatch):
    """Planted: the race of the suite does find it."""
    from contextlib import nullcontext

    monkeypatch.setattr("storage.vaults.s3.claimed", lambda *_: nullcontext())
    vault = S3Bucket(replace(place, conditional_create=False))
    for round_ in range(10):
        won = []
        gate = threading.Barrier(8)

        def write(number, won=won, gate=gate, round_=round_):
            gate.wait()
            try:
                vault.put(f"race/{round_}", [bytes([number])])
            except AlreadyThere:
                return
            won.append(number)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(won) > 1:
            return
    pytest.fail("the race was never lost")


def test_the_server_of_these_tests_refuses_bytes_that_were_changed(place, s3_server):
    with S3Front(s3_server.url) as front:
        vault = S3Bucket(replace(place, endpoint=front.url))
        front.on("^PUT", Changed(), times=float("inf"))

        with pytest.raises(VaultUnreachable, match="BadDigest"):
            vault.put("a", [b"onetwo"])
    assert keys(place) == []


PUT_AND_OPEN = """
    import sys
    from storage.vaults.s3 import S3Bucket
    from storage.vaults.s3_place import S3Place
    url, bucket, megabytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    vault = S3Bucket(S3Place(bucket, endpoint=url, region="eu-central-1", path_style=True))
    block = bytes(range(256)) * 4096
    vault.put("big", (block for _ in range(megabytes)))
    size = sum(len(chunk) for chunk in vault.open("big"))
    peak, = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(size, int(peak) // 1024)
"""


@pytest.mark.slow
def test_three_hundred_megabytes_pass_through_in_bounded_memory(place):
    def peak(megabytes):
        ran = subprocess.run(
            [
                sys.executable,
                "-c",
                textwrap.dedent(PUT_AND_OPEN),
                place.endpoint,
                place.bucket,
                str(megabytes),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        size, mebibytes = map(int, ran.stdout.split())
        assert size == megabytes << 20
        S3Bucket(place).delete("big")
        return mebibytes

    small, big = peak(40), peak(300)

    assert big <= 140
    assert big - small <= 16
