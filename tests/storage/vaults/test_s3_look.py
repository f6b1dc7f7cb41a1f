"""What `doctor` finds out about a bucket, by trying."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.vaults.s3 import S3Bucket
from storage.vaults.vault import LooksAtItself
from tests.storage.vaults.s3_front import Answer, S3Front, Without
from tests.storage.vaults.s3_server import client, make_bucket

DENIED = Answer(403, "AccessDenied")
FOREVER = float("inf")
PUT = r"^PUT [^?]*$|^PUT .*x-id=PutObject"
SKEW_MAX = 30.0


@pytest.fixture
def front(s3_server):
    with S3Front(s3_server.url) as front:
        yield front


@pytest.fixture
def vault(place, front):
    return S3Bucket(replace(place, endpoint=front.url))


def looks(vault, skew_max=SKEW_MAX):
    return {look.name: look for look in vault.looks("doctor/probe", skew_max)}


def nothing_left(place):
    plain = client(place.endpoint)
    return (
        plain.list_objects_v2(Bucket=place.bucket)["KeyCount"] == 0
        and plain.list_multipart_uploads(Bucket=place.bucket).get("Uploads") is None
    )


def test_a_bucket_that_has_all_it_needs_is_ok_and_clean_afterwards(vault, place):
    assert isinstance(vault, LooksAtItself)
    found = looks(vault)

    assert {look.state for look in found.values()} == {"OK"}
    assert list(found) == [
        "may list",
        "may write",
        "may read",
        "creates once",
        "uploads once",
        "may abort uploads",
        "may remove",
        "clock",
    ]
    assert nothing_left(place)


@pytest.mark.parametrize(
    ("where", "name", "permission"),
    [
        ("^GET .*list-type", "may list", "s3:ListBucket"),
        (PUT, "may write", "s3:PutObject"),
        (r"^GET /[^/?]+/doctor", "may read", "s3:GetObject"),
        (r"^POST .*uploads", "may upload in parts", "s3:PutObject"),
        (r"^DELETE .*uploadId", "may abort uploads", "s3:AbortMultipartUpload"),
        (r"^GET .*uploads", "may abort uploads", "s3:ListBucketMultipartUploads"),
        (r"^DELETE [^?]*$|^DELETE .*x-id=DeleteObject", "may remove", "s3:DeleteObject"),
    ],
)
def test_each_thing_the_policy_forbids_is_a_line_of_its_own(vault, front, where, name, permission):
    front.on(where, DENIED, times=FOREVER)
    found = looks(vault)

    assert found[name].state == "FAIL"
    assert permission in found[name].what
    assert permission in found[name].hint
    assert [n for n, look in found.items() if look.state == "FAIL"] == [name]


@pytest.mark.parametrize(
    ("where", "name"), [(PUT, "creates once"), (r"^POST .*uploadId", "uploads once")]
)
def test_a_server_that_ignores_conditions_is_found_out(vault, front, place, where, name):
    front.on(where, Without(asked=("if-none-match",)), times=FOREVER)
    found = looks(vault)

    assert found[name].state == "FAIL"
    assert "conditional_create = false" in found[name].hint
    assert nothing_left(place)


def test_a_server_that_refuses_conditions_as_unknown_is_found_out(vault, front):
    front.on(r"^POST .*uploadId", Answer(501, "NotImplemented"), times=FOREVER)

    assert looks(vault)["uploads once"].state == "FAIL"


def test_claims_are_said_and_that_they_need_not_be(place, vault):
    found = looks(S3Bucket(replace(vault.place, conditional_create=False)))

    assert found["creates once"].state == "WARN"
    assert "take conditional_create = false out" in found["creates once"].hint
    assert nothing_left(place)


def test_claims_are_ok_where_they_are_needed(front, vault):
    front.on(f"{PUT}|^POST .*uploadId", Without(asked=("if-none-match",)), times=FOREVER)
    found = looks(S3Bucket(replace(vault.place, conditional_create=False)))

    assert {look.state for look in found.values()} == {"OK"}


def test_clocks_that_differ_are_said(vault):
    assert looks(vault, skew_max=-1)["clock"].state == "WARN"


def test_a_bucket_without_lock_is_said_if_the_settings_lock(vault):
    locking = replace(vault.place, lock_mode="governance", lock_days={"daily": 7})
    found = looks(S3Bucket(locking))

    assert found["lock"].state == "FAIL"
    assert "no object lock" in found["lock"].what


def test_a_lock_that_the_policy_hides_is_named(vault, front):
    front.on("^GET .*object-lock", DENIED, times=FOREVER)
    locking = replace(vault.place, lock_mode="governance", lock_days={"daily": 7})

    assert "s3:GetBucketObjectLockConfiguration" in looks(S3Bucket(locking))["lock"].what


def test_a_bucket_with_lock_is_ok(place, s3_server, bucket):
    make_bucket(s3_server.url, f"{bucket}-l", locked=True)
    locking = replace(place, bucket=f"{bucket}-l", lock_mode="governance", lock_days={"daily": 7})
    found = looks(S3Bucket(locking))

    assert found["lock"].state == "OK"
    assert {look.state for look in found.values()} == {"OK"}


def test_a_bucket_that_locks_everything_by_itself_is_a_warning(place, s3_server, bucket):
    plain = make_bucket(s3_server.url, f"{bucket}-l", locked=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    plain.put_object_lock_configuration(
        Bucket=f"{bucket}-l",
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
    )
    found = looks(S3Bucket(replace(place, bucket=f"{bucket}-l")))

    assert found["may remove"].state == "WARN"
    assert "lock_days" in found["may remove"].hint


def test_a_policy_that_keeps_versions_hides_and_says_so(place, s3_server, bucket, front):
    make_bucket(s3_server.url, f"{bucket}-v", versioned=True)
    vault = S3Bucket(replace(place, bucket=f"{bucket}-v", endpoint=front.url))
    front.on("^DELETE .*versionId", DENIED, times=FOREVER)
    found = looks(vault)

    assert found["may remove"].state == "WARN"
    assert "s3:DeleteObjectVersion" in found["may remove"].what
    assert list(vault.list()) == []


def test_encryption_that_the_server_does_not_do_is_said(vault, front):
    hidden = Without(answered=("x-amz-server-side-encryption",))
    front.on(PUT, hidden, times=FOREVER)

    assert looks(S3Bucket(replace(vault.place, encryption="AES256")))["encryption"].state == "FAIL"


@pytest.mark.parametrize(
    "answer", [Answer(404, "NoSuchBucket"), Answer(403, "InvalidAccessKeyId")], ids=lambda a: a.code
)
def test_where_nobody_gets_in_that_is_all_there_is_to_say(vault, front, answer):
    front.on(".", answer, times=FOREVER)
    found = looks(vault)

    assert [(name, look.state) for name, look in found.items()] == [("", "FAIL")]
