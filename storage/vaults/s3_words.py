"""What a server that speaks S3 answers when it does not do it, in our errors and sentences.

Codes are those of the S3 API reference, "Error responses"; other servers use the same. Nothing is
sent from here, and nothing secret is repeated: an access key's id is not shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore import exceptions as aws

from storage.errors import (
    AlreadyThere,
    InColdStorage,
    NotThere,
    VaultDenied,
    VaultError,
    VaultFull,
    VaultUnreachable,
)
from storage.vaults.s3_place import S3Place

UNTOUCHED = "What was in the vault before is untouched."
PERMISSIONS = {
    "put_object": "s3:PutObject",
    "create_multipart_upload": "s3:PutObject",
    "upload_part": "s3:PutObject",
    "complete_multipart_upload": "s3:PutObject",
    "copy_object": "s3:PutObject",
    "upload_part_copy": "s3:PutObject",
    "get_object": "s3:GetObject",
    "head_object": "s3:GetObject",
    "list_objects_v2": "s3:ListBucket",
    "delete_object": "s3:DeleteObject",
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "list_multipart_uploads": "s3:ListBucketMultipartUploads",
    "list_parts": "s3:ListMultipartUploadParts",
    "get_object_lock_configuration": "s3:GetBucketObjectLockConfiguration",
    "get_bucket_versioning": "s3:GetBucketVersioning",
    "put_object_legal_hold": "s3:PutObjectLegalHold",
    "put_object_retention": "s3:PutObjectRetention",
    "restore_object": "s3:RestoreObject",
}
_NO_CREDENTIALS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.ProfileNotFound,
    aws.TokenRetrievalError,
    aws.SSOError,
    aws.NoAuthTokenError,
)
_MISSING = {"NoSuchKey", "NoSuchVersion", "NotFound", "404"}
_FULL = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "StorageFull"}
_BAD_KEYS = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "ExpiredTokenException",
    "TokenRefreshRequired",
    "AuthorizationHeaderMalformed",
}
# What passes by itself, and bytes that were changed on the way: both are tried again.
_PASSING = {
    "InternalError",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "RequestTimeout",
    "OperationAborted",
    "ConditionalRequestConflict",
    "BadDigest",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
    "IncompleteBody",
}


class Passing(VaultUnreachable):
    """Trouble that may pass by itself; `conflict` when two writers met."""

    retry_after: float | None = None
    conflict = False


class Gone(NotThere):
    """The upload is not known any more: it was finished, or somebody aborted it."""


@dataclass(frozen=True)
class Doing:
    """What was asked of which vault when it failed; `name` is the object's, if it was about one."""

    vault: str
    place: S3Place
    operation: str
    name: str | None = None

    @property
    def subject(self) -> str:
        return f"{self.operation} {self.name}" if self.name else self.operation


def told(error: Exception, doing: Doing) -> VaultError:
    """Return the failure as one of our errors."""
    if isinstance(error, aws.ClientError):
        return _answered(error.response, doing)
    if isinstance(error, _NO_CREDENTIALS):
        return VaultUnreachable(
            f"The vault {doing.vault!r} can't be used: {str(error).rstrip('.')}.",
            safe=UNTOUCHED,
            hint="Lifeboat looks for AWS credentials where every AWS program does: in "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws, or the machine's role.",
        )
    if isinstance(error, aws.SSLError):
        return VaultUnreachable(
            f"The vault {doing.vault!r} can't be trusted: {_at(doing.place)} showed a certificate "
            f"that does not hold ({error}).",
            safe=UNTOUCHED,
            hint="Check the endpoint, this machine's clock, and AWS_CA_BUNDLE for your own "
            "authority.",
        )
    if isinstance(
        error, aws.ConnectionError | aws.HTTPClientError | aws.IncompleteReadError | OSError
    ):
        return Passing(
            f"The vault {doing.vault!r} did not answer: {_why(error, doing)} ({doing.subject}).",
            safe=UNTOUCHED,
            hint="Check the network and the endpoint, then run `lifeboat doctor`.",
        )
    return VaultUnreachable(
        f"The vault {doing.vault!r} can't be used: {str(error).rstrip('.')}.",
        safe=UNTOUCHED,
        hint=f"Check [vaults.{doing.vault}] in the settings, then run `lifeboat doctor`.",
    )


