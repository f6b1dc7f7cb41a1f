"""Where the printers write, and how: logs, pipes, JSON and real terminals."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.terminal import printer
from bot.terminal.json_lines import JsonLines
from commands import events
from commands.events import Event
from tests.bot import terminal_events as made
from tests.bot.terminal_events import printed, results

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_results_go_to_stdout_and_everything_else_to_stderr():
    out, err = printed(events.StepBegan("export"), events.Noted("Waiting."), made.backup_finished())

    assert made.ID in out
    assert "Waiting." in err
    assert made.ID not in err
    assert "Waiting." not in out


def test_a_failure_goes_to_stderr():
    out, err = printed(events.JobFailed("It broke.", "All is safe.", "Try again.", "Refused", 2))

    assert out == ""
    assert "It broke." in err


def test_a_log_gets_one_line_a_step_and_no_cursor_tricks():
    moved = [events.Progressed("export", n, 40, "bytes") for n in range(40)]
    _, err = printed(events.StepBegan("export"), *moved, events.StepFinished("export", 1.25))

    assert err == "  export: 1.2 s, 39 bytes of 40 bytes\n"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (events.Progressed("s", 2_500_000, 10_000_000, "bytes"), "2.5 MB of 10.0 MB"),
        (events.Progressed("s", 10_000_000, 10_000_000, "bytes"), "10.0 MB"),
        (events.Progressed("s", 1, None, "documents"), "1 document"),
        (events.Progressed("s", 1200, None, "documents"), "1,200 documents"),
        (events.Progressed("s", 12, 1200, "documents"), "12 of 1,200 documents"),
    ],
)
def test_progress_is_told_in_words(event: events.Progressed, words: str):
    _, err = printed(events.StepBegan("s"), event, events.StepFinished("s", 1))

    assert err == f"  s: 1.0 s, {words}\n"


def test_a_step_that_failed_is_named_before_the_failure():
    _, err = printed(
        events.StepBegan("download"), events.JobFailed("It broke.", "", "", "CutDownload", 1)
    )

    assert err.splitlines()[0] == "  download: not finished"


def test_lines_are_never_wrapped_where_nobody_looks():
    long = "x" * 3000
    _, err = printed(events.Noted(long))

    assert err == f"  {long}\n"


def test_a_stream_of_few_letters_gets_what_it_can_show():
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    with printer(json=False, out=out, err=io.StringIO()) as shown:
        shown.tell(made.backup_finished(manifest=made.manifest(label="nota \u2192 \ud800")))
    out.flush()

    assert rb"nota \u2192 \ud800" in raw.getvalue()


def test_json_is_one_object_a_line_with_name_and_time():
    out, err = printed(*made.one_of_each(), as_json=True)
    objects = [json.loads(line) for line in out.splitlines()]

    assert [each["event"] for each in objects] == [type(e).__name__ for e in made.one_of_each()]
    assert all(datetime.fromisoformat(each["at"]).tzinfo for each in objects)
    assert all(each["at"].endswith("Z") for each in objects)
    assert err == ""


@pytest.mark.parametrize("event", results(), ids=lambda event: type(event).__name__)
def test_the_json_of_a_result_has_the_exit_code_and_every_field(event: events.Result):
    out, _ = printed(event, as_json=True)
    told = json.loads(out)

    assert told["exit_code"] == event.exit_code
    assert set(vars(event)) <= set(told)


def test_the_json_of_a_failure_has_the_exit_code():
    out, _ = printed(events.JobFailed("It broke.", "Safe.", "Again.", "Refused", 2), as_json=True)

    assert json.loads(out)["exit_code"] == 2


def test_json_tells_a_whole_manifest_as_the_vault_holds_it():
    out, _ = printed(made.backup_finished(), as_json=True)
    told = json.loads(out)["manifest"]

    assert told["id"] == made.ID
    assert told["contents"]["tables"][0]["documents"] == 200
    assert told["asked"]["at"] == "2026-11-24T02:00:13Z"


@given(text=st.text(max_size=50) | st.just("\ud800 half"), number=st.floats())
def test_whatever_an_event_holds_it_is_one_line_of_json(text: str, number: float):
    out = io.StringIO()
    JsonLines(out, lambda: made.NOW).tell(events.StepFinished(text, number))

    assert out.getvalue().count("\n") == 1
    assert json.loads(out.getvalue())["event"] == "StepFinished"


def test_json_lines_are_sent_as_they_come():
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb") as reader,
        os.fdopen(writing, "w", encoding="utf-8") as writer,
        printer(json=True, out=writer, err=io.StringIO()) as shown,
    ):
        shown.tell(events.StepBegan("export"))
        ready, _, _ = select.select([reader], [], [], 5)

        assert ready


@contextmanager
def nobody_reads() -> Iterator[TextIO]:
    """Yield a pipe whose reader has gone away."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", encoding="utf-8")
    yield stream
    with suppress(BrokenPipeError):
        stream.close()


