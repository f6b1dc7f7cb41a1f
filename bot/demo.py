"""`demo`: a whole workspace on this machine, with nothing to sign up for.

A stand-in Slack with a page, two stand-in Convex deployments, and the bot as everybody runs it.
Ctrl-C ends all of it; the next `lifeboat demo` goes on where it was, because everything lies in
one folder. A bot that somebody kills is started again, as a supervisor would do.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bot.demo_stage import (
    STOP_SECONDS,
    DemoStopped,
    alone,
    free_port,
    ready,
    say,
    stand_in,
    write_settings,
)
from bot.demo_words import TOLD_BY

FOLDER = Path("demo-world")
CONVEX_PORT, SLACK_PORT = 3210, 3300
AGAIN_SECONDS = 2
MORE = """
[slack]
api_url = "{api_url}"
channel = "{channel}"

[roles]
operators = {operators}

[approvals]
approvers = {approvers}

[jobs]
stop_seconds = 5

[alerts]
channel = "{channel}"
look_seconds = 5

[schedules.daily]
verb = "backup"
cron = "0 2 * * *"
zone = "Asia/Jakarta"

[schedules.weekly]
verb = "backup"
kind = "weekly"
cron = "0 3 * * sun"
zone = "Asia/Jakarta"

[schedules.monthly]
verb = "backup"
kind = "monthly"
cron = "0 4 1 * *"
zone = "Asia/Jakarta"

