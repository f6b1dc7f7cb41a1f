"""Questions to places that may never answer: all at once, in time, and never twice at a time."""

from __future__ import annotations

import threading
import time

import pytest

from commands.answers import Answers, Silent
from storage.errors import VaultUnreachable


def test_what_answers_is_told_though_another_hangs_and_a_third_fails():
    ends, answers = threading.Event(), Answers()

    def fails() -> int:
        raise VaultUnreachable("It is gone.")

    began = time.monotonic()
    told = answers.of({"good": lambda: 7, "hangs": lambda: ends.wait(60), "ill": fails}, 0.2)
    took = time.monotonic() - began
    ends.set()

    assert took < 5
    assert told["good"] == 7
    assert isinstance(told["hangs"], Silent)
    assert isinstance(told["ill"], VaultUnreachable)


def test_a_question_that_hangs_is_not_put_again_and_its_late_answer_is_not_taken_for_a_new_one():
    ends, asked, answers = threading.Event(), [], Answers()

    def ask() -> int:
        asked.append(1)
        ends.wait(60)
        return len(asked)

    first, second = (answers.of({"vault": ask}, 0.05)["vault"] for _ in range(2))
    ends.set()
    time.sleep(0.2)
    third = answers.of({"vault": ask}, 5)["vault"]

    assert isinstance(first, Silent)
    assert isinstance(second, Silent)
    assert second.seconds > first.seconds
    assert third == len(asked) == 2


def test_a_mistake_of_ours_is_raised_and_not_taken_for_silence():
    def broken() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Answers().of({"vault": broken, "other": lambda: 1}, 5)
