"""The page itself: keys alone, a phone, the dark, what a screen reader is told, the drawer."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.faults import faults
from tests.browser.seat import OPERATOR, VIEWER, Seat
from tests.browser.terminal import in_terminal

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}


def faults_in_both_schemes(me: Seat) -> list[str]:
    """What is wrong with the page as it stands, in the light scheme and in the dark one."""
    found = []
    for scheme, paper in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(22, 25, 29)")):
        me.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(me.page.locator("html")).to_have_css("background-color", paper)
        found += [f"{scheme}: {fault}" for fault in faults(me.page)]
    return found


def test_keys_alone_are_enough(house, sit):
    in_terminal(house, "now", "production")
    me = sit()
    press = me.page.keyboard.press

    press("Tab")
    expect(me.page.get_by_role("link", name="Skip to the message box")).to_be_focused()
    press("Enter")
    expect(me.box).to_be_focused()
    me.page.keyboard.type("/ba")
    offers = me.page.get_by_role("listbox", name="Suggestions")
    expect(offers.get_by_role("option", name="/backup")).to_have_attribute("aria-selected", "true")
    press("Tab")
    expect(me.box).to_have_value("/backup ")
    press("ArrowDown")
    expect(offers.get_by_role("option", name="list")).to_have_attribute("aria-selected", "true")
    press("Escape")
    expect(offers).to_be_hidden()
    me.page.keyboard.type("li")
    press("Enter")
    expect(me.box).to_have_value("/backup list ")
    press("Enter")
    expect(me.private).to_contain_text("newest first")

    press("Shift+Tab")
    press("Shift+Tab")
    menu = me.private.get_by_role("button", name="More actions")
    expect(menu).to_be_focused()
    press("Enter")
    expect(me.page.get_by_role("menuitem", name="Show")).to_be_focused()
    press("Escape")
    expect(menu).to_be_focused()
    press("Enter")
    press("End")
    expect(me.page.get_by_role("menuitem", name="Restore…")).to_be_focused()
    press("Enter")
    expect(me.form.get_by_label("Into which deployment")).to_be_focused()
    press("Escape")
    expect(me.form).to_be_hidden()
    expect(menu).to_be_focused()


def test_arrow_keys_bring_back_what_was_typed_and_go_through_the_messages(house, sit):
    me = sit()
    press = me.page.keyboard.press
    me.type("/backup status")
    expect(me.private).to_be_visible()

    press("ArrowUp")
    expect(me.box).to_have_value("/backup status")
    press("ArrowDown")
    expect(me.box).to_have_value("")
    me.log.focus()
    press("ArrowUp")

    expect(me.private).to_be_focused()


def test_a_thread_is_opened_and_left_by_keys(house, sit):
    me = sit()
    me.type("Is anybody here?")
    said = me.messages("Is anybody here?")
    expect(said).to_be_visible()

    me.log.focus()
    me.page.keyboard.press("ArrowUp")
    expect(said).to_be_focused()
    me.page.keyboard.press("Enter")
    reply = me.thread.get_by_role("textbox", name="Reply…")
    expect(reply).to_be_focused()
    me.page.keyboard.type("Yes, me.")
    me.page.keyboard.press("Enter")
    expect(me.replies("Yes, me.")).to_be_visible()
    me.page.keyboard.press("Escape")

    expect(me.thread).to_be_hidden()
    expect(said).to_be_focused()
    expect(said).to_contain_text("1 reply")


def test_on_a_phone_nothing_is_cut_off_and_everything_can_be_reached(house, sit):
    in_terminal(house, "now", "production")
    me = sit(**PHONE)

    me.page.get_by_role("button", name="Channels and people").click()
    me.become(VIEWER)
    me.identity.click()
    me.page.get_by_role("menuitemradio", name=OPERATOR).click()
    expect(me.identity).to_contain_text(OPERATOR)
    me.type("/backup list")
    me.choose(me.private, "Restore…")
    expect(me.form).to_be_visible()

    assert faults(me.page, phone=True) == []
    me.form.get_by_role("button", name="Restore", exact=True).click()
    card = me.job("staging · Restore of")
    card.says("— Done")
    assert faults(me.page, phone=True) == []
    me.open_thread(card.node)
    expect(me.replies("Plan: restore")).to_be_visible()
    assert faults(me.page, phone=True) == []
    me.page.get_by_role("button", name="Close the thread").click()
    me.page.get_by_role("button", name=re.compile("^Requests")).click()
    expect(me.page.get_by_role("region", name="Requests")).to_be_visible()
    assert faults(me.page, phone=True) == []


def test_everything_has_a_name_and_can_be_read_by_day_and_in_the_dark(sit):
    me = sit()
    me.type("/backup now production")
    card = me.job("Backup")
    card.says("Backup — Done")
    me.type("/backup list")
    expect(me.private).to_contain_text("newest first")
    me.type("/backup lst")
    expect(me.private).to_have_count(2)
    assert faults_in_both_schemes(me) == []

    me.open_thread(card.node)
    me.page.get_by_role("button", name=re.compile("^Requests")).click()
    drawer = me.page.get_by_role("region", name="Requests")
    drawer.get_by_role("listitem").filter(has_text="chat.postMessage").first.click()
    expect(drawer).to_contain_text("Backup taken")
    assert faults_in_both_schemes(me) == []

    drawer.get_by_role("button", name="Close the drawer").click()
    card.button("Restore…").click()
    expect(me.form).to_be_visible()
    assert faults_in_both_schemes(me) == []


def test_a_page_that_is_opened_anew_shows_what_was_there(house, sit):
    me = sit(VIEWER)
    me.type("Good morning")
    me.type("/backup status")
    expect(me.private).to_be_visible()

    me.page.reload()

    expect(me.messages("Good morning")).to_be_visible()
    expect(me.private).to_be_visible()
    expect(me.page.get_by_role("radio", name=VIEWER)).to_be_checked()


def test_the_drawer_shows_each_request_with_its_json(sit):
    me = sit()
    me.type("/backup status")
    expect(me.private).to_be_visible()

    me.page.get_by_role("button", name=re.compile("^Requests")).click()
    drawer = me.page.get_by_role("region", name="Requests")
    drawer.get_by_role("searchbox", name="Filter the requests").fill("/backup status")
    asked = drawer.get_by_role("listitem").filter(has_text="Slack → app")
    asked.click()

    expect(asked).to_contain_text('"slash_commands"')


def test_a_trouble_made_in_the_drawer_strikes_until_it_is_ended(sit):
    me = sit()
    me.page.get_by_role("button", name=re.compile("^Requests")).click()
    switch = me.page.get_by_role("switch", name=re.compile("^fail users info"))

    switch.click()
    expect(switch).to_be_checked()
    expect(me.page.get_by_role("banner")).to_contain_text("1 trouble on")
    me.type("/backup status")
    expect(me.private).to_contain_text("Slack can't be asked who you are")
    switch.click()
    expect(switch).not_to_be_checked()
    me.type("/backup status")

    expect(me.private.last).to_contain_text("nothing runs and nothing waits")


def test_what_the_browser_complains_about_is_heard(sit):
    me = sit()
    add_a_script = "document.body.append(Object.assign(document.createElement('script'), %s))"

    with me.page.expect_console_message():
        me.page.evaluate(add_a_script % "{ textContent: 'let one' }")
    with me.page.expect_event("pageerror"):
        me.page.evaluate("setTimeout(() => { throw new Error('oh') })")
    with me.page.expect_response("**/nowhere"):
        me.page.evaluate("fetch('/nowhere')")

    heard, me.complaints[:] = " ".join(me.complaints), []
    for words in ("Content Security Policy", "exception: oh", "404: http"):
        assert words in heard
