"""How a bucket keeps objects: classes, encryption, locks, holds, and the cold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from storage import shelf
from storage.errors import InColdStorage, NotThere, ObjectLocked, VaultError
from storage.vaults.s3 import S3Bucket
from storage.vaults.vault import FOREVER, KeepsByKind, Locks, Thaws
from tests.storage.vaults.conftest import PART
from tests.storage.vaults.s3_server import client, make_bucket

ARCHIVE, LABEL = "backups/p/x/archive.zip", "backups/p/x/manifest.json"
BODIES = {"small": [b"x"], "big": [b"x" * PART] * 3}


@pytest.fixture(params=BODIES, ids=str)
def body(request):
    return BODIES[request.param]


@pytest.fixture
def locked_place(place, s3_server, bucket):
    make_bucket(s3_server.url, f"{bucket}-l", locked=True)
    return replace(
        place,
        bucket=f"{bucket}-l",
        lock_mode="governance",
        lock_days={"daily": 7, "monthly": 365},
    )


def head(place, name=ARCHIVE):
    return client(place.endpoint).head_object(Bucket=place.bucket, Key=place.prefix + name)


def test_a_kind_has_its_class_and_others_have_none(place, body):
    vault = S3Bucket(replace(place, storage_class={"monthly": "GLACIER_IR"}))
    assert isinstance(vault, KeepsByKind)
    vault.put_as("monthly", ARCHIVE, body)
    vault.put_as("daily", "daily.zip", body)
    vault.put("plain.zip", body)

    assert head(place)["StorageClass"] == "GLACIER_IR"
    assert [head(place, n).get("StorageClass") for n in ("daily.zip", "plain.zip")] == [None] * 2


def test_labels_are_never_in_another_class(place):
    vault = S3Bucket(replace(place, storage_class={"monthly": "GLACIER_IR"}))
    vault.put_as("monthly", LABEL, [b"{}"])

    assert head(place, LABEL).get("StorageClass") is None


@pytest.mark.parametrize(("how", "key"), [("AES256", None), ("aws:kms", "alias/lifeboat")])
def test_objects_are_encrypted_as_the_settings_say(place, body, how, key):
    vault = S3Bucket(replace(place, encryption=how, kms_key=key))
    vault.put(ARCHIVE, body)
    there = head(place)

    assert there["ServerSideEncryption"] == how
    assert there.get("SSEKMSKeyId") == key
    assert b"".join(vault.open(ARCHIVE)) == b"".join(body)


def test_a_kind_is_locked_for_its_days_and_cant_be_removed(locked_place, body):
    vault = S3Bucket(locked_place)
    vault.put_as("daily", ARCHIVE, body)
    until = vault.locked_until(ARCHIVE)

    assert head(locked_place)["ObjectLockMode"] == "GOVERNANCE"
    assert until is not None
    assert abs(until - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=5)
    with pytest.raises(ObjectLocked, match="is locked in the vault") as told:
        vault.delete(ARCHIVE)
    assert told.value.until == until
    assert vault.stat(ARCHIVE).bytes == len(b"".join(body))


def test_what_has_no_lock_can_be_removed(locked_place):
    vault = S3Bucket(locked_place)
    vault.put_as("manual", ARCHIVE, [b"x"])

    assert vault.locked_until(ARCHIVE) is None
    vault.delete(ARCHIVE)
    assert list(vault.list()) == []


def test_a_lock_is_made_longer_and_never_shorter(locked_place):
    vault = S3Bucket(locked_place)
    vault.put_as("daily", ARCHIVE, [b"x"])
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=100)
    vault.lock(ARCHIVE, later)
    vault.lock(ARCHIVE, later - timedelta(days=99))

    assert vault.locked_until(ARCHIVE) == later


def test_a_hold_has_no_end_until_it_is_released(locked_place, body):
    vault = S3Bucket(locked_place)
    assert isinstance(vault, Locks)
    vault.put(ARCHIVE, body)
    vault.hold(ARCHIVE)
    vault.hold(ARCHIVE)

    assert vault.locked_until(ARCHIVE) == FOREVER
    with pytest.raises(ObjectLocked, match="legal hold"):
        vault.delete(ARCHIVE)
    vault.release(ARCHIVE)
    vault.release(ARCHIVE)
    assert vault.locked_until(ARCHIVE) is None
    vault.delete(ARCHIVE)


def test_a_bucket_without_lock_cant_hold_and_says_so(s3):
    s3.put(ARCHIVE, [b"x"])

    with pytest.raises(VaultError, match="has no object lock") as told:
        s3.hold(ARCHIVE)
    assert "when a bucket is made" in told.value.hint
    s3.release(ARCHIVE)  # There is no hold to end, and whoever releases a backup goes on.
    assert s3.locked_until(ARCHIVE) is None


@pytest.mark.parametrize("method", ["hold", "release", "locked_until", "cool", "thaw", "warmth"])
def test_what_is_not_there_is_neither_held_nor_cooled(s3, method):
    with pytest.raises(NotThere):
        getattr(s3, method)("none")


@pytest.mark.parametrize("cold", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archive_is_cooled_thawed_and_read(place, body, cold):
    vault = S3Bucket(replace(place, cold_class=cold))
    assert isinstance(vault, Thaws)
    vault.put(ARCHIVE, body)
    assert vault.warmth(ARCHIVE).state == "ready"
    vault.cool(ARCHIVE)
    vault.cool(ARCHIVE)

    assert (vault.warmth(ARCHIVE).state, vault.warmth(ARCHIVE).storage_class) == ("cold", cold)
    assert vault.stat(ARCHIVE).bytes == len(b"".join(body))
    with pytest.raises(InColdStorage, match="thawed"):
        vault.open(ARCHIVE)
    takes = timedelta(hours=5 if cold == "GLACIER" else 12)
    assert vault.warmth(ARCHIVE).takes == takes
    assert vault.thaw(ARCHIVE) == takes
    vault.thaw(ARCHIVE)
    for _ in range(5):  # moto thaws when it is asked a second time.
        state = vault.warmth(ARCHIVE)
    assert state.state == "thawed"
    assert (state.until is not None, state.takes) == (True, timedelta(0))
    assert b"".join(vault.open(ARCHIVE)) == b"".join(body)
    assert vault.thaw(ARCHIVE) == timedelta(0)


def test_what_is_warm_needs_no_thawing(s3):
    s3.put(ARCHIVE, [b"x"])

    assert s3.thaw(ARCHIVE) == timedelta(0)


def test_labels_are_never_cooled(s3):
    s3.put(LABEL, [b"{}"])

    with pytest.raises(VaultError, match="labels stay"):
        s3.cool(LABEL)
    assert s3.warmth(LABEL).state == "ready"


def test_a_lock_outlives_the_way_into_the_cold(locked_place, body):
    vault = S3Bucket(locked_place)
    vault.put_as("monthly", ARCHIVE, body)
    before = vault.locked_until(ARCHIVE)
    vault.cool(ARCHIVE)

    assert vault.locked_until(ARCHIVE) == before
    with pytest.raises(ObjectLocked):
        vault.delete(ARCHIVE)


def test_the_way_into_the_cold_leaves_no_old_version(place, s3_server, bucket):
    plain = make_bucket(s3_server.url, f"{bucket}-v", versioned=True)
    vault = S3Bucket(replace(place, bucket=f"{bucket}-v"))
    vault.put(ARCHIVE, [b"x"])
    vault.cool(ARCHIVE)
    versions = plain.list_object_versions(Bucket=f"{bucket}-v")["Versions"]

    assert [version["StorageClass"] for version in versions] == ["GLACIER"]


def test_a_very_big_archive_is_cooled_in_parts(place, monkeypatch):
    monkeypatch.setattr("storage.vaults.s3_cold.COPY_BYTES_MAX", PART)
    monkeypatch.setattr("storage.vaults.s3_cold.COPY_PART_BYTES", PART)
    vault = S3Bucket(place)
    vault.put(ARCHIVE, [b"x" * PART] * 3 + [b"y"])
    vault.cool(ARCHIVE)

    assert vault.warmth(ARCHIVE).state == "cold"
    assert vault.stat(ARCHIVE).bytes == 3 * PART + 1


def test_a_locked_archive_without_a_manifest_stops_no_sweep(locked_place):
    vault = S3Bucket(locked_place)
    shelf.put_as(vault, "daily", "backups/p/p-1/archive.zip", [b"x"])
    shelf.put_as(vault, "manual", "backups/p/p-2/archive.zip", [b"x"])
    later = datetime.now(UTC) + timedelta(days=2)

    swept = shelf.sweep(vault, later, timedelta(hours=24))
    assert [left.name for left in swept] == ["backups/p/p-2/archive.zip"]
    assert [stored.name for stored in vault.list()] == ["backups/p/p-1/archive.zip"]
