"""An object on its way into a bucket: cut into parts, a few at a time, each one's sum compared.

Memory is bounded by the number of buffers. The last request gives the object its name, and only
where nothing has it: before that nothing of the object can be seen, and whatever goes wrong, the
parts are taken back at once.
"""

from __future__ import annotations

import base64
import hashlib
import queue
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from storage.errors import AlreadyThere, NotThere, VaultError, VaultUnreachable
from storage.vaults.s3_calls import Calls
from storage.vaults.s3_place import PARTS_MAX, S3Place
from storage.vaults.s3_words import Gone, Passing, taken

WRITER = "lifeboat-write"  # Tells our own write, heard and not answered, from somebody else's.
_MD5 = re.compile(r'"?([0-9a-f]{32})"?')


@dataclass
class Sent:
    """What has arrived so far, part by part, and whether the server's sum agreed."""

    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    digests: dict[int, tuple[int, bytes]] = field(default_factory=dict)  # Size and digest.
    sure: bool = True

    @property
    def bytes(self) -> int:
        return sum(size for size, _ in self.digests.values())


class Upload:
    """One `put`; `claimed` is held around the request that gives the name."""

    def __init__(
        self,
        calls: Calls,
        name: str,
        kind: str | None,
        claimed: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._calls, self._name, self._claimed = calls, name, claimed
        self._token = secrets.token_hex(16)
        self._how = {
            "Metadata": {WRITER: self._token},
            **calls.place.kept(name, kind, datetime.now(UTC)),
        }
        self._once: dict[str, Any] = {"IfNoneMatch": "*"} if calls.place.conditional_create else {}
        self._stop = threading.Event()
        self.sent = Sent()

    def run(self, chunks: Iterable[bytes]) -> Sent:
        """Send it all; AlreadyThere if somebody else has the name."""
        workers = self._calls.place.workers
        buffers: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
        for _ in range(workers + 2):
            buffers.put(bytearray())
        parts = cut(chunks, self._calls.place.size_of_part, buffers)
        first = next(parts)
        second = next(parts, None)
        if second is None:
            self._whole(first)
        else:
            self._in_parts(first, second, parts, buffers)
        return self.sent

    def _whole(self, body: bytearray) -> None:
        digest = hashlib.sha256(body).digest()
        self.sent.digests[1] = (len(body), digest)

        def put() -> None:
            how = {**self._how, **self._once, **sums(self._calls.place, body, digest)}
            self._noted(1, body, self._calls("put_object", self._name, **how))

        self._give_name(put)

    def _in_parts(
        self,
        first: bytearray,
        second: bytearray,
        rest: Iterator[bytearray],
        buffers: queue.SimpleQueue[bytearray],
    ) -> None:
        if self._is_taken():  # Before a long upload that would be for nothing.
            raise taken(self._name)
        id_ = self._calls(
            "create_multipart_upload", self._name, **self._how, **algorithm(self._calls.place)
        )["UploadId"]
        try:
            self._send(id_, _all(first, second, rest), buffers)
            self._give_name(lambda: self._complete(id_))
        except BaseException:
            self._abort(id_)
            raise

    def _send(
        self, id_: str, parts: Iterator[bytearray], buffers: queue.SimpleQueue[bytearray]
    ) -> None:
        """Send every part, a few at a time; after an error none is begun and none left running."""
        running: list[Future[None]] = []
        with ThreadPoolExecutor(self._calls.place.workers) as pool:
            try:
                for number, body in enumerate(parts, start=1):
                    _first_error(running)
                    if number > PARTS_MAX:
                        raise self._too_big()
                    running.append(pool.submit(self._part, id_, number, body, buffers))
                    running = [part for part in running if not part.done() or part.exception()]
                for part in running:
                    part.result()
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _part(
        self, id_: str, number: int, body: bytearray, buffers: queue.SimpleQueue[bytearray]
    ) -> None:
        try:
            digest = hashlib.sha256(body).digest()
            self.sent.digests[number] = (len(body), digest)
            how = {"UploadId": id_, "PartNumber": number, **sums(self._calls.place, body, digest)}
            self._noted(
                number, body, self._calls("upload_part", self._name, stop=self._stop, **how)
            )
        finally:
            buffers.put(body)

    def _complete(self, id_: str) -> None:
        parts = [self.sent.parts[number] for number in sorted(self.sent.parts)]
        told = self._calls(
            "complete_multipart_upload",
            self._name,
            UploadId=id_,
            MultipartUpload={"Parts": parts},
            **self._once,
        )
        whole = hashlib.sha256(b"".join(d for _, (_, d) in sorted(self.sent.digests.items())))
        ours = f"{base64.b64encode(whole.digest()).decode()}-{len(parts)}"
        theirs = told.get("ChecksumSHA256")
        if theirs and "-" in theirs and theirs != ours:
            self._calls("delete_object", self._name)
            raise self._calls.odd(f"it put the parts of {self._name} together in another order")

    def _give_name(self, doing: Callable[[], None]) -> None:
        """Do what creates the object; what was heard and not answered counts as done."""
        with self._claimed():
            if not self._once and self._is_taken():
                raise taken(self._name)
            try:
                doing()
            except (AlreadyThere, Gone, VaultUnreachable) as error:
                if self._is_ours(error):
                    return
                if isinstance(error, Gone) or (isinstance(error, Passing) and error.conflict):
                    if self._is_taken():
                        raise taken(self._name) from error
                    raise self._conflict() from error
                raise

    def _noted(self, number: int, body: bytearray, told: dict[str, Any]) -> None:
        """Compare the server's sum of a part with ours, as far as it tells one."""
        _, digest = self.sent.digests[number]
        ours, theirs = base64.b64encode(digest).decode(), told.get("ChecksumSHA256")
        if theirs is not None and theirs != ours:
            raise self._calls.odd(f"it says that part {number} of {self._name} arrived changed")
        if theirs is None:
            etag = _MD5.fullmatch(str(told.get("ETag", "")))
            same = etag and etag[1] == hashlib.md5(body, usedforsecurity=False).hexdigest()
            self.sent.sure = self.sent.sure and bool(same)  # Else the object is read back.
        part = {"PartNumber": number, "ETag": told.get("ETag", "")}
        if self._calls.place.checksum == "sha256":
            part["ChecksumSHA256"] = ours
        self.sent.parts[number] = part

    def _is_taken(self) -> bool:
        try:
            self._calls.head(self._name)
        except NotThere:
            return False
        return True

    def _is_ours(self, error: VaultError) -> bool:
        """Whether the object there was written by this very `put`."""
        try:
            there = self._calls.head(self._name)
        except NotThere:
            return False
        except VaultError:
            raise error from None  # The first reason is the one that tells.
        if there.get("Metadata", {}).get(WRITER) != self._token:
            return False
        self.sent.sure = False  # The answer with its sums was lost.
        return True

    def _abort(self, id_: str) -> None:
        """Take the parts back; what is left all the same, a sweep finds."""
        with suppress(VaultError):
            self._calls("abort_multipart_upload", self._name, UploadId=id_)

    def _too_big(self) -> VaultError:
        mib = self._calls.place.part_bytes >> 20
        return VaultError(
            f"{self._name} needs more than {PARTS_MAX:,} parts, and S3 takes no more.",
            safe="Nothing of it was kept.",
            hint=f"Set part_mib of [vaults.{self._calls.vault}] to {mib * 2} or more.",
        )

    def _conflict(self) -> VaultUnreachable:
        return VaultUnreachable(
            f"The vault {self._calls.vault!r} did not take {self._name}: somebody else wrote or "
            f"removed it at the same moment.",
            safe="Nothing of it was kept.",
            hint="Run the same again.",
        )


def sums(place: S3Place, body: bytes | bytearray, digest: bytes) -> dict[str, Any]:
    """Return the body and the sum by which the server refuses bytes changed on the way.

    `digest` is its SHA-256. Where locks are, S3 takes no object without a sum.
    """
    if place.checksum == "md5":
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        return {"Body": body, "ContentMD5": base64.b64encode(md5).decode()}
    sha256 = base64.b64encode(digest).decode()
    return {"Body": body, "ChecksumSHA256": sha256, **algorithm(place)}


def algorithm(place: S3Place) -> dict[str, Any]:
    """Return what tells the server which sums to expect."""
    return {"ChecksumAlgorithm": "SHA256"} if place.checksum == "sha256" else {}


def cut(
    chunks: Iterable[bytes],
    size_of_part: Callable[[int], int],
    buffers: queue.SimpleQueue[bytearray],
) -> Iterator[bytearray]:
    """Yield the bytes in parts, each in a free buffer; at least one part, only the last is short.

    A buffer is the reader's until it goes back to `buffers`.
    """
    number, filled, buffer = 1, 0, bytearray()
    for chunk in chunks:
        left = memoryview(chunk)
        while left:
            if not filled:
                buffer = _sized(buffers.get(), size_of_part(number))
            taken_ = min(len(left), len(buffer) - filled)
            buffer[filled : filled + taken_] = left[:taken_]
            filled, left = filled + taken_, left[taken_:]
            if filled == len(buffer):
                yield buffer
                number, filled = number + 1, 0
    if filled:
        del buffer[filled:]
        yield buffer
    elif number == 1:
        yield bytearray()


def _sized(buffer: bytearray, size: int) -> bytearray:
    return buffer if len(buffer) == size else bytearray(size)


def _all(first: bytearray, second: bytearray, rest: Iterator[bytearray]) -> Iterator[bytearray]:
    yield first
    yield second
    yield from rest


def _first_error(running: list[Future[None]]) -> None:
    for part in running:
        if part.done():
            part.result()
