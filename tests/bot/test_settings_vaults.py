"""A bucket in the settings: what it becomes, and every mistake at once."""

from __future__ import annotations

import pytest

from bot.settings import read
from storage.vaults.s3_place import S3Place
from tests.bot.settings_files import ENVIRON, STAGING, mistakes, write

S3 = '\n[vaults.offsite]\nkind = "s3"\nbucket = "our-backups"\n'
PLAIN = '\n[encryption]\nkind = "none"\n'


def vault(folder, more=""):
    return read(write(folder, STAGING + PLAIN + S3 + more), ENVIRON).vault


def test_a_bucket_needs_its_name_only(tmp_path):
    read_ = vault(tmp_path)

    assert (read_.name, read_.kind) == ("offsite", "s3")
    assert read_.s3 is not None
    assert read_.s3 == S3Place("our-backups", waits=read_.s3.waits)


def test_a_bucket_lies_elsewhere_unless_the_settings_say_otherwise(tmp_path):
    assert vault(tmp_path).offsite
    assert not vault(tmp_path, "offsite = false\n").offsite


def test_a_bucket_that_locks_is_known_to(tmp_path):
    locks = 'lock_mode = "governance"\nlock_days = { daily = 14 }\n'

    assert not vault(tmp_path).locked
    assert vault(tmp_path, locks).locked


@pytest.mark.parametrize("more", ["offsite = true\n", "offline = true\n"])
def test_what_is_said_of_every_vault_may_be_said_of_a_bucket_and_a_folder(tmp_path, more):
    folder = f'[vaults.disk]\nkind = "folder"\nfolder = "disk"\n{more}'
    settings = read(write(tmp_path, STAGING + PLAIN + S3 + more + folder), ENVIRON)

    assert list(settings.vaults) == ["offsite", "disk"]


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        ("", "", False),
        ("", 'prefix = "a/"', False),
        ('prefix = "a/"', 'prefix = "a/b/"', False),
        ('prefix = "a/"', 'prefix = "ab/"', True),
        ('endpoint = "https://one.example.org"', "", True),
        ('endpoint = "https://one.example.org"', 'endpoint = "https://ONE.example.org:443"', False),
        ('endpoint = "https://s3.eu-central-1.amazonaws.com"', 'region = "eu-central-1"', False),
    ],
)
def test_two_buckets_are_one_place_when_neither_address_nor_prefix_tells_them_apart(
    tmp_path, first, second, apart
):
    text = "".join(
        f'[vaults.{name}]\nkind = "s3"\nbucket = "our-backups"\n{more}\n'
        for name, more in (("one", first), ("two", second))
    )
    path = write(tmp_path, STAGING + PLAIN + text)
    if apart:
        assert list(read(path, ENVIRON).vaults) == ["one", "two"]
    else:
        assert list(mistakes(path)) == ["vaults.two.bucket"]


def test_every_key_of_a_bucket_arrives(tmp_path):
    read_ = vault(
        tmp_path,
        """
        endpoint = "http://127.0.0.1:9000/"
        region = "eu-central-1"
        prefix = "team/lifeboat/"
        path_style = true
        conditional_create = false
        checksum = "md5"
        part_mib = 16
        upload_workers = 4
        server_encryption = "aws:kms"
        kms_key = "alias/lifeboat"
        storage_class = { monthly = "GLACIER_IR" }
        cold_class = "DEEP_ARCHIVE"
        thaw_days = 3
        thaw_tier = "Bulk"
        lock_mode = "compliance"
        lock_days = { daily = 14, monthly = 365 }
        [patience]
        connect_seconds = 3
        read_seconds = 4
        tries = 2
        retry_seconds = 0.25
        outage_seconds_max = 60
        """,
    )

    place = read_.s3
    assert place is not None
    assert (place.endpoint, place.region) == ("http://127.0.0.1:9000", "eu-central-1")
    assert (place.prefix, place.path_style) == ("team/lifeboat/", True)
    assert (place.conditional_create, place.checksum) == (False, "md5")
    assert (place.part_bytes, place.workers) == (16 << 20, 4)
    assert (place.encryption, place.kms_key) == ("aws:kms", "alias/lifeboat")
    assert (place.storage_class, place.cold_class) == ({"monthly": "GLACIER_IR"}, "DEEP_ARCHIVE")
    assert (place.thaw_days, place.thaw_tier) == (3, "Bulk")
    assert (place.lock_mode, place.lock_days) == ("compliance", {"daily": 14, "monthly": 365})
    waits = place.waits
    assert (waits.connect_seconds, waits.read_seconds, waits.tries) == (3, 4, 2)
    assert (waits.retry_seconds, waits.deadline_seconds) == (0.25, 60)


