"""Takes the pictures of docs/pictures/ anew: `python -m tests.browser.pictures [folder]`.

It starts the demo as everybody does, plays a morning of a small team in it, and takes a picture
of each main view. Look at them before they are committed: a picture shows what a test can't see.
"""

import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from sandbox.world import Stand
from tests.browser.browser import executable, started
from tests.browser.png import packed
from tests.browser.seat import APPROVER, OPERATOR, Seat, seated

ROOT = Path(__file__).parent.parent.parent
PICTURES = ROOT / "docs" / "pictures"
BYTES_MAX = 200_000
ADDRESS = re.compile(r"Open\s+(http://\S+)")
STOPS_SECONDS_MAX = 60


def main() -> None:
    """Take them all; a picture that is too large for a repository is an error."""
    expect.set_options(timeout=30_000)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as up:
        world = Path(up.enter_context(tempfile.TemporaryDirectory()))
        url = up.enter_context(demo(world))
        browser = up.enter_context(started(executable()))
        context, rizal = seated(browser, url)
        up.callback(context.close)
        deployments = json.loads((world / "convex" / "world.json").read_text())["deployments"]
        production = Stand("production", deployments["production"])
        for name in play(rizal, production, folder):
            size = (folder / f"{name}.png").stat().st_size
            print(f"{folder / name}.png  {size // 1000} kB")
            assert size < BYTES_MAX, f"{name}.png has {size} bytes, more than {BYTES_MAX}"


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """`lifeboat demo` as a process of its own; where its page is."""
    with subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "demo", "--folder", str(folder)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            told = (ADDRESS.search(line) for line in process.stdout)
            yield next(found[1] for found in told if found)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=STOPS_SECONDS_MAX)


@dataclass(frozen=True)
class Camera:
    """Takes pictures of what somebody sees, into a folder."""

    me: Seat
    folder: Path

    def take(self, name: str) -> str:
        self.me.page.mouse.move(700, 740)  # Where nothing changes under it.
        (self.folder / f"{name}.png").write_bytes(packed(self.me.page.screenshot()))
        return name


def play(me: Seat, production: Stand, folder: Path) -> Iterator[str]:
    """A morning: two backups, a list, a restore to staging, a question about production."""
    take = Camera(me, folder).take
    me.become(APPROVER)
    me.type("The migration of npd runs at eight. Can we have a backup before, @rizal?")
    me.become(OPERATOR)
    me.type('/backup now production label "before the migration"')
    first = me.job("Backup")
    first.says("Backup — Done")
    production.trouble(kind="slow_body", seconds=4.0, chunk=20_000)
    me.type("/backup now production")
    second = me.job("Backup", 2)
    second.says("Downloading the snapshot")
    second.says(" of ")
    yield take("channel")

    second.says("Backup — Done")
    me.type("/backup list")
    expect(me.private).to_contain_text("newest first")
    me.private.get_by_role("button", name="More actions").last.click()
    expect(me.page.get_by_role("menu")).to_be_visible()
    yield take("list")

    me.page.get_by_role("menuitem", name="Restore…").click()
    me.form.get_by_label("Only these tables").fill("npd,sp2d")
    yield take("form")

    press(me.form, "Restore")
    restored = me.job("Restore of")
    restored.says("— Done")
    press(me.private, "Dismiss")
    me.open_thread(restored.node)
    expect(me.replies("Restored: staging")).to_be_visible()
    yield take("thread")

    yield drawer(me, take)
    production.mutate("npd", "delete", 7)
    yield question(me, take, first.backup)


def drawer(me: Seat, take: Callable[[str], str]) -> str:
    """What the bot and Slack said to each other."""
    press(me.page, "Close the thread")
    me.page.get_by_role("button", name=re.compile("^Requests")).click()
    requests = me.page.get_by_role("region", name="Requests")
    call = requests.get_by_role("listitem").filter(has_text="chat.postMessage").last
    call.click()
    call.scroll_into_view_if_needed()
    name = take("drawer")
    press(requests, "Close the drawer")
    return name


def question(me: Seat, take: Callable[[str], str], backup: str) -> str:
    """A restore of production that waits for a second person."""
    wish = f"restore {backup} to production tables npd,sp2d"
    me.type(f"/backup {wish} reason “npd lost seven rows at noon”")
    me.form.get_by_label(re.compile("typed by hand")).fill("production")
    press(me.form, "Restore")
    asked = me.job("Restore of", 2).node
    expect(asked).to_contain_text("Waiting for approval")
    me.become(APPROVER)
    me.open_thread(asked)
    expect(me.thread.get_by_role("button", name="Approve…")).to_be_visible()
    return take("approval")


def press(place: Locator | Page, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()


if __name__ == "__main__":
    main()
