"""The daily message as people see it in the page: one message, its picture in the thread."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.terminal import in_terminal

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
LOADED = "image => image.complete && image.naturalWidth === 1200"


def test_the_daily_message_says_that_all_is_well_and_shows_thirty_days(house, sit):
    in_terminal(house, "now", "production")
    me = sit()

    me.type("/backup summary")
    told = me.messages("All is well: 1 of 2 deployments backed up").first
    expect(told).to_contain_text("Deployments")
    expect(told).to_contain_text("Vaults")
    me.open_thread(told)
    image = me.thread.locator("img").last
    expect(image).to_be_visible()
    me.page.wait_for_function(LOADED, arg=image.element_handle())

    assert me.messages("All is well").count() == 1
    if folder := os.environ.get("LIFEBOAT_SHOTS"):  # To be looked at.
        me.page.screenshot(path=Path(folder) / "summary.png")