def missing(doing: Doing) -> NotThere:
    """Return that there is no such object."""
    return NotThere(
        f"The vault {doing.vault!r} holds no {doing.name}.",
        safe="Nothing was changed.",
        hint="Run `lifeboat list` to see the backups there are.",
    )


def taken(name: str) -> AlreadyThere:
    """Return that the name is somebody's."""
    return AlreadyThere(
        f"The vault already holds {name}, and nothing in a vault is overwritten.",
        safe="What is there is untouched.",
    )


def denied(doing: Doing, permission: str = "") -> VaultDenied:
    """Return that the policy does not allow it, naming what it would have to allow."""
    permission = permission or PERMISSIONS.get(doing.operation, doing.operation)
    also = ""
    if doing.operation == "head_object":
        also = " Without s3:ListBucket, S3 says so of objects that are not there, too."
    if doing.operation == "put_object" and doing.place.encryption == "aws:kms":
        also = " The KMS key's policy has to allow kms:GenerateDataKey and kms:Decrypt."
    return VaultDenied(
        f"The vault {doing.vault!r} does not allow {permission} ({doing.subject}).{also}",
        permission=permission,
        safe=UNTOUCHED,
        hint=f"Allow {permission} in the policy of these credentials or of the bucket; "
        f"docs/vaults.md has a whole policy. `lifeboat doctor` lists what else is missing.",
    )


def _answered(response: dict[str, Any], doing: Doing) -> VaultError:
    """Return what an answer of the server means; the first reading that fits is it."""
    error = response.get("Error", {})
    code, status = str(error.get("Code", "")), _status(response)
    for reading in (_about_the_object, _about_trouble, _about_the_way_in):
        found = reading(code, status, response, doing)
        if found is not None:
            return found
    return _other(error, code or str(status), doing)


def _about_the_object(
    code: str, _status: int, _response: dict[str, Any], doing: Doing
) -> VaultError | None:
    if code in _MISSING and doing.name is not None:
        return missing(doing)
    if code == "NoSuchUpload":
        return Gone(f"The vault {doing.vault!r} knows no such upload of {doing.name}.")
    if code in ("PreconditionFailed", "412"):
        return _replaced(doing) if doing.operation == "get_object" else taken(doing.name or "it")
    if code == "InvalidObjectState":
        return cold(doing)
    return None


def _about_trouble(
    code: str, status: int, response: dict[str, Any], doing: Doing
) -> VaultError | None:
    if code in _FULL or status == 507:
        return VaultFull(
            f"The vault {doing.vault!r} has no room for {doing.name} ({code or status}).",
            safe="Nothing of it was kept; what was in the vault before is untouched.",
            hint=f"Make room in {doing.place.bucket} or raise its quota, then run the same again.",
        )
    if code in _PASSING or status in (429, 500, 502, 503, 504):
        return _passing(response, code or str(status), doing)
    if code == "RequestTimeTooSkewed":
        return _skewed(response, doing)
    return None


def _about_the_way_in(
    code: str, status: int, response: dict[str, Any], doing: Doing
) -> VaultError | None:
    if code in ("PermanentRedirect", "301") or (
        response.get("Error", {}).get("Region") and code in _BAD_KEYS
    ):
        return _wrong_region(response, doing)
    if code in _BAD_KEYS:
        return _bad_keys(code, doing)
    if code == "NoSuchBucket":
        return _no_bucket(doing)
    return denied(doing) if status == 403 else None


def _replaced(doing: Doing) -> VaultUnreachable:
    return VaultUnreachable(
        f"{doing.name} was replaced in the vault {doing.vault!r} while it was read.",
        safe="Nothing was changed by Lifeboat, which never replaces an object.",
        hint="Find out who did: another program can write into that bucket.",
    )


def cold(doing: Doing) -> InColdStorage:
    """Return that the object has to be thawed first."""
    return InColdStorage(
        f"{doing.name} lies in cold storage in the vault {doing.vault!r} and can't be read before "
        f"it is thawed, which takes hours.",
        safe="Nothing was changed.",
        hint="Verify, copy or restore that backup by its id: that begins the thawing, and says how "
        "long it takes.",
    )


