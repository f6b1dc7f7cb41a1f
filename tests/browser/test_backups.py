"""What an operator does with backups, in the page: take, list, verify, restore, cancel.

And what becomes of it when the bot dies in between.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.terminal import in_terminal
from tests.slack.house import House

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture
def backup(house: House) -> None:
    """There is a backup of production, and it is the newest."""
    in_terminal(house, "now", "production")


def test_the_suggestion_takes_a_backup_whose_one_message_follows_it_to_the_end(house, sit):
    house.production.trouble(kind="export_slow", seconds=2)
    me = sit()

    me.page.get_by_role("button", name="Try /backup now production").click()
    expect(me.box).to_have_value("/backup now production")
    me.box.press("Enter")

    card = me.job("production (protected) · Backup")
    card.says("Backup — Running")
    expect(card.button("Cancel")).to_be_visible()
    card.says("Backup — Done")
    expect(card.button("Cancel")).to_be_hidden()
    for name in ("Show", "Verify", "Restore…"):
        expect(card.button(name)).to_be_visible()
    expect(me.jobs).to_have_count(1)
    me.open_thread(card.node)
    told = me.replies(f"Backup taken: {card.backup}")
    expect(told).to_contain_text("232 documents in 11 tables")
    expect(told).to_contain_text(re.compile(r"npd\s+40 "))


def test_a_backup_is_shown_from_the_menu_of_the_private_list(house, backup, sit):
    me = sit()

    me.type("/backup list")
    listed = me.private.filter(has_text="newest first")
    me.choose(listed, "Show")

    shown = me.private.filter(has_text="SHA-256")
    expect(shown).to_contain_text("232 documents in 11 tables")
    expect(shown.get_by_role("button", name="Restore…")).to_be_visible()


def test_many_backups_are_leafed_through_in_one_message(house, sit):
    for number in range(6):
        in_terminal(house, "now", "staging", "--label", f"number {number}")
    me = sit()

    me.type("/backup list staging")
    listed = me.private
    expect(listed).to_contain_text("Page 1 of 2 · 6 backups, newest first")
    expect(listed).to_contain_text("“number 5”")
    listed.get_by_role("button", name="Earlier backups").click()
    expect(listed).to_contain_text("Page 2 of 2")
    expect(listed).to_contain_text("“number 0”")
    expect(listed.get_by_role("button", name="Earlier backups")).to_be_hidden()
    listed.get_by_role("button", name="Later backups").click()

    expect(listed).to_contain_text("Page 1 of 2")
    expect(listed).to_have_count(1)


def test_a_backup_is_verified_from_the_list(house, backup, sit):
    me = sit()

    me.type("/backup list production")
    me.choose(me.private, "Verify")

    card = me.job("production (protected) · Verification of")
    card.says("— Done")
    card.says("Sound: production-")
    card.says("Looked at")


def test_a_restore_is_asked_in_a_form_and_ends_with_the_words_that_undo_it(house, backup, sit):
    me = sit()

    me.type("/backup list production")
    me.choose(me.private, "Restore…")
    expect(me.form.get_by_label("Into which deployment")).to_have_value("staging")
    me.form.get_by_role("button", name="Restore", exact=True).click()
    expect(me.form).to_be_hidden()

    card = me.job("staging · Restore of production-")
    card.says("— Done")
    card.says("Restored: staging holds what was promised")
    me.open_thread(card.node)
    expect(me.replies("Plan: restore production-")).to_be_visible()
    report = me.replies("Restored: staging")
    expect(report).to_contain_text(re.compile(r"npd\s+26\s+40\s+40"))
    expect(report).to_contain_text(
        re.compile(r"To undo: /backup restore staging-\S+ to staging mode replace-all")
    )
    assert house.staging.counts()["tables"]["npd"] == 40


def test_a_typed_restore_opens_the_form_as_it_was_typed(house, backup, sit):
    me = sit()

    me.type("/backup restore latest:production to staging mode merge tables npd,sp2d")

    expect(me.form).to_contain_text("of production")
    expect(me.form.get_by_label("Into which deployment")).to_have_value("staging")
    expect(me.form.get_by_label("How")).to_have_value("merge")
    expect(me.form.get_by_label("Only these tables")).to_have_value("npd,sp2d")
    me.page.keyboard.press("Escape")
    expect(me.form).to_be_hidden()
    expect(me.jobs).to_have_count(0)


def test_a_running_job_is_cancelled_once_one_is_sure_and_the_one_behind_it_begins(house, sit):
    house.production.trouble(kind="slow_body", seconds=1, chunk=1_000)
    me = sit()
    me.type("/backup now production")
    first = me.job("Backup")
    first.says("Downloading the snapshot")  # From here on the trouble is used up.
    me.type("/backup now production")
    second = me.job("Backup", 2)
    second.says("Backup — Waiting")
    second.says("In the queue: 1 job ahead.")

    first.button("Cancel").click()
    expect(me.question).to_contain_text("Cancel this job?")
    expect(me.question.get_by_role("button", name="Let it go on")).to_be_focused()
    me.page.keyboard.press("Enter")
    expect(me.question).to_be_hidden()
    expect(first.button("Cancel")).to_be_visible()
    first.button("Cancel").click()
    me.question.get_by_role("button", name="Cancel the job").click()
    expect(me.private).to_contain_text(f"Asked to stop: {first.id}")

    first.says("Backup — Cancelled")
    expect(first.button("Cancel")).to_be_hidden()
    second.says("Backup — Done")


def test_a_typo_is_answered_with_what_was_meant(house, sit):
    me = sit()

    me.type("/backup lst")

    expect(me.private).to_contain_text("There is no /backup lst. Did you mean /backup list?")
    expect(me.jobs).to_have_count(0)


def test_a_bot_killed_in_the_middle_of_a_job_goes_on_with_it_before_everybodys_eyes(house, sit):
    house.production.trouble(kind="slow_body", seconds=30, chunk=30_000)
    me = sit()
    me.type("/backup now production")
    card = me.job("Backup")
    card.says("Downloading the snapshot")

    house.bot.kill()
    away = me.page.get_by_text("The bot is not connected. Commands and buttons get no answer")
    expect(away).to_be_visible()
    expect(me.page.get_by_role("banner").get_by_role("status")).to_have_text(
        "The bot is not connected"
    )
    me.type("/backup list")
    expect(me.private).to_contain_text("dispatch_failed")
    card.says("Backup — Running")
    house.production.heal()
    house.bot.start()

    expect(away).to_be_hidden()
    card.says("Backup — Done")
    card.says("picked up again after a restart")
    expect(me.jobs).to_have_count(1)
    me.open_thread(card.node)
    expect(me.replies("Picked up again after a restart")).to_be_visible()
    expect(me.replies(f"Backup taken: {card.backup}")).to_be_visible()
