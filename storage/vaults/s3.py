"""A bucket as a vault: AWS S3, or any server that speaks the same.

An object appears whole or not at all, because S3 shows none before its last byte; names are given
by requests that the server refuses where the name is taken. How a request is repeated stands in
`s3_calls.py`, how bytes go up in `s3_upload.py`, what the answers mean in `s3_words.py`.
"""

from __future__ import annotations

import builtins
import hashlib
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config

from storage.errors import NotThere, Refused, VaultError
from storage.vaults import s3_cold, s3_locks, s3_look
from storage.vaults.local import PART_BEGINS, PART_ENDS, is_part
from storage.vaults.s3_calls import FAILURES, Calls
from storage.vaults.s3_claims import claimed
from storage.vaults.s3_place import S3Place
from storage.vaults.s3_upload import Sent, Upload
from storage.vaults.s3_words import Doing, Passing, cold, told
from storage.vaults.vault import ByHand, Look, Stored, Warmth, legal

CHUNK = 512 * 1024
NEXT_PAGE = {"NextContinuationToken": "ContinuationToken"}
NEXT_UPLOADS = {"NextKeyMarker": "KeyMarker", "NextUploadIdMarker": "UploadIdMarker"}
NEXT_PARTS = {"NextPartNumberMarker": "PartNumberMarker"}


