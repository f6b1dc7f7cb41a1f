"""Requests to one deployment: the key, the retries, and every failure as one of our errors.

Only what may be said twice is sent twice. Redirects are never followed, so a key goes to the
address in the settings and nowhere else. Status codes and error bodies are those of convex-backend
`crates/common/src/http/mod.rs`.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.metadata import version
from typing import Any, NoReturn

import httpx
import tenacity

from storage.convex.keys import key_name
from storage.convex.patience import Patience
from storage.convex.progress import Retrying, Tell, untold
from storage.convex.words import Place, at_the_door
from storage.errors import BadAnswer, ConvexError, ServerTrouble, Unreachable
from storage.secret import Secret

ANSWER_BYTES_MAX = 64 << 20  # Convex caps a query's answer at 16 MiB; rows are never asked for.
ERROR_BYTES_MAX = 64 << 10
RETRY_AFTER_SECONDS_MAX = 300.0
ENCODED = "convex_encoded_json"
OCTETS = "application/octet-stream"
HIDDEN = "**********"
PASSING = (ServerTrouble, Unreachable)


class QueryFailed(BadAnswer):
    """A `_system` function answered with an error; `message` is Convex's."""

    def __init__(self, what: str, *, message: str, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.message = message


class Client:
    """HTTP to one deployment, kept open until `close`."""

    def __init__(self, place: Place, key: Secret, patience: Patience) -> None:
        self._place, self._key, self._patience = place, key, patience
        self._http = httpx.Client(
            base_url=place.url,
            headers={"Convex-Client": f"lifeboat-{version('convex-lifeboat')}"},
            timeout=httpx.Timeout(patience.read_seconds, connect=patience.connect_seconds),
            follow_redirects=False,
            verify=_tls(),
        )

    def close(self) -> None:
        """Let the connections go for good."""
        self._http.close()

    def get(self, path: str, *, keyed: bool = True, tell: Tell = untold) -> httpx.Response:
        """Return a small answer, read whole; tries again while trouble is passing."""
        return self._again("GET", path, tell, keyed=keyed)

    def post(  # noqa: PLR0913 - the parts of a request.
        self,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        may_repeat: bool,
        tell: Tell = untold,
    ) -> httpx.Response:
        """Return the answer to a request that changes something.

        With `may_repeat` False it is sent once: after Unreachable or ServerTrouble nobody knows
        whether it was done.
        """
        headers = {"Content-Type": "application/json" if content is None else OCTETS}
        sent: dict[str, Any] = {"params": params, "headers": headers}
        sent |= {"json": json} if json is not None else {"content": content or b""}
        if may_repeat:
            return self._again("POST", path, tell, **sent)
        return self._once("POST", path, **sent)

    def query(self, function: str, args: Mapping[str, Any] | None = None) -> Any:
        """Return what a `_system` function answers, in the encoded format.

        QueryFailed when the function says no; MissingPermission when the key does not allow it.
        """
        body = {"path": function, "args": [dict(args or {})], "format": ENCODED}
        answer = self.read_json(self.post("/api/query", json=body, may_repeat=True))
        if isinstance(answer, dict) and answer.get("status") == "success" and "value" in answer:
            return answer["value"]
        message = str(answer.get("errorMessage", "")) if isinstance(answer, dict) else ""
        message = message.replace(self._secret_part(), HIDDEN)
        at_the_door(self._place, message)
        raise QueryFailed(
            f"{self._place.name} did not answer {function}: {message[:300] or 'no reason given'}.",
            message=message,
            hint=f"Run `lifeboat doctor {self._place.name}`.",
        )

    def read_json(self, response: httpx.Response) -> Any:
        """Return an answer's JSON; BadAnswer when it is none."""
        try:
            return response.json()
        except (ValueError, RecursionError):
            raise BadAnswer(
                f"{self._place.url} answered {response.request.url.path} with something that is "
                f"not JSON.",
                hint="Check that url in the settings is the deployment's own address.",
            ) from None

    @contextmanager
    def stream(self, path: str) -> Iterator[httpx.Response]:
        """Open one answer to be read in passing; nothing is tried again here.

        Unreachable for whatever breaks on the way, also while the body is read.
        """
        headers = {**self._auth(), "Accept-Encoding": "identity"}
        try:
            with self._http.stream("GET", path, headers=headers) as response:
                if response.status_code != httpx.codes.OK:
                    self._refuse(response, _bounded(response, ERROR_BYTES_MAX))
                yield response
        except httpx.HTTPError as error:
            raise self._unreachable(error, f"GET {path}") from error

    def _again(self, method: str, path: str, tell: Tell, **sent: Any) -> httpx.Response:
        trying = retrying(self._patience, self._patience.tries, PASSING, tell)
        return trying(self._once, method, path, **sent)

    def _once(
        self,
        method: str,
        path: str,
        *,
        keyed: bool = True,
        headers: Mapping[str, str] | None = None,
        **sent: Any,
    ) -> httpx.Response:
        headers = {**(headers or {}), **(self._auth() if keyed else {})}
        try:
            with self._http.stream(method, path, headers=headers, **sent) as response:
                if response.status_code != httpx.codes.OK:
                    self._refuse(response, _bounded(response, ERROR_BYTES_MAX))
                body = _bounded(response, ANSWER_BYTES_MAX)
        except httpx.HTTPError as error:
            raise self._unreachable(error, f"{method} {path}") from error
        if body is None:
            raise BadAnswer(f"{self._place.name} answered {path} with more than is ever needed.")
        kept = [(k, v) for k, v in response.headers.raw if k.lower() != b"content-encoding"]
        return httpx.Response(200, headers=kept, content=body, request=response.request)

    def _auth(self) -> dict[str, str]:
        key_name(self._key)  # A key of another form is never sent.
        return {"Authorization": f"Convex {self._key.reveal()}"}

    def _secret_part(self) -> str:
        return self._key.reveal().partition("|")[2]

    def _unreachable(self, error: httpx.HTTPError, doing: str) -> Unreachable:
        return Unreachable(
            f"{self._place.name} ({self._place.url}) did not answer: "
            f"{_why(error, self._patience)} ({doing}).",
            hint=f"Check the network, then run `lifeboat doctor {self._place.name}`.",
        )

    def _refuse(self, response: httpx.Response, body: bytes | None) -> NoReturn:
        # Whoever stands between may answer with the request itself, key and all.
        told = (body or b"").replace(self._secret_part().encode(), HIDDEN.encode())
        error = self._place.error(response.status_code, told, response.request.url.path)
        if isinstance(error, ServerTrouble):
            error.retry_after = _retry_after(response.headers.get("Retry-After"))
        raise error


def retrying(
    patience: Patience,
    tries: int,
    on: tuple[type[ConvexError], ...],
    tell: Tell,
    between: Callable[[], None] = lambda: None,
) -> tenacity.Retrying:
    """Return a loop that tries so often, waiting what the server asks or twice as long each time.

    `between` is called before each wait; the last error comes through.
    """

    def seconds(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked: float | None = getattr(error, "retry_after", None)
        if asked is not None:
            return asked
        doubled = patience.retry_seconds * 2.0 ** (state.attempt_number - 1)
        return float(min(doubled, patience.retry_seconds_max))

    def told(state: tenacity.RetryCallState) -> None:
        between()
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        if isinstance(error, ConvexError):
            tell(Retrying(error.what, tries - state.attempt_number, wait))

    return tenacity.Retrying(
        stop=tenacity.stop_after_attempt(tries),
        wait=seconds,
        retry=tenacity.retry_if_exception_type(on),
        sleep=patience.sleep,
        before_sleep=told,
        reraise=True,
    )


@cache
def _tls() -> ssl.SSLContext:
    """Return what checks certificates; reading the authorities takes 40 ms, so it is done once."""
    return httpx.create_ssl_context()


def _bounded(response: httpx.Response, most: int) -> bytes | None:
    """Return a body whole, or None when it is larger than that."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def _retry_after(told: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, up to a bound.

    It holds a number or a date (RFC 9110, 10.2.3); anything else is as good as none.
    """
    if told is None:
        return None
    try:
        seconds = float(told)
    except ValueError:
        try:
            at = parsedate_to_datetime(told).astimezone(UTC)
        except (ValueError, OverflowError):  # The second for the year 9999 west of Greenwich.
            return None
        seconds = (at - datetime.now(UTC)).total_seconds()
    return min(max(0.0, seconds), RETRY_AFTER_SECONDS_MAX) if math.isfinite(seconds) else None


def _why(error: httpx.HTTPError, patience: Patience) -> str:
    match error:
        case httpx.ConnectTimeout():
            return f"no connection within {patience.connect_seconds:g} s"
        case httpx.TimeoutException():
            return f"silent for {patience.read_seconds:g} s"
        case httpx.ConnectError():
            return f"no connection ({error})"
        case _:
            return f"the connection was cut ({str(error).rstrip('.') or type(error).__name__})"