def _other(error: dict[str, Any], code: str, doing: Doing) -> VaultUnreachable:
    message = str(error.get("Message", "")).rstrip(".")
    hint = f"Check [vaults.{doing.vault}] in the settings, then run `lifeboat doctor`."
    if code in ("NotImplemented", "InvalidArgument", "501") and doing.operation in (
        "put_object",
        "create_multipart_upload",
        "upload_part",
        "complete_multipart_upload",
    ):
        hint = (
            'If the server does not know SHA-256 checksums, set checksum = "md5"; if it does '
            "not know If-None-Match, set conditional_create = false. See docs/vaults.md."
        )
    return VaultUnreachable(
        f"The vault {doing.vault!r} refused {doing.subject}: {code}{': ' if message else ''}"
        f"{message[:300]}.",
        safe=UNTOUCHED,
        hint=hint,
    )


def _passing(response: dict[str, Any], code: str, doing: Doing) -> Passing:
    passing = Passing(
        f"The vault {doing.vault!r} answered {code} ({doing.subject}), at every try.",
        safe=UNTOUCHED,
        hint="Wait a little, then run the same again.",
    )
    passing.conflict = code == "ConditionalRequestConflict"
    asked = _headers(response).get("retry-after", "")
    passing.retry_after = min(float(asked), 300.0) if asked.isdigit() else None
    return passing


def _skewed(response: dict[str, Any], doing: Doing) -> VaultUnreachable:
    error = response.get("Error", {})
    theirs = _moment(error.get("ServerTime")) or _moment(_headers(response).get("date"))
    ours = _moment(error.get("RequestTime"))
    by = ""
    if theirs and ours:
        seconds = (ours - theirs).total_seconds()
        by = f" by {abs(seconds):,.0f} s ({'ahead' if seconds > 0 else 'behind'})"
    return VaultUnreachable(
        f"This machine's clock and the one of the vault {doing.vault!r} differ{by}, more than "
        f"the server allows, so it refuses every request.",
        safe=UNTOUCHED,
        hint="Set this machine's clock (NTP), then run the same again.",
    )


def _wrong_region(response: dict[str, Any], doing: Doing) -> VaultUnreachable:
    right = response.get("Error", {}).get("Region") or _headers(response).get("x-amz-bucket-region")
    where = f" It is in {right}." if right else ""
    return VaultUnreachable(
        f"The bucket {doing.place.bucket} of the vault {doing.vault!r} is not in the region "
        f"{doing.place.region or 'of the settings'}.{where}",
        safe=UNTOUCHED,
        hint=f'Write region = "{right or "…"}" into [vaults.{doing.vault}]'
        + (", and check its endpoint." if doing.place.endpoint or not right else "."),
    )


def _bad_keys(code: str, doing: Doing) -> VaultDenied:
    meaning = {
        "InvalidAccessKeyId": "the access key is not known there",
        "SignatureDoesNotMatch": "the secret key does not belong to the access key",
        "ExpiredToken": "the credentials have expired",
        "ExpiredTokenException": "the credentials have expired",
    }.get(code, "the credentials are not valid there")
    return VaultDenied(
        f"The vault {doing.vault!r} let nobody in: {meaning} ({code}).",
        permission="credentials",
        safe=UNTOUCHED,
        hint="Give this machine the right AWS credentials (AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, ~/.aws, or its role), then run `lifeboat doctor`.",
    )


def _no_bucket(doing: Doing) -> VaultUnreachable:
    return VaultUnreachable(
        f"There is no bucket {doing.place.bucket} at {_at(doing.place)} (vault {doing.vault!r}).",
        safe="Nothing was changed.",
        hint=f"Check bucket, region and endpoint of [vaults.{doing.vault}]; Lifeboat makes no "
        f"buckets.",
    )


def _why(error: Exception, doing: Doing) -> str:
    waits = doing.place.waits
    match error:
        case aws.ConnectTimeoutError():
            return f"no connection to {_at(doing.place)} within {waits.connect_seconds:g} s"
        case aws.ReadTimeoutError():
            return f"silent for {waits.read_seconds:g} s"
        case aws.EndpointConnectionError() | aws.ProxyConnectionError():
            return f"no connection to {_at(doing.place)}"
        case _:
            return "the connection was cut"


def _at(place: S3Place) -> str:
    return place.endpoint or "AWS"


def _status(response: dict[str, Any]) -> int:
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _headers(response: dict[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers


def _moment(text: Any) -> datetime | None:
    """Return a time as S3 writes it: ISO 8601, its short form, or a header's date."""
    for read in (
        datetime.fromisoformat,
        lambda told: datetime.strptime(told, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
        parsedate_to_datetime,
    ):
        try:
            moment: datetime = read(str(text))
        except (ValueError, TypeError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
