"""What the bot writes of itself can be read line by line, names the job, and shows no secret."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bot import log_lines
from storage.errors import Refused
from storage.secret import Secret

TOKEN = "xoxb-only-for-tests"
KEY = "prod:happy-animal-123|eyJ2MiI6ImtleSJ9"


@pytest.fixture
def restored() -> Iterator[None]:
    """Whoever begins to log gives the process back as it was."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], sys.excepthook, threading.excepthook = before[0], before[2], before[3]
    root.setLevel(before[1])


def logged(format: log_lines.Format, doing: Any, *secrets: str) -> list[str]:
    stream = io.StringIO()
    log_lines.begin(format, [Secret(each) for each in secrets], stream)
    doing(logging.getLogger("bot.somewhere"))
    return stream.getvalue().splitlines()


def broken(log: logging.Logger) -> None:
    try:
        raise ValueError(f"two\nlines with {TOKEN}")
    except ValueError as error:
        log.error("it broke", exc_info=error)


@pytest.mark.usefixtures("restored")
def test_every_line_is_one_object_though_messages_and_traces_have_many():
    def doing(log: logging.Logger) -> None:
        log.warning("one\nand “two”")
        broken(log)

    told = [json.loads(line) for line in logged("json", doing)]

    assert [each["message"] for each in told] == ["one\nand “two”", "it broke"]
    assert [each["level"] for each in told] == ["warning", "error"]
    assert {each["logger"] for each in told} == {"bot.somewhere"}
    assert all(each["time"].endswith("Z") for each in told)
    assert "ValueError" in told[1]["exception"]


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("format", ["text", "json"])
def test_a_known_secret_is_never_shown(format: log_lines.Format):
    def doing(log: logging.Logger) -> None:
        log.info("with %s and %s", TOKEN, KEY)
        log.info("half of it: %s", KEY.partition("|")[2])
        broken(log)

    text = "\n".join(logged(format, doing, TOKEN, KEY, ""))

    assert text.count("**********") == 4
    assert TOKEN not in text
    assert KEY.partition("|")[2] not in text


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("format", ["text", "json"])
def test_a_line_of_a_job_names_it_and_no_other_line_does(format: log_lines.Format):
    def doing(log: logging.Logger) -> None:
        with log_lines.of_job("now-production-abc"):
            log.info("of the job")
            elsewhere = threading.Thread(target=log.info, args=("of another thread",))
            elsewhere.start()
            elsewhere.join()
        log.info("after it")

    first, *others = logged(format, doing)

    assert "now-production-abc" in first
    assert "now-production-abc" not in "".join(others)


@pytest.mark.usefixtures("restored")
def test_a_thread_that_nobody_waits_for_does_not_end_in_silence():
    def doing(_log: logging.Logger) -> None:
        thread = threading.Thread(target=lambda: 1 // 0, name="courier")
        thread.start()
        thread.join()

    (told,) = [json.loads(line) for line in logged("json", doing)]

    assert told["message"] == "courier ended by a mistake of its own"
    assert "ZeroDivisionError" in told["exception"]


@pytest.mark.usefixtures("restored")
def test_a_librarys_own_mistake_does_not_cost_the_line():
    (told,) = logged("json", lambda log: log.info("%d of two", "two"))

    assert "two" in json.loads(told)["message"]


@pytest.mark.parametrize("words", [["--log-format", "xml"], ["--log-formt", "json"], ["now"]])
def test_words_that_run_does_not_know_are_refused(words: list[str]):
    with pytest.raises(Refused, match="run"):
        log_lines.read(words)


def test_the_log_is_for_people_unless_told_otherwise():
    assert log_lines.read([]) == "text"
    assert log_lines.read(["--log-format", "json"]) == "json"