[schedules.daily-summary]
verb = "summary"
cron = "0 8 * * *"
zone = "Asia/Jakarta"
"""


def main(words: Sequence[str]) -> int:
    """Run the demo until Ctrl-C; or reset it, or play the story in the terminal."""
    parser = argparse.ArgumentParser(prog="lifeboat demo", description=__doc__)
    add = parser.add_argument
    add("--folder", type=Path, help=f"where it all is kept ({FOLDER})")
    add("--size", default="small", help="how much data at the first start: small or medium")
    add("--reset", action="store_true", help="forget everything that was played, and end")
    add("--story", action="store_true", help="play the story in this terminal, without Slack")
    add("--stop", action="store_true", help="with --story: stop the stand-ins it left up")
    asked = parser.parse_args(list(words))
    if asked.story or asked.stop:
        from bot import demo_story  # noqa: PLC0415 - the other demo needs none of it.

        return demo_story.main(asked)
    folder: Path = asked.folder or FOLDER
    try:
        _refuse_foreign(folder)
        with alone(folder):
            return _reset(folder) if asked.reset else _play(folder, asked.size)
    except DemoStopped as failure:
        say(f"The demo stopped: {failure}")
        return 1


def _play(folder: Path, size: str) -> int:
    """Start everything, wait for Ctrl-C, and leave nothing running."""
    stopped = _Stopped()
    with ExitStack() as up:
        convex = _convex(folder, size, up)
        slack = _slack(folder, up)
        operators = _quoted([slack["groups"]["backup-operators"]])
        approvers = _quoted([slack["groups"]["backup-approvers"]])
        more = MORE.format(
            api_url=slack["api_url"],
            channel=slack["channels"]["backups"],
            operators=operators,
            approvers=approvers,
        )
        write_settings(folder, convex, more)
        environ = {
            **os.environ,
            "SLACK_BOT_TOKEN": slack["bot_token"],
            "SLACK_APP_TOKEN": slack["app_token"],
            TOLD_BY: str(folder / "convex" / "world.json"),
        }
        bot = _Bot(folder, environ)
        up.callback(bot.stop)
        bot.start()
        _tell(f"http://127.0.0.1:{slack['port']}/", folder)
        while not stopped.told:
            time.sleep(0.2)
            bot.look_after()
        say("\nStopping …")
    say("Everything is stopped. `make demo` goes on where you were, `make demo-reset` starts over.")
    return 0


class _Stopped:
    """Whether somebody pressed Ctrl-C or closed the terminal, or the machine asked us to end."""

    def __init__(self) -> None:
        self.told = False
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._tell)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # As nohup has it.
            signal.signal(signal.SIGHUP, self._tell)

    def _tell(self, *_: object) -> None:
        self.told = True


class _Bot:
    """The bot as a process of its own, started again when it ends by itself."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder, self._environ = folder, environ
        self._process: subprocess.Popen[bytes] | None = None
        self._again_at = 0.0

    def start(self) -> None:
        with (self._folder / "bot.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, our own words.
                [sys.executable, "-m", "bot.cli", "run", "--settings", self._settings],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        (self._folder / "bot.pid").write_text(str(self._process.pid))

    @property
    def _settings(self) -> str:
        return str(self._folder / "lifeboat.toml")

    def look_after(self) -> None:
        """Start a bot that ended again, after a short while."""
        if self._process is None or self._process.poll() is None:
            return
        if not self._again_at:
            code = self._process.returncode
            say(f"The bot ended ({code}); it is started again. See {self._folder / 'bot.log'}.")
            self._again_at = time.monotonic() + AGAIN_SECONDS
        elif time.monotonic() >= self._again_at:
            self._again_at = 0.0
            self.start()

    def stop(self) -> None:
        if self._process is not None:
            _end(self._process)


def _convex(folder: Path, size: str, up: ExitStack) -> dict[str, dict[str, Any]]:
    told = folder / "convex" / "world.json"
    told.unlink(missing_ok=True)
    words = ["convex", "--port", str(free_port(CONVEX_PORT, 2)), "--seed", size]
    words += ["--deployments", "production,staging", "--data", str(folder / "convex")]
    process = stand_in(folder, [*words, "--step-seconds", "0.5"], "convex.log")
    up.callback(_end, process)
    (folder / "convex.pid").write_text(str(process.pid))
    deployments: dict[str, dict[str, Any]] = ready(told, process, folder / "convex.log")[
        "deployments"
    ]
    return deployments


def _slack(folder: Path, up: ExitStack) -> dict[str, Any]:
    told = folder / "slack" / "slack-world.json"
    told.unlink(missing_ok=True)
    words = ["slack", "--port", str(free_port(SLACK_PORT)), "--data", str(folder / "slack")]
    process = stand_in(folder, words, "slack.log")
    up.callback(_end, process)
    (folder / "slack.pid").write_text(str(process.pid))
    return ready(told, process, folder / "slack.log")


def _tell(url: str, folder: Path) -> None:
    say(
        "Lifeboat demo: the bot is up, in a stand-in Slack, with two stand-in Convex deployments.\n"
    )
    say(f"  Open  {url}\n")
    say("  You are Rizal, an operator. Type  /backup now production  and watch it.")
    say("  Type  /backup demo summary  or  /backup demo alert  to see those at once.")
    say("  Switch who you are on the left: a viewer, a guest, an outsider see other things.")
    say(f"  From a terminal:  LIFEBOAT_SETTINGS={folder / 'lifeboat.toml'} {_command()} list")
    say(f"  What the bot writes: {folder / 'bot.log'}. Ctrl-C ends everything.")


def _command() -> str:
    """Return how `lifeboat` is typed here: by its path in the environment that make has set up."""
    here = Path(sys.executable).with_name("lifeboat")
    if shutil.which("lifeboat") == str(here):
        return "lifeboat"
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else str(here)


def _reset(folder: Path) -> int:
    shutil.rmtree(folder, ignore_errors=True)
    say("The demo is as new: `make demo` starts over.")
    return 0


def _refuse_foreign(folder: Path) -> None:
    made_here = any((folder / name).exists() for name in ("demo.lock", "convex"))
    if not made_here and folder.exists() and any(folder.iterdir()):
        raise DemoStopped(f"{folder} holds other things. Name another folder with --folder.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and end it when it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _quoted(ids: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{each}"' for each in ids) + "]"
