"""What the way to a bucket does to a vault: cuts, silence, overload, lies, lost answers."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from storage.errors import (
    AlreadyThere,
    InColdStorage,
    NotThere,
    VaultDenied,
    VaultFull,
    VaultUnreachable,
)
from storage.vaults.s3 import S3Bucket
from storage.vaults.s3_place import Waits
from tests.storage.vaults.conftest import PART, QUICK
from tests.storage.vaults.s3_front import (
    Answer,
    Changed,
    Cut,
    CutAnswer,
    Hang,
    Lost,
    S3Front,
    Without,
)
from tests.storage.vaults.s3_server import client

BIG = [hashlib.sha256(bytes([n])).digest() * 1000 for n in range(8)]  # 256,000 bytes: 4 parts.
SMALL_PUT = r"^PUT [^?]*$|^PUT .*x-id=PutObject"
PART_2 = r"^PUT .*partNumber=2"
COMPLETE = r"^POST .*uploadId="
GET = r"^GET /[^/?]+/[^?]+"
FOREVER = float("inf")


@pytest.fixture
def front(s3_server):
    with S3Front(s3_server.url) as front:
        yield front


@pytest.fixture
def near(place, front):
    return replace(place, endpoint=front.url)


@pytest.fixture
def vault(near):
    return S3Bucket(near)


def whole(place):
    """What the server itself holds, past the front."""
    plain = client(place.endpoint)
    listed = plain.list_objects_v2(Bucket=place.bucket).get("Contents", ())
    return {
        item["Key"]: plain.get_object(Bucket=place.bucket, Key=item["Key"])["Body"].read()
        for item in listed
    }


def uploads(place):
    return client(place.endpoint).list_multipart_uploads(Bucket=place.bucket).get("Uploads", [])


@pytest.mark.parametrize(
    "fault",
    [
        Cut(PART // 2),
        Cut(0),
        Lost(),
        Answer(503, "SlowDown"),
        Answer(500, "InternalError"),
        Answer(429, "TooManyRequests"),
        Changed(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("where", [PART_2, COMPLETE, r"^POST .*uploads"])
def test_a_passing_trouble_of_an_upload_is_tried_again(vault, front, place, fault, where):
    if isinstance(fault, Changed) and where != PART_2:
        pytest.skip("only a part has bytes to change")
    front.on(where, fault, times=2)

    vault.put("big", BIG)

    assert whole(place) == {"big": b"".join(BIG)}
    assert front.seen(where) >= 2


@pytest.mark.parametrize(
    "fault", [Cut(3), Cut(0), Lost(), Answer(503, "SlowDown"), Changed()], ids=repr
)
def test_a_passing_trouble_of_a_small_object_is_tried_again(vault, front, place, fault):
    front.on(SMALL_PUT, fault, times=2)

    vault.put("a/small", [b"onetwo"])

    assert whole(place) == {"a/small": b"onetwo"}


def test_a_hanging_server_is_given_up_and_asked_again(near, front, place):
    vault = S3Bucket(replace(near, waits=replace(QUICK, read_seconds=0.3)))
    front.on(PART_2, Hang())
    vault.put("big", BIG)

    assert whole(place) == {"big": b"".join(BIG)}


def test_a_server_that_only_hangs_is_given_up_at_the_deadline(near, front):
    waits = Waits(
        connect_seconds=1, read_seconds=0.2, tries=1000, retry_seconds=0.01, deadline_seconds=1
    )
    vault = S3Bucket(replace(near, waits=waits))
    front.on(".", Hang(), times=FOREVER)

    with pytest.raises(VaultUnreachable, match=r"silent for 0\.2 s"):
        vault.stat("a")


@pytest.mark.parametrize("where", [PART_2, COMPLETE])
def test_an_upload_that_fails_for_good_takes_its_parts_back(vault, front, place, where):
    front.on(where, Answer(503, "SlowDown"), times=FOREVER)

    with pytest.raises(VaultUnreachable, match="SlowDown"):
        vault.put("big", BIG)
    assert (uploads(place), whole(place)) == ([], {})


def test_a_source_that_fails_in_the_middle_takes_the_parts_back(vault, place):
    def torn():
        yield b"x" * PART * 3
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vault.put("big", torn())
    assert (uploads(place), whole(place)) == ([], {})


def test_an_answer_lost_to_another_writer_is_no_success(vault, front, place):
    S3Bucket(place).put("a", [b"theirs"])
    front.on(SMALL_PUT, Lost(), times=1)

    with pytest.raises(AlreadyThere):
        vault.put("a", [b"ours"])
    assert whole(place) == {"a": b"theirs"}


@pytest.mark.parametrize("bytes_", [0, 1, 70_000, 200_000])
def test_a_cut_read_goes_on_at_the_byte_where_it_was_cut(vault, front, bytes_):
    vault.put("big", BIG)
    front.on(GET, CutAnswer(bytes_))

    assert b"".join(vault.open("big", 5)) == b"".join(BIG)[5:]
    assert front.seen(GET) == 2


def test_a_read_that_never_gets_on_is_given_up(vault, front):
    vault.put("big", BIG)
    front.on(GET, CutAnswer(0), times=FOREVER)

    with pytest.raises(VaultUnreachable, match="was cut"):
        list(vault.open("big"))


def test_two_objects_are_never_read_as_one(vault, front, place):
    vault.put("big", BIG)
    chunks = vault.open("big")
    front.on(GET, CutAnswer(70_000))
    next(chunks)
    client(place.endpoint).put_object(Bucket=place.bucket, Key="big", Body=b"y" * 256_000)

    with pytest.raises(VaultUnreachable, match="was replaced"):
        list(chunks)


def test_an_object_that_is_removed_while_it_is_read_is_not_there(vault, front, place):
    vault.put("big", BIG)
    chunks = vault.open("big")
    front.on(GET, CutAnswer(70_000))
    next(chunks)
    vault.delete("big")

    with pytest.raises(NotThere):
        list(chunks)


def test_a_server_that_tells_no_sums_is_held_to_its_etags(vault, front, place):
    front.on("^PUT|^POST", Without(answered=("x-amz-checksum-sha256",)), times=FOREVER)
    vault.put("big", BIG)

    assert whole(place) == {"big": b"".join(BIG)}
    assert front.seen(GET) == 0


SUMS = ("x-amz-checksum-sha256", "x-amz-sdk-checksum-algorithm", "content-md5", "etag")


def test_a_server_that_tells_nothing_is_read_back(vault, front):
    front.on(SMALL_PUT, Without(asked=SUMS, answered=SUMS), times=FOREVER)
    vault.put("a", [b"onetwo"])

    assert front.seen(GET) == 1


def test_other_bytes_than_were_given_are_found_and_removed(vault, front, place):
    front.on(SMALL_PUT, Without(asked=SUMS, answered=SUMS, lying=True), times=FOREVER)

    with pytest.raises(VaultUnreachable, match="other bytes of a"):
        vault.put("a", [b"onetwo"])
    assert whole(place) == {}


DENIED = Answer(403, "AccessDenied")


@pytest.mark.parametrize(
    ("where", "doing", "permission"),
    [
        (SMALL_PUT, lambda v: v.put("b", [b"x"]), "s3:PutObject"),
        (r"^POST .*uploads", lambda v: v.put("b", BIG), "s3:PutObject"),
        ("^HEAD", lambda v: v.stat("a"), "s3:GetObject"),
        (GET, lambda v: list(v.open("a")), "s3:GetObject"),
        (r"^GET .*list-type", lambda v: list(v.list()), "s3:ListBucket"),
        ("^DELETE", lambda v: v.delete("a"), "s3:DeleteObject"),
        ("^GET .*uploads", lambda v: list(v.leftovers()), "s3:ListBucketMultipartUploads"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_policy_forbids_is_named(vault, front, where, doing, permission):
    vault.put("a", [b"x"])
    front.on(where, DENIED, times=FOREVER)

    with pytest.raises(VaultDenied) as told:
        doing(vault)
    assert told.value.permission == permission
    assert permission in told.value.hint


SENTENCES = [
    (Answer(404, "NoSuchBucket"), VaultUnreachable, "There is no bucket"),
    (
        Answer(301, "PermanentRedirect", {"x-amz-bucket-region": "us-west-2"}),
        VaultUnreachable,
        "It is in us-west-2",
    ),
    (
        Answer(400, "AuthorizationHeaderMalformed", more="<Region>us-west-2</Region>"),
        VaultUnreachable,
        'region = "us-west-2"',
    ),
    (Answer(403, "InvalidAccessKeyId"), VaultDenied, "access key is not known"),
    (Answer(403, "SignatureDoesNotMatch"), VaultDenied, "secret key does not belong"),
    (Answer(400, "ExpiredToken"), VaultDenied, "have expired"),
    (
        Answer(
            403,
            "RequestTimeTooSkewed",
            more="<RequestTime>20261125T030000Z</RequestTime>"
            "<ServerTime>2026-11-25T02:00:00Z</ServerTime>",
        ),
        VaultUnreachable,
        r"by 3,600 s \(ahead\)",
    ),
    (Answer(507, "XMinioStorageFull"), VaultFull, "no room"),
    (Answer(501, "NotImplemented"), VaultUnreachable, "conditional_create = false"),
    (Answer(418, "Teapot"), VaultUnreachable, "refused put_object a: Teapot"),
]


@pytest.mark.parametrize(
    ("answer", "kind", "words"), SENTENCES, ids=lambda v: getattr(v, "code", "")
)
def test_every_refusal_has_its_sentence(vault, front, answer, kind, words):
    front.on(SMALL_PUT, answer, times=FOREVER)

    with pytest.raises(kind, match=words) as told:
        vault.put("a", [b"x"])
    assert told.value.safe
    assert told.value.hint


def test_a_frozen_object_is_said_to_be_frozen(vault, front):
    vault.put("a", [b"x"])
    front.on(GET, Answer(403, "InvalidObjectState"), times=FOREVER)

    with pytest.raises(InColdStorage, match="cold storage"):
        list(vault.open("a"))


def test_a_missing_bucket_is_not_a_missing_object(near):
    vault = S3Bucket(replace(near, bucket="none-such"))

    with pytest.raises(VaultUnreachable, match="There is no bucket none-such"):
        vault.stat("a")
    with pytest.raises(VaultUnreachable, match="There is no bucket none-such"):
        list(vault.list())


def test_a_listing_out_of_order_is_not_believed(vault, front):
    page = (
        "<ListBucketResult><IsTruncated>false</IsTruncated>"
        "<Contents><Key>b</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified>"
        "</Contents><Contents><Key>a</Key><Size>1</Size>"
        "<LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>"
    )
    front.on("^GET .*list-type", Answer(200, body=page))

    with pytest.raises(VaultUnreachable, match="out of order"):
        list(vault.list())


def test_credentials_that_are_nowhere_are_said_to_be(near, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    with pytest.raises(VaultUnreachable, match="credentials") as told:
        S3Bucket(near).stat("a")
    assert "AWS_ACCESS_KEY_ID" in told.value.hint


def test_nobody_at_the_endpoint_is_said(place):
    vault = S3Bucket(replace(place, endpoint="http://127.0.0.1:9"))

    with pytest.raises(VaultUnreachable, match=r"no connection to http://127\.0\.0\.1:9"):
        vault.stat("a")
