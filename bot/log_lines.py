"""What the bot writes of itself: lines for people, or one JSON object a line for machines.

Whatever a line says, a known secret in it is shown as asterisks: a library may put an address or
a token into an error of its own. A line that is written for a job names the job.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO

from commands import words
from commands.verb import Option
from storage.secret import Secret

log = logging.getLogger("lifeboat")
Format = Literal["text", "json"]
OPTION = Option("log-format", "how the log is written", "FORMAT", choices=("text", "json"))
NOISY = ("slack_bolt", "slack_sdk", "dbos", "httpx", "httpcore", "waitress")
SECRET_CHARS_MIN = 6  # A shorter one would blot out words; none that opens a door is so short.
_mine = threading.local()


def read(typed: Sequence[str]) -> Format:
    """Return the format that the words after `lifeboat run` ask for; Refused for other words."""
    return "json" if words.read("run", typed, (), (OPTION,))["log-format"] == "json" else "text"


def begin(format: Format, secrets: Iterable[Secret], stream: TextIO | None = None) -> None:
    """Write everything that is logged, and every exception that nobody caught, to the stream."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter((Json if format == "json" else Text)(secrets))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_a_thread


@contextmanager
def of_job(job_id: str) -> Iterator[None]:
    """Have every line that this thread writes meanwhile name the job."""
    before, _mine.job = getattr(_mine, "job", ""), job_id
    try:
        yield
    finally:
        _mine.job = before


class Text(logging.Formatter):
    """A line that people read; the job, where there is one, stands before the message."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._hide = _hider(secrets)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name.
        job = getattr(_mine, "job", "")
        if job and job not in record.message:
            record.message = f"[{job}] {record.message}"
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return self._hide(super().format(record))


class Json(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and job and exception if any."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        super().__init__()
        self._hide = _hider(secrets)

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._hide(_message(record)),
        }
        if job := getattr(_mine, "job", ""):
            told["job"] = job
        if record.exc_info and record.exc_info[0] is not None:
            told["exception"] = self._hide(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # A library's own mistake must not cost the line.
        return f"{record.msg} {record.args}"


def _hider(secrets: Iterable[Secret]) -> Callable[[str], str]:
    found = {secret.reveal() for secret in secrets}
    # A key's part behind the bar opens the door as well as the whole of it.
    found |= {value.partition("|")[2] for value in found}
    known = sorted((each for each in found if len(each) >= SECRET_CHARS_MIN), key=len, reverse=True)

    def hide(text: str) -> str:
        for secret in known:
            text = text.replace(secret, "**********")
        return text

    return hide


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("the bot ends by a mistake of its own", exc_info=(kind, error, trace))


def _uncaught_in_a_thread(told: threading.ExceptHookArgs) -> None:
    name = told.thread.name if told.thread else "a thread"
    if told.exc_value is not None:
        log.critical(
            "%s ended by a mistake of its own",
            name,
            exc_info=(told.exc_type, told.exc_value, told.exc_traceback),
        )
