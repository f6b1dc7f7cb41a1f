"""Requests to one bucket: each tried again while its trouble is passing, up to a deadline.

What is sent here may be sent twice: reads, parts of an upload, removals, and creations that only
succeed where nothing is. Whoever creates looks afterwards whether an earlier try had been heard.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import tenacity
from botocore import exceptions as aws

from storage.errors import NotThere, VaultDenied, VaultUnreachable
from storage.vaults.s3_place import S3Place
from storage.vaults.s3_words import UNTOUCHED, Doing, Passing, denied, missing, told

T = TypeVar("T")
FAILURES = (aws.BotoCoreError, aws.ClientError, OSError, ValueError)


class Calls:
    """Every request of one vault goes through here."""

    def __init__(self, vault: str, place: S3Place, connect: Callable[[], Any]) -> None:
        self.vault, self.place = vault, place
        self._connect = connect
        self._made: Any = None
        self._making = threading.Lock()
        self._bucket_seen = False

    def __call__(
        self,
        operation: str,
        name: str | None = None,
        *,
        stop: threading.Event | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Return the answer of a request about an object of that name, or about the bucket."""
        return self.again(lambda: self.once(operation, name, **params), stop)

    def once(self, operation: str, name: str | None = None, **params: Any) -> dict[str, Any]:
        """Send it once; Passing when it may go better next time."""
        if name is not None:
            params["Key"] = self.place.prefix + name
        try:
            answer: dict[str, Any] = getattr(self._client(), operation)(
                Bucket=self.place.bucket, **params
            )
        except FAILURES as error:
            raise self._told(error, operation, name) from error
        self._bucket_seen = True
        return answer

    def again(self, doing: Callable[[], T], stop: threading.Event | None = None) -> T:
        """Return what `doing` returns; tried again after Passing until tries or time are used up.

        `stop` ends the waiting: the last error comes through at once.
        """
        waits = self.place.waits
        began = waits.clock()

        def given_up(state: tenacity.RetryCallState) -> bool:
            over = waits.clock() - began >= waits.deadline_seconds
            return over or state.attempt_number >= waits.tries or bool(stop and stop.is_set())

        def sleep(seconds: float) -> None:
            if stop is None:
                waits.sleep(seconds)
            else:
                stop.wait(seconds)

        trying = tenacity.Retrying(
            stop=given_up,
            wait=lambda state: self._seconds(state, began),
            retry=tenacity.retry_if_exception_type(Passing),
            sleep=sleep,
            reraise=True,
        )
        return trying(doing)

    def pages(
        self, operation: str, more: dict[str, str], **params: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield each page of a listing; `more` maps an answer's markers to the next question's."""
        while True:
            page = self(operation, **params)
            yield page
            if not page.get("IsTruncated"):
                return
            markers = {ask: page[said] for said, ask in more.items() if page.get(said) is not None}
            if not markers or markers.items() <= params.items():
                raise self.odd("its listing says there is more and not where")
            params |= markers

    def head(self, name: str) -> dict[str, Any]:
        """Return what the server knows of an object; NotThere if there is none.

        An answer to HEAD has no words, so where its number is not enough a listing tells why.
        """
        try:
            return self("head_object", name, **self.checked())
        except NotThere:
            if not self._bucket_seen:
                self("list_objects_v2", Prefix=self.place.prefix + name, MaxKeys=1)
            raise
        except Passing:
            raise
        except VaultUnreachable as error:
            if not isinstance(error.__cause__, aws.ClientError):
                raise
            listed = self("list_objects_v2", Prefix=self.place.prefix + name, MaxKeys=1)
            keys = [found["Key"] for found in listed.get("Contents", ())]
            if self.place.prefix + name not in keys:
                raise missing(self.about("head_object", name)) from error
            if isinstance(error, VaultDenied):
                raise denied(self.about("get_object", name)) from error
            raise

    def checked(self) -> dict[str, Any]:
        """Return what asks the server to tell the checksum it knows."""
        return {"ChecksumMode": "ENABLED"} if self.place.checksum == "sha256" else {}

    def about(self, operation: str, name: str | None = None) -> Doing:
        """Return what a sentence needs to know."""
        return Doing(self.vault, self.place, operation, name)

    def odd(self, what: str) -> VaultUnreachable:
        """Return that the server does not speak S3 as it is written."""
        return VaultUnreachable(
            f"The vault {self.vault!r} can't be trusted: {what}.",
            safe=UNTOUCHED,
            hint="Does the server at its endpoint really speak S3? Run `lifeboat doctor`.",
        )

    def _seconds(self, state: tenacity.RetryCallState, began: float) -> float:
        """Return the next pause: what the server asks, or twice as long each time, not in step."""
        waits = self.place.waits
        error = state.outcome.exception() if state.outcome else None
        asked: float | None = getattr(error, "retry_after", None)
        doubled = min(waits.retry_seconds * 2.0 ** (state.attempt_number - 1), 2.0**20)
        uneven = random.uniform(0.5, 1.0)  # noqa: S311 - a pause, no secret.
        pause = min(doubled, waits.retry_seconds_max) * uneven if asked is None else asked
        return max(0.0, min(pause, waits.deadline_seconds - (waits.clock() - began)))

    def _told(self, error: Exception, operation: str, name: str | None) -> Exception:
        return told(error, self.about(operation, name))

    def _client(self) -> Any:
        with self._making:
            if self._made is None:
                self._made = self._connect()
            return self._made
