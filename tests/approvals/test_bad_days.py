"""An approved restore on a bad day: production as it was or as promised, and never left paused."""

import re
import time

import pytest

from sandbox.slack_people import AYU, BACKUPS, BUDI, RIZAL
from tests.approvals.held import Held, confirmed, dangling, held_back, paused
from tests.approvals.house import ApprovalHouse
from tests.approvals.question import Question
from tests.journeys.house import settled
from tests.sandbox import wire
from tests.slack.house import wait_for

UNPAUSE = "/api/v1/unpause_deployment"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ({"kind": "wrong_checkpoints"}, "Convex would not do what the plan says."),
        ({"kind": "export_fails"}, "The export of production"),
        ({"kind": "export_canceled"}, "export"),
        ({"kind": "pause_refused"}, "can't be paused"),
        ({"kind": "corrupt", "times": -1}, "production"),
        ({"kind": "status", "match": "/api/import/", "status": 503, "times": -1}, "in trouble"),
        ({"kind": "status", "match": "/api/export/", "status": 503, "times": -1}, "in trouble"),
    ],
    ids=lambda each: each.get("kind", "") + each.get("match", "") if isinstance(each, dict) else "",
)
def test_before_the_confirm_every_trouble_leaves_production_as_it_was(
    house: ApprovalHouse, held: Held, trouble: dict, words: str
):
    house.rule()
    question = house.ask_to_restore()
    house.production.trouble(**trouble)
    question.yes(AYU)
    line = question.over("Approved restore", "Failed")
    house.idle()

    assert words in line
    assert "nothing was restored" in line.lower()
    assert held.untouched()
    assert "restore.confirmed by Rizal Hakim" not in question.said()
    if trouble["kind"] != "pause_refused":
        assert "production runs again." in line
        assert question.told("production runs again")


def test_a_pause_that_is_refused_stops_the_restore_and_says_what_to_do(
    house: ApprovalHouse, held: Held
):
    house.rule()
    house.production.trouble(kind="pause_refused")
    line = house.approved().over("Failed", "can't be paused")

    assert "it has to stand still meanwhile" in line
    assert "Pause production in the Convex dashboard, then ask again." in line
    assert house.production.events("export_requested") == []
    assert held.untouched()


def test_a_pause_whose_answer_is_lost_is_ended_all_the_same(house: ApprovalHouse, held: Held):
    house.rule()
    house.production.trouble(kind="drop_after", match="/api/v1/pause_deployment", times=-1)
    line = house.approved().over("Failed")

    assert "production runs again." in line
    assert held.untouched()


def test_what_was_paused_before_is_restored_and_left_paused_aloud(
    house: ApprovalHouse, promised: dict
):
    house.rule()
    wire.post(house.production, "/api/v1/pause_deployment").raise_for_status()
    question = house.approved()
    card = question.card
    question.over("Restored:")
    question.told("Warning", "production was paused already, and will be left paused.")
    still = paused(house.production)
    wire.post(house.production, UNPAUSE).raise_for_status()

    assert "*Writes:* paused already" in card
    assert still
    assert held_back(house.production, promised)


def test_a_key_that_may_not_pause_is_told_on_the_card_and_in_the_thread(
    house: ApprovalHouse, promised: dict
):
    key = house.folder / "production.key"
    try:
        key.write_text(house.production.no_pause_key + "\n")
        house.restart()
        question = house.approved()
        card = question.card
        question.over("Restored:")
        question.told("Warning", "production is not paused: its key may not do that.")
    finally:
        key.write_text(house.production.key + "\n")
        house.restart()

    assert "*not paused*: see the warning" in card
    assert "production can't be paused with this key" in card
    assert held_back(house.production, promised)


def test_an_import_that_fails_changed_nothing_and_names_the_safety_backup(
    house: ApprovalHouse, held: Held
):
    house.rule()
    house.production.trouble(kind="import_fails", message="no luck")
    question = house.approved()
    line = question.over("Approved restore", "Failed", "no luck")
    question.told("production runs again")

    assert f"The safety backup is {house.safety}" in line
    assert "production is as it was" in line
    assert house.production.counts() == held.counts
    assert not paused(house.production)
    assert question.said()[-1] == "restore.ended by Rizal Hakim: failed"


def test_an_append_that_fails_half_way_can_be_taken_back_without_staging(house: ApprovalHouse):
    house.rule()
    before = house.production.counts()
    house.production.trouble(kind="import_fails")
    question = house.ask_to_restore(words="mode append tables npd")
    question.yes(AYU)
    line = question.over("Approved restore", "Failed")
    safety = house.safety
    words = f'restore {safety} to production reason "take it back" yes'
    undo = Question(house, house.carded(BACKUPS, lambda: house.type(RIZAL, words)))
    undo.yes(BUDI)
    undo.over("Restored:")

    assert f"The safety backup is {safety}" in line
    assert f"/backup restore {safety} to production mode replace-all reason" in line
    assert "*Takes back:* restore" in undo.card
    assert house.production.counts() == before


