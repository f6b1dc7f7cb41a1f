"""Carries messages to Slack at Slack's own pace: posts now, notes in order, edits coalesced.

`chat.update` allows about fifty calls a minute over all messages, so of many edits of one message
only the newest is sent, and the last one always is. You will not find here what a message says.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.messages import fallback
from bot.messages.model import Message
from storage.errors import LifeboatError, Refused

log = logging.getLogger(__name__)
CALL_SECONDS = 1.25  # Between two calls that may wait: 48 a minute.
SAME_SECONDS = 2.5  # Between two edits of one message that are not its last.
AWAY_SECONDS_MAX = 60.0
BLOCKS_REFUSED = ("invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long")
NOT_HERE = ("not_in_channel", "channel_not_found", "is_archived", "restricted_action")
# What may be over in a while, or be mended by whoever runs the bot; everything else is for good.
PASSING = (
    *("ratelimited", "rate_limited", "accesslimited", "internal_error", "fatal_error"),
    *("service_unavailable", "request_timeout", "team_added_to_org", "unknown"),
    *("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"),
)
Place = tuple[str, str]  # Channel and ts.


class NotInChannel(Refused):
    """The bot can't post where it was asked."""


class NotTaken(Refused):
    """Slack refuses this one message, whatever becomes of it later."""


class SlackAway(LifeboatError):
    """Slack does not answer, or refuses the bot."""


@dataclass
class _Posting:
    """A message to be posted later, drawn when it is sent; `posted` is told its ts."""

    channel: str
    thread_ts: str | None
    draw: Callable[[], Message]
    posted: Callable[[str], None]


@dataclass
class _Shown:
    message: Message
    last: bool
    sent: Callable[[], None]