@pytest.mark.parametrize(
    ("more", "where", "why"),
    [
        ('folder = "v"', "folder", "this vault is a bucket"),
        ('prefix = "lifeboat"', "prefix", "ends with a slash"),
        ('prefix = "../"', "prefix", "no prefix"),
        ('region = "Frankfurt am Main"', "region", "no name of a region"),
        ('endpoint = "s3.example.org"', "endpoint", "begins with https://"),
        ('endpoint = "https://key:secret@s3.example.org"', "endpoint", "more than the host"),
        ('endpoint = "https://s3.example.org/our-backups"', "endpoint", "more than the host"),
        ('endpoint = "http://s3.example.org"', "endpoint", "can read the backups"),
        ('endpoint = "https://s3.example.org:port"', "endpoint", "not an address"),
        ('storage_class = { monthly = "GLACIER" }', "storage_class.monthly", "read back at once"),
        ('storage_class = { yearly = "STANDARD" }', "storage_class", "yearly is no kind"),
        ('lock_mode = "governance"', "lock_mode", "does not say how long"),
        ("lock_days = { daily = 7 }", "lock_days", "does not say how"),
        ('lock_mode = "strict"', "lock_mode", '"governance" or "compliance"'),
        ('lock_mode = "governance"\nlock_days = { daily = 0 }', "lock_days.daily", "1 to 36,500"),
        ('kms_key = "x"', "kms_key", "KMS encryption only"),
        ("part_mib = 1", "part_mib", "at least 5"),
        ("upload_workers = 99", "upload_workers", "at most 16"),
        ('secret_key = "x"', "secret_key", "no setting called"),
    ],
)
def test_a_bucket_that_makes_no_sense_is_refused(tmp_path, more, where, why):
    found = mistakes(write(tmp_path, STAGING + S3 + more))

    assert why in found[f"vaults.offsite.{where}"]


def test_http_to_a_public_server_can_be_allowed(tmp_path):
    more = 'endpoint = "http://s3.example.org"\nallow_plain_http = true'
    place = vault(tmp_path, more).s3

    assert place is not None
    assert place.endpoint == "http://s3.example.org"


@pytest.mark.parametrize("bucket", ["s3://our-backups", "Our-Backups", "a", "x" * 64, "a/b"])
def test_what_is_no_buckets_name_is_refused(tmp_path, bucket):
    found = mistakes(write(tmp_path, STAGING + S3.replace("our-backups", bucket)))

    assert "no name of a bucket" in found["vaults.offsite.bucket"]


def test_a_bucket_without_a_name_is_said(tmp_path):
    found = mistakes(write(tmp_path, STAGING + '[vaults.offsite]\nkind = "s3"\n'))

    assert "It has no bucket" in found["vaults.offsite"]


def test_a_folder_takes_no_keys_of_a_bucket(tmp_path):
    text = STAGING + '[vaults.local]\nkind = "folder"\nfolder = "v"\nregion = "eu-central-1"\n'

    assert "this vault is a folder" in mistakes(write(tmp_path, text))["vaults.local.region"]