def test_a_job_goes_on_when_nobody_reads_its_progress():
    out = io.StringIO()
    with nobody_reads() as err, printer(json=False, out=out, err=err) as shown:
        for event in (events.StepBegan("export"), events.Noted("x"), events.StepFinished("e", 1)):
            shown.tell(event)
        shown.tell(made.verified())

    assert out.getvalue().startswith("Sound: ")


def test_a_job_goes_on_in_json_too_but_its_result_has_to_arrive():
    with nobody_reads() as out, printer(json=True, out=out, err=io.StringIO()) as shown:
        shown.tell(events.StepBegan("export"))
        shown.tell(events.Noted("x"))

        with pytest.raises(BrokenPipeError):
            shown.tell(made.verified())


@contextmanager
def terminal() -> Iterator[tuple[TextIO, list[bytes]]]:
    """Yield a stream that is a real terminal, and what it was sent (filled in at the end)."""
    ours, theirs = pty.openpty()
    sent: list[bytes] = []
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield stream, sent
        stream.flush()
        while select.select([ours], [], [], 0.2)[0]:
            sent.append(os.read(ours, 65_536))
    os.close(ours)


@pytest.fixture(autouse=True)
def _a_plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")


def at_a_terminal(*told: Event) -> str:
    with terminal() as (stream, sent), printer(json=False, out=stream, err=stream) as shown:
        for event in told:
            shown.tell(event)
    return b"".join(sent).decode()


def test_a_terminal_gets_a_bar_that_is_gone_at_the_end():
    with (
        terminal() as (stream, sent),
        printer(json=False, out=io.StringIO(), err=stream) as shown,
    ):
        shown.tell(events.StepBegan("download"))
        shown.tell(events.Progressed("download", 5, 10, "bytes"))
        shown.tell(events.Noted("A note in between."))
        shown.tell(events.StepFinished("download", 1))
    text = b"".join(sent).decode()

    assert "━" in text
    assert "A note in between." in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1
    assert ESCAPES.sub("", text.rsplit("\x1b[2K", 1)[1]).strip().startswith("download: 1.0 s")


def test_a_bar_is_taken_away_when_the_job_breaks_off():
    with (
        terminal() as (stream, sent),
        pytest.raises(KeyboardInterrupt),
        printer(json=False, out=io.StringIO(), err=stream) as shown,
    ):
        shown.tell(events.StepBegan("download"))
        raise KeyboardInterrupt
    text = b"".join(sent).decode()

    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1


def test_a_result_stands_clear_of_the_bar():
    text = at_a_terminal(events.StepBegan("download"), made.verified())

    assert text.index("\x1b[?25h") < text.index("Sound: ")


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch):
    coloured = at_a_terminal(made.restored(), made.backup_finished())
    monkeypatch.setenv("NO_COLOR", "1")
    plain = at_a_terminal(made.restored(), made.backup_finished())

    assert re.search(r"\x1b\[[0-9;]*3[0-7]m", coloured)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)


@pytest.mark.parametrize("event", made.one_of_each(), ids=lambda event: type(event).__name__)
def test_colour_carries_nothing_that_the_words_do_not(event: Event):
    at_terminal = ESCAPES.sub("", at_a_terminal(event)).replace("\r\n", "\n")
    out, err = printed(event)
    if isinstance(event, events.StepBegan | events.Progressed):
        return

    assert sorted(at_terminal.split()) == sorted((out + err).split())


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TERM", "dumb")
    text = at_a_terminal(events.StepBegan("download"), events.StepFinished("download", 1))

    assert text == "  download: 1.0 s\r\n"


def test_bars_do_not_pile_up_when_steps_follow_each_other():
    told = [
        event
        for name in ("one", "two", "three")
        for event in (events.StepBegan(name), events.StepFinished(name, 1))
    ]
    text = at_a_terminal(*told)

    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 3
