"""A person at the page: finds things by their roles and words, and does things with mouse and keys.

All that the browser complained about meanwhile is kept: errors and warnings of the console (a
break of the Content-Security-Policy is one), exceptions, and answers that were not what they
should be.
"""

import re

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

JOB_MS = 40_000  # A job may wait for its turn, and its message for Slack's pace.
OPERATOR, APPROVER, VIEWER = "Rizal Hakim", "Budi Santoso", "Citra Dewanti"
SECOND_APPROVER = "Ayu Lestari"
GUEST, CHANNEL_GUEST = "Dewi Anggraini", "Eko Prasetyo"
OUTSIDER, LEFT = "Farah Nabila", "Gita Pertiwi"
JOB = re.compile(r"^(now|verify|restore|ask|approved)-\S+-[a-z0-9]{6}$")
OF_A_JOB = re.compile(r"Asked by .* job (now|verify|restore|ask|approved)-")
WINDOW = {"width": 1280, "height": 800}


class Seat:
    """One browser window with the page in it, and somebody before it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("requestfailed", lambda asked: self.complaints.append(f"no answer: {asked.url}"))
        page.on(
            "response",
            lambda answer: answer.ok or self.complaints.append(f"{answer.status}: {answer.url}"),
        )

    # What there is to see.

    @property
    def log(self) -> Locator:
        """The messages of the channel."""
        return self.page.get_by_role("log", name="Messages")

    @property
    def box(self) -> Locator:
        """Where one types."""
        return self.page.get_by_role("textbox", name=re.compile("^Message "))

    @property
    def identity(self) -> Locator:
        """The button below the box that says whom one acts as."""
        return self.page.get_by_role("button", name=re.compile("^You act as ")).first

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("complementary", name="Thread")

    @property
    def form(self) -> Locator:
        """The window with a form in it."""
        return self.page.get_by_role("dialog")

    @property
    def question(self) -> Locator:
        """What a button asks before it acts."""
        return self.page.get_by_role("alertdialog")

    @property
    def jobs(self) -> Locator:
        """The messages of jobs: each has one."""
        return self.messages(OF_A_JOB)

    @property
    def private(self) -> Locator:
        """The messages that only this person sees."""
        return self.messages("Only visible to you")

    def messages(self, words: str | re.Pattern[str]) -> Locator:
        """The messages of the channel that hold the words."""
        return self.log.get_by_role("article").filter(has_text=words)

    def replies(self, words: str) -> Locator:
        """The messages of the open thread that hold the words, but for the job's own."""
        found = self.thread.get_by_role("article").filter(has_text=words)
        return found.filter(has_not_text=OF_A_JOB)

    # What a person does.

    def become(self, name: str) -> None:
        """Choose whom one acts as."""
        self.page.get_by_role("radio", name=name).click()
        expect(self.identity).to_contain_text(name)

    def go(self, channel: str) -> None:
        """Open another channel."""
        self.page.get_by_role("list", name="Channels").get_by_role("button", name=channel).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(f"#{channel}")

    def type(self, words: str) -> None:
        """Type a line and send it."""
        self.box.fill(words)
        self.box.press("Enter")

    def choose(self, message: Locator, words: str) -> None:
        """Choose something from the first menu of a message."""
        message.get_by_role("button", name="More actions").first.click()
        self.page.get_by_role("menuitem", name=words).click()

    def open_thread(self, message: Locator) -> None:
        message.get_by_role("button", name=re.compile(r"^\d+ repl")).click()
        expect(self.thread).to_be_visible()

    def job(self, title: str, number: int = 1) -> "Card":
        """The message of the first (second …) job with this title; the same one also later."""
        found = self.jobs.filter(has_text=title).nth(number - 1)
        id_ = found.get_by_text(JOB).inner_text()
        return Card(id_, self.jobs.filter(has_text=id_))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")


class Card:
    """The message of one job."""

    def __init__(self, id_: str, node: Locator) -> None:
        self.id, self.node = id_, node

    def says(self, words: str, milliseconds: float = JOB_MS) -> None:
        """Wait until it says so."""
        expect(self.node).to_contain_text(words, timeout=milliseconds)

    def button(self, name: str) -> Locator:
        return self.node.get_by_role("button", name=name, exact=True)

    @property
    def backup(self) -> str:
        """The id of the backup that it says was taken."""
        found = re.search(r"Backup taken: (\S+)", self.node.inner_text())
        assert found is not None, self.node.inner_text()
        return found[1]


def seated(browser: Browser, url: str, **settings: object) -> tuple[BrowserContext, Seat]:
    """Somebody new before the page, in a browser of their own; the clock is the one of Jakarta."""
    told = {"viewport": WINDOW, "locale": "en-GB", "timezone_id": "Asia/Jakarta"} | settings
    context = browser.new_context(**told, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    seat = Seat(context.new_page())
    seat.page.goto(url)
    expect(seat.page.get_by_text("Bot connected")).to_be_attached()
    return context, seat
