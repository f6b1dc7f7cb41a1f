"""`make demo` as somebody meets it on the first evening: its page, its words, and how it ends."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from bot.demo_stage import runs
from tests.browser.seat import VIEWER, Seat, seated
from tests.slack.house import ROOT, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
STARTS_SECONDS_MAX = 120
PRODUCTION, STAGING = "production (protected) · Backup", "staging · Backup"
PARTS = ("bot", "convex", "slack")


class Demo:
    """`lifeboat demo` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.began = len(self.printed)
        with self._out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "demo", "--folder", str(folder)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    @property
    def _out(self) -> Path:
        return self.folder.with_suffix(".out")

    @property
    def printed(self) -> str:
        return self._out.read_text() if self._out.exists() else ""

    @property
    def said(self) -> str:
        """What it has printed since this start."""
        return self.printed[self.began :]

    @property
    def url(self) -> str:
        """Where its page is; it is said once all is up."""
        found = re.search(r"Open +(http://\S+)", self.until(lambda: "Ctrl-C ends" in self.said))
        assert found is not None
        return found[1]

    def until(self, look: Callable[[], object]) -> str:
        """Wait until that is so; what was printed by then."""
        wait_for(look, STARTS_SECONDS_MAX, lambda: self.said)
        return self.said

    def pid(self, part: str) -> int:
        return int((self.folder / f"{part}.pid").read_text())

    def stop(self) -> None:
        """End it if it still runs."""
        if self.process.poll() is None:
            self.end()

    def end(self, signum: int = signal.SIGINT) -> int:
        self.process.send_signal(signum)
        return self.process.wait(60)


def running(pid: int) -> bool:
    """Whether it is there and ours; one that has ended may still wait to be buried."""
    return runs(pid, "bot.cli")


@contextmanager
def begins_alone() -> Iterator[None]:
    """Each takes the usual ports if they are free; two that look at the same moment would both."""
    with (Path(tempfile.gettempdir()) / "lifeboat-demo-tests.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def playing(folder: Path) -> Iterator[Demo]:
    with ExitStack() as up:
        with begins_alone():
            demo = Demo(folder)
            up.callback(demo.stop)
            assert demo.url
        yield demo


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env={"LIFEBOAT_SETTINGS": str(folder / "lifeboat.toml"), "PATH": ""},
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with playing(tmp_path_factory.mktemp("demo") / "world") as made:
        yield made


@pytest.fixture
def me(demo: Demo, browser: Browser) -> Iterator[Seat]:
    context, seat = seated(browser, demo.url)
    yield seat
    context.close()
    assert seat.complaints == []


def test_a_backup_a_summary_and_an_alert_are_there_for_the_typing(demo: Demo, me: Seat):
    before = me.jobs.filter(has_text=PRODUCTION).count()  # None, unless this is tried again.
    me.type("/backup now production")
    me.job(PRODUCTION, before + 1).says("Backup taken")

    me.type("/backup demo summary")
    told = me.messages("deployments backed up").last
    expect(told).to_contain_text("Vaults")
    me.open_thread(told)
    expect(me.thread.locator("img").last).to_be_visible(timeout=40_000)

    me.type("/backup demo alert")
    me.job(PRODUCTION, before + 2).says("— Failed")
    alert = me.messages(re.compile("alert a-")).last
    expect(alert).to_contain_text("Severe: key refused", timeout=40_000)
    me.type("/backup demo well")
    me.job(PRODUCTION, before + 3).says("Backup taken")
    expect(alert).to_contain_text("Over after", timeout=40_000)


def test_who_may_not_play_is_told_so_of_the_word_they_typed(demo: Demo, me: Seat):
    me.become(VIEWER)
    me.type("/backup demo alert")

    expect(me.private).to_contain_text("demo alert is for operators, and you are not on their list")


def test_a_terminal_beside_it_works_as_it_says(demo: Demo, me: Seat):
    assert f"LIFEBOAT_SETTINGS={demo.folder / 'lifeboat.toml'}" in demo.said
    taken = command(demo.folder, "now", "staging")
    assert taken.returncode == 0, taken.stdout + taken.stderr
    assert "staging-" in command(demo.folder, "list").stdout


def test_a_bot_that_is_killed_is_started_again(demo: Demo, me: Seat):
    log = demo.folder / "bot.log"
    ups = log.read_text().count("Lifeboat is up")
    os.kill(demo.pid("bot"), signal.SIGKILL)
    demo.until(lambda: "The bot ended (-9); it is started again." in demo.said)
    demo.until(lambda: log.read_text().count("Lifeboat is up") > ups)
    expect(me.page.get_by_text("Bot connected")).to_be_attached()
    before = me.jobs.filter(has_text=STAGING).count()
    me.type("/backup now staging")

    me.job(STAGING, before + 1).says("Backup taken")


def test_a_second_demo_in_the_same_folder_is_refused_and_harms_nothing(demo: Demo):
    settings = (demo.folder / "lifeboat.toml").read_text()
    for words in ((), ("--reset",)):
        second = command(demo.folder, "demo", "--folder", str(demo.folder), *words)
        assert second.returncode == 1
        assert "There is already a demo in" in second.stdout
        assert "Press Ctrl-C there first" in second.stdout

    assert all(running(demo.pid(part)) for part in PARTS)
    assert (demo.folder / "lifeboat.toml").read_text() == settings


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_however_it_is_ended_nothing_is_left_running(tmp_path: Path, signum: int):
    with playing(tmp_path / "world") as demo:
        parts = [demo.pid(part) for part in PARTS]
        assert all(map(running, parts))
        code = demo.end(signum)

    assert code == 0
    assert not any(map(running, parts))


def test_what_a_killed_demo_left_running_is_ended_by_the_next_which_goes_on(
    tmp_path: Path, browser: Browser
):
    with playing(tmp_path / "world") as first:
        assert command(first.folder, "now", "production").returncode == 0
        left = [first.pid(part) for part in PARTS]
        first.end(signal.SIGKILL)
        time.sleep(0.5)
        assert all(map(running, left))
    with playing(tmp_path / "world") as second:
        context, me = seated(browser, second.url)
        assert not any(map(running, left))
        me.type("/backup list")
        expect(me.private).to_contain_text("newest first")
        expect(me.private).to_contain_text("production-")
        context.close()
        second.end()
    reset = command(tmp_path, "demo", "--reset", "--folder", str(tmp_path / "world"))

    assert reset.returncode == 0
    assert not (tmp_path / "world").exists()


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"x")
    for words in ((), ("--reset",)):
        ended = command(tmp_path, "demo", "--folder", str(tmp_path / "photos"), *words)
        assert ended.returncode == 1
        assert "holds other things" in ended.stdout

    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["one.jpg"]


def test_the_story_is_played_to_its_end_and_stopped(tmp_path: Path):
    folder = tmp_path / "story"
    with begins_alone():
        told = command(tmp_path, "demo", "--story", "--folder", str(folder))
    pid = int((folder / "stand-ins.pid").read_text())
    stood = running(pid)
    stopped = command(tmp_path, "demo", "--story", "--stop", "--folder", str(folder))

    assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
    assert "tables of staging hold what the backup holds." in told.stdout
    assert "production is protected" in told.stdout + told.stderr
    assert (stood, stopped.returncode) == (True, 0)
    wait_for(lambda: not running(pid), 10)
