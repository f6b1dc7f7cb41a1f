"""Delivery by HTTP: requests to the bot's URL, signed with the signing secret.

Commands are forms, interactions a form with `payload`, events JSON, as the Events API and
interactivity settings of a real app send them.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec

from sandbox.slack_people import SIGNING_SECRET, Json
from sandbox.slack_wire import read_json

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What the bot's server said: "" is a good answer, else why it is none."""

    failure: str
    payload: Any = None
    no_retry: bool = False


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v0=` and the HMAC of `v0:timestamp:body`."""
    mac = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256)
    return f"v0={mac.hexdigest()}"


class SignedHttp:
    """Posts to one URL within the time that Slack allows."""

    def __init__(self, url: str, patience_seconds: float) -> None:
        self.url = url
        self._timeout = aiohttp.ClientTimeout(total=patience_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self, kind: str, payload: Json, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Sends a slash_commands, interactive or events_api payload; never raises."""
        body, content_type = _body(kind, payload)
        timestamp = str(int(time.time()))
        told = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(SIGNING_SECRET, timestamp, body),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }
        try:
            return await self._sent(body, told | dict(headers or {}))
        except TimeoutError:
            return Answer("http_timeout")
        except aiohttp.ClientError:
            return Answer("connection_failed")

    async def verify(self) -> bool:
        """Whether the URL repeats a challenge, as it must before Slack accepts it."""
        challenge = hashlib.sha256(str(time.time()).encode()).hexdigest()
        asked = {"type": "url_verification", "token": "", "challenge": challenge}
        answer = await self.send("events_api", asked)
        said = answer.payload
        return challenge in (said, said.get("challenge") if isinstance(said, dict) else None)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _sent(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        async with self._session.post(self.url, data=body, headers=headers) as response:
            raw = await response.read()
            no_retry = response.headers.get("X-Slack-No-Retry") == "1"
            if not 200 <= response.status < 300:
                return Answer("http_error", no_retry=no_retry)
            if response.content_type == "application/json":
                return Answer("", read_json(raw))
            return Answer("", raw.decode(errors="replace"))


def _body(kind: str, payload: Json) -> tuple[bytes, str]:
    if kind == "slash_commands":
        return urlencode(payload).encode(), _FORM
    told = msgspec.json.encode(payload)
    if kind == "interactive":
        return urlencode({"payload": told.decode()}).encode(), _FORM
    return told, "application/json"
