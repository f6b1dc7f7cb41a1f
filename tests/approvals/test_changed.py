"""What changes between the last yes and the act: people, the plan, the archive, settings, time."""

import time

from sandbox.slack_people import AYU, BUDI, RIZAL
from tests.approvals.held import Held, changed, flipped, full_log, held_back
from tests.approvals.house import ApprovalHouse
from tests.slack.house import wait_for

LOST_TIME = 4.0 / 60  # Minutes.


def test_an_approver_who_leaves_between_the_yes_and_the_act_has_not_approved(
    house: ApprovalHouse, held: Held
):
    house.rule()
    with house.busy():
        question = house.ask_to_restore()
        question.yes(AYU)
        question.over("Approved by")
        house.slack.change("person", AYU, deleted=True)
    line = question.over("Somebody who approved it is no approver any more.")

    assert "Nothing was restored: production is as it was." in line
    assert "restore.confirmed by Rizal Hakim" not in question.said()
    assert held.untouched()


def test_a_table_added_to_the_target_needs_a_new_yes(house: ApprovalHouse):
    house.rule()
    with house.busy():
        question = house.ask_to_restore()
        question.yes(AYU)
        question.over("Approved by")
        house.production.put_table("brand_new", [{"a": 1}])
        held = Held(house.production)
    line = question.over("The plan changed after it was approved.")

    assert "Nothing was restored: production is as it was." in line
    assert held.untouched()


def test_rows_written_meanwhile_need_no_new_yes(house: ApprovalHouse, promised: dict):
    house.rule()
    with house.busy():
        question = house.ask_to_restore()
        question.yes(AYU)
        question.over("Approved by")
        house.production.mutate("npd", "insert", 3)
    question.over("Restored:")

    assert held_back(house.production, promised)


def test_an_archive_changed_by_a_byte_is_never_imported(house: ApprovalHouse, held: Held):
    house.rule()
    archive = house.folder / "vault" / house.manifests()[house.backup]["archive"]["name"]
    with house.busy():
        question = house.ask_to_restore()
        question.yes(AYU)
        question.over("Approved by")
        with changed(archive, lambda whole: flipped(whole, len(whole) // 2)):
            house.production.heal()
            line = question.over("Approved restore", "Failed")
    question.told("production runs again")

    assert "production is as it was: nothing was restored. production runs again." in line
    assert held.untouched()


def test_another_archive_with_its_own_label_needs_a_new_yes(house: ApprovalHouse, held: Held):
    house.rule()
    manifest = house.folder / "vault" / f"backups/production/{house.backup}/manifest.json"
    sha256 = house.manifests()[house.backup]["archive"]["sha256"].encode()
    with house.busy():
        question = house.ask_to_restore()
        question.yes(AYU)
        question.over("Approved by")
        with changed(manifest, lambda label: label.replace(sha256, b"0" * 64)):
            house.production.heal()
            question.over("The plan changed after it was approved.")

    assert held.untouched()


def test_two_approved_restores_of_production_are_done_one_after_the_other(
    house: ApprovalHouse, promised: dict
):
    house.rule()
    first, second = house.ask_to_restore(), house.ask_to_restore(reason="once more")
    first.yes(AYU)
    second.yes(BUDI)
    first.over("Restored:")
    second.over("Restored:")

    assert held_back(house.production, promised, times=2)
    for question in (first, second):
        assert question.said().count("restore.confirmed by Rizal Hakim") == 1


def test_an_end_in_the_channel_stays_the_end_after_a_restart(house: ApprovalHouse, held: Held):
    house.rule()
    with house.busy():
        question = house.ask_to_restore()
        question.yes(AYU)
        question.over("Approved by")
        house.production.put_table("brand_new", [{"a": 1}])
    question.over("The plan changed after it was approved.")
    told = len(question.thread)
    house.restart()
    house.idle()
    time.sleep(1)

    assert "The plan changed after it was approved." in question.line.text
    assert len(question.thread) == told


def test_an_approval_that_is_not_used_in_time_lapses(house: ApprovalHouse, held: Held):
    house.rule(use_within_minutes=LOST_TIME)
    with house.busy():
        question = house.ask_to_restore()
        question.yes(AYU)
        question.over("Approved by")
        time.sleep(LOST_TIME * 60)
    line = question.over("It has lapsed. It was approved and not used in time.")

    assert "Nothing was restored: production is as it was." in line
    assert held.untouched()


def test_a_quorum_raised_between_the_yes_and_the_act_needs_a_new_yes(
    house: ApprovalHouse, held: Held
):
    house.rule()
    house.production.trouble(kind="export_stuck")
    running = house.job(RIZAL, "now production")
    running.until("Running")
    question = house.ask_to_restore()
    question.yes(AYU)
    question.over("Approved by")
    house.restart(quorum=2)
    house.production.heal()
    question.over("The plan changed after it was approved.")
    running.ended()

    assert held.untouched()


def test_a_restore_that_can_not_be_written_down_is_not_done(house: ApprovalHouse, held: Held):
    house.rule()
    with house.busy():
        question = house.approved()
        wait_for(lambda: "restore.answered by Rizal Hakim: approved" in question.said())
        with full_log(house):
            house.production.heal()
            line = question.over("Approved restore", "Failed")

    assert "production is as it was: nothing was restored." in line
    assert held.untouched()


def test_when_slack_can_not_be_asked_at_the_act_nothing_is_restored(
    house: ApprovalHouse, held: Held
):
    house.rule()
    with house.busy():
        question = house.ask_to_restore()
        question.yes(AYU)
        question.over("Approved by")
        house.slack.trouble("error", method="usergroups.users.list", times=-1)
        house.production.heal()
        line = question.over("Failed", "Slack can't be asked")
        house.slack.heal()

    assert "Nothing was restored: production is as it was." in line
    assert held.untouched()