class S3Bucket:
    """One bucket, or the part of it below a prefix; nothing is asked of it before the first use."""

    def __init__(self, place: S3Place, name: str = "s3") -> None:
        self._place = place
        self._name = name
        self.calls = Calls(name, place, lambda: connected(name, place))

    @property
    def name(self) -> str:
        """What the settings call it."""
        return self._name

    @property
    def place(self) -> S3Place:
        """Where it is and how objects are kept."""
        return self._place

    def by_hand(self) -> ByHand:
        """Return how a person reaches it: AWS's own command copies from it."""
        place = self._place
        server = f" --endpoint-url {shlex.quote(place.endpoint)}" if place.endpoint else ""
        region = f" --region {shlex.quote(place.region)}" if place.region else ""
        aws = f"aws{server}{region} s3"
        root = f"s3://{place.bucket}/{place.prefix}".rstrip("/")
        return ByHand(f"the bucket {root}", root, copy=f"{aws} cp", list=f"{aws} ls")

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Keep a new object, whole or not at all, and return when it is durable."""
        return self._put(name, chunks, None)

    def open(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Yield the object's bytes from `start` on, in bounded chunks; NotThere at once if none."""
        if start < 0:
            raise ValueError("start is a number of bytes, from 0 on")
        known = self.calls.head(legal(name))
        if s3_cold.warmth_of(known).state in ("cold", "thawing"):
            raise cold(self.calls.about("get_object", name))
        return self._chunks(name, start, known["ETag"], known["ContentLength"])

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yield each whole object whose name begins so, in the order of the names' bytes."""
        inside = prefix.rpartition("/")[0]
        if inside:
            legal(inside)
        return (stored for stored in self._listed(prefix) if _is_legal(stored.name))

    def stat(self, name: str) -> Stored:
        """Return what is known of an object without reading it; NotThere if there is none."""
        known = self.calls.head(legal(name))
        return _stored(name, known["ContentLength"], known["LastModified"])

    def delete(self, name: str) -> None:
        """Remove an object with all its versions; ObjectLocked if a lock forbids it."""
        s3_locks.remove(self.calls, legal(name))

    def leftovers(self) -> Iterator[Stored]:
        """Yield uploads that were begun and not finished, and objects of foreign names."""
        for _, stored in self._uploads():
            yield stored
        for stored in self._listed(""):
            if not _is_legal(stored.name):
                yield stored

    def sweep(self, before: datetime) -> Sequence[Stored]:
        """Abort uploads that got no part since that moment, and remove claims as old."""
        swept = []
        for upload, stored in list(self._uploads()):
            if stored.modified < before:
                self._abort(upload)
                swept.append(stored)
        for stored in list(self._listed("")):
            if is_part(stored.name) and stored.modified < before:
                self.calls("delete_object", stored.name)
                swept.append(stored)
        return swept

    def looks(self, probe: str, skew_seconds_max: float) -> Iterator[Look]:
        """Yield each thing that a backup needs of the bucket, tried with an object `probe`."""
        return s3_look.looks(self.calls, legal(probe), skew_seconds_max)

    def skew_seconds(self) -> float | None:
        """Return this machine's clock minus the bucket's, to a second; None if it won't tell."""
        return s3_look.skew(self.calls)

    def put_as(self, kind: str, name: str, chunks: Iterable[bytes]) -> Stored:
        """Do as `put` does, with the class and the lock that the settings give the kind."""
        return self._put(name, chunks, kind)

    def hold(self, name: str) -> None:
        """Put a legal hold on an object."""
        s3_locks.hold(self.calls, legal(name), on=True)

    def release(self, name: str) -> None:
        """End the legal hold."""
        s3_locks.hold(self.calls, legal(name), on=False)

    def lock(self, name: str, until: datetime) -> None:
        """Lock an object until then; a lock is never shortened."""
        s3_locks.lock(self.calls, legal(name), until)

    def locked_until(self, name: str) -> datetime | None:
        """Return until when it can't be removed: FOREVER while held, None if it can be."""
        return s3_locks.locked_until(self.calls.head(legal(name)), datetime.now(UTC))

    def cool(self, name: str) -> None:
        """Move an object to the cold class."""
        s3_cold.cool(self.calls, legal(name))

    def thaw(self, name: str) -> timedelta:
        """Begin the thawing, once or often; return how long it takes at most."""
        return s3_cold.thaw(self.calls, legal(name))

    def warmth(self, name: str) -> Warmth:
        """Return whether it can be read now."""
        return s3_cold.warmth(self.calls, legal(name))

    def _put(self, name: str, chunks: Iterable[bytes], kind: str | None) -> Stored:
        claim: Callable[[], AbstractContextManager[None]] = nullcontext
        if not self._place.conditional_create:
            claim = partial(claimed, self.calls, name)
        sent = Upload(self.calls, legal(name), kind, claim).run(chunks)
        if not sent.sure:
            self._compare(name, sent)
        stored = self.stat(name)
        if stored.bytes != sent.bytes:
            raise self.calls.odd(f"{name} has {stored.bytes:,} bytes there and {sent.bytes:,} here")
        return stored

    def _compare(self, name: str, sent: Sent) -> None:
        """Read an object back whose server told no sum of it, and remove it if it differs."""
        parts = [sent.digests[number] for number in sorted(sent.digests)]
        if _digests(self.open(name), [size for size, _ in parts]) != [each for _, each in parts]:
            self.delete(name)
            raise self.calls.odd(f"it gave back other bytes of {name} than it was given")

    def _chunks(self, name: str, start: int, etag: str, size: int) -> Iterator[bytes]:
        """Read on where a connection was cut, of the very same object."""
        at, fruitless, cut = start, 0, None
        while at < size:
            if fruitless >= self._place.waits.tries:
                raise cut or self.calls.odd(f"it ends {name} too early, at byte {at:,}")
            if fruitless:
                self._place.waits.sleep(self._place.waits.retry_seconds * 2.0 ** (fruitless - 1))
            fruitless += 1
            body = self._from(name, at, etag, size)
            try:
                while True:
                    chunk, cut = self._piece(body, name)
                    if not chunk:
                        break
                    at, fruitless = at + len(chunk), 0
                    yield chunk
            finally:
                body.close()

    def _from(self, name: str, at: int, etag: str, size: int) -> Any:
        """Open the object at a byte; refused unless the answer holds exactly the rest of it."""
        ranged: dict[str, Any] = {"Range": f"bytes={at}-"} if at else {}
        answer = self.calls("get_object", name, IfMatch=etag, **ranged)
        if answer["ContentLength"] != size - at:
            answer["Body"].close()
            raise self.calls.odd(
                f"asked for the last {size - at:,} bytes of {name} it sends "
                f"{answer['ContentLength']:,}"
            )
        return answer["Body"]

    def _piece(self, body: Any, name: str) -> tuple[bytes, VaultError | None]:
        """Return the next bytes, or none and why when the connection was cut."""
        try:
            return body.read(CHUNK), None
        except FAILURES as error:
            said = told(error, self.calls.about("get_object", name))
            if not isinstance(said, Passing):
                raise said from error
            return b"", said

    def _listed(self, prefix: str) -> Iterator[Stored]:
        """Yield all there is below the place's prefix; the order is S3's promise, and is held."""
        cut, last = len(self._place.prefix), b""
        for page in self.calls.pages(
            "list_objects_v2", NEXT_PAGE, Prefix=self._place.prefix + prefix
        ):
            for item in page.get("Contents", ()):
                name = item["Key"][cut:]
                if last and name.encode() <= last:
                    raise self.calls.odd(f"it lists {name} out of order")
                last = name.encode()
                yield _stored(name, item["Size"], item["LastModified"])

    def _uploads(self) -> Iterator[tuple[dict[str, Any], Stored]]:
        """Yield each unfinished upload, as old as the youngest of its parts."""
        for page in self.calls.pages(
            "list_multipart_uploads", NEXT_UPLOADS, Prefix=self._place.prefix
        ):
            for upload in page.get("Uploads", ()):
                name, size, at = upload["Key"][len(self._place.prefix) :], 0, upload["Initiated"]
                try:
                    for part in self._parts(name, upload["UploadId"]):
                        size, at = size + part["Size"], max(at, part["LastModified"])
                except NotThere:
                    continue  # Finished or aborted meanwhile.
                yield upload, _stored(_part_name(name, upload["UploadId"]), size, at)

    def _parts(self, name: str, id_: str) -> Iterator[dict[str, Any]]:
        for page in self.calls.pages("list_parts", NEXT_PARTS, name=name, UploadId=id_):
            yield from page.get("Parts", ())

    def _abort(self, upload: dict[str, Any]) -> None:
        name = upload["Key"][len(self._place.prefix) :]
        with suppress(NotThere):
            self.calls("abort_multipart_upload", name, UploadId=upload["UploadId"])


