"""The cold classes of a bucket: moving an object there, thawing it, and how it stands.

A class is changed by copying an object onto itself, which S3 does without the bytes coming here.
The copy carries the same bytes, metadata and lock; the version before it goes, unless a lock on it
forbids that: then it goes when its lock ends, by the bucket's own rule for old versions.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec.structs import replace

from storage.errors import VaultDenied, VaultError
from storage.vaults.s3_calls import Calls
from storage.vaults.s3_locks import locked_until
from storage.vaults.s3_place import LABELS
from storage.vaults.vault import Warmth

COLD = ("GLACIER", "DEEP_ARCHIVE")
COPY_BYTES_MAX = 5 << 30  # S3 copies no more in one request.
COPY_PART_BYTES = 1 << 30
# The longest each takes, as S3's guide says; a server that is not AWS may differ.
HOURS = {
    ("GLACIER", "Expedited"): 1,
    ("GLACIER", "Standard"): 5,
    ("GLACIER", "Bulk"): 12,
    ("DEEP_ARCHIVE", "Standard"): 12,
    ("DEEP_ARCHIVE", "Bulk"): 48,
}


def cool(calls: Calls, name: str) -> None:
    """Move an object to the cold class; the sizes are compared afterwards."""
    known = calls.head(name)
    target = calls.place.cold_class
    if known.get("StorageClass") in COLD:
        return
    if name.endswith(LABELS):
        raise VaultError(
            f"{name} is a label, and labels stay where they can be read at once.",
            safe="Nothing was changed.",
        )
    how = _as_it_is(calls, known) | {"StorageClass": target}
    if known["ContentLength"] <= COPY_BYTES_MAX:
        calls("copy_object", name, **_source(calls, name, known), **how)
    else:
        _copy_in_parts(calls, name, known, how)
    now = calls.head(name)
    if (now["ContentLength"], now.get("StorageClass")) != (known["ContentLength"], target):
        raise calls.odd(f"it was asked to move {name} to {target} and did not")
    if known.get("VersionId") and not locked_until(known, datetime.now(UTC)):
        with suppress(VaultDenied):  # Then the bucket's rule for old versions removes it.
            calls("delete_object", name, VersionId=known["VersionId"])


def thaw(calls: Calls, name: str) -> timedelta:
    """Ask for a readable copy for some days; how long it takes at most."""
    state = warmth(calls, name)
    if state.state == "cold":
        tier = _tier(calls, state.storage_class)
        request = {"Days": calls.place.thaw_days, "GlacierJobParameters": {"Tier": tier}}
        try:
            calls("restore_object", name, RestoreRequest=request)
        except VaultError as error:
            if "RestoreAlreadyInProgress" not in error.what:
                raise
    return state.takes


def warmth(calls: Calls, name: str) -> Warmth:
    """Return how an object stands, from the answer to a HEAD."""
    found = warmth_of(calls.head(name))
    if found.state in ("ready", "thawed"):
        return found
    hours = HOURS[found.storage_class, _tier(calls, found.storage_class)]
    return replace(found, takes=timedelta(hours=hours))


def warmth_of(known: dict[str, Any]) -> Warmth:
    """Return what the answer to a HEAD says of cold and thawing."""
    kept, restore = known.get("StorageClass", "STANDARD"), known.get("Restore", "")
    if kept not in COLD:
        return Warmth("ready", kept)
    if 'ongoing-request="true"' in restore:
        return Warmth("thawing", kept)
    if 'ongoing-request="false"' in restore:
        until = re.search(r'expiry-date="([^"]+)"', restore)
        return Warmth("thawed", kept, parsedate_to_datetime(until[1]) if until else None)
    return Warmth("cold", kept)


def _tier(calls: Calls, storage_class: str) -> str:
    tier = calls.place.thaw_tier
    return tier if (storage_class, tier) in HOURS else "Standard"  # DEEP_ARCHIVE: no Expedited.


def _as_it_is(calls: Calls, known: dict[str, Any]) -> dict[str, Any]:
    """Return what a copy does not take over by itself: encryption and locks."""
    place = calls.place
    how: dict[str, Any] = {}
    if place.encryption:
        how["ServerSideEncryption"] = place.encryption
    if place.encryption == "aws:kms" and place.kms_key:
        how["SSEKMSKeyId"] = place.kms_key
    if place.checksum == "sha256":
        how["ChecksumAlgorithm"] = "SHA256"
    if known.get("ObjectLockLegalHoldStatus") == "ON":
        how["ObjectLockLegalHoldStatus"] = "ON"
    if known.get("ObjectLockMode") and locked_until(
        {**known, "ObjectLockLegalHoldStatus": "OFF"}, datetime.now(UTC)
    ):
        how["ObjectLockMode"] = known["ObjectLockMode"]
        how["ObjectLockRetainUntilDate"] = known["ObjectLockRetainUntilDate"]
    return how


def _source(calls: Calls, name: str, known: dict[str, Any]) -> dict[str, Any]:
    source = {"Bucket": calls.place.bucket, "Key": calls.place.prefix + name}
    if known.get("VersionId"):
        source["VersionId"] = known["VersionId"]
    return {"CopySource": source, "CopySourceIfMatch": known["ETag"]}


def _copy_in_parts(calls: Calls, name: str, known: dict[str, Any], how: dict[str, Any]) -> None:
    id_ = calls("create_multipart_upload", name, Metadata=known.get("Metadata", {}), **how)[
        "UploadId"
    ]
    try:
        parts, size = [], known["ContentLength"]
        for number, at in enumerate(range(0, size, COPY_PART_BYTES), start=1):
            last = min(at + COPY_PART_BYTES, size) - 1
            told = calls(
                "upload_part_copy",
                name,
                UploadId=id_,
                PartNumber=number,
                CopySourceRange=f"bytes={at}-{last}",
                **_source(calls, name, known),
            )["CopyPartResult"]
            part = {"PartNumber": number, "ETag": told["ETag"]}
            if told.get("ChecksumSHA256"):
                part["ChecksumSHA256"] = told["ChecksumSHA256"]
            parts.append(part)
        calls("complete_multipart_upload", name, UploadId=id_, MultipartUpload={"Parts": parts})
    except BaseException:
        with suppress(VaultError):
            calls("abort_multipart_upload", name, UploadId=id_)
        raise