def test_a_confirm_whose_answer_is_lost_is_one_import(house: ApprovalHouse, promised: dict):
    house.rule()
    house.production.trouble(kind="drop_after", match="/api/perform_import")
    house.approved().over("Restored:")

    assert held_back(house.production, promised)


def test_an_end_that_nobody_hears_is_found_out_by_asking_again(
    house: ApprovalHouse, promised: dict
):
    house.rule()
    house.production.trouble(kind="import_stuck")
    question = house.approved()
    wait_for(lambda: confirmed(house.production) == 1, 30)
    question.over("Convex is importing")
    house.production.trouble(kind="status", match="/api/query", status=503, times=-1)
    line = question.over("Approved restore", "Failed")
    safety = house.safety
    house.production.heal()
    settled(house.production)
    again = house.approved()
    told = again.over("Restored (by an earlier run that was stopped)")

    assert "The import was confirmed and may still be running at Convex." in line
    assert f"The safety backup {safety} holds production as it was." in line
    assert safety in told
    assert held_back(house.production, promised)


def test_a_deployment_that_can_not_be_started_again_is_never_silent(
    house: ApprovalHouse, promised: dict
):
    house.rule()
    house.production.trouble(kind="status", match=UNPAUSE, status=500, times=-1)
    question = house.approved()
    line = question.over("NOT as promised")
    question.told("Warning", "production IS STILL PAUSED: start it in the Convex dashboard.")
    report = question.told("DAMAGE", "started again")
    still = paused(house.production)
    house.production.heal()
    wire.post(house.production, UNPAUSE).raise_for_status()

    assert still
    assert "1 finding in *production*" in line
    assert "IS STILL PAUSED" in report
    assert held_back(house.production, promised)


def test_a_failed_restore_that_stays_paused_says_both(house: ApprovalHouse, held: Held):
    house.rule()
    house.production.trouble(kind="status", match=UNPAUSE, status=500, times=-1)
    house.production.trouble(kind="wrong_checkpoints")
    line = house.approved().over("Approved restore", "Failed")
    house.production.heal()
    wire.post(house.production, UNPAUSE).raise_for_status()

    assert "production is as it was: nothing was restored." in line
    assert "production IS STILL PAUSED: start it in the Convex dashboard." in line
    assert held.untouched()


def test_a_cancel_before_the_confirm_leaves_production_as_it_was(house: ApprovalHouse, held: Held):
    house.rule()
    house.production.trouble(kind="import_stuck_uploaded")
    question = house.approved()
    question.over("Comparing Convex's summary with the plan")
    question.told("production is paused")
    house.ask(RIZAL, f"cancel {question.restore_id}")
    question.carded("(protected) · Running", "The restore runs.")
    line = question.over("Approved restore", "Cancelled")
    question.carded(
        "(protected) · Cancelled", "The restore was cancelled: what is so now is below."
    )
    house.production.heal()
    question.told("production runs again")

    assert "production is as it was: nothing was restored. production runs again." in line
    assert held.untouched()


def test_a_cancel_after_the_confirm_comes_too_late_and_says_so(
    house: ApprovalHouse, promised: dict
):
    house.rule()
    house.production.trouble(kind="import_stuck")
    question = house.approved()
    line = question.over("Too late to cancel")
    told = house.ask(RIZAL, f"cancel {question.restore_id}").text
    time.sleep(0.5)
    house.production.heal()
    question.over("Restored:")

    assert "Convex is carrying the import out" in line
    assert "goes on to its end" in told
    assert held_back(house.production, promised)


def test_an_undo_goes_through_two_people_and_needs_no_staging(house: ApprovalHouse):
    house.rule()
    before = house.production.counts()
    question = house.approved()
    line = question.over("Restored:")
    safety = house.safety
    (typed,) = re.findall(r"\*To undo, until [^`]*`/backup ([^`]+)`", line)
    undo = Question(house, house.carded(BACKUPS, lambda: house.type(RIZAL, f"{typed} yes")))
    alone = house.ask(RIZAL, f"approve {undo.id}").text
    house.alone(RIZAL, "a second person has to approve it")
    undo.yes(BUDI)
    undo.over("Restored:")

    assert safety in typed
    assert undo.id in alone
    assert "*Takes back:* restore" in undo.card
    assert held_back(house.production, before, times=2)


def test_an_undo_that_comes_too_late_is_refused(house: ApprovalHouse, promised: dict):
    house.rule(undo_within_hours=0.0005)
    question = house.approved()
    question.over("Restored:")
    time.sleep(2)
    words = f'restore {house.safety} to production reason "take it back" yes'
    line = house.carded(BACKUPS, lambda: house.type(RIZAL, words))
    told = line.until("An undo is possible for 0.0005 h after a restore; that is over.")

    assert "Nobody was asked, and production is as it was." in told
    assert held_back(house.production, promised)


def test_nothing_waits_for_a_confirm_that_nobody_will_give(house: ApprovalHouse):
    assert dangling(house.production) == []
