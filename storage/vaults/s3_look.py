"""What `doctor` asks of a bucket: every permission a backup needs, tried, and every promise.

Nothing is believed that can be tried: the policy by doing what it has to allow, conditional
creation by creating twice. One small object comes and goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from storage.errors import (
    AlreadyThere,
    NotThere,
    ObjectLocked,
    VaultDenied,
    VaultError,
    VaultUnreachable,
)
from storage.vaults import s3_locks
from storage.vaults.s3_calls import Calls
from storage.vaults.s3_upload import algorithm, sums
from storage.vaults.s3_words import Passing
from storage.vaults.vault import Look

BODY = b"lifeboat doctor\n"
OTHER = b"lifeboat doctor, a second time\n"
NO_CONDITIONS = (
    "Set conditional_create = false in this vault's settings: then claims decide who wins, "
    "as docs/vaults.md says."
)


def looks(calls: Calls, probe: str, skew_seconds_max: float) -> Iterator[Look]:
    """Yield one look after another; after the first that shows nobody gets in, no more."""
    place, asked_at = calls.place, datetime.now(UTC)
    try:
        answer = calls("list_objects_v2", Prefix=place.prefix + probe, MaxKeys=1)
    except VaultDenied as error:
        if error.permission == "credentials":
            yield Look("", "FAIL", error.what, error.hint)
            return
        yield Look("may list", "FAIL", error.what, error.hint)
        answer = {}
    except VaultUnreachable as error:
        yield Look("", "FAIL", error.what, error.hint)
        return
    else:
        yield Look("may list", "OK", f"{place.bucket} may be listed.")
    if (yield from _objects(calls, probe)):
        yield from _parts(calls, probe)
        yield from _lock(calls, probe)
        yield from _removal(calls, probe)
    yield from _clock(answer, asked_at, skew_seconds_max)


def _objects(calls: Calls, probe: str) -> Generator[Look, None, bool]:
    """Write, read, and write again where something is; return whether there is a probe now."""
    how = calls.place.kept(probe, None, datetime.now(UTC))
    once: dict[str, Any] = {"IfNoneMatch": "*"} if calls.place.conditional_create else {}
    try:
        told = calls("put_object", probe, **_summed(calls, BODY), **how, **once)
    except VaultError as error:
        yield Look("may write", "FAIL", error.what, error.hint)
        return False
    yield Look("may write", "OK", "Objects may be written.")
    asked, got = calls.place.encryption, told.get("ServerSideEncryption")
    if asked and got != asked:
        yield Look(
            "encryption",
            "FAIL",
            f"Objects are encrypted with {got or 'nothing'} there; the settings say {asked}.",
            "Does the server know server-side encryption? Check server_encryption and kms_key.",
        )
    yield _read(calls, probe)
    yield _once(calls, probe, how)
    return True


def _read(calls: Calls, probe: str) -> Look:
    try:
        body = calls("get_object", probe)["Body"]
        same = body.read() == BODY
        body.close()
    except VaultError as error:
        return Look("may read", "FAIL", error.what, error.hint)
    if same:
        return Look("may read", "OK", "Objects may be read.")
    return Look(
        "may read",
        "FAIL",
        "It gave back other bytes than it was given.",
        "Does the server at its endpoint really speak S3?",
    )


def _once(calls: Calls, probe: str, how: dict[str, Any]) -> Look:
    """Create what is there: the server has to refuse it."""
    again = {**_summed(calls, OTHER), **how, "IfNoneMatch": "*"}
    refused = _refuses(lambda: calls("put_object", probe, **again))
    return _about_conditions("creates once", "a name", refused, calls)


def _parts(calls: Calls, probe: str) -> Iterator[Look]:
    """Upload in parts over what is there, and abort."""
    place = calls.place
    how = place.kept(probe, None, datetime.now(UTC)) | algorithm(place)
    try:
        id_ = calls("create_multipart_upload", probe, **how)["UploadId"]
    except VaultError as error:
        yield Look("may upload in parts", "FAIL", error.what, error.hint)
        return
    try:
        body = _summed(calls, OTHER)
        part = {"PartNumber": 1, "ETag": ""}
        part["ETag"] = calls("upload_part", probe, UploadId=id_, PartNumber=1, **body)["ETag"]
        part |= {key: body[key] for key in body.keys() & {"ChecksumSHA256"}}
        refused = _refuses(
            lambda: calls(
                "complete_multipart_upload",
                probe,
                UploadId=id_,
                MultipartUpload={"Parts": [part]},
                IfNoneMatch="*",
            )
        )
        yield _about_conditions("uploads once", "the name of an upload", refused, calls)
    except VaultError as error:
        yield Look("may upload in parts", "FAIL", error.what, error.hint)
    try:
        calls("abort_multipart_upload", probe, UploadId=id_)
    except NotThere:
        pass  # The upload was finished above.
    except VaultError as error:
        yield Look("may abort uploads", "FAIL", error.what, error.hint)
        return
    try:
        calls("list_multipart_uploads", Prefix=place.prefix + probe)
    except VaultError as error:
        yield Look("may abort uploads", "FAIL", error.what, error.hint)
    else:
        yield Look("may abort uploads", "OK", "Uploads may be listed and aborted.")


def _summed(calls: Calls, body: bytes) -> dict[str, Any]:
    return sums(calls.place, body, hashlib.sha256(body).digest())


def _refuses(doing: Callable[[], object]) -> bool | VaultError:
    """Whether the server refuses to create what is there, or why that can't be said."""
    try:
        doing()
    except AlreadyThere:
        return True
    except (Passing, VaultDenied) as error:
        return error
    except VaultUnreachable:
        return False  # It knows no such header and says so.
    return False


