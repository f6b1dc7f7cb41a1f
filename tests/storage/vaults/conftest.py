"""One server that speaks S3 for all tests of a worker, and a bucket of its own for each test."""

from __future__ import annotations

import itertools

import pytest

from storage.vaults.s3 import S3Bucket
from storage.vaults.s3_place import S3Place, Waits
from tests.storage.vaults.s3_server import KEYS, REGION, S3Server, make_bucket

QUICK = Waits(connect_seconds=5, read_seconds=5, tries=4, retry_seconds=0.01, deadline_seconds=20)
PART = 64 * 1024
_numbers = itertools.count()


@pytest.fixture(scope="session")
def s3_server():
    with S3Server() as server:
        yield server


@pytest.fixture
def aws_keys(monkeypatch, tmp_path):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


@pytest.fixture
def bucket():
    """A name that no other test has."""
    return f"vault-{next(_numbers)}"


@pytest.fixture
def place(s3_server, bucket, aws_keys):
    """A new bucket on the server; parts are small so that little data makes many."""
    make_bucket(s3_server.url, bucket)
    return S3Place(
        bucket,
        endpoint=s3_server.url,
        region=REGION,
        path_style=True,
        part_bytes=PART,
        waits=QUICK,
    )


@pytest.fixture
def s3(place):
    return S3Bucket(place)
