"""When the bot is ill, and when a new start is what mends it: decided under a driven clock."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot import pulse, systemd
from bot.pulse import Pulse, Watchdog

ROOT = Path(__file__).parent.parent.parent
HOUR = 3600


@dataclass
class Body:
    """A bot's signs of life, moved by hand, one second after the other."""

    up: bool = True
    runs: bool = True
    answers: bool = True
    rounds: bool = True
    looks: bool = True
    looked: float = 0.0
    at: float = 0.0
    probes: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pulse = Pulse(
            lambda: self.up,
            lambda: self.runs,
            self._answers,
            lambda: self.at,
            lambda: self.at - self.looked,
        )

    def live(self, seconds: int) -> str:
        """Let time pass, looking each second; the last word, as soon as there is one."""
        for _ in range(seconds):
            self.at += 1
            if self.rounds:
                self.pulse.went_round()
            if self.looks:
                self.looked = self.at
            word = self.pulse.look()
            if word:
                return word
        return ""

    def _answers(self) -> bool:
        self.probes.append(self.at)
        return self.answers


def test_a_healthy_bot_is_left_alone_and_slack_is_not_asked():
    body = Body()

    assert body.live(24 * HOUR) == ""
    assert body.pulse.reasons() == []
    assert body.probes == []


def test_a_socket_that_changes_for_a_moment_is_no_illness():
    body = Body(up=False)
    body.live(10)

    assert body.pulse.reasons() == []


def test_slack_away_for_hours_is_told_and_ends_nothing():
    body = Body(up=False, answers=False)

    assert body.live(3 * HOUR) == ""
    assert "The socket to Slack has been down" in body.pulse.reasons()[0]
    assert len(body.probes) <= 3 * HOUR / pulse.PROBE_SECONDS


def test_slack_back_after_an_hour_leaves_the_client_its_time_to_come_back():
    body = Body(up=False, answers=False)
    body.live(HOUR)
    body.answers = True
    soon = body.live(60)
    body.up = True

    assert (soon, body.live(HOUR)) == ("", "")
    assert body.pulse.reasons() == []


def test_a_client_that_stays_dead_though_slack_answers_ends_the_bot():
    body = Body(up=False)

    assert "though Slack answers" in body.live(HOUR)
    assert body.at <= 300


def test_answers_that_come_and_go_end_nothing():
    body = Body(up=False)
    for turn in range(20):
        body.answers = turn % 2 == 0
        assert body.live(90) == ""


def test_a_clock_that_has_stopped_is_told_at_once_and_ends_the_bot_soon():
    body = Body(runs=False)
    at_once = body.live(1)
    reasons = body.pulse.reasons()

    assert at_once == ""
    assert "clock does not run" in reasons[0]
    assert "the clock has stopped" in body.live(HOUR)
    assert body.at <= pulse.CLOCK_DEAD_SECONDS + 1


def test_a_look_for_troubles_that_hangs_is_told_and_ends_nothing():
    body = Body(looks=False)
    soon, at_once = body.live(100), body.pulse.reasons()
    later, told = body.live(HOUR), body.pulse.reasons()
    body.looks = True
    body.live(1)

    assert (soon, at_once, later) == ("", [], "")
    assert told == ["Nobody has looked for troubles for 3700 s: alerts come late or not at all."]
    assert body.pulse.reasons() == []


def test_a_clock_that_starts_again_ends_nothing():
    body = Body(runs=False)
    body.live(100)
    body.runs = True
    body.live(1)
    body.runs = False

    assert body.live(100) == ""


def test_a_main_thread_that_stands_still_is_told_first_and_ends_the_bot_in_the_end():
    body = Body(rounds=False)

    assert body.live(200) == ""
    assert "has not gone its round" in body.pulse.reasons()[0]
    assert "stood still" in body.live(HOUR)


def test_the_watchdog_says_the_last_word_once_and_not_when_the_bot_ends_on_purpose(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(pulse, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(pulse, "CLOCK_DEAD_SECONDS", -1.0)
    said, told = [], threading.Event()
    watchdog = Watchdog(Body(runs=False).pulse, lambda word: (said.append(word), told.set()))
    watchdog.start()
    ended = told.wait(5)
    watchdog.stop()

    assert ended
    assert "clock" in said[0]


def test_systemd_is_told_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        systemd.tell("READY=1")

        assert supervisor.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "tcp:1.2.3.4"])
def test_no_systemd_harms_nothing(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NOTIFY_SOCKET", address)

    systemd.tell("READY=1")


BLOCKED = """
import fcntl, os
from bot import log_lines, pulse
log_lines.begin("text", [])
flags = fcntl.fcntl(2, fcntl.F_GETFL)
fcntl.fcntl(2, fcntl.F_SETFL, flags | os.O_NONBLOCK)
try:
    while True:
        os.write(2, b"x" * 4096)
except BlockingIOError:
    fcntl.fcntl(2, fcntl.F_SETFL, flags)
pulse.end_with("nobody reads this")
"""


def test_a_log_that_nobody_reads_does_not_keep_a_bot_from_its_end():
    with subprocess.Popen(
        [sys.executable, "-c", BLOCKED], cwd=ROOT, stderr=subprocess.PIPE
    ) as process:
        code = process.wait(30)

    assert code == pulse.EXIT_CODE
