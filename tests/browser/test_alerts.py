"""Alerts as people see them in the page: raised by their cause, taken on, silent, over.

Rizal and Budi are operators, Citra may look. The bot looks for troubles twice a second here, and
every alert is over when its test ends.
"""

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, expect

from sandbox.slack_people import APPROVERS, GENERAL, RIZAL
from sandbox.slack_world import SlackWorld
from sandbox.world import World
from storage.outbox import Outbox
from tests.alerts.asleep import sleep_over
from tests.alerts.test_alert_journeys import HurriedBot
from tests.browser.seat import APPROVER, JOB_MS, OPERATOR, VIEWER, Seat
from tests.slack.house import House, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

ALERT = re.compile(r"\ba-[a-z2-7]{6}\b")
OVER_SECONDS_MAX = 30
JAKARTA = ZoneInfo("Asia/Jakarta")  # Where the browsers are.
SETTINGS = {
    "approvals": {"approvers": [APPROVERS]},
    "alerts": {"channel": GENERAL, "look_seconds": 0.5},
    "alerts.mention": {"severe": [RIZAL]},
    "lookout": {"probe_minutes": 0.05},
    "patience": {"tries": 1, "outage_seconds_max": 1},
}


@pytest.fixture(scope="module")
def whole_house(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[House]:
    """A house whose bot tells of troubles in the channel #general."""
    folder = tmp_path_factory.mktemp("alerting")
    with (
        World(folder / "convex", step_seconds=0.0) as world,
        SlackWorld(folder / "slack", rates=False) as slack,
    ):
        house = House(folder / "lifeboat", world, slack, SETTINGS)
        house.bot = bot = HurriedBot(house)
        bot.environ = {"LIFEBOAT_TEST_MOMENT": str(house.folder / "moment")}
        try:
            bot.start()
            yield house
        finally:
            bot.stop()


@pytest.fixture
def house(whole_house: House) -> Iterator[House]:
    """The house with an empty channel and a backup; afterwards nothing is wrong any more."""
    whole_house.slack.reset()
    yield whole_house
    whole_house.production.heal()
    outbox = Outbox(whole_house.folder / "data" / "outbox.db")
    if outbox.alerts(open=True):
        whole_house.type(RIZAL, "now production")
    wait_for(
        lambda: not outbox.alerts(open=True) and not outbox.waiting(),
        OVER_SECONDS_MAX,
        whole_house.log_text,
    )

    assert "Traceback" not in whole_house.log_text(), whole_house.log_text()


def cut_off(house: House) -> None:
    """Convex hangs up on everybody, until somebody mends it."""
    house.production.trouble(kind="drop_before", times=-1)


def backup(me: Seat) -> None:
    me.go("backups")
    me.type("/backup now production")


def alert(me: Seat, words: str = "Severe: job failed") -> Locator:
    """Go where alerts are told, and wait for the one; the same message also later."""
    me.go("general")
    found = me.messages(words).filter(has_text="alert a-")
    expect(found).to_have_count(1, timeout=JOB_MS)
    id_ = ALERT.search(found.inner_text())
    assert id_ is not None, found.inner_text()
    return me.log.get_by_role("article").filter(has_text=f"alert {id_[0]}")


def raised(house: House, me: Seat) -> Locator:
    """The alert of a backup that failed because Convex hung up; its cause is still there."""
    cut_off(house)
    backup(me)
    return alert(me)


def id_of(told: Locator) -> str:
    found = ALERT.search(told.inner_text())
    assert found is not None, told.inner_text()
    return found[0]


def press(place: Locator, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()


def snooze(told: Locator, length: str) -> None:
    told.get_by_role("combobox", name="Snooze").select_option(label=length)


def told_alone(me: Seat, words: str | re.Pattern[str]) -> None:
    """Wait for a sentence that nobody else sees."""
    expect(me.private.filter(has_text=words)).to_be_visible()


def shot(me: Seat, name: str) -> None:
    """A picture in both schemes, where somebody wants to look at some."""
    if folder := os.environ.get("LIFEBOAT_SHOTS"):
        for scheme in ("light", "dark"):
            me.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            me.page.screenshot(path=Path(folder) / f"alert-{name}-{scheme}.png")


def test_a_failed_backup_is_told_with_what_is_safe_counted_in_its_thread_and_over(house, sit):
    me = sit()
    told = raised(house, me)
    expect(told).to_contain_text("Severe: job failed — production")
    expect(told).to_contain_text("The backup of production failed (job now-production-")
    expect(told).to_contain_text("Safe: ")
    expect(told).to_contain_text("Next: ")
    expect(told).to_contain_text("@rizal")
    expect(told).to_have_attribute("aria-label", re.compile("check_admin_key"))
    shot(me, "open")

    press(told, "Retry")
    again = me.job("production (protected) · Backup")
    again.says("— Failed")
    expect(told).to_contain_text("Severe: job failed, 2 times in a row")
    me.open_thread(told)
    expect(me.replies("Once more: 2 times in a row now.")).to_be_visible()
    shot(me, "again")

    house.production.heal()
    press(told, "Retry")
    me.job("production (protected) · Backup", 2).says("— Done")
    expect(told).to_contain_text(re.compile(r"Over after \d+(\.\d)? s: job failed — production"))
    expect(told).to_contain_text(re.compile(r"over (today|yesterday) \d{1,2}:\d\d"))
    expect(told.get_by_role("button", name=re.compile("Retry|Acknowledge"))).to_have_count(0)
    expect(told.get_by_role("combobox")).to_have_count(0)
    expect(me.replies(re.compile(r"It is over. It lasted \d+(\.\d)? s"))).to_be_visible()
    expect(me.messages("alert a-")).to_have_count(1)
    shot(me, "over")


def test_who_has_taken_it_on_stands_in_it_and_a_viewer_is_refused_alone(house, sit):
    me, citra = sit(), sit(VIEWER)
    told = raised(house, me)
    seen = alert(citra)

    press(seen, "Acknowledge")
    told_alone(citra, "is for operators")
    press(seen, "Retry")
    expect(citra.private.filter(has_text="is for operators")).to_have_count(2)
    snooze(seen, "1 hour")
    expect(citra.private.filter(has_text="is for operators")).to_have_count(3)
    expect(me.private).to_have_count(0)
    expect(told).not_to_contain_text("Citra")
    press(told, "Acknowledge")

    told_alone(me, f"You have taken {id_of(told)} on; it calls nobody any more.")
    for each in (told, seen):
        expect(each).to_contain_text("Rizal Hakim has taken it on")
        expect(each.get_by_role("button", name="Acknowledge")).to_have_count(0)
        expect(each).not_to_contain_text("@rizal")
    expect(citra.private).to_have_count(3)
    expect(me.jobs).to_have_count(0)
    shot(me, "acknowledged")


def test_two_people_take_it_on_at_once_and_one_of_them_has(house, sit):
    rizal, budi = sit(), sit(APPROVER)
    told = raised(house, rizal)
    seats = {OPERATOR: (rizal, told), APPROVER: (budi, alert(budi))}

    at = rizal.page.evaluate("Date.now()") + 500
    for _, seen in seats.values():
        button = seen.get_by_role("button", name="Acknowledge", exact=True)
        button.evaluate("(node, at) => void setTimeout(() => node.click(), at - Date.now())", at)

    for seat, _ in seats.values():
        told_alone(seat, re.compile("You have taken|has acknowledged it already"))
    (first,) = (who for who, (me, _) in seats.items() if me.private.inner_text().count("You have"))
    (second,) = seats.keys() - {first}
    told_alone(seats[second][0], f"{first} has acknowledged it already.")
    expect(told).to_contain_text(f"{first} has taken it on")
    expect(told).not_to_contain_text(second)
    rizal.open_thread(told)
    expect(rizal.replies("has taken it on.")).to_have_count(1)


def test_a_snoozed_alert_is_silent_until_then_and_comes_back(house, sit):
    me = sit()
    told = raised(house, me)
    now = datetime.now(JAKARTA) + timedelta(hours=1)
    snooze(told, "1 hour")

    ends = [now + timedelta(seconds=each) for each in (0, 30)]
    hours = "|".join(f"{end.hour}:{end:%M}" for end in ends)  # As Slack writes it: 0:06.
    stands = re.compile(rf"Rizal Hakim snoozed it until (today|tomorrow) ({hours})")
    expect(told).to_contain_text(stands)
    told_alone(me, re.compile(rf"{id_of(told)} is silent until (today|tomorrow) ({hours})"))
    shot(me, "snoozed")
    press(told, "Retry")
    me.job("production (protected) · Backup").says("— Failed")
    me.open_thread(told)
    expect(me.replies("then it comes back if it stands.")).to_be_visible()
    me.page.wait_for_timeout(1_500)  # Three looks, at the least.
    expect(me.replies("Once more")).to_have_count(0)

    sleep_over(house, id_of(told))
    back = me.replies("It was snoozed, and still stands.")
    expect(back).to_contain_text("@rizal")
    expect(told).not_to_contain_text("snoozed it until")
    expect(told).to_contain_text("2 times in a row")
    expect(told.get_by_role("button", name="Acknowledge")).to_be_visible()
    shot(me, "back")


def test_the_status_names_the_open_alert_and_the_list_says_who_has_it(house, sit):
    me = sit()
    told = raised(house, me)
    me.type(f"/backup alert ack {id_of(told)}")
    told_alone(me, f"You have taken {id_of(told)} on")

    me.type("/backup status")
    told_alone(me, "1 open alert: /backup alert")
    me.type("/backup alert")
    listed = me.private.filter(has_text="Alerts: 1 open")
    expect(listed).to_contain_text("Severe: job failed — production")
    expect(listed).to_contain_text("Rizal Hakim has taken it on")
    expect(listed).not_to_contain_text("Take one on")
    shot(me, "listed")
    house.production.heal()
    backup(me)
    me.job("Backup", 2).says("— Done")
    me.go("general")
    expect(told).to_contain_text("Over after")
    me.type("/backup status")
    expect(me.private.last).to_contain_text("nothing runs and nothing waits")
    expect(me.private.last).not_to_contain_text("open alert")


def test_a_refused_key_is_told_as_what_it_is_and_is_over_when_it_is_taken(house, sit):
    me = sit()
    house.production.trouble(kind="status", status=403, code="BadDeployKey", times=-1)
    backup(me)
    told = alert(me, "Severe: key refused")
    shot(me, "key")

    house.production.heal()
    backup(me)
    me.go("general")
    expect(told).to_contain_text("Over after", timeout=JOB_MS)


def test_a_test_alert_is_told_to_be_none_and_proves_the_road(house, sit):
    me = sit()
    me.go("backups")
    me.type("/backup alert test")

    answer = me.private.filter(has_text="Test alert: 1 of 1 road proven")
    expect(answer).to_contain_text(
        re.compile(r"Slack: arrived in \d+(\.\d)? s\. Sent to #general\.")
    )
    shot(me, "proven")
    me.type("/backup alert")
    told_alone(me, "Slack: last proven just now")
    me.go("general")
    told = me.messages("Test alert: nothing is wrong.")
    expect(told).to_contain_text("Rizal Hakim asked for it")
    expect(told).to_have_count(1)
    shot(me, "test")
