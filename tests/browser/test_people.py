"""Who sees what and who may do what, in the page: everybody sits in their own chair."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.seat import (
    APPROVER,
    CHANNEL_GUEST,
    GUEST,
    JOB_MS,
    LEFT,
    OPERATOR,
    OUTSIDER,
    VIEWER,
)
from tests.browser.terminal import in_terminal

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


def test_a_viewer_may_look_and_do_nothing_else(house, sit):
    in_terminal(house, "now", "production")
    me = sit(VIEWER)

    me.type("/backup now production")
    expect(me.private).to_contain_text("Not done. now is for operators")
    me.type("/backup list")
    listed = me.private.filter(has_text="newest first")
    expect(listed).to_contain_text("production-")
    me.choose(listed, "Restore…")
    expect(me.private.filter(has_text="restore is for operators")).to_be_visible()

    expect(me.form).to_be_hidden()
    expect(me.jobs).to_have_count(0)


@pytest.mark.parametrize("guest", [GUEST, CHANNEL_GUEST])
def test_a_guest_is_refused_even_a_look(sit, guest):
    me = sit(guest)

    me.type("/backup list")

    expect(me.private).to_contain_text("Not done. Guests can't see or do anything with backups.")
    expect(me.private).to_have_count(1)


def test_somebody_of_another_workspace_has_no_such_command(sit):
    me = sit(OUTSIDER)
    expect(me.page.get_by_role("heading", level=1)).to_have_text("#shared-with-partner")

    me.type("/backup list")

    expect(me.private).to_contain_text("/backup is not a valid command.")


def test_nothing_is_begun_where_another_company_reads_along(house, sit):
    me = sit()
    me.go("shared-with-partner")

    me.type("/backup now production")

    expect(me.private).to_contain_text("This channel is shared with another company")
    assert house.exports() == 0


def test_a_channel_without_the_bot_says_how_to_invite_it(house, sit):
    me = sit()
    me.go("random-without-the-bot")

    me.type("/backup now production")

    expect(me.private).to_contain_text("Type: /invite @lifeboat")
    assert house.exports() == 0


def test_somebody_who_left_sits_before_an_empty_page(sit):
    me = sit(LEFT)

    expect(me.log).to_contain_text(f"{LEFT} is in no channel")
    expect(me.page.get_by_role("list", name="Channels").get_by_role("button")).to_have_count(0)


def test_what_only_one_person_was_told_is_gone_when_another_takes_the_chair(sit):
    me = sit()
    me.type("/backup status")
    expect(me.private).to_be_visible()

    me.become(APPROVER)
    expect(me.private).to_have_count(0)
    me.become(OPERATOR)

    expect(me.private).to_be_visible()


def test_two_people_at_two_pages_see_each_others_words_and_jobs(sit):
    rizal, budi = sit(OPERATOR), sit(APPROVER)

    budi.type("Taking a backup before the migration, @rizal?")
    expect(rizal.messages("Budi Santoso")).to_contain_text("before the migration, @rizal?")
    rizal.type("/backup now production")
    card = budi.job("production (protected) · Backup")
    card.says("Asked by @rizal")
    card.says("Backup — Done")
    card.button("Show").click()
    expect(budi.private).to_contain_text("SHA-256")

    expect(rizal.jobs).to_contain_text("Backup — Done")
    expect(rizal.private).to_have_count(0)


def test_a_restore_of_production_waits_for_the_yes_of_a_second_person(house, sit):
    in_terminal(house, "now", "production")
    in_terminal(house, "restore", "latest:production", "--to", "staging", "--yes")
    house.production.mutate("npd", "delete", 7)
    rizal, budi = sit(OPERATOR), sit(APPROVER)

    rizal.type("/backup restore latest:production to production reason “rows are gone since noon”")
    rizal.form.get_by_label(re.compile("typed by hand")).fill("production")
    rizal.form.get_by_role("button", name="Restore", exact=True).click()
    asked = rizal.job("production (protected) · Restore of")
    asked.says("Waiting for approval")
    rizal.type(f"/backup approve {asked.id}")
    expect(rizal.private.filter(has_text="a second person has to approve it")).to_be_visible()
    assert house.production.counts()["tables"]["npd"] == 33

    budi.open_thread(budi.messages("Waiting for approval"))
    expect(budi.thread).to_contain_text("Why: rows are gone since noon")
    budi.thread.get_by_role("button", name="Approve…").click()
    budi.form.get_by_label("What did you check?").fill("The plan and the time")
    budi.form.get_by_role("button", name="Approve", exact=True).click()

    expect(budi.replies("Approved by @budi").first).to_contain_text("“The plan and the time”")
    restored = "Restored: production holds what was promised"
    expect(rizal.jobs).to_contain_text(restored, timeout=JOB_MS)
    assert house.production.counts()["tables"]["npd"] == 40