def _about_conditions(name: str, what: str, refused: bool | VaultError, calls: Calls) -> Look:
    if isinstance(refused, VaultError):
        return Look(name, "FAIL", refused.what, refused.hint)
    if calls.place.conditional_create:
        if refused:
            return Look(name, "OK", f"Of several who write {what}, one wins.")
        return Look(
            name,
            "FAIL",
            f"The server knows no If-None-Match for {what}: two writers could both believe that "
            f"theirs was kept.",
            NO_CONDITIONS,
        )
    if refused:
        return Look(
            name,
            "WARN",
            f"The server does know If-None-Match for {what}.",
            "If it does for both, take conditional_create = false out: it is surer and quicker.",
        )
    return Look(name, "OK", f"Claims decide who of several may write {what}.")


def _lock(calls: Calls, probe: str) -> Iterator[Look]:
    """Look whether the bucket has the object lock that the settings ask for."""
    if calls.place.lock_mode is None:
        return
    try:
        told = calls("get_object_lock_configuration")["ObjectLockConfiguration"]
    except VaultDenied as error:
        yield Look("lock", "FAIL", error.what, error.hint)
        return
    except VaultError:
        told = {}
    if told.get("ObjectLockEnabled") != "Enabled":
        yield Look(
            "lock",
            "FAIL",
            f"The bucket {calls.place.bucket} has no object lock, and the settings ask for it.",
            "Make a bucket with object lock, or take lock_mode out; see docs/vaults.md.",
        )
        return
    try:
        s3_locks.hold(calls, probe, on=True)
        s3_locks.hold(calls, probe, on=False)
    except VaultError as error:
        yield Look("lock", "FAIL", error.what, error.hint)
    else:
        yield Look("lock", "OK", f"Objects can be locked ({calls.place.lock_mode}) and held.")


def _removal(calls: Calls, probe: str) -> Iterator[Look]:
    try:
        gone = s3_locks.remove(calls, probe)
    except ObjectLocked as error:
        yield Look(
            "may remove",
            "WARN",
            f"The bucket locks every new object by itself: {error.what}",
            "A backup that failed half-way stays as long, too. Let Lifeboat lock by kind instead "
            "(lock_days), and take the bucket's default retention away.",
        )
    except VaultError as error:
        yield Look("may remove", "FAIL", error.what, error.hint)
    else:
        yield Look(
            "may remove",
            "OK" if gone else "WARN",
            "Objects may be removed."
            if gone
            else "Objects may be hidden, and their versions not removed (s3:DeleteObjectVersion).",
            "" if gone else "If that is meant, have a rule of the bucket expire old versions.",
        )


def skew(calls: Calls) -> float | None:
    """Return this machine's clock minus the bucket's, to a second; None where it won't tell."""
    asked_at = datetime.now(UTC)
    answer = calls("list_objects_v2", Prefix=calls.place.prefix, MaxKeys=1)
    return _skew(answer, asked_at)


def _clock(answer: dict[str, Any], asked_at: datetime, most: float) -> Iterator[Look]:
    skew = _skew(answer, asked_at)
    if skew is None:
        return
    if abs(skew) > most:
        yield Look(
            "clock",
            "WARN",
            f"This machine's clock and the bucket's differ by {abs(skew):.0f} s.",
            "Set this machine's clock (NTP): from 15 minutes on S3 refuses every request.",
        )
    else:
        yield Look("clock", "OK", f"The clocks agree within {abs(skew):.0f} s.")


def _skew(answer: dict[str, Any], asked_at: datetime) -> float | None:
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return (asked_at - parsedate_to_datetime(told)).total_seconds() if told else None