class Courier:
    """One thread that carries what may wait; `close` carries the rest and ends it."""

    def __init__(
        self,
        client: WebClient,
        clock: Callable[[], float] = time.monotonic,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self._client, self._clock, self._call_seconds = client, clock, call_seconds
        self._turn = threading.Condition()
        self._shown: dict[Place, _Shown] = {}
        self._sent: dict[Place, float] = {}
        self._postings: deque[_Posting] = deque()
        self._closing = self._hurried = False
        self._thread = threading.Thread(target=self._carry, name="courier", daemon=True)
        self._thread.start()

    def post(self, channel: str, message: Message) -> str:
        """Post a message now and return its ts; Refused or SlackAway when it can't be."""
        return self._post(channel, None, message)

    def reply(self, channel: str, thread_ts: str, message: Message) -> str:
        """Post a message in a thread now and return its ts; Refused or SlackAway if it can't be."""
        return self._post(channel, thread_ts, message)

    def edit(self, channel: str, ts: str, message: Message) -> None:
        """Edit a message now; Refused or SlackAway when it can't be."""
        self._called(
            lambda m: self._client.chat_update(
                channel=channel, ts=ts, text=m.text, blocks=_blocks(m)
            ),
            message,
        )

    def post_later(
        self, channel: str, draw: Callable[[], Message], posted: Callable[[str], None]
    ) -> None:
        """Post a message as soon as Slack takes it; `posted` is called in the courier's thread."""
        with self._turn:
            self._postings.append(_Posting(channel, None, draw, posted))
            self._turn.notify()

    def private(self, channel: str, user: str, message: Message) -> None:
        """Tell one person something in a channel that nobody else sees; given up if it can't be."""
        try:
            self._with_fallback(
                lambda m: self._client.chat_postEphemeral(
                    channel=channel, user=user, text=m.text, blocks=_blocks(m)
                ),
                message,
            )
        except (SlackClientError, OSError) as error:
            log.warning("a private answer was not delivered: %s", code_of(error))

    def note(
        self,
        channel: str,
        thread_ts: str,
        message: Message,
        sent: Callable[[], None] = lambda: None,
    ) -> None:
        """Add a message to a thread, later, in the order of the calls."""
        with self._turn:
            self._postings.append(_Posting(channel, thread_ts, lambda: message, lambda _ts: sent()))
            self._turn.notify()

    def show(
        self,
        channel: str,
        ts: str,
        message: Message,
        *,
        last: bool = False,
        sent: Callable[[], None] = lambda: None,
    ) -> None:
        """Edit a message, later; only the newest of several edits is sent, and a last one is.

        `sent` is called in the courier's thread once Slack has taken this very edit.
        """
        with self._turn:
            waiting = self._shown.get((channel, ts))
            if waiting is not None and waiting.last and not last:
                return
            self._shown[channel, ts] = _Shown(message, last, sent)
            self._turn.notify()

    def hurry(self) -> None:
        """Slack is back: carry at once what waits for another try."""
        with self._turn:
            self._hurried = True
            self._turn.notify()

    def close(self, seconds: float = 10) -> None:
        """Carry what is left, for so long, and end."""
        with self._turn:
            self._closing = True
            self._turn.notify()
        self._thread.join(seconds)

    def _carry(self) -> None:
        pause = self._call_seconds
        while True:
            doing, wait = self._next()
            if doing is None:
                if wait is None:
                    return
                with self._turn:
                    if not self._closing or wait > 0:
                        self._turn.wait(wait)
                continue
            try:
                doing()
                pause = self._call_seconds
            except SlackAway as away:
                log.warning("%s Trying again.", away.what)
                pause = min(max(pause, 1.0) * 2, AWAY_SECONDS_MAX)
            except Exception as error:
                log.error("the courier stumbled", exc_info=error)
            self._rest(pause)

    def _rest(self, seconds: float) -> None:
        """Keep Slack's pace; a pause because Slack was away ends as soon as it is back."""
        time.sleep(min(seconds, self._call_seconds))
        with self._turn:
            self._turn.wait_for(lambda: self._hurried, max(0.0, seconds - self._call_seconds))
            self._hurried = False

    def _next(self) -> tuple[Callable[[], None] | None, float | None]:
        """Return what is to be carried now, or how long to wait; two Nones at the end."""
        with self._turn:
            if self._postings:
                return self._send_posting, None
            now = self._clock()
            due = {place: self._due(place, shown) for place, shown in self._shown.items()}
            ready = [place for place, at in due.items() if at <= now or self._closing]
            if ready:
                place = min(ready, key=lambda each: due[each])
                return lambda: self._send_edit(place), None
            if self._closing:
                return None, None
            return None, min((at - now for at in due.values()), default=3600.0)

    def _due(self, place: Place, shown: _Shown) -> float:
        return float("-inf") if shown.last else self._sent.get(place, 0.0) + SAME_SECONDS

    def _send_posting(self) -> None:
        with self._turn:
            posting = self._postings.popleft()
        try:
            ts = self._post(posting.channel, posting.thread_ts, posting.draw())
        except SlackAway:
            with self._turn:
                self._postings.appendleft(posting)
            raise
        except Refused as error:
            log.warning("a message was dropped: %s", error.what)
        else:
            posting.posted(ts)

    def _send_edit(self, place: Place) -> None:
        with self._turn:
            shown = self._shown[place]
        try:
            self._with_fallback(
                lambda m: self._client.chat_update(
                    channel=place[0], ts=place[1], text=m.text, blocks=_blocks(m)
                ),
                shown.message,
            )
        except (SlackClientError, OSError) as error:
            if passing(error):
                raise _away(error) from error
            log.warning("a message can't be edited: %s", code_of(error))
        with self._turn:
            self._sent[place] = self._clock()
            if self._shown.get(place) is shown:
                del self._shown[place]
            if shown.last:
                self._sent.pop(place, None)
        shown.sent()

    def _post(self, channel: str, thread_ts: str | None, message: Message) -> str:
        answer = self._called(
            lambda m: self._client.chat_postMessage(
                channel=channel,
                thread_ts=thread_ts,
                text=m.text,
                blocks=_blocks(m),
                unfurl_links=False,
                unfurl_media=False,
            ),
            message,
        )
        return str(answer["ts"])

    def _called(self, send: Callable[[Message], Any], message: Message) -> Any:
        """Send a message now; what Slack says against it becomes a sentence."""
        try:
            return self._with_fallback(send, message)
        except (SlackClientError, OSError) as error:
            if code_of(error) in NOT_HERE:
                raise NotInChannel(
                    "I can't post in this channel.", hint="Type: /invite @lifeboat"
                ) from error
            if passing(error):
                raise _away(error) from error
            raise NotTaken(
                f"Slack refuses the message ({code_of(error)}).",
                hint="Tell whoever runs Lifeboat; `lifeboat` in a terminal works without Slack.",
            ) from error

    def _with_fallback(self, send: Callable[[Message], Any], message: Message) -> Any:
        """Send a message; when Slack refuses its blocks, send it in plain sections instead."""
        try:
            return send(message)
        except SlackApiError as error:
            if code_of(error) not in BLOCKS_REFUSED:
                raise
            log.warning("Slack refused the blocks of a message: %s", error.response.data)
        try:
            return send(fallback.plain(message))
        except SlackApiError as error:
            if code_of(error) not in BLOCKS_REFUSED:
                raise
        return send(Message(message.text))


def _blocks(message: Message) -> list[dict[str, Any]] | None:
    return list(message.blocks) or None


def _away(error: BaseException) -> SlackAway:
    return SlackAway(
        f"Slack did not take the message ({code_of(error)}).",
        hint="Try again, or use `lifeboat` in a terminal.",
    )


def passing(error: BaseException) -> bool:
    """Whether the same call may well succeed later."""
    if not isinstance(error, SlackApiError):
        return True
    status = getattr(error.response, "status_code", 200)
    return status == 429 or status >= 500 or code_of(error) in PASSING


def code_of(error: BaseException) -> str:
    """Return Slack's word for an error; never the request, which holds a token."""
    if isinstance(error, SlackApiError):
        return str(error.response.get("error", "unknown"))
    return type(error).__name__
