"""Puts the picture of a summary into its thread, by Slack's three steps for a file.

Drawing and sending take seconds, so they have a thread of their own. The file's id is noted before
it is shared: a bot that was killed in between shares the same file, and no second one. A message
stands without its picture; then its thread says why.
"""

from __future__ import annotations

import logging
import secrets
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.courier import PASSING, Courier
from bot.messages import summary
from bot.summary_picture import Drawing

log = logging.getLogger(__name__)
NAME, TITLE = "backups.png", "Backups of the last 30 days"
PAUSES = (1.0, 5.0, 20.0)  # Between tries, while Slack may be back in a moment.
SEND_SECONDS_MAX = 60
GONE = "file_not_found"  # What Slack says of a file that was shared before.
NOT_ALLOWED = "missing_scope"
Place = tuple[str, str]


class Uploads:
    """One thread that draws and shares pictures, one after another."""

    def __init__(
        self, web: WebClient, courier: Courier, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._web, self._courier, self._pause = web, courier, pause
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="uploads")

    def share(self, place: Place, drawing: Drawing, file: str, note: Callable[..., None]) -> None:
        """Share a picture in a message's thread, later; returns at once.

        `file` is the id of the file that an earlier life of the bot sent, or "". `note` is called
        with `file` once it is sent, and with `shown` when there is nothing left to do.
        """
        self._pool.submit(self._surely, place, drawing, file, note)

    def close(self) -> None:
        """Begin nothing more; what is not done yet is done at the next start."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _surely(self, place: Place, drawing: Drawing, file: str, note: Callable[..., None]) -> None:
        try:
            sent = file or self._tried(lambda: self._sent(drawing))
            note(file=sent)
            self._tried(lambda: self._shared(place, sent, before=bool(file)))
        except (SlackClientError, OSError) as error:
            self._say(place, _why(error), note)
        except Exception as error:
            number = secrets.token_hex(4)
            log.error("a picture broke (%s)", number, exc_info=error)
            self._say(place, f"Lifeboat itself made a mistake ({number}).", note)
        else:
            note(shown=True)

    def _say(self, place: Place, why: str, note: Callable[..., None]) -> None:
        log.warning("a summary has no picture: %s", why)
        self._courier.note(*place, summary.no_picture(why), sent=lambda: note(shown=True))

    def _tried(self, doing: Callable[[], str]) -> str:
        """Do it; again, after a pause, when the same may well succeed then."""
        for pause in PAUSES:
            try:
                return doing()
            except (SlackClientError, OSError) as error:
                if isinstance(error, SlackApiError) and _code(error) not in PASSING:
                    raise
                self._pause(pause)
        return doing()

    def _sent(self, drawing: Drawing) -> str:
        """Draw the picture, hand its bytes to Slack, and return the file's id; nobody sees it."""
        from bot import picture  # noqa: PLC0415 - it loads the plotting library.

        drawn = picture.png(drawing.course)
        told: Any = self._web.files_getUploadURLExternal(
            filename=NAME, length=len(drawn), alt_txt=drawing.alt
        )
        url = str(told["upload_url"])
        if not url.startswith(("https://", "http://")):
            raise OSError("Slack names no address to send it to")
        request = urllib.request.Request(url, data=drawn, method="POST")  # noqa: S310 - looked at.
        request.add_header("Content-Type", "application/octet-stream")
        with urllib.request.urlopen(request, timeout=SEND_SECONDS_MAX) as answer:  # noqa: S310
            answer.read()
        return str(told["file_id"])

    def _shared(self, place: Place, file: str, *, before: bool) -> str:
        channel, ts = place
        try:
            self._web.files_completeUploadExternal(
                files=[{"id": file, "title": TITLE}], channel_id=channel, thread_ts=ts
            )
        except SlackApiError as error:
            if not (before and _code(error) == GONE):
                raise
        return file


def _why(error: BaseException) -> str:
    code = _code(error)
    if code == NOT_ALLOWED:
        return "the app may not send files: install it again from manifest.yml (files:write)."
    return f"Slack did not take it ({code})."


def _code(error: BaseException) -> str:
    """Return Slack's word for an error; never the request, which holds a token."""
    if isinstance(error, SlackApiError):
        return str(error.response.get("error", "unknown"))
    return type(error).__name__
