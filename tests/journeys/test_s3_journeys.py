"""The whole way with a bucket for a vault: the real command, and a server that speaks S3."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re

import pytest

from tests.journeys import house as of
from tests.journeys.house import BACKUP_STEPS, House
from tests.storage.vaults.s3_front import Answer, Cut, CutAnswer, S3Front
from tests.storage.vaults.s3_server import KEYS, REGION, S3Server, client, make_bucket

_numbers = itertools.count()
ID = re.compile(r"production-[\d-]*\d")  # The second of a minute ends in -2.
PREFIX = "lifeboat/"


@pytest.fixture(scope="module")
def s3_server():
    with S3Server(smallest_part=5 << 20) as server:
        yield server


@pytest.fixture
def front(s3_server):
    with S3Front(s3_server.url) as front:
        yield front


@pytest.fixture
def bucket(s3_server, monkeypatch):
    """A bucket of its own, and credentials where AWS programs look for them."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    name = f"journeys-{next(_numbers)}"
    make_bucket(s3_server.url, name, locked=True)
    return name


@pytest.fixture
def s3_house(house: House, front: S3Front, bucket: str) -> House:
    house.changes = {
        "vaults.local": {
            "kind": "s3",
            "folder": None,
            "bucket": bucket,
            "endpoint": front.url,
            "region": REGION,
            "prefix": PREFIX,
            "path_style": True,
        },
        "patience": {"poll_seconds_max": 0.1, "retry_seconds": 0.01, "tries": 4},
    }
    house.write()
    return house


@pytest.fixture
def held(s3_server, bucket):
    """Read what the bucket holds, past Lifeboat."""

    def read():
        plain = client(s3_server.url)
        listed = plain.list_objects_v2(Bucket=bucket, Prefix=PREFIX).get("Contents", ())
        return {
            item["Key"].removeprefix(PREFIX): plain.get_object(Bucket=bucket, Key=item["Key"])[
                "Body"
            ].read()
            for item in listed
        }

    return read


def test_a_backup_is_taken_listed_verified_and_restored(s3_house, held):
    taken = s3_house.process("now", "production", "--kind", "daily")
    id_ = ID.search(taken.out)[0]
    listed, verified = s3_house.process("list"), s3_house.process("verify", id_)
    before = of.rows(s3_house.production)
    restored = s3_house.process("restore", id_, "--to", "staging", "--yes")
    objects = held()
    manifest = json.loads(objects[f"backups/production/{id_}/manifest.json"])
    archive = objects[manifest["archive"]["name"]]

    assert [each.code for each in (taken, listed, verified, restored)] == [0] * 4
    assert id_ in listed.out
    assert verified.out.startswith(f"Sound: {id_}\n")
    assert hashlib.sha256(archive).hexdigest() == manifest["archive"]["sha256"]
    assert of.rows(s3_house.staging) == before
    assert all(value.encode() not in b"".join(objects.values()) for value in KEYS.values())


def test_doctor_finds_the_bucket_fit_and_leaves_nothing(s3_house, held):
    ended = s3_house.process("doctor")

    assert ended.out.splitlines()[-1].endswith(" OK, 1 WARN, 0 FAIL"), ended.out
    assert "New archives are kept plain" in ended.out
    for line in ("vault may list", "vault creates once", "vault may remove", "vault clock"):
        assert line in ended.out
    assert held() == {}


def test_doctor_names_what_the_policy_forbids(s3_house, front):
    front.on("^DELETE (?!.*uploadId)", Answer(403, "AccessDenied"), times=99)
    ended = s3_house.process("doctor")

    assert ended.code == 2
    assert "s3:DeleteObject" in ended.out


def test_a_bad_way_to_the_bucket_is_survived(s3_house, front, held):
    front.on("^PUT .*archive.zip", Cut(1000))
    front.on("^PUT .*archive.zip", Answer(503, "SlowDown"))
    front.on("^GET .*archive.zip", CutAnswer(5000))
    ended = s3_house.process("now", "--json")

    assert ended.code == 0
    assert ended.steps == BACKUP_STEPS
    assert front.seen("^PUT .*archive.zip") == 3
    assert sorted(name.rpartition("/")[2] for name in held() if name.startswith("backups/")) == [
        "archive.zip",
        "manifest.json",
    ]


def test_a_bucket_that_nobody_gets_into_is_said_before_anything_is_asked_of_convex(s3_house, front):
    front.on(".", Answer(403, "InvalidAccessKeyId"), times=9999)
    ended = s3_house.process("now", "--json")

    assert ended.code == 1
    assert "access key is not known" in ended.failure
    assert of.changes(s3_house.production) == []


def test_without_credentials_there_is_a_sentence(s3_house, monkeypatch):
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", os.devnull)
    ended = s3_house.process("list")

    assert ended.code == 1
    assert "AWS_ACCESS_KEY_ID" in ended.err
    assert "Traceback" not in ended.err


def test_a_bot_that_lost_its_machine_finds_everything_in_the_bucket(s3_house):
    id_ = s3_house.backup()
    for path in sorted(s3_house.data.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    assert id_ in s3_house.process("list").out
    assert s3_house.process("verify", "latest").out.startswith(f"Sound: {id_}\n")


def test_backups_are_locked_by_kind(s3_house, s3_server, bucket):
    s3_house.write(
        **{"vaults.local": {"lock_mode": "governance"}, "vaults.local.lock_days": {"daily": 7}}
    )
    locked, free = (
        ID.search(s3_house.process("now", "--kind", kind).out)[0] for kind in ("daily", "manual")
    )

    def modes(id_):
        names = [f"{PREFIX}backups/production/{id_}/{x}" for x in ("archive.zip", "manifest.json")]
        heads = [client(s3_server.url).head_object(Bucket=bucket, Key=name) for name in names]
        return [head.get("ObjectLockMode") for head in heads]

    assert modes(locked) == ["GOVERNANCE"] * 2
    assert modes(free) == [None] * 2