def connected(vault: str, place: S3Place) -> Any:
    """Return a client for the place, with credentials from where every AWS program looks.

    It tries nothing again by itself and adds no sums: `Calls` and `Upload` do. Bodies go unsigned,
    because their SHA-256 is a header that is signed.
    """
    config = Config(
        signature_version="s3v4",
        connect_timeout=place.waits.connect_seconds,
        read_timeout=place.waits.read_seconds,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=place.workers + 8,
        tcp_keepalive=True,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        user_agent_extra="lifeboat",
        s3={
            "addressing_style": "path" if place.path_style else "auto",
            "payload_signing_enabled": place.checksum == "md5",
        },
    )
    try:
        core = botocore.session.Session()
        core.register_component("data_loader", _models())
        session = boto3.session.Session(region_name=place.region, botocore_session=core)
        return session.client("s3", endpoint_url=place.endpoint, config=config)
    except FAILURES as error:
        raise told(error, Doing(vault, place, "connect")) from error


@cache
def _models() -> Any:
    """Return what reads S3's description from the disk; it takes 0.2 s, so it is done once."""
    return botocore.loaders.create_loader()


def _digests(chunks: Iterable[bytes], sizes: builtins.list[int]) -> builtins.list[bytes]:
    """Return the SHA-256 of each part of those sizes, and of what is beyond them."""
    digests, left, digest = [], builtins.list(sizes), hashlib.sha256()
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest and left:
            taken = rest[: left[0]]
            digest.update(taken)
            rest, left[0] = rest[len(taken) :], left[0] - len(taken)
            if not left[0]:
                digests.append(digest.digest())
                left, digest = left[1:], hashlib.sha256()
        if rest:
            return [*digests, b"more bytes than were given"]
    return [*digests, digest.digest()] if left else digests


def _part_name(name: str, id_: str) -> str:
    """Return the name under which an unfinished upload is told: one that no object can have."""
    folder, _, leaf = name.rpartition("/")
    mark = hashlib.sha256(id_.encode()).hexdigest()[:16]
    part = f"{PART_BEGINS}{leaf}-{mark}{PART_ENDS}"
    return f"{folder}/{part}" if folder else part


def _is_legal(name: str) -> bool:
    try:
        legal(name)
    except Refused:
        return False
    return True


def _stored(name: str, size: int, modified: datetime) -> Stored:
    """Return what is known, with the time to the second: a HEAD tells no more."""
    return Stored(name, size, modified.astimezone(UTC).replace(microsecond=0))
